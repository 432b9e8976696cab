variable "database_password" {
  type      = string
  sensitive = true
}

resource "aws_db_subnet_group" "main" {
  name       = "parity"
  subnet_ids = [aws_subnet.database_a.id, aws_subnet.database_b.id]
}

resource "aws_db_instance" "postgres" {
  identifier                      = "parity-postgres"
  engine                          = "postgres"
  engine_version                  = "16.3"
  instance_class                  = "db.m5.large"
  allocated_storage               = 100
  max_allocated_storage           = 200
  storage_type                    = "gp3"
  storage_encrypted               = true
  multi_az                        = true
  db_name                         = "shop"
  port                            = 6432
  username                        = "shop"
  password                        = var.database_password
  db_subnet_group_name            = aws_db_subnet_group.main.name
  vpc_security_group_ids          = [aws_security_group.database.id]
  backup_retention_period         = 14
  backup_window                   = "03:00-04:00"
  maintenance_window              = "sun:05:00-sun:06:00"
  auto_minor_version_upgrade      = false
  copy_tags_to_snapshot           = true
  deletion_protection             = true
  enabled_cloudwatch_logs_exports = ["postgresql"]
  performance_insights_enabled    = true
  skip_final_snapshot             = true

  iam_database_authentication_enabled = true

  tags = {
    Name = "postgres"
  }
}

resource "aws_db_subnet_group" "described" {
  name        = "parity-described"
  description = "Where the databases live"
  subnet_ids  = [aws_subnet.database_b.id, aws_subnet.database_a.id]

  tags = {
    Name = "described"
  }
}
