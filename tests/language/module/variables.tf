# Variables of many types, most of them set by their defaults, some by terraform.tfvars.

variable "text_of_number" {
  type    = string
  default = 5
}
variable "text_of_fraction" {
  type    = string
  default = 3.50
}
variable "text_of_flag" {
  type    = string
  default = true
}
variable "number_of_text" {
  type    = number
  default = "5"
}
variable "number_of_exponent" {
  type    = number
  default = "1e3"
}
variable "large_number" {
  type    = number
  default = 123456789012345678901234567890
}
variable "flag_of_text" {
  type    = bool
  default = "true"
}
variable "flag_of_digit" {
  type    = bool
  default = "1"
}
variable "no_type" {
  default = { a = 1, b = ["x", 2] }
}
variable "any" {
  type    = any
  default = [1, "a", true]
}
variable "list_of_text" {
  type    = list(string)
  default = ["b", 1, true]
}
variable "empty_list" {
  type    = list(string)
  default = []
}
variable "list_of_number" {
  type    = list(number)
  default = ["1", 2.50, "03"]
}
variable "list_of_flag" {
  type    = list(bool)
  default = ["true", false]
}
variable "list_of_any" {
  type    = list(any)
  default = [1, "a"]
}
variable "list_of_lists" {
  type    = list(list(string))
  default = [["a"], [1, 2], []]
}
variable "list_of_objects" {
  type    = list(object({ name = string, port = optional(number, 80) }))
  default = [{ name = "a" }, { name = 1, port = "443", dropped = true }]
}
variable "list_of_null" {
  type    = list(string)
  default = ["a", null]
}
variable "set_of_text" {
  type    = set(string)
  default = ["b", "a", "b", 1]
}
variable "set_of_number" {
  type    = set(number)
  default = [10, "9", 9, 1.5]
}
variable "set_of_flag" {
  type    = set(bool)
  default = [true, false, "true"]
}
variable "set_of_any" {
  type    = set(any)
  default = ["x", 1]
}
variable "set_of_objects" {
  type    = set(object({ a = string, b = optional(string) }))
  default = [{ a = "2" }, { a = "1", b = "x" }, { a = 2 }]
}
variable "empty_set" {
  type    = set(string)
  default = []
}
variable "map_of_text" {
  type    = map(string)
  default = { b = 1, a = true, c = "x" }
}
variable "map_of_number" {
  type    = map(number)
  default = { a = "1", b = 2 }
}
variable "map_of_flag" {
  type    = map(bool)
  default = { on = "true", off = false }
}
variable "map_of_any" {
  type    = map(any)
  default = { a = 1, b = "x" }
}
variable "map_of_lists" {
  type    = map(list(string))
  default = { a = [1], b = [] }
}
variable "map_of_objects" {
  type = map(object({
    class = optional(string, "internal")
    note  = optional(string)
    tags  = optional(map(string), {})
  }))
  default = { main = {}, other = { class = null, note = 5, tags = { a = 1 } } }
}
variable "empty_map" {
  type    = map(string)
  default = {}
}
variable "object" {
  type    = object({ name = string, size = number })
  default = { name = 1, size = "2", dropped = "x" }
}
variable "object_with_optional" {
  type    = object({ a = optional(string), b = optional(number, 3), c = optional(bool, true) })
  default = {}
}
variable "object_with_null" {
  type    = object({ a = optional(string, "a"), b = string })
  default = { a = null, b = null }
}
variable "nested_optional" {
  type = object({
    inner = optional(object({
      a = optional(string, "x")
      b = optional(list(string), ["y"])
    }), {})
    other = optional(object({ a = optional(string, "z") }))
  })
  default = {}
}
variable "nested_optional_set" {
  type = object({
    inner = optional(object({
      a = optional(string, "x")
      b = optional(list(string), ["y"])
    }), {})
  })
  default = { inner = { a = 1, extra = 2 } }
}
variable "object_of_any" {
  type    = object({ a = any })
  default = { a = [1, "x"], b = 2 }
}
variable "tuple" {
  type    = tuple([string, number, bool])
  default = [1, "2", "true"]
}
variable "tuple_of_lists" {
  type    = tuple([list(string), object({ a = number })])
  default = [[1], { a = "1" }]
}
variable "null" {
  default = null
}
variable "null_text" {
  type    = string
  default = null
}
variable "null_list" {
  type    = list(string)
  default = null
}
variable "null_object" {
  type    = object({ a = optional(string, "x") })
  default = null
}
variable "not_nullable" {
  type     = string
  default  = "kept"
  nullable = false
}
variable "not_nullable_list" {
  type     = list(string)
  default  = ["kept"]
  nullable = false
}
variable "set_by_file" {
  type    = string
  default = "default"
}
variable "number_by_file" {
  type = number
}
variable "list_by_file" {
  type = list(string)
}
variable "set_by_file_sorted" {
  type = set(string)
}
variable "map_by_file" {
  type = map(string)
}
variable "objects_by_file" {
  type = map(object({ size = optional(number, 1), name = optional(string) }))
}
variable "any_by_file" {
  type = any
}
variable "untyped_by_file" {}
variable "null_by_file" {
  type    = string
  default = "default"
}
variable "not_nullable_by_file" {
  type     = string
  default  = "kept"
  nullable = false
}
variable "json" {
  type    = any
  default = "[1, 2]"
}
variable "list_or_json" {
  type    = any
  default = []
}
variable "deep" {
  type    = list(object({ rules = optional(list(object({ port = number, cidrs = optional(set(string), ["10.0.0.0/8"]) })), []) }))
  default = [{ rules = [{ port = "22" }, { port = 443, cidrs = ["b", "a"] }] }, {}]
}
variable "map_of_any_objects" {
  type    = map(any)
  default = { a = { x = 1 }, b = { x = "y" } }
}
variable "unicode" {
  type    = string
  default = "e\u0301"
}
