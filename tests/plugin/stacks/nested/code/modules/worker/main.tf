variable "name" { type = string }
variable "prefix" { type = string }
variable "code" { type = string }
variable "alarm_arns" { type = list(string) }

variable "settings" {
  type = object({
    memory      = number
    timeout     = number
    batch       = number
    retention   = number
    fifo        = bool
    environment = map(string)
    table = optional(object({
      hash  = string
      range = optional(string)
      read  = number
      write = number
    }))
  })
}

variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  full  = "${var.prefix}-${var.name}"
  queue = var.settings.fifo ? "${local.full}.fifo" : local.full
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = local.full
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  name = "work"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.this.arn
      }],
      [for table in aws_dynamodb_table.this : {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem"]
        Resource = table.arn
      }],
    )
  })
}

resource "aws_kms_key" "this" {
  description             = "data of ${var.name}"
  deletion_window_in_days = 14
  enable_key_rotation     = true
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.full}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_sqs_queue" "dead" {
  name                      = var.settings.fifo ? "${local.full}-dead.fifo" : "${local.full}-dead"
  fifo_queue                = var.settings.fifo
  message_retention_seconds = 1209600
  tags                      = var.tags
}

resource "aws_sqs_queue" "this" {
  name                       = local.queue
  fifo_queue                 = var.settings.fifo
  visibility_timeout_seconds = var.settings.timeout * 6
  kms_master_key_id          = aws_kms_key.this.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 3
  })
  tags = var.tags
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.full}"
  retention_in_days = var.settings.retention
  tags              = var.tags
}

resource "aws_lambda_layer_version" "shared" {
  layer_name          = "${local.full}-shared"
  filename            = var.code
  source_code_hash    = filebase64sha256(var.code)
  compatible_runtimes = ["python3.12"]
}

resource "aws_lambda_function" "this" {
  function_name    = local.full
  role             = aws_iam_role.this.arn
  runtime          = "python3.12"
  handler          = "app.handler"
  filename         = var.code
  source_code_hash = filebase64sha256(var.code)
  memory_size      = var.settings.memory
  timeout          = var.settings.timeout
  architectures    = ["arm64"]
  layers           = [aws_lambda_layer_version.shared.arn]
  publish          = true

  dynamic "environment" {
    for_each = length(var.settings.environment) > 0 ? [var.settings.environment] : []
    content {
      variables = environment.value
    }
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead.arn
  }

  tracing_config {
    mode = "Active"
  }

  tags       = var.tags
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn = aws_sqs_queue.this.arn
  function_name    = aws_lambda_function.this.arn
  batch_size       = var.settings.batch
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 3600
}

resource "aws_dynamodb_table" "this" {
  count = var.settings.table == null ? 0 : 1

  name           = local.full
  billing_mode   = "PROVISIONED"
  read_capacity  = var.settings.table.read
  write_capacity = var.settings.table.write
  hash_key       = var.settings.table.hash
  range_key      = var.settings.table.range

  dynamic "attribute" {
    for_each = compact([var.settings.table.hash, var.settings.table.range])
    content {
      name = attribute.value
      type = "S"
    }
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }

  point_in_time_recovery {
    enabled = true
  }

  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"
  tags             = var.tags
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${local.full}-errors"
  alarm_description   = "Errors of ${var.name}"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_arns
  tags                = var.tags
}

output "function" {
  value = {
    arn        = aws_lambda_function.this.arn
    invoke_arn = aws_lambda_function.this.invoke_arn
    name       = aws_lambda_function.this.function_name
  }
}
