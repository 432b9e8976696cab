module "label" {
  source = "./modules/label"

  namespace = var.namespace
  stage     = var.stage
  tags      = local.common
}

module "app_label" {
  source = "./modules/label"

  name       = "app"
  attributes = ["blue"]
  tags = {
    Component = "app"
  }

  context = module.label.context
}

module "bucket" {
  source   = "./modules/bucket"
  for_each = var.buckets

  name = join("-", [module.label.id, each.key])

  versioning = {
    enabled = each.value.versioned
  }

  encryption = {
    rule = {
      apply_server_side_encryption_by_default = {
        sse_algorithm = each.value.algorithm
      }
    }
  }

  block_public_acls   = each.value.block.acls
  block_public_policy = each.value.block.policy

  tags = merge(module.label.tags, each.value.tags)
}

module "logs" {
  source = "./modules/bucket"

  name             = "${module.label.id}-logs"
  object_ownership = "ObjectWriter"

  versioning = {
    status = "Enabled"
  }

  tags = module.app_label.tags
}

module "vpc" {
  source = "./modules/vpc"

  name = module.label.id
  cidr = var.vpc.cidr

  azs             = var.vpc.zones
  private_subnets = var.vpc.private
  public_subnets  = var.vpc.public

  enable_dns_hostnames = var.vpc.dns.hostnames
  enable_dns_support   = var.vpc.dns.support

  tags = local.common

  public_subnet_tags = {
    "kubernetes.io/role/elb" = 1
  }
}

module "web" {
  source = "./modules/firewall"

  name        = "${module.label.id}-web"
  description = "Web traffic"
  vpc_id      = module.vpc.vpc_id

  ingress_with_cidr_blocks = [
    {
      rule        = "https"
      cidr_blocks = "0.0.0.0/0"
      description = "From everywhere"
    },
    {
      from_port   = 8080
      to_port     = 8090
      protocol    = "tcp"
      cidr_blocks = "10.0.0.0/8,192.168.0.0/16"
    },
  ]

  blocks = [
    { port = 22, cidrs = var.office, description = "SSH" },
    { port = 9000, cidrs = ["10.20.0.0/16"] },
  ]

  tags = merge(local.common, { Service = "web" })
}

module "service" {
  source   = "./modules/role"
  for_each = var.services

  name                 = format("%s-%s", module.label.id, each.key)
  description          = title("the ${each.key} service")
  max_session_duration = local.session_by_service[each.key]
  tags                 = merge(module.label.tags, each.value.labels, lookup(var.overrides, each.key, {}))

  statements = [
    {
      sid       = "Read"
      actions   = ["s3:GetObject", "s3:ListBucket"]
      resources = [module.logs.arn, "${module.logs.arn}/*"]
    },
  ]
}

module "team" {
  source   = "./modules/role"
  for_each = local.team.roles

  name                 = "team-${each.key}"
  path                 = local.team.path
  description          = each.value.description
  max_session_duration = each.value.session
  tags                 = each.value.tags
}

module "auditor" {
  source = "./modules/role"

  name                 = "${module.label.id}-auditor"
  service              = "config"
  max_session_duration = local.limits.session.audit

  managed_policies = {
    audit = "arn:aws:iam::aws:policy/SecurityAudit"
  }

  inline_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Look"
        Effect   = "Allow"
        Action   = concat(["config:Get*"], local.is_prod ? ["config:List*"] : [])
        Resource = "*"
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${module.logs.arn}/*"
      },
    ]
  })

  tags = module.app_label.tags
}

module "users" {
  source = "./modules/users"

  users = {
    for name, person in local.members : name => {
      path = person.path
      tags = { Team = person.team }
    }
  }

  tags = local.standard
}

module "robots" {
  source = "./modules/users"

  users = {
    ci     = { path = "/robots/" }
    backup = { tags = { Schedule = "nightly" } }
  }
}

module "queue" {
  source   = "./modules/queue"
  for_each = local.queues

  name      = "${module.label.id}-${each.key}"
  timeout   = each.value.timeout
  retention = each.value.retention
  tags      = { for key, value in local.common : key => value if key != "Tier" }
}

resource "aws_iam_role" "cron" {
  name                 = module.app_label.id
  description          = "Runs at night"
  max_session_duration = coalesce(lookup(local.session_by_service, "cron", null), 5400)
  assume_role_policy   = templatefile("${path.module}/config/trust.json.tftpl", { service = "scheduler" })
  tags                 = merge(module.app_label.tags, { Job = "cron" })
}

resource "aws_iam_policy" "heredoc" {
  name = "${module.label.id}-heredoc"

  policy = <<-POLICY
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Describe",
          "Effect": "Allow",
          "Action": ["ec2:Describe*"],
          "Resource": "*"
        },
        {
          "Sid": "Logs",
          "Effect": "Allow",
          "Action": ["s3:GetObject"],
          "Resource": "${module.logs.arn}/*"
        }
      ]
    }
  POLICY
}

resource "aws_ebs_volume" "data" {
  for_each = { for zone in slice(var.vpc.zones, 0, 1) : zone => { size = 20, type = "gp3" } }

  availability_zone = each.key
  size              = each.value.size
  type              = each.value.type
  tags              = merge(local.common, { Name = "data-${each.key}" })
}

resource "aws_db_subnet_group" "main" {
  name       = "${module.label.id}-db"
  subnet_ids = module.vpc.private_subnets
  tags       = local.common
}

resource "aws_iam_user" "legacy" {
  count = 2

  name = "legacy-${count.index}"
  path = element(["/old/", "/older/"], count.index)
  tags = {
    Index = tostring(count.index)
  }
}

resource "aws_security_group" "db" {
  name   = "${module.label.id}-db"
  vpc_id = module.vpc.vpc_id

  ingress {
    description = "from the office"
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = var.office
  }

  ingress {
    description     = "from web"
    from_port       = 5432
    to_port         = 5432
    protocol        = "tcp"
    security_groups = [aws_security_group.jump.id]
  }

  tags = module.app_label.tags
}

resource "aws_security_group" "jump" {
  name   = "${module.label.id}-jump"
  vpc_id = module.vpc.vpc_id
  tags   = { Name = "jump" }
}

resource "aws_security_group" "spare" {
  name   = "${module.label.id}-spare"
  vpc_id = module.vpc.vpc_id
}
