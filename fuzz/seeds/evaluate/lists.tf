locals {
  l = [for a in range(1024) : "k${a}"]
  m = zipmap(local.l, [for a in local.l : concat(local.l, local.l)])
}
resource "a" "b" {
  x = flatten(values(local.m))[*]
  y = jsondecode(jsonencode(local.m))
  z = distinct(concat(local.l, keys(local.m)))
}
