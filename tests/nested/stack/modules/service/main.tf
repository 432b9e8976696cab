variable "name" { type = string }

variable "session" {
  type    = number
  default = 3600
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "buckets" {
  type = list(string)
}

variable "path" {
  type    = string
  default = "/service/"
}

variable "roles" {
  type = map(object({
    session = number
    note    = optional(string, "none")
  }))
}

module "main" {
  source = "../role"

  name    = "${var.name}-main"
  session = var.session
  tags    = var.tags
  path    = var.path
}

module "extra" {
  source   = "../role"
  for_each = var.roles

  name        = "${var.name}-${each.key}"
  session     = each.value.session
  description = each.value.note
}

data "aws_iam_policy_document" "access" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = var.buckets
  }
}

resource "aws_iam_policy" "access" {
  name   = "${var.name}-access"
  policy = data.aws_iam_policy_document.access.json
}
