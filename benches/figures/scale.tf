# The code of a stack of any size: scale_account.py puts the numbers in.

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = {
      Owner = "scale"
    }
  }
}

locals {
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = ["lambda.amazonaws.com", "ec2.amazonaws.com"] }
    }]
  })
}

resource "aws_vpc" "main" {
  count      = count("aws_vpc.main")
  cidr_block = "10.30.0.0/16"
}

resource "aws_subnet" "main" {
  count             = count("aws_subnet.main")
  vpc_id            = aws_vpc.main[0].id
  cidr_block        = "10.30.0.0/17"
  availability_zone = "us-east-1a"
}

resource "aws_security_group" "app" {
  count  = count("aws_security_group.app")
  name   = "scale-${count.index}"
  vpc_id = aws_vpc.main[0].id
}

resource "aws_vpc_security_group_egress_rule" "out" {
  count             = count("aws_vpc_security_group_egress_rule.out")
  security_group_id = aws_security_group.app[count.index].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  count             = count("aws_vpc_security_group_ingress_rule.web")
  security_group_id = aws_security_group.app[count.index % count("aws_security_group.app")].id
  cidr_ipv4         = "10.0.0.0/8"
  ip_protocol       = "tcp"
  from_port         = 8000 + floor(count.index / count("aws_security_group.app"))
  to_port           = 8000 + floor(count.index / count("aws_security_group.app"))
  description       = "HTTPS"
}

resource "aws_instance" "burst" {
  count                  = count("aws_instance.burst")
  ami                    = "ami-12c6146b"
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.main[0].id
  vpc_security_group_ids = [aws_security_group.app[count.index].id]
}

resource "aws_instance" "steady" {
  count                  = count("aws_instance.steady")
  ami                    = "ami-12c6146b"
  instance_type          = "m5.large"
  subnet_id              = aws_subnet.main[0].id
  vpc_security_group_ids = [aws_security_group.app[count.index].id]
}

resource "aws_s3_bucket" "data" {
  count  = count("aws_s3_bucket.data")
  bucket = "scale-${count.index}"
}

resource "aws_s3_bucket_versioning" "data" {
  count  = count("aws_s3_bucket_versioning.data")
  bucket = aws_s3_bucket.data[count.index].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "data" {
  count               = count("aws_s3_bucket_public_access_block.data")
  bucket              = aws_s3_bucket.data[count.index].id
  block_public_acls   = true
  block_public_policy = true
}

resource "aws_iam_role" "app" {
  count              = count("aws_iam_role.app")
  name               = "scale-${count.index}"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy_attachment" "app" {
  count      = count("aws_iam_role_policy_attachment.app")
  role       = aws_iam_role.app[count.index].name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "app" {
  count = count("aws_iam_role_policy.app")
  name  = "inline"
  role  = aws_iam_role.app[count.index].name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Action = ["s3:Get*", "s3:List*"], Effect = "Allow", Resource = "*" }]
  })
}

resource "aws_ebs_volume" "data" {
  count             = count("aws_ebs_volume.data")
  availability_zone = "us-east-1a"
  size              = 8
  type              = "gp2"
}

resource "aws_eip" "out" {
  count  = count("aws_eip.out")
  domain = "vpc"
}
