variable "name" {
  type = string
}

variable "cidr" {
  type = string
}

variable "azs" {
  type    = list(string)
  default = []
}

variable "private_subnets" {
  type    = list(string)
  default = []
}

variable "public_subnets" {
  type    = list(string)
  default = []
}

variable "enable_dns_hostnames" {
  type    = bool
  default = true
}

variable "enable_dns_support" {
  type    = bool
  default = true
}

variable "map_public_ip_on_launch" {
  type    = bool
  default = false
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "vpc_tags" {
  type    = map(string)
  default = {}
}

variable "private_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "public_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "create_igw" {
  type    = bool
  default = true
}

locals {
  len_public = max(length(var.public_subnets), 0)
  vpc_id     = try(aws_vpc.this[0].id, "")
}

resource "aws_vpc" "this" {
  count = 1

  cidr_block           = var.cidr
  enable_dns_hostnames = var.enable_dns_hostnames
  enable_dns_support   = var.enable_dns_support

  tags = merge(
    { "Name" = var.name },
    var.tags,
    var.vpc_tags,
  )
}

resource "aws_subnet" "private" {
  count = length(var.private_subnets)

  vpc_id            = local.vpc_id
  cidr_block        = element(concat(var.private_subnets, [""]), count.index)
  availability_zone = length(regexall("^[a-z]{2}-", element(var.azs, count.index))) > 0 ? element(var.azs, count.index) : null

  tags = merge(
    { Name = try(format("${var.name}-private-%s", element(var.azs, count.index))) },
    var.tags,
    var.private_subnet_tags,
  )
}

resource "aws_subnet" "public" {
  count = local.len_public

  vpc_id                  = local.vpc_id
  cidr_block              = element(concat(var.public_subnets, [""]), count.index)
  availability_zone       = element(var.azs, count.index)
  map_public_ip_on_launch = var.map_public_ip_on_launch

  tags = merge(
    { Name = format("${var.name}-public-%s", element(var.azs, count.index)) },
    var.tags,
    var.public_subnet_tags,
  )
}

resource "aws_internet_gateway" "this" {
  count = var.create_igw && local.len_public > 0 ? 1 : 0

  vpc_id = local.vpc_id

  tags = merge({ "Name" = var.name }, var.tags)
}

resource "aws_route_table" "public" {
  count = local.len_public > 0 ? 1 : 0

  vpc_id = local.vpc_id

  tags = merge({ "Name" = "${var.name}-public" }, var.tags)
}

resource "aws_route" "public_internet_gateway" {
  count = var.create_igw && local.len_public > 0 ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

output "vpc_id" {
  value = local.vpc_id
}

output "private_subnets" {
  value = aws_subnet.private[*].id
}
