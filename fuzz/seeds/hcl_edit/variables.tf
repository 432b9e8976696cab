variable "size" {
  type    = string
  default = "t3.micro"
}
variable "names" { default = { a = "x", b = "y" } }
variable "disk" {
  default = { root = { size = 20 } }
}
locals {
  all = merge(var.names, { c = "z" })
}
resource "aws_instance" "each" {
  for_each      = var.names
  instance_type = var.size
  tags          = merge(local.all, { Name = each.value, Key = "${each.key}-1" })
}
resource "aws_instance" "count" {
  count         = 2
  instance_type = "t3.nano"
  user_data     = format("%s-%02d", upper("a"), count.index)
  root_block_device {
    volume_size = var.disk.root.size
  }
}
size = "t3.small"
names = {
  a = "one"
  b = "two"
}
t3.large07s09r27s