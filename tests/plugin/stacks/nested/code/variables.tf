variable "region" {
  type    = string
  default = "us-east-1"
}

variable "env" {
  type    = string
  default = "prod"
}

variable "with_api" {
  type    = bool
  default = true
}

variable "workers" {
  type = map(object({
    memory      = number
    timeout     = optional(number, 30)
    batch       = optional(number, 10)
    retention   = optional(number, 30)
    fifo        = optional(bool, false)
    environment = optional(map(string), {})
    table = optional(object({
      hash  = string
      range = optional(string)
      read  = optional(number, 5)
      write = optional(number, 5)
    }))
  }))
}

variable "routes" {
  type = map(object({
    worker = string
    auth   = optional(bool, false)
  }))
}

locals {
  prefix = "harbor-${var.env}"
  tags = {
    System = "harbor"
    Env    = var.env
  }
}
