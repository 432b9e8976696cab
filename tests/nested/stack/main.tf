terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

variable "teams" {
  type = map(object({
    session     = number
    description = optional(string, "a team")
    tags        = optional(map(string), {})
  }))
}

variable "production" {
  type    = bool
  default = true
}

variable "quota" {
  type    = number
  default = 10800
}

locals {
  session = 3600
  common  = { Owner = "platform", Stage = "prod" }

  workers = {
    email = { session = 3600, tags = { Kind = "email" } }
    reports = {
      session = 7200
      tags    = { Kind = "reports" }
    }
  }
}

module "api" {
  source = "./modules/service"

  name    = "api"
  session = local.session
  tags    = merge(local.common, { Role = "api" })
  buckets = ["arn:aws:s3:::api-a", "arn:aws:s3:::api-b"]

  roles = {
    reader = { session = 3600 }
    writer = {
      session = 3600
      note    = "writes"
    }
  }
}

module "web" {
  source = "./modules/service"

  name    = "web"
  session = local.session
  buckets = ["arn:aws:s3:::web-a"]
  roles   = {}
}

module "worker" {
  source   = "./modules/role"
  for_each = local.workers

  name    = "worker-${each.key}"
  session = each.value.session
  tags    = each.value.tags
}

module "team" {
  source   = "./modules/role"
  for_each = var.teams

  name        = "team-${each.key}"
  session     = each.value.session
  description = each.value.description
  tags        = each.value.tags
}

module "network" {
  source = "./modules/network"

  name = "shop"
}

module "assets" {
  source = "./modules/bucket"

  name = "nested-assets"
}

module "logs" {
  source = "./modules/bucket"

  name = "nested-logs"
  tags = { Kind = "logs", Stage = "prod" }
}

resource "aws_iam_role" "ops" {
  name                 = "ops"
  description          = "Operators of ${var.production ? "production" : "tests"}"
  max_session_duration = var.production ? 7200 : 3600
  assume_role_policy   = file("${path.module}/trust.json")
}

resource "aws_iam_role" "batch" {
  name                 = "batch"
  max_session_duration = var.quota
  assume_role_policy   = file("${path.module}/trust.json")
}

resource "aws_iam_user" "robot" {
  for_each = toset(["deploy", "backup", "audit"])

  name = "robot-${each.key}"
}

resource "aws_iam_user" "person" {
  for_each = { ada = "/people/", bob = "/people/" }

  name = each.key
  path = each.value
}

module "jobs" {
  source = "./modules/jobs"

  name = "nightly"
  jobs = [
    { name = "sweep", session = 3600 },
    { name = "count", session = 7200, tags = { Kind = "count" } },
  ]
}
