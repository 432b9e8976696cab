# What the databases live in.

resource "aws_vpc" "databases" {
  cidr_block = "10.34.0.0/16"
}

resource "aws_subnet" "database_a" {
  vpc_id            = aws_vpc.databases.id
  cidr_block        = "10.34.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_subnet" "database_b" {
  vpc_id            = aws_vpc.databases.id
  cidr_block        = "10.34.2.0/24"
  availability_zone = "us-east-1b"
}

resource "aws_security_group" "database" {
  name   = "parity-database"
  vpc_id = aws_vpc.databases.id
}
