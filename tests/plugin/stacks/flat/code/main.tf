terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
  backend "local" {}
}

provider "aws" {
  region      = "us-east-1"
  max_retries = 2
}

variable "project" {
  type    = string
  default = "tidal"
}

variable "zones" {
  type    = list(string)
  default = ["us-east-1a", "us-east-1b", "us-east-1c"]
}

locals {
  common = {
    Project = var.project
    Owner   = "platform"
  }
}

# Network

resource "aws_vpc" "main" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true
  tags                 = merge(local.common, { Name = "${var.project}-main" })
}

resource "aws_vpc" "peer" {
  cidr_block = "10.41.0.0/16"
}

resource "aws_subnet" "app" {
  count             = length(var.zones)
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone = var.zones[count.index]
  tags              = { Name = "${var.project}-app-${count.index}" }
}

resource "aws_security_group" "app" {
  name        = "${var.project}-app"
  description = "application"
  vpc_id      = aws_vpc.main.id

  ingress {
    description = "https"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_vpc_dhcp_options" "main" {
  domain_name         = "tidal.internal"
  domain_name_servers = ["AmazonProvidedDNS"]
  ntp_servers         = ["169.254.169.123"]
  tags                = local.common
}

resource "aws_vpc_dhcp_options_association" "main" {
  vpc_id          = aws_vpc.main.id
  dhcp_options_id = aws_vpc_dhcp_options.main.id
}

resource "aws_vpc_peering_connection" "peer" {
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.peer.id
  auto_accept = true
  tags        = { Name = "peer" }
}

resource "aws_network_interface" "probe" {
  subnet_id       = aws_subnet.app[0].id
  private_ips     = ["10.40.0.50"]
  security_groups = [aws_security_group.app.id]
  description     = "probe"
}

resource "aws_network_acl" "app" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [aws_subnet.app[0].id]

  ingress {
    protocol   = "tcp"
    rule_no    = 200
    action     = "allow"
    cidr_block = "10.0.0.0/8"
    from_port  = 443
    to_port    = 443
  }

  ingress {
    protocol   = "tcp"
    rule_no    = 210
    action     = "deny"
    cidr_block = "0.0.0.0/0"
    from_port  = 22
    to_port    = 22
  }

  egress {
    protocol   = "-1"
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }

  tags = { Name = "app" }
}

resource "aws_network_acl" "rules" {
  vpc_id = aws_vpc.main.id
}

resource "aws_network_acl_rule" "ssh" {
  network_acl_id = aws_network_acl.rules.id
  rule_number    = 120
  egress         = false
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "10.0.0.0/8"
  from_port      = 22
  to_port        = 22
}

resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "${var.project}-offices"
  address_family = "IPv4"
  max_entries    = 5

  entry {
    cidr        = "203.0.113.0/24"
    description = "berlin"
  }

  entry {
    cidr        = "198.51.100.0/24"
    description = "lisbon"
  }
}

resource "aws_customer_gateway" "office" {
  bgp_asn    = 65000
  ip_address = "203.0.113.12"
  type       = "ipsec.1"
  tags       = { Name = "office" }
}

resource "aws_vpn_gateway" "main" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "main" }
}

resource "aws_ec2_transit_gateway" "hub" {
  description                     = "hub"
  amazon_side_asn                 = 64520
  default_route_table_association = "disable"
  default_route_table_propagation = "disable"
  tags                            = { Name = "hub" }
}

resource "aws_ec2_transit_gateway_route_table" "spoke" {
  transit_gateway_id = aws_ec2_transit_gateway.hub.id
}

resource "aws_egress_only_internet_gateway" "v6" {
  vpc_id = aws_vpc.main.id
}

resource "aws_default_security_group" "main" {
  vpc_id = aws_vpc.main.id
}

# Compute

resource "aws_launch_configuration" "legacy" {
  name          = "${var.project}-legacy"
  image_id      = "ami-12c6146b"
  instance_type = "t3.micro"

  root_block_device {
    volume_size = 20
    encrypted   = true
  }
}

