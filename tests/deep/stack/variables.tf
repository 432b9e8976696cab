variable "region" {
  type    = string
  default = "us-east-1"
}

variable "namespace" {
  type = string
}

variable "stage" {
  type = string
}

variable "buckets" {
  description = "The buckets, by name."
  type = map(object({
    versioned  = optional(bool, true)
    kms_key    = optional(string)
    algorithm  = optional(string, "AES256")
    tags       = optional(map(string), {})
    block      = optional(object({ acls = optional(bool, true), policy = optional(bool, true) }), {})
    force_tags = optional(bool)
  }))
  default = {}
}

variable "vpc" {
  type = object({
    cidr    = string
    zones   = list(string)
    private = list(string)
    public  = list(string)
    dns = optional(object({
      hostnames = optional(bool, false)
      support   = optional(bool, true)
    }), {})
  })
}

variable "office" {
  type = list(string)
}

variable "services" {
  type = map(object({
    session = number
    ports   = list(number)
    labels  = map(string)
    boundary = optional(object({
      enabled = bool
    }))
  }))
}

variable "overrides" {
  type    = map(map(string))
  default = {}
}
