terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  backend "s3" {
    bucket = "example-state"
    key    = "older/terraform.tfstate"
    region = "us-east-1"
  }
}

provider "aws" {
  region = "us-east-1"
}

resource "aws_s3_bucket" "logs" {
  bucket = "older-logs"
  acl    = "log-delivery-write"
}

resource "aws_s3_bucket" "data" {
  bucket = "older-data"

  versioning {
    enabled = true
  }

  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm = "AES256"
      }
    }
  }

  logging {
    target_bucket = aws_s3_bucket.logs.id
    target_prefix = "data/"
  }

  lifecycle_rule {
    id      = "old"
    enabled = true
    prefix  = "reports/"

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    expiration {
      days = 365
    }

    noncurrent_version_expiration {
      days = 90
    }
  }

  lifecycle_rule {
    id                                     = "tagged"
    enabled                                = false
    abort_incomplete_multipart_upload_days = 7
    tags = {
      Kind = "temporary"
      Team = "shop"
    }

    noncurrent_version_transition {
      days          = 30
      storage_class = "GLACIER"
    }

    expiration {
      date = "2030-01-12"
    }
  }

  cors_rule {
    allowed_headers = ["*"]
    allowed_methods = ["GET"]
    allowed_origins = ["https://shop.example.com"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3000
  }
}

resource "aws_s3_bucket" "site" {
  bucket = "older-site"

  website {
    index_document = "index.html"
    error_document = "error.html"

    routing_rules = jsonencode([{
      Condition = { KeyPrefixEquals = "docs/" }
      Redirect  = { ReplaceKeyPrefixWith = "documents/" }
    }])
  }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Read"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::older-site/*"
    }]
  })
}

resource "aws_iam_role" "copy" {
  name               = "older-copy"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "s3.amazonaws.com" } }] })
}

resource "aws_s3_bucket" "copy" {
  bucket = "older-copy"

  versioning {
    enabled = true
  }
}

resource "aws_s3_bucket" "source" {
  bucket = "older-source"

  versioning {
    enabled = true
  }

  replication_configuration {
    role = aws_iam_role.copy.arn

    rules {
      id       = "all"
      status   = "Enabled"
      priority = 1

      filter {}

      destination {
        bucket        = aws_s3_bucket.copy.arn
        storage_class = "STANDARD_IA"
      }
    }
  }
}

resource "aws_s3_bucket" "locked" {
  bucket = "older-locked"

  object_lock_configuration {
    object_lock_enabled = "Enabled"

    rule {
      default_retention {
        mode = "GOVERNANCE"
        days = 5
      }
    }
  }
}

# In the newer style: what a resource of its own sets is found there alone.
resource "aws_s3_bucket" "newer" {
  bucket = "older-newer"
}

resource "aws_s3_bucket_versioning" "newer" {
  bucket = aws_s3_bucket.newer.id
  versioning_configuration {
    status = "Enabled"
  }
}
