variable "users" {
  type = map(object({
    path = optional(string, "/")
    tags = optional(map(string), {})
  }))
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_iam_user" "this" {
  for_each = var.users

  name = each.key
  path = each.value.path
  tags = merge(var.tags, each.value.tags)
}
