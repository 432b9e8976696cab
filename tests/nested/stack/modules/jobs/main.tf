variable "name" { type = string }

variable "session" {
  type    = number
  default = null
}

variable "jobs" {
  type = list(object({
    name    = string
    session = number
    tags    = optional(map(string), {})
  }))
}

locals {
  by_name  = { for job in var.jobs : job.name => job }
  standard = { Team = "data" }
}

module "job" {
  source   = "../role"
  for_each = local.by_name

  name    = "${var.name}-${each.key}"
  session = each.value.session
  tags    = merge(local.standard, try(each.value.tags, {}))
}

module "lead" {
  source = "../role"

  name    = "${var.name}-lead"
  session = coalesce(var.session, 3600)
  tags    = local.standard
}

resource "aws_iam_group" "jobs" {
  name = var.name
  path = lookup({ nightly = "/night/", daily = "/day/" }, var.name, "/")
}
