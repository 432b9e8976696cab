resource "aws_security_group" "bare" {
  name        = "parity-bare"
  description = "No rule of its own"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group" "inline" {
  name   = "parity-inline"
  vpc_id = aws_vpc.main.id

  ingress {
    description      = "HTTPS"
    from_port        = 443
    to_port          = 443
    protocol         = "tcp"
    cidr_blocks      = ["10.0.0.0/8", "0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }

  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }

  ingress {
    description     = "From the bare one"
    from_port       = 8000
    to_port         = 8080
    protocol        = "tcp"
    security_groups = [aws_security_group.bare.id]
  }

  ingress {
    from_port   = 8
    to_port     = -1
    protocol    = "icmp"
    cidr_blocks = ["10.0.0.0/8"]
  }

  egress {
    from_port        = 0
    to_port          = 0
    protocol         = "-1"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }

  tags = {
    Name = "inline"
  }
}

resource "aws_security_group" "older" {
  name_prefix = "parity-older-"
  description = "Rules in the older form"
  vpc_id      = aws_vpc.main.id
}

resource "aws_security_group_rule" "ssh" {
  security_group_id = aws_security_group.older.id
  type              = "ingress"
  from_port         = 22
  to_port           = 22
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8", "192.168.0.0/16"]
  description       = "SSH"
}

resource "aws_security_group_rule" "from_group" {
  security_group_id        = aws_security_group.older.id
  type                     = "ingress"
  from_port                = 5432
  to_port                  = 5432
  protocol                 = "tcp"
  source_security_group_id = aws_security_group.bare.id
}

resource "aws_security_group_rule" "self" {
  security_group_id = aws_security_group.older.id
  type              = "ingress"
  from_port         = 0
  to_port           = 65535
  protocol          = "udp"
  self              = true
}

resource "aws_security_group_rule" "out" {
  security_group_id = aws_security_group.older.id
  type              = "egress"
  from_port         = 0
  to_port           = 0
  protocol          = "-1"
  cidr_blocks       = ["0.0.0.0/0"]
}

resource "aws_security_group" "newer" {
  name   = "parity-newer"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.newer.id
  cidr_ipv4         = "10.0.0.0/8"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "HTTPS"

  tags = {
    Name = "https"
  }
}

resource "aws_vpc_security_group_ingress_rule" "from_group" {
  security_group_id            = aws_security_group.newer.id
  referenced_security_group_id = aws_security_group.bare.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_ingress_rule" "ipv6" {
  security_group_id = aws_security_group.newer.id
  cidr_ipv6         = "2001:db8::/32"
  ip_protocol       = "udp"
  from_port         = 53
  to_port           = 53
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.newer.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
