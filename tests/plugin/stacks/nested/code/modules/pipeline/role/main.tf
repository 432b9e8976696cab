variable "name" { type = string }
variable "service" { type = string }

resource "aws_iam_role" "this" {
  name                 = var.name
  max_session_duration = 7200
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = var.service }, Action = "sts:AssumeRole" }]
  })
}

output "arn" {
  value = aws_iam_role.this.arn
}
