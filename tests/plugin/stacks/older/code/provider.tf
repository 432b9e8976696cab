terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
  backend "local" {}
}

provider "aws" {
  region      = "us-east-1"
  max_retries = 2

  default_tags {
    tags = {
      Team      = "quarry"
      ManagedBy = "terraform"
    }
  }

  ignore_tags {
    key_prefixes = ["kubernetes.io/"]
  }
}

variable "domain" {
  default = "quarry.example"
}

variable "users" {
  type    = list(string)
  default = ["ada", "brian", "carla"]
}
