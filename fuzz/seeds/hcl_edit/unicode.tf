# Ünïcode.
locals {
  eins = é
}
resource "aws_ebs_volume" "größe" {
  tags = {
    Zone  = "日本" # 日本
    Größe = ü
  }
  größe = é
}

resource "aws_eip" "å" {
} # éñ053024101