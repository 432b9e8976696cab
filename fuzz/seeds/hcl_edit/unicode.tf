# Ünïcode.
locals {
  eins = é
}
resource "aws_ebs_volume" "größe" {
  größe = local.eins

  tags = {
    Größe = ü
    Zone  = "日本" # 日本
  }
} # é

# Ende.
ñ0:4053