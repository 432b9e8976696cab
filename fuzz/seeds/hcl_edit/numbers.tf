locals {
  most  = 9223372036854775807
  least = -9223372036854775808
}
resource "aws_ebs_volume" "a" {
  size        = (local.most % -2 + 41) * 2 / -1
  iops        = 1.5e3
  snapshot_id = "-1" - local.least / -1 < 0 || 7 >= 1 && 2 != 3 ? max(1, 2) : min(-1, range(1, 3)[0])
}
t3.large079