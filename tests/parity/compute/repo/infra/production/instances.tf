resource "aws_instance" "plain" {
  ami           = "ami-12c6146b"
  instance_type = "t3.micro"
}

resource "aws_instance" "rich" {
  ami                     = "ami-12c6146b"
  instance_type           = "m5.large"
  subnet_id               = aws_subnet.inner.id
  source_dest_check       = false
  ebs_optimized           = true
  disable_api_termination = true
  iam_instance_profile    = aws_iam_instance_profile.instance.name
  key_name                = aws_key_pair.admin.key_name
  user_data               = "#!/bin/sh\necho hello\n"
  vpc_security_group_ids  = [aws_security_group.web.id, aws_security_group.admin.id]

  instance_initiated_shutdown_behavior = "terminate"

  root_block_device {
    volume_type           = "gp3"
    volume_size           = 30
    delete_on_termination = false
    encrypted             = true
  }

  ebs_block_device {
    device_name = "/dev/sdf"
    volume_type = "gp2"
    volume_size = 12
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "enabled"
  }

  tags = {
    Name          = "rich"
    "with spaces" = "a: b/c=d"
    Empty         = ""
  }
}

resource "aws_instance" "public" {
  ami                         = "ami-12c6146b"
  instance_type               = "t3.small"
  subnet_id                   = aws_subnet.outer.id
  associate_public_ip_address = true

  credit_specification {
    cpu_credits = "unlimited"
  }
}

resource "aws_key_pair" "admin" {
  key_name   = "admin"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA admin@example.com"
}

resource "aws_eip" "instance" {
  domain   = "vpc"
  instance = aws_instance.public.id
}
