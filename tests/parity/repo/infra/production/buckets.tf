resource "aws_s3_bucket" "plain" {
  bucket = "parity-plain"
}

resource "aws_s3_bucket" "rich" {
  bucket        = "parity-rich"
  force_destroy = true

  tags = {
    Name = "rich"
  }
}

resource "aws_s3_bucket_versioning" "rich" {
  bucket = aws_s3_bucket.rich.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket" "suspended" {
  bucket = "parity-suspended"
}

resource "aws_s3_bucket_versioning" "suspended" {
  bucket = aws_s3_bucket.suspended.id

  versioning_configuration {
    status = "Suspended"
  }
}

resource "aws_s3_bucket_public_access_block" "rich" {
  bucket              = aws_s3_bucket.rich.id
  block_public_acls   = true
  block_public_policy = true
}