resource "aws_autoscaling_group" "legacy" {
  name                 = "${var.project}-legacy"
  launch_configuration = aws_launch_configuration.legacy.name
  min_size             = 0
  max_size             = 2
  desired_capacity     = 0
  vpc_zone_identifier  = aws_subnet.app[*].id
  health_check_type    = "EC2"
  default_cooldown     = 120

  tag {
    key                 = "Role"
    value               = "legacy"
    propagate_at_launch = true
  }

  tag {
    key                 = "Project"
    value               = var.project
    propagate_at_launch = false
  }
}

resource "aws_autoscaling_lifecycle_hook" "drain" {
  name                   = "drain"
  autoscaling_group_name = aws_autoscaling_group.legacy.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = 120
  default_result         = "CONTINUE"
}

resource "aws_autoscaling_schedule" "night" {
  scheduled_action_name  = "night"
  autoscaling_group_name = aws_autoscaling_group.legacy.name
  min_size               = 0
  max_size               = 0
  desired_capacity       = 0
  recurrence             = "0 20 * * *"
}

resource "aws_elb" "classic" {
  name                        = "${var.project}-classic"
  subnets                     = [aws_subnet.app[0].id]
  security_groups             = [aws_security_group.app.id]
  idle_timeout                = 75
  connection_draining         = true
  connection_draining_timeout = 60

  listener {
    instance_port     = 8080
    instance_protocol = "http"
    lb_port           = 80
    lb_protocol       = "http"
  }

  health_check {
    healthy_threshold   = 3
    unhealthy_threshold = 2
    timeout             = 5
    target              = "HTTP:8080/healthz"
    interval            = 20
  }

  tags = { Name = "classic" }
}

resource "aws_lb" "internal" {
  name               = "${var.project}-internal"
  internal           = true
  load_balancer_type = "network"
  subnets            = [aws_subnet.app[0].id, aws_subnet.app[1].id]
  tags               = local.common
}

