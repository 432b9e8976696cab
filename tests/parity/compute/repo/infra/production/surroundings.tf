# What the instances live in.

resource "aws_vpc" "compute" {
  cidr_block = "10.33.0.0/16"
}

resource "aws_subnet" "inner" {
  vpc_id            = aws_vpc.compute.id
  cidr_block        = "10.33.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_subnet" "outer" {
  vpc_id                  = aws_vpc.compute.id
  cidr_block              = "10.33.2.0/24"
  availability_zone       = "us-east-1b"
  map_public_ip_on_launch = true
}

resource "aws_security_group" "web" {
  name   = "parity-web"
  vpc_id = aws_vpc.compute.id
}

resource "aws_security_group" "admin" {
  name   = "parity-admin"
  vpc_id = aws_vpc.compute.id
}

resource "aws_iam_role" "instance" {
  name = "parity-instance"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_instance_profile" "instance" {
  name = "parity-instance"
  role = aws_iam_role.instance.name
}
