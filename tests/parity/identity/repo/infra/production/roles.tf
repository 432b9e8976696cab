data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com", "lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "boundary" {
  name = "parity-boundary"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

resource "aws_iam_role" "plain" {
  name               = "parity-plain"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role" "rich" {
  name                 = "parity-rich"
  path                 = "/service/"
  description          = "Every option"
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.boundary.arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Account"
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Condition = { StringEquals = { "sts:ExternalId" = "parity" } }
    }]
  })

  tags = {
    Name = "rich"
  }
}

resource "aws_iam_role_policy" "inline" {
  name = "inline"
  role = aws_iam_role.rich.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:Get*", "s3:List*"], Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "read_only" {
  role       = aws_iam_role.rich.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.plain.name
  policy_arn = aws_iam_policy.boundary.arn
}

resource "aws_iam_role" "web" {
  name               = "parity-web"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_instance_profile" "web" {
  name = "parity-web"
  role = aws_iam_role.web.name
}

resource "aws_iam_instance_profile" "rich" {
  name = "parity-rich"
  path = "/service/"
  role = aws_iam_role.rich.name

  tags = {
    Name = "rich"
  }
}

resource "aws_iam_policy" "rich" {
  name        = "parity-rich"
  path        = "/service/"
  description = "Reads one bucket"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Read", Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::parity-rich/*" },
      { Sid = "List", Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::parity-rich" },
    ]
  })

  tags = {
    Name = "rich"
  }
}

resource "aws_iam_user" "plain" {
  name = "parity-plain"
}

resource "aws_iam_user" "rich" {
  name                 = "parity-rich"
  path                 = "/people/"
  permissions_boundary = aws_iam_policy.boundary.arn
  force_destroy        = true

  tags = {
    Name = "rich"
  }
}

resource "aws_iam_user_policy" "rich" {
  name = "inline"
  user = aws_iam_user.rich.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:List*", Resource = "*" }]
  })
}

resource "aws_iam_user_policy_attachment" "rich" {
  user       = aws_iam_user.rich.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_group" "plain" {
  name = "parity-plain"
}

resource "aws_iam_group" "rich" {
  name = "parity-rich"
  path = "/teams/"
}

resource "aws_iam_group_policy" "rich" {
  name  = "inline"
  group = aws_iam_group.rich.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:Get*", "s3:List*"], Resource = "*" }]
  })
}

resource "aws_iam_group_policy" "prefixed" {
  name_prefix = "parity-"
  group       = aws_iam_group.plain.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:List*", Resource = "*" }]
  })
}

resource "aws_iam_group_policy_attachment" "rich" {
  group      = aws_iam_group.rich.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_user_group_membership" "rich" {
  user   = aws_iam_user.rich.name
  groups = [aws_iam_group.plain.name, aws_iam_group.rich.name]
}
