variable "name" { type = string }
variable "stages" { type = list(string) }
variable "schedule" { type = string }
variable "topic_arn" { type = string }
variable "stream_hrs" { type = number }

module "role" {
  source   = "./role"
  for_each = toset(["states", "firehose", "scheduler", "codebuild", "pipes"])
  name     = "${var.name}-${each.key}"
  service  = "${each.key}.amazonaws.com"
}

resource "aws_sfn_activity" "manual" {
  name = "${var.name}-manual"
}

resource "aws_kinesis_stream" "this" {
  name             = var.name
  retention_period = var.stream_hrs
  encryption_type  = "KMS"
  kms_key_id       = "alias/aws/kinesis"
  shard_count      = 2

  stream_mode_details {
    stream_mode = "PROVISIONED"
  }
}

resource "aws_kinesis_stream_consumer" "this" {
  name       = "${var.name}-reader"
  stream_arn = aws_kinesis_stream.this.arn
}

resource "aws_s3_bucket" "sink" {
  bucket = "${var.name}-sink"
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = var.name
  destination = "extended_s3"

  extended_s3_configuration {
    role_arn            = module.role["firehose"].arn
    bucket_arn          = aws_s3_bucket.sink.arn
    buffering_interval  = 120
    buffering_size      = 64
    compression_format  = "GZIP"
    error_output_prefix = "errors/"
    prefix              = "data/"
  }
}

resource "aws_cloudwatch_event_bus" "this" {
  name = var.name
}

resource "aws_cloudwatch_event_rule" "failed" {
  name           = "${var.name}-failed"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  description    = "failed runs"

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail      = { status = ["FAILED", "TIMED_OUT"] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  rule           = aws_cloudwatch_event_rule.failed.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "topic"
  arn            = var.topic_arn

  input_transformer {
    input_paths    = { name = "$.detail.name" }
    input_template = "\"run <name> failed\""
  }
}

resource "aws_cloudwatch_event_archive" "this" {
  name             = "${var.name}-archive"
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = 30
}

resource "aws_cloudwatch_event_connection" "hook" {
  name               = "${var.name}-hook"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "x-token"
      value = "secret-token-1"
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "hook" {
  name                             = "${var.name}-hook"
  invocation_endpoint              = "https://hooks.harbor.example/run"
  http_method                      = "POST"
  invocation_rate_limit_per_second = 20
  connection_arn                   = aws_cloudwatch_event_connection.hook.arn
}

resource "aws_scheduler_schedule" "run" {
  name                = "${var.name}-run"
  schedule_expression = var.schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.topic_arn
    role_arn = module.role["scheduler"].arn

    retry_policy {
      maximum_retry_attempts = 3
    }
  }
}

resource "aws_ecr_repository" "image" {
  for_each             = toset(["app", "tools"])
  name                 = "${var.name}/${each.key}"
  image_tag_mutability = each.key == "app" ? "IMMUTABLE" : "MUTABLE"

  encryption_configuration {
    encryption_type = "KMS"
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = 1
    weight            = 100
  }
}

resource "aws_ecs_task_definition" "stage" {
  for_each                 = { for index, stage in var.stages : stage => index }
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512

  container_definitions = jsonencode([{
    name      = each.key
    image     = "${aws_ecr_repository.image["app"].repository_url}:${each.value}"
    essential = true
    environment = [
      { name = "STAGE", value = each.key },
    ]
  }])

  volume {
    name = "scratch"
  }
}

resource "aws_pipes_pipe" "this" {
  name     = var.name
  role_arn = module.role["pipes"].arn
  source   = aws_kinesis_stream.this.arn
  target   = var.topic_arn

  source_parameters {
    kinesis_stream_parameters {
      starting_position = "LATEST"
    }
  }
}
