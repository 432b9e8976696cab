terraform {
  backend "s3" {
    bucket = "b"
    key    = trimspace(" k ")
  }
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
  }
}
resource "a" "b" {
  p = data.aws_iam_policy_document.d.json
}
