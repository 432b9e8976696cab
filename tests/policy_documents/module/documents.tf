locals {
  account = 123456789012
  buckets = ["zeta", "alpha", "mid"]
}

data "aws_iam_policy_document" "plain" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::a/&{aws:username}/*"]
  }
}

data "aws_iam_policy_document" "lists" {
  statement {
    actions   = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:GetObject"]
    resources = [for name in local.buckets : "arn:aws:s3:::${name}/*"]
  }
  statement {
    effect        = "Deny"
    not_actions   = ["iam:*", "sts:*"]
    not_resources = ["*", "arn:aws:s3:::b/&{aws:username}"]
  }
}

data "aws_iam_policy_document" "variables_in_actions" {
  statement {
    actions   = ["s3:&{aws:username}"]
    resources = ["a&{x}b&{y}"]
  }
}

data "aws_iam_policy_document" "nothing" {}

data "aws_iam_policy_document" "empty_statement" {
  statement {}
}

data "aws_iam_policy_document" "empty_lists" {
  statement {
    sid       = ""
    actions   = []
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = []
    }
    condition {
      test     = "Null"
      variable = "aws:x"
      values   = []
    }
  }
}

data "aws_iam_policy_document" "older" {
  version   = "2008-10-17"
  policy_id = "an-id"
  statement {
    actions   = ["sqs:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "everybody" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "*"
      identifiers = ["*", "arn:aws:iam::1:root"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    not_principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "principals" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]
    }
    principals {
      type        = "AWS"
      identifiers = [local.account, "arn:aws:iam::210987654321:role/&{x}"]
    }
    principals {
      type        = "Federated"
      identifiers = ["cognito-identity.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "principals_of_one_kind" {
  statement {
    sid     = "OneAndOne"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["111111111111"]
    }
    principals {
      type        = "AWS"
      identifiers = ["222222222222"]
    }
    principals {
      type        = "AWS"
      identifiers = ["333333333333"]
    }
  }
  statement {
    sid     = "ListAndOne"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["111111111111", "999999999999", "555555555555"]
    }
    principals {
      type        = "AWS"
      identifiers = ["222222222222"]
    }
    principals {
      type        = "AWS"
      identifiers = ["444444444444", "333333333333"]
    }
    principals {
      type        = "AWS"
      identifiers = []
    }
  }
}

data "aws_iam_policy_document" "conditions" {
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
    condition {
      test     = "StringLike"
      variable = "aws:PrincipalArn"
      values   = ["b", "a", "b", "<&{aws:username}>"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = [false]
    }
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["x"]
    }
    condition {
      test     = "NumericLessThan"
      variable = "s3:max-keys"
      values   = [10, 3.50]
    }
  }
}

data "aws_iam_policy_document" "conditions_of_one_variable" {
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
    dynamic "condition" {
      for_each = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
      content {
        test     = "StringLike"
        variable = "aws:PrincipalArn"
        values   = [condition.value]
      }
    }
  }
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "a"
      values   = ["1", "2"]
    }
    condition {
      test     = "StringEquals"
      variable = "a"
      values   = ["3"]
    }
    condition {
      test     = "StringEquals"
      variable = "a"
      values   = []
    }
  }
}

data "aws_iam_policy_document" "letters" {
  statement {
    actions   = ["s3:Get<Object>&\"\\"]
    resources = ["tab\there", "line\nend", "é ü 漢 😀", "\u2028\u2029", "\u007f", "/"]
  }
}

data "aws_iam_policy_document" "merged" {
  source_policy_documents = [
    data.aws_iam_policy_document.plain.json,
    data.aws_iam_policy_document.everybody.minified_json,
    jsonencode({
      Version = "2012-10-17"
      Id      = "from-source"
      Comment = "dropped"
      Statement = [{
        Sid       = "Encoded"
        Effect    = "Allow"
        Action    = ["z", "a", "m"]
        Resource  = ["only"]
        Principal = { AWS = ["b", "c", "a"], Service = ["x"], Federated = "y" }
        Condition = { Bool = { "aws:SecureTransport" = true, "b" = ["1", "2"] }, StringLike = { "c" = ["only"] } }
      }]
    }),
  ]
  statement {
    sid       = "Own"
    actions   = ["s3:ListBucket"]
    resources = ["*"]
  }
  override_policy_documents = [
    jsonencode({
      Version = "2008-10-17"
      Statement = [
        { Sid = "Read", Effect = "Deny", Action = "s3:*", Resource = "*", Principal = "somebody" },
        { Sid = "Later", Effect = "Deny", NotAction = [], NotResource = "*", NotPrincipal = { AWS = [] }, Condition = {} },
        { Effect = "Allow", Action = "*" },
      ]
    }),
    data.aws_iam_policy_document.lists.json,
  ]
}

data "aws_iam_policy_document" "only_sources" {
  version                 = "2008-10-17"
  source_policy_documents = [data.aws_iam_policy_document.nothing.json, data.aws_iam_policy_document.conditions_of_one_variable.json]
}

data "aws_iam_policy_document" "overridden" {
  statement {
    sid       = "Same"
    actions   = ["s3:ListBucket"]
    resources = ["*"]
  }
  override_policy_documents = [
    jsonencode({ Statement = [{ Sid = "Same", Effect = "Deny", Action = ["s3:ListBucket"], Resource = ["*"] }] }),
    jsonencode({ Version = "2030-01-01", Statement = [] }),
  ]
}

data "aws_iam_policy_document" "each" {
  for_each = { a = "s3:GetObject", b = "s3:PutObject" }
  statement {
    actions   = [each.value]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "counted" {
  count = 2
  dynamic "statement" {
    for_each = range(count.index + 1)
    content {
      sid       = "S${statement.value}"
      actions   = ["a:B"]
      resources = ["r${statement.key}"]
    }
  }
}

# What a plan would compare as text.
resource "terraform_data" "documents" {
  input = merge(
    {
      plain                      = [data.aws_iam_policy_document.plain.json, data.aws_iam_policy_document.plain.minified_json]
      lists                      = [data.aws_iam_policy_document.lists.json, data.aws_iam_policy_document.lists.minified_json]
      variables_in_actions       = [data.aws_iam_policy_document.variables_in_actions.json, data.aws_iam_policy_document.variables_in_actions.minified_json]
      nothing                    = [data.aws_iam_policy_document.nothing.json, data.aws_iam_policy_document.nothing.minified_json]
      empty_statement            = [data.aws_iam_policy_document.empty_statement.json, data.aws_iam_policy_document.empty_statement.minified_json]
      empty_lists                = [data.aws_iam_policy_document.empty_lists.json, data.aws_iam_policy_document.empty_lists.minified_json]
      older                      = [data.aws_iam_policy_document.older.json, data.aws_iam_policy_document.older.minified_json]
      everybody                  = [data.aws_iam_policy_document.everybody.json, data.aws_iam_policy_document.everybody.minified_json]
      principals                 = [data.aws_iam_policy_document.principals.json, data.aws_iam_policy_document.principals.minified_json]
      principals_of_one_kind     = [data.aws_iam_policy_document.principals_of_one_kind.json, data.aws_iam_policy_document.principals_of_one_kind.minified_json]
      conditions                 = [data.aws_iam_policy_document.conditions.json, data.aws_iam_policy_document.conditions.minified_json]
      conditions_of_one_variable = [data.aws_iam_policy_document.conditions_of_one_variable.json, data.aws_iam_policy_document.conditions_of_one_variable.minified_json]
      letters                    = [data.aws_iam_policy_document.letters.json, data.aws_iam_policy_document.letters.minified_json]
      merged                     = [data.aws_iam_policy_document.merged.json, data.aws_iam_policy_document.merged.minified_json]
      only_sources               = [data.aws_iam_policy_document.only_sources.json, data.aws_iam_policy_document.only_sources.minified_json]
      overridden                 = [data.aws_iam_policy_document.overridden.json, data.aws_iam_policy_document.overridden.minified_json]
    },
    { for key in ["a", "b"] : "each_${key}" => [data.aws_iam_policy_document.each[key].json, data.aws_iam_policy_document.each[key].minified_json] },
    { for at in [0, 1] : "counted_${at}" => [data.aws_iam_policy_document.counted[at].json, data.aws_iam_policy_document.counted[at].minified_json] },
  )
}
