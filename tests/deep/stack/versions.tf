terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region            = var.region
  s3_use_path_style = true

  default_tags {
    tags = {
      ManagedBy = "terraform"
    }
  }
}
