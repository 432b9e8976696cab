variable "n" { default = [1] }
module "m" {
  source   = "./a"
  for_each = toset(["p", "q"])
  size     = each.key
}
resource "a" "b" {
  count = 3
  x     = [var.n, [[count.index]]]
}
variable "size" {}
resource "a" "c" {
  dynamic "d" {
    for_each = split(",", var.size)
    content {
      v = format("%s-%03d", d.value, 7)
    }
  }
}
n = [[[["deep"]]]]
