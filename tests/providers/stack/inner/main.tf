terraform {
  required_providers {
    cloud = {
      source                = "hashicorp/aws"
      configuration_aliases = [cloud.near]
    }
  }
}

resource "aws_vpc" "far" {
  provider   = cloud
  cidr_block = "10.5.0.0/16"

  tags = { From = "inner" }
}

resource "aws_vpc" "near" {
  provider   = cloud.near
  cidr_block = "10.6.0.0/16"
}
