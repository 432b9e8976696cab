variable "a" {
  type    = object({ n = optional(number, 3), s = optional(set(string), ["b", "a"]), m = map(list(any)) })
  default = { m = { x = [1, "2", true] } }
}
locals {
  text = templatefile("${path.module}/read.txt", { names = ["x", "y"], n = 1e3 })
  data = yamldecode(file("read.txt"))
  rows = csvdecode("a,b\n1,2\n")
  nets = cidrsubnets("10.0.0.0/8", 4, 8)
  one  = try(jsondecode(local.text).a, regexall("[a-z]+", local.text), format("%08.3f|%-5s|%q|%v", 1.5, "é", "x", null))
}
module "m" {
  source   = "./a"
  for_each = var.a.s
  in       = { for k, v in var.a.m : k => v... if length(v) > 0 }
}
resource "aws_instance" "a" {
  tags = merge({ a = local.one }, module.m["a"].out)
}
variable "in" { type = any }
output "out" { value = { for k, v in var.in : upper(k) => jsonencode(flatten(v)) } }
resource "aws_eip" "b" {
  count = 2
  tags  = { n = count.index }
}
moved {
  from = aws_eip.c
  to   = aws_eip.b[0]
}
a = { m = {} }
{"locals": {"j": "${upper(\"x\")}"}, "resource": {"aws_eip": {"j": [{"tags": {"a": "${local.j}", "//": 1}}]}}}resource "aws_instance" "a" {
  tags = { a = local.rows[0].b }
}
%{ for n in names ~}
- ${n}: ${n == "x" ? 1 : "two"}
%{ endfor ~}
a: &a [1, *a]
