# Databases in every shape that their readers have to know: see tests/parity.rs.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "s3" {
    bucket = "acme-terraform-state"
    key    = "parity/databases.tfstate"
    region = "us-east-1"
  }
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = {
      Owner = "parity"
    }
  }
}
