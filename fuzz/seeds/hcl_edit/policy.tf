resource "aws_iam_role" "web" {
  name = "web"
  path = "/${lower("A")}/"
  max_session_duration = 60 * (10 + 50) / 1

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
  managed_policy_arns = [
    "arn:aws:iam::aws:policy/A",
    "arn:aws:iam::aws:policy/B",
  ]
  force_detach_policies = !false && length(["a"]) == 1 ? true : null
}
arn:aws:iam::aws:policy/C09: