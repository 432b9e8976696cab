terraform {
  required_providers {
    own = {
      source = "hashicorp/aws"
    }
  }
}

variable "region" {
  type = string
}

provider "own" {
  region = var.region

  default_tags {
    tags = { From = "legacy-${var.region}" }
  }
}

resource "aws_vpc" "default" {
  provider   = own
  cidr_block = "10.7.0.0/16"
}
