variable "name" {}

variable "description" {}

variable "path" {}

resource "aws_iam_role" "old" {
  name        = "${var.name}"
  path        = "${var.path}"
  description = "${var.description}"

  assume_role_policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Principal": { "Service": "ec2.amazonaws.com" }
    }
  ]
}
EOF
}

resource "aws_iam_group" "unused" {
  name = "unused"
}
