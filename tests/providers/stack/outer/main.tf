terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.backup]
    }
  }
}

resource "aws_vpc" "default" {
  cidr_block = "10.3.0.0/16"
}

resource "aws_vpc" "backup" {
  provider   = aws.backup
  cidr_block = "10.4.0.0/16"
}

module "inner" {
  source = "../inner"

  providers = {
    cloud      = aws.backup
    cloud.near = aws
  }
}
