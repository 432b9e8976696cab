terraform {
  required_providers {
    amazon = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

locals {
  owner = "platform"
}

provider "amazon" {
  region = "us-east-1"

  default_tags {
    tags = { From = "root", Owner = local.owner }
  }
}

provider "amazon" {
  alias  = "eu"
  region = "eu-west-1"

  default_tags {
    tags = { From = "eu" }
  }
}

provider "amazon" {
  alias  = "other"
  region = "ap-southeast-2"

  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/terraform"
  }

  default_tags {
    tags = { From = "other" }
  }
}

resource "aws_vpc" "default" {
  provider   = amazon
  cidr_block = "10.1.0.0/16"
}

resource "aws_vpc" "eu" {
  provider   = amazon.eu
  cidr_block = "10.2.0.0/16"

  tags = { Name = "eu" }
}

module "outer" {
  source   = "./outer"
  for_each = toset(["a", "b"])

  providers = {
    aws        = amazon.eu
    aws.backup = amazon.other
  }
}

module "direct" {
  source = "./inner"

  providers = {
    cloud      = amazon
    cloud.near = amazon.eu
  }
}

module "legacy" {
  source = "./legacy"

  region = "ca-central-1"
}