resource "aws_lb_target_group" "tcp" {
  name     = "${var.project}-tcp"
  port     = 5432
  protocol = "TCP"
  vpc_id   = aws_vpc.main.id

  health_check {
    protocol            = "TCP"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "tcp" {
  load_balancer_arn = aws_lb.internal.arn
  port              = 5432
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.tcp.arn
  }
}

resource "aws_eks_cluster" "main" {
  name     = "${var.project}-eks"
  role_arn = aws_iam_role.service["eks"].arn
  version  = "1.30"

  vpc_config {
    subnet_ids              = aws_subnet.app[*].id
    endpoint_private_access = true
    endpoint_public_access  = false
  }

  enabled_cluster_log_types = ["api", "audit"]
  tags                      = local.common
}

resource "aws_eks_node_group" "main" {
  cluster_name    = aws_eks_cluster.main.name
  node_group_name = "main"
  node_role_arn   = aws_iam_role.service["node"].arn
  subnet_ids      = aws_subnet.app[*].id
  instance_types  = ["m6i.large"]

  scaling_config {
    desired_size = 2
    max_size     = 4
    min_size     = 1
  }

  labels = { pool = "main" }
}

resource "aws_eks_fargate_profile" "jobs" {
  cluster_name           = aws_eks_cluster.main.name
  fargate_profile_name   = "jobs"
  pod_execution_role_arn = aws_iam_role.service["node"].arn
  subnet_ids             = aws_subnet.app[*].id

  selector {
    namespace = "jobs"
    labels    = { tier = "batch" }
  }
}

resource "aws_iam_role" "service" {
  for_each = {
    eks   = "eks.amazonaws.com"
    node  = "ec2.amazonaws.com"
    batch = "batch.amazonaws.com"
  }

  name = "${var.project}-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = each.value }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_batch_compute_environment" "spot" {
  compute_environment_name = "${var.project}-spot"
  type                     = "MANAGED"
  state                    = "ENABLED"
  service_role             = aws_iam_role.service["batch"].arn

  compute_resources {
    type               = "FARGATE_SPOT"
    max_vcpus          = 16
    subnets            = aws_subnet.app[*].id
    security_group_ids = [aws_security_group.app.id]
  }
}

resource "aws_batch_job_queue" "low" {
  name     = "${var.project}-low"
  state    = "ENABLED"
  priority = 5

  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.spot.arn
  }
}

resource "aws_batch_job_definition" "report" {
  name = "${var.project}-report"
  type = "container"

  container_properties = jsonencode({
    image   = "public.ecr.aws/docker/library/busybox:1"
    command = ["sh", "-c", "date"]
    vcpus   = 1
    memory  = 512
  })

  retry_strategy {
    attempts = 2
  }
}

# Stores

resource "aws_elasticache_subnet_group" "main" {
  name       = "${var.project}-cache"
  subnet_ids = aws_subnet.app[*].id
}

resource "aws_elasticache_cluster" "sessions" {
  cluster_id           = "${var.project}-sessions"
  engine               = "memcached"
  node_type            = "cache.t3.micro"
  num_cache_nodes      = 1
  parameter_group_name = "default.memcached1.6"
  port                 = 11211
  subnet_group_name    = aws_elasticache_subnet_group.main.name
}

resource "aws_elasticache_user" "reader" {
  user_id              = "reader"
  user_name            = "reader"
  engine               = "REDIS"
  access_string        = "on ~app::* -@all +@read"
  no_password_required = true
}

resource "aws_rds_cluster" "aurora" {
  cluster_identifier      = "${var.project}-aurora"
  engine                  = "aurora-postgresql"
  master_username         = "root_user"
  master_password         = "correct-horse-battery"
  backup_retention_period = 7
  skip_final_snapshot     = true
  deletion_protection     = true
  storage_encrypted       = true
}

resource "aws_rds_cluster_instance" "aurora" {
  count              = 2
  identifier         = "${var.project}-aurora-${count.index}"
  cluster_identifier = aws_rds_cluster.aurora.id
  instance_class     = "db.r6g.large"
  engine             = aws_rds_cluster.aurora.engine
}

resource "aws_rds_cluster_parameter_group" "aurora" {
  name   = "${var.project}-aurora15"
  family = "aurora-postgresql15"

  parameter {
    name  = "log_min_duration_statement"
    value = "500"
  }
}

resource "aws_db_option_group" "mysql" {
  name                     = "${var.project}-mysql8"
  option_group_description = "mysql"
  engine_name              = "mysql"
  major_engine_version     = "8.0"
}

resource "aws_db_event_subscription" "db" {
  name             = "${var.project}-db"
  sns_topic        = aws_sns_topic.events.arn
  source_type      = "db-instance"
  event_categories = ["failover", "failure"]
}

resource "aws_redshift_subnet_group" "wh" {
  name       = "${var.project}-wh"
  subnet_ids = aws_subnet.app[*].id
}

resource "aws_efs_file_system" "shared" {
  creation_token  = "${var.project}-shared"
  encrypted       = true
  throughput_mode = "bursting"

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  tags = { Name = "shared" }
}

resource "aws_efs_mount_target" "shared" {
  count           = 2
  file_system_id  = aws_efs_file_system.shared.id
  subnet_id       = aws_subnet.app[count.index].id
  security_groups = [aws_security_group.app.id]
}

resource "aws_efs_access_point" "app" {
  file_system_id = aws_efs_file_system.shared.id

  posix_user {
    gid = 1000
    uid = 1000
  }

  root_directory {
    path = "/app"
    creation_info {
      owner_gid   = 1000
      owner_uid   = 1000
      permissions = "750"
    }
  }
}

resource "aws_efs_file_system_policy" "shared" {
  file_system_id = aws_efs_file_system.shared.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "tls"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "*"
      Resource  = aws_efs_file_system.shared.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_ebs_snapshot" "seed" {
  volume_id   = aws_ebs_volume.seed.id
  description = "seed"
}

resource "aws_ebs_volume" "seed" {
  availability_zone = "us-east-1a"
  size              = 8
  encrypted         = true
}

resource "aws_ebs_encryption_by_default" "on" {
  enabled = true
}

resource "aws_sns_topic" "events" {
  name = "${var.project}-events"
}

resource "aws_memorydb_subnet_group" "main" {
  name       = "${var.project}-mem"
  subnet_ids = aws_subnet.app[*].id
}

resource "aws_mq_configuration" "broker" {
  name           = "${var.project}-broker"
  engine_type    = "ActiveMQ"
  engine_version = "5.17.6"
  data           = "<broker xmlns=\"http://activemq.apache.org/schema/core\"></broker>"
}

