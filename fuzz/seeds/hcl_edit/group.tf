resource "aws_security_group" "web" {
  name = "web"
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0", "10.0.0.0/8"]
  }
  dynamic "egress" {
    for_each = [for port in [80, 443] : port if port > 100]
    content {
      from_port = egress.value
      to_port   = egress.value
      protocol  = "-1"
    }
  }
  tags = { Name = "web", Team = "shop" }
  lifecycle {
    ignore_changes = [tags["PatchGroup"], description]
  }
}
10.1.0.0/1609:0?30=;