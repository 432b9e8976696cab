locals {
  a = "xxxxxxxxxxxxxxxx"
  b = "${local.a}${local.a}"
  c = replace(local.b, "x", local.b)
  d = replace(local.c, "x", local.c)
  e = replace(local.d, "x", local.d)
}
resource "a" "b" {
  x = local.e
  tags = merge({ A = upper(local.a) }, { for k, v in { z = 1 } : "${k}k" => v })
}
