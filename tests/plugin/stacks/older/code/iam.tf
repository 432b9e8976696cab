resource "aws_iam_user" "staff" {
  count         = "${length(var.users)}"
  name          = "${element(var.users, count.index)}"
  path          = "/staff/"
  force_destroy = true

  tags = {
    Login = "${var.users[count.index]}"
  }
}

resource "aws_iam_group" "developers" {
  name = "developers"
  path = "/staff/"
}

resource "aws_iam_group_membership" "developers" {
  name  = "developers"
  group = "${aws_iam_group.developers.name}"
  users = ["${aws_iam_user.staff.0.name}", "${aws_iam_user.staff.1.name}"]
}

resource "aws_iam_user_group_membership" "carla" {
  user   = "${aws_iam_user.staff.2.name}"
  groups = ["${aws_iam_group.auditors.name}"]
}

resource "aws_iam_group" "auditors" {
  name = "auditors"
}

resource "aws_iam_group_policy_attachment" "auditors" {
  group      = "${aws_iam_group.auditors.name}"
  policy_arn = "arn:aws:iam::aws:policy/SecurityAudit"
}

resource "aws_iam_policy" "deploy" {
  name   = "deploy"
  policy = "${file("${path.module}/policies/deploy.json")}"
}

resource "aws_iam_policy_attachment" "deploy" {
  name       = "deploy"
  groups     = ["${aws_iam_group.developers.name}"]
  policy_arn = "${aws_iam_policy.deploy.arn}"
}

resource "aws_iam_group_policy" "self" {
  name  = "self"
  group = "${aws_iam_group.developers.id}"

  policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["iam:ChangePassword", "iam:GetUser"],
      "Resource": "*"
    }
  ]
}
EOF
}

resource "aws_iam_user_ssh_key" "ada" {
  username   = "${aws_iam_user.staff.0.name}"
  encoding   = "SSH"
  public_key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7h9b0d5Q2Q0h2v2y0y0o3m1mY0yGv4y4iYf6mT2vZ2m3Qw8N9w2v8o1Y0Yw3b1k9mO0i8j4Qp9z2b7z1yVnQ7x0G0z6h3Kq0K6p9l4h8f6w7o9q3l1y5b0k0V0v3f0m0R4x5a9f8l7s6d5f4g3h2j1k0l9z8x7c6v5b4n3m2q1w== ada"
}

resource "aws_iam_access_key" "ci" {
  user   = "${aws_iam_user.staff.1.name}"
  status = "Active"
}

resource "aws_iam_account_alias" "alias" {
  account_alias = "quarry"
}

resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 16
  require_lowercase_characters   = true
  require_numbers                = true
  require_symbols                = true
  require_uppercase_characters   = true
  allow_users_to_change_password = true
  max_password_age               = 90
}

resource "aws_iam_role" "app" {
  name = "quarry-app"

  assume_role_policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
  ]
}
EOF

  inline_policy {
    name   = "read"
    policy = "${file("${path.module}/policies/deploy.json")}"
  }
}

resource "aws_iam_instance_profile" "app" {
  name = "quarry-app"
  role = "${aws_iam_role.app.name}"
}

resource "aws_iam_service_linked_role" "scaling" {
  aws_service_name = "elasticbeanstalk.amazonaws.com"
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://ci.quarry.example"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

