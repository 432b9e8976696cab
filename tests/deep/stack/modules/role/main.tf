variable "name" {
  type = string
}

variable "description" {
  type    = string
  default = ""
}

variable "path" {
  type    = string
  default = "/"
}

variable "max_session_duration" {
  type    = number
  default = 3600
}

variable "service" {
  type    = string
  default = "ec2"
}

variable "statements" {
  type = list(object({
    sid       = optional(string)
    actions   = list(string)
    resources = list(string)
  }))
  default = []
}

variable "inline_policy" {
  type    = string
  default = null
}

variable "managed_policies" {
  type    = map(string)
  default = {}
}

variable "tags" {
  type    = map(string)
  default = {}
}

data "aws_iam_policy_document" "trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${var.service}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "own" {
  count = length(var.statements) > 0 ? 1 : 0

  dynamic "statement" {
    for_each = var.statements

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = var.description
  path                 = var.path
  max_session_duration = var.max_session_duration
  assume_role_policy   = data.aws_iam_policy_document.trust.json

  tags = var.tags
}

resource "aws_iam_policy" "own" {
  count = length(var.statements) > 0 ? 1 : 0

  name   = "${var.name}-own"
  policy = data.aws_iam_policy_document.own[0].json
  tags   = var.tags
}

resource "aws_iam_role_policy" "inline" {
  count = var.inline_policy != null ? 1 : 0

  name   = "inline"
  role   = aws_iam_role.this.id
  policy = var.inline_policy
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = var.managed_policies

  role       = aws_iam_role.this.name
  policy_arn = each.value
}

output "arn" {
  value = aws_iam_role.this.arn
}
