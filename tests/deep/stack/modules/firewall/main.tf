variable "name" {
  type = string
}

variable "vpc_id" {
  type = string
}

variable "description" {
  type    = string
  default = "Managed by Terraform"
}

variable "rules" {
  type = map(list(any))
  default = {
    ssh   = [22, 22, "tcp", "SSH"]
    https = [443, 443, "tcp", "HTTPS"]
    _     = ["", "", ""]
  }
}

variable "ingress_with_cidr_blocks" {
  type    = list(map(string))
  default = []
}

variable "blocks" {
  type = list(object({
    port        = number
    cidrs       = list(string)
    description = optional(string, "")
  }))
  default = []
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_security_group" "this" {
  name        = var.name
  description = var.description
  vpc_id      = var.vpc_id

  tags = merge(var.tags, { Name = format("%s", var.name) })
}

resource "aws_security_group_rule" "ingress_with_cidr_blocks" {
  count = length(var.ingress_with_cidr_blocks)

  security_group_id = aws_security_group.this.id
  type              = "ingress"

  cidr_blocks = split(",", lookup(var.ingress_with_cidr_blocks[count.index], "cidr_blocks", "10.0.0.0/8"))
  description = lookup(var.ingress_with_cidr_blocks[count.index], "description", "Ingress rule")

  from_port = lookup(var.ingress_with_cidr_blocks[count.index], "from_port", var.rules[lookup(var.ingress_with_cidr_blocks[count.index], "rule", "_")][0])
  to_port   = lookup(var.ingress_with_cidr_blocks[count.index], "to_port", var.rules[lookup(var.ingress_with_cidr_blocks[count.index], "rule", "_")][1])
  protocol  = lookup(var.ingress_with_cidr_blocks[count.index], "protocol", var.rules[lookup(var.ingress_with_cidr_blocks[count.index], "rule", "_")][2])
}

resource "aws_security_group" "inline" {
  name   = "${var.name}-inline"
  vpc_id = var.vpc_id

  dynamic "ingress" {
    for_each = var.blocks
    content {
      description = ingress.value.description
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ingress.value.cidrs
    }
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = var.tags
}
