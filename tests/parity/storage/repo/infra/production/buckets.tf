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

resource "aws_s3_bucket_server_side_encryption_configuration" "rich" {
  bucket = aws_s3_bucket.rich.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.buckets.arn
    }

    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "suspended" {
  bucket = aws_s3_bucket.suspended.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_kms_key" "buckets" {
  description = "buckets"
}

resource "aws_s3_bucket_ownership_controls" "rich" {
  bucket = aws_s3_bucket.rich.id

  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_acl" "rich" {
  depends_on = [aws_s3_bucket_ownership_controls.rich]
  bucket     = aws_s3_bucket.rich.id
  acl        = "log-delivery-write"
}

data "aws_canonical_user_id" "current" {}

resource "aws_s3_bucket_ownership_controls" "suspended" {
  bucket = aws_s3_bucket.suspended.id

  rule {
    object_ownership = "ObjectWriter"
  }
}

resource "aws_s3_bucket_acl" "suspended" {
  depends_on = [aws_s3_bucket_ownership_controls.suspended]
  bucket     = aws_s3_bucket.suspended.id

  access_control_policy {
    owner {
      id = data.aws_canonical_user_id.current.id
    }

    grant {
      permission = "FULL_CONTROL"

      grantee {
        type = "CanonicalUser"
        id   = data.aws_canonical_user_id.current.id
      }
    }

    grant {
      permission = "READ_ACP"

      grantee {
        type = "Group"
        uri  = "http://acs.amazonaws.com/groups/s3/LogDelivery"
      }
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.rich.arn, "${aws_s3_bucket.rich.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "rich" {
  bucket = aws_s3_bucket.rich.id
  policy = data.aws_iam_policy_document.tls_only.json
}
