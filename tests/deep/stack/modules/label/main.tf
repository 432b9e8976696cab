# In the style of null-label: a context that is handed from label to label.
variable "context" {
  type = any
  default = {
    enabled             = true
    namespace           = null
    stage               = null
    name                = null
    delimiter           = null
    attributes          = []
    tags                = {}
    additional_tag_map  = {}
    label_order         = []
    regex_replace_chars = null
  }
}

variable "enabled" {
  type    = bool
  default = null
}

variable "namespace" {
  type    = string
  default = null
}

variable "stage" {
  type    = string
  default = null
}

variable "name" {
  type    = string
  default = null
}

variable "delimiter" {
  type    = string
  default = null
}

variable "attributes" {
  type    = list(string)
  default = []
}

variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  defaults = {
    label_order = ["namespace", "stage", "name", "attributes"]
    delimiter   = "-"
  }

  input = {
    enabled    = var.enabled == null ? var.context.enabled : var.enabled
    namespace  = var.namespace == null ? var.context.namespace : var.namespace
    stage      = var.stage == null ? var.context.stage : var.stage
    name       = var.name == null ? var.context.name : var.name
    delimiter  = var.delimiter == null ? var.context.delimiter : var.delimiter
    attributes = compact(distinct(concat(coalesce(var.context.attributes, []), coalesce(var.attributes, []))))
    tags       = merge(var.context.tags, var.tags)
  }

  enabled   = local.input.enabled
  delimiter = local.input.delimiter == null ? local.defaults.delimiter : local.input.delimiter

  id_context = {
    namespace  = local.input.namespace
    stage      = local.input.stage
    name       = local.input.name
    attributes = join(local.delimiter, local.input.attributes)
  }

  labels = [for part in local.defaults.label_order : local.id_context[part] if try(length(local.id_context[part]), 0) > 0]
  id     = lower(join(local.delimiter, local.labels))

  generated_tags = {
    for key, value in { Namespace = local.input.namespace, Stage = local.input.stage, Name = local.id } : key => value if try(length(value), 0) > 0
  }

  tags = merge(local.generated_tags, local.input.tags)

  output_context = {
    enabled             = local.enabled
    namespace           = local.input.namespace
    stage               = local.input.stage
    name                = local.input.name
    delimiter           = local.delimiter
    attributes          = local.input.attributes
    tags                = local.tags
    additional_tag_map  = {}
    label_order         = local.defaults.label_order
    regex_replace_chars = null
  }
}

output "id" {
  value = local.enabled ? local.id : ""
}

output "tags" {
  value = local.enabled ? local.tags : {}
}

output "context" {
  value = local.output_context
}
