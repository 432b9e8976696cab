terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90"
    }
  }

  backend "local" {}
}

provider "aws" {
  region      = var.region
  max_retries = 2
}

module "worker" {
  source   = "./modules/worker"
  for_each = var.workers

  name       = each.key
  prefix     = local.prefix
  settings   = each.value
  alarm_arns = [aws_sns_topic.alarms.arn]
  code       = "${path.root}/fn.zip"
  tags       = merge(local.tags, { Worker = each.key })
}

module "api" {
  source = "./modules/api"
  count  = var.with_api ? 1 : 0

  name      = "${local.prefix}-api"
  routes    = var.routes
  functions = { for name, worker in module.worker : name => worker.function }
  tags      = local.tags
}

module "identity" {
  source = "./modules/identity"

  name   = local.prefix
  groups = ["admins", "staff", "support"]
  client = {
    callbacks = ["https://app.harbor.example/callback"]
    logout    = ["https://app.harbor.example/"]
  }
}

module "pipeline" {
  source = "./modules/pipeline"

  name       = local.prefix
  stages     = ["build", "test", "release"]
  schedule   = "rate(6 hours)"
  topic_arn  = aws_sns_topic.alarms.arn
  stream_hrs = 48
}

resource "aws_sns_topic" "alarms" {
  name         = "${local.prefix}-alarms"
  display_name = "Alarms"
  tags         = local.tags
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "Publish"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_resourcegroups_group" "all" {
  name = local.prefix

  resource_query {
    query = jsonencode({
      ResourceTypeFilters = ["AWS::AllSupported"]
      TagFilters          = [{ Key = "System", Values = ["harbor"] }]
    })
  }
}
