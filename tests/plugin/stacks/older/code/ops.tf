resource "aws_sns_topic" "ops" {
  name = "quarry-ops"

  policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "SNS:Publish", "Resource": "arn:aws:sns:us-east-1:123456789012:quarry-ops"}
  ]
}
EOF
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn     = "${aws_sns_topic.ops.arn}"
  protocol      = "sqs"
  endpoint      = "${aws_sqs_queue.ops.arn}"
  filter_policy = "${jsonencode({ level = ["error", "fatal"] })}"
}

resource "aws_sqs_queue" "ops" {
  name                      = "quarry-ops"
  delay_seconds             = 5
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true
}

resource "aws_kms_key" "data" {
  description         = "quarry data"
  enable_key_rotation = true

  policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "root", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}
  ]
}
EOF
}

resource "aws_kms_alias" "data" {
  name          = "alias/quarry-data"
  target_key_id = "${aws_kms_key.data.key_id}"
}

resource "aws_kms_grant" "app" {
  name              = "app"
  key_id            = "${aws_kms_key.data.key_id}"
  grantee_principal = "${aws_iam_role.app.arn}"
  operations        = ["Encrypt", "Decrypt", "GenerateDataKey"]
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/quarry/app"
  retention_in_days = 90

  lifecycle {
    ignore_changes = ["retention_in_days"]
  }
}

resource "aws_cloudwatch_log_stream" "app" {
  name           = "main"
  log_group_name = "${aws_cloudwatch_log_group.app.name}"
}

resource "aws_cloudwatch_log_metric_filter" "denied" {
  name           = "denied"
  pattern        = "{ $.errorCode = \"AccessDenied\" }"
  log_group_name = "${aws_cloudwatch_log_group.app.name}"

  metric_transformation {
    name          = "Denied"
    namespace     = "Quarry"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_log_resource_policy" "es" {
  policy_name     = "es"
  policy_document = "${jsonencode({ "Version" = "2012-10-17", "Statement" = [{ "Effect" = "Allow", "Principal" = { "Service" = "es.amazonaws.com" }, "Action" = ["logs:PutLogEvents"], "Resource" = "arn:aws:logs:*" }] })}"
}

resource "aws_cloudwatch_metric_alarm" "load" {
  alarm_name          = "quarry-load"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = "2"
  threshold           = "80"
  alarm_description   = "load"
  alarm_actions       = ["${aws_sns_topic.ops.arn}"]

  metric_query {
    id          = "e1"
    expression  = "m1*100"
    label       = "Load"
    return_data = "true"
  }

  metric_query {
    id = "m1"

    metric {
      metric_name = "CPUUtilization"
      namespace   = "AWS/EC2"
      period      = "120"
      stat        = "Average"
      unit        = "Percent"
    }
  }
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = "quarry"

  dashboard_body = <<EOF
{
  "widgets": [
    {"type": "text", "x": 0, "y": 0, "width": 3, "height": 3, "properties": {"markdown": "# Quarry"}}
  ]
}
EOF
}

resource "aws_ssm_document" "patch" {
  name          = "quarry-patch"
  document_type = "Command"

  content = <<DOC
{
  "schemaVersion": "2.2",
  "description": "patch",
  "mainSteps": [{"action": "aws:runShellScript", "name": "patch", "inputs": {"runCommand": ["yum -y update"]}}]
}
DOC
}

resource "aws_ssm_maintenance_window" "sunday" {
  name     = "sunday"
  schedule = "cron(0 4 ? * SUN *)"
  duration = 3
  cutoff   = 1
}

resource "aws_ssm_parameter" "level" {
  name  = "/quarry/level"
  type  = "String"
  value = "info"
}

resource "aws_secretsmanager_secret" "db" {
  name                    = "quarry/db"
  description             = "database"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "db" {
  secret_id     = "${aws_secretsmanager_secret.db.id}"
  secret_string = "hunter2-quarry"
}

resource "aws_secretsmanager_secret_policy" "db" {
  secret_arn = "${aws_secretsmanager_secret.db.arn}"
  policy     = "${jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "own", Effect = "Allow", Principal = { AWS = aws_iam_role.app.arn }, Action = "secretsmanager:GetSecretValue", Resource = "*" }] })}"
}

resource "aws_cloudtrail" "all" {
  name                       = "all"
  s3_bucket_name             = "${aws_s3_bucket.logs.id}"
  is_multi_region_trail      = true
  enable_log_file_validation = true
  depends_on                 = [aws_s3_bucket_policy.logs]
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = "${aws_s3_bucket.logs.id}"
  policy = "${templatefile("${path.module}/policies/trail.json.tpl", { bucket = "quarry-logs" })}"
}

resource "aws_guardduty_detector" "main" {
  enable                       = true
  finding_publishing_frequency = "ONE_HOUR"
}

resource "aws_config_delivery_channel" "main" {
  name           = "main"
  s3_bucket_name = "${aws_s3_bucket.logs.bucket}"
  depends_on     = [aws_config_configuration_recorder.main]
}

resource "aws_config_config_rule" "versioning" {
  name = "versioning"

  source {
    owner             = "AWS"
    source_identifier = "S3_BUCKET_VERSIONING_ENABLED"
  }

  depends_on = [aws_config_configuration_recorder.main]
}

resource "aws_backup_vault" "main" {
  name = "quarry"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = "${aws_backup_vault.main.name}"
    schedule          = "cron(0 12 * * ? *)"

    lifecycle {
      delete_after = 30
    }
  }
}

resource "aws_ses_domain_identity" "main" {
  domain = "${var.domain}"
}

resource "aws_ses_configuration_set" "main" {
  name = "quarry"
}

resource "aws_ses_receipt_rule_set" "main" {
  rule_set_name = "quarry"
}

resource "aws_ses_template" "welcome" {
  name    = "welcome"
  subject = "Welcome"
  html    = "<h1>Hi</h1>"
  text    = "Hi"
}

resource "aws_ses_email_identity" "ops" {
  email = "ops@${var.domain}"
}

resource "aws_cloudformation_stack" "legacy" {
  name = "legacy"

  template_body = "${jsonencode({ "Resources" = { "Queue" = { "Type" = "AWS::SQS::Queue", "Properties" = { "QueueName" = "legacy-queue" } } } })}"
}

resource "aws_service_discovery_http_namespace" "apps" {
  name        = "apps"
  description = "apps"
}

resource "aws_service_discovery_service" "api" {
  name         = "api"
  namespace_id = "${aws_service_discovery_http_namespace.apps.id}"
}

resource "aws_appconfig_application" "app" {
  name        = "quarry"
  description = "settings"
}

resource "aws_appconfig_configuration_profile" "flags" {
  application_id = "${aws_appconfig_application.app.id}"
  name           = "flags"
  location_uri   = "hosted"
}

resource "aws_iot_thing" "gauge" {
  name = "gauge"

  attributes = {
    site = "north"
  }
}

resource "aws_transfer_server" "sftp" {
  identity_provider_type = "SERVICE_MANAGED"
  protocols              = ["SFTP"]
}

resource "aws_config_configuration_recorder" "main" {
  name     = "main"
  role_arn = "${aws_iam_role.app.arn}"

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
}
