resource "aws_vpc" "main" {
  cidr_block = "10.30.0.0/16"
}

resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.30.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_subnet" "b" {
  vpc_id                  = aws_vpc.main.id
  cidr_block              = "10.30.2.0/24"
  availability_zone       = "us-east-1b"
  map_public_ip_on_launch = true
}

resource "aws_vpc" "rich" {
  cidr_block                           = "10.31.0.0/16"
  enable_dns_hostnames                 = true
  enable_dns_support                   = true
  enable_network_address_usage_metrics = true
  assign_generated_ipv6_cidr_block     = true

  tags = {
    Name = "rich"
  }
}

resource "aws_vpc" "quiet" {
  cidr_block         = "10.32.0.0/16"
  enable_dns_support = false
}

resource "aws_subnet" "rich" {
  vpc_id            = aws_vpc.rich.id
  availability_zone = "us-east-1c"
  cidr_block        = "10.31.1.0/24"

  tags = {
    Name = "rich"
  }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.rich.id

  tags = {
    Name = "rich"
  }
}

resource "aws_internet_gateway" "loose" {}

resource "aws_eip" "nat" {
  domain = "vpc"

  tags = {
    Name = "nat"
  }
}

resource "aws_eip" "loose" {
  domain = "vpc"
}

resource "aws_nat_gateway" "public" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.rich.id

  tags = {
    Name = "public"
  }
}

resource "aws_nat_gateway" "private" {
  connectivity_type = "private"
  subnet_id         = aws_subnet.a.id
}

resource "aws_route_table" "inline" {
  vpc_id = aws_vpc.rich.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }

  route {
    cidr_block     = "192.0.2.0/24"
    nat_gateway_id = aws_nat_gateway.public.id
  }

  route {
    ipv6_cidr_block = "::/0"
    gateway_id      = aws_internet_gateway.main.id
  }

  tags = {
    Name = "inline"
  }
}

resource "aws_route_table" "apart" {
  vpc_id = aws_vpc.rich.id
}

resource "aws_route" "default" {
  route_table_id         = aws_route_table.apart.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.public.id
}

resource "aws_route" "six" {
  route_table_id              = aws_route_table.apart.id
  destination_ipv6_cidr_block = "2001:db8::/32"
  gateway_id                  = aws_internet_gateway.main.id
}

resource "aws_route_table" "bare" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table_association" "rich" {
  subnet_id      = aws_subnet.rich.id
  route_table_id = aws_route_table.inline.id
}

resource "aws_ebs_volume" "plain" {
  availability_zone = "us-east-1a"
  size              = 8
}

resource "aws_ebs_volume" "fast" {
  availability_zone = "us-east-1a"
  size              = 100
  type              = "io1"
  iops              = 3000
  encrypted         = true

  tags = {
    Name = "fast"
  }
}

resource "aws_ebs_volume" "wide" {
  availability_zone = "us-east-1b"
  size              = 50
  type              = "gp3"
  iops              = 4000
  throughput        = 250
}
