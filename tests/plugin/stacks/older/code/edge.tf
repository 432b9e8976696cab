resource "aws_route53_zone" "public" {
  name    = "${var.domain}"
  comment = "public"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_route53_record" "www" {
  zone_id = "${aws_route53_zone.public.zone_id}"
  name    = "www.${var.domain}"
  type    = "A"

  alias {
    name                   = "${aws_cloudfront_distribution.site.domain_name}"
    zone_id                = "${aws_cloudfront_distribution.site.hosted_zone_id}"
    evaluate_target_health = false
  }
}

resource "aws_route53_record" "blue" {
  zone_id        = "${aws_route53_zone.public.zone_id}"
  name           = "app"
  type           = "CNAME"
  ttl            = "60"
  set_identifier = "blue"
  records        = ["blue.${var.domain}"]

  weighted_routing_policy {
    weight = 90
  }
}

resource "aws_route53_record" "green" {
  zone_id        = "${aws_route53_zone.public.zone_id}"
  name           = "app"
  type           = "CNAME"
  ttl            = "60"
  set_identifier = "green"
  records        = ["green.${var.domain}"]

  weighted_routing_policy {
    weight = 10
  }
}

resource "aws_route53_record" "mx" {
  zone_id = "${aws_route53_zone.public.zone_id}"
  name    = ""
  type    = "MX"
  ttl     = "3600"
  records = ["10 mx1.${var.domain}", "20 mx2.${var.domain}"]
}

resource "aws_route53_health_check" "app" {
  fqdn              = "app.${var.domain}"
  port              = 443
  type              = "HTTPS"
  resource_path     = "/healthz"
  failure_threshold = "5"
  request_interval  = "30"

  tags = {
    Name = "app"
  }
}

resource "aws_acm_certificate" "site" {
  domain_name               = "${var.domain}"
  subject_alternative_names = ["*.${var.domain}"]
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_bucket" "site" {
  bucket = "quarry-site"
}

resource "aws_s3_bucket" "logs" {
  bucket        = "quarry-logs"
  force_destroy = true

  lifecycle {
    ignore_changes = [tags["Cost"]]
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = "${aws_s3_bucket.logs.id}"

  rule {
    id     = "expire"
    status = "Enabled"

    filter {
      prefix = "access/"
    }

    expiration {
      days = 90
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  rule {
    id     = "archive"
    status = "Disabled"

    filter {
      prefix = "old/"
    }

    transition {
      days          = 30
      storage_class = "GLACIER"
    }
  }
}

resource "aws_s3_bucket_website_configuration" "site" {
  bucket = "${aws_s3_bucket.site.id}"

  index_document {
    suffix = "index.html"
  }

  error_document {
    key = "404.html"
  }
}

resource "aws_s3_bucket_cors_configuration" "site" {
  bucket = "${aws_s3_bucket.site.id}"

  cors_rule {
    allowed_headers = ["*"]
    allowed_methods = ["GET", "HEAD"]
    allowed_origins = ["https://${var.domain}"]
    max_age_seconds = 3000
  }
}

resource "aws_s3_bucket_notification" "logs" {
  bucket = "${aws_s3_bucket.logs.id}"

  topic {
    topic_arn     = "${aws_sns_topic.ops.arn}"
    events        = ["s3:ObjectCreated:*"]
    filter_suffix = ".gz"
  }
}

resource "aws_s3_object" "robots" {
  bucket       = "${aws_s3_bucket.site.id}"
  key          = "robots.txt"
  content      = "User-agent: *\n"
  content_type = "text/plain"
}

resource "aws_cloudfront_origin_access_control" "site" {
  name                              = "site"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_distribution" "site" {
  enabled             = true
  comment             = "site"
  default_root_object = "index.html"
  price_class         = "PriceClass_100"

  origin {
    domain_name = "origin.${var.domain}"
    origin_id   = "site"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "site"
    viewer_protocol_policy = "redirect-to-https"
    min_ttl                = 0
    default_ttl            = 3600
    max_ttl                = 86400

    forwarded_values {
      query_string = false

      cookies {
        forward = "none"
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "whitelist"
      locations        = ["DE", "PT"]
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

resource "aws_wafv2_ip_set" "offices" {
  name               = "offices"
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = ["203.0.113.0/24", "198.51.100.7/32"]
}

resource "aws_wafv2_web_acl" "app" {
  name  = "app"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "offices"
    priority = 1

    action {
      count {}
    }

    statement {
      ip_set_reference_statement {
        arn = "${aws_wafv2_ip_set.offices.arn}"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "offices"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "app"
    sampled_requests_enabled   = true
  }
}
