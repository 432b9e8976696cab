variable "name" { type = string }

variable "owners" {
  type    = map(string)
  default = { Team = "network" }
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = var.owners
}

resource "aws_security_group" "web" {
  name   = var.name
  vpc_id = aws_vpc.this.id

  ingress {
    description = "web"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "closed" {
  name    = "${var.name}-closed"
  vpc_id  = aws_vpc.this.id
  ingress = []
  egress  = []
}

resource "aws_iam_user" "monitor" {
  name = "${var.name}-monitor"
}

moved {
  from = aws_iam_user.watcher
  to   = aws_iam_user.monitor
}

resource "aws_iam_user" "reader" {
  for_each = toset(["north", "south"])

  name = "${var.name}-${each.key}"
}

resource "aws_iam_user_policy" "monitor" {
  name = "monitor"
  user = "${var.name}-north"

  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        { "Sid": "Look", "Effect": "Allow", "Action": ["ec2:Describe*"], "Resource": "*" }
      ]
    }
  JSON

  depends_on = [aws_iam_user.reader]
}
