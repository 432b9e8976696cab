variable "name" {
  type = string
}

variable "timeout" {
  type    = number
  default = 30
}

variable "retention" {
  type    = number
  default = 345600
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_iam_role" "worker" {
  name                 = "${var.name}-worker"
  max_session_duration = var.timeout * 120
  description          = "Works on ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })

  tags = var.tags
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = var.timeout
  message_retention_seconds  = var.retention

  tags = var.tags
}
