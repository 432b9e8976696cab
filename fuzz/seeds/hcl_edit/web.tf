# The web server.
resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "t3.small" # see the capacity plan
  monitoring    = "true"

  user_data = <<-EOT
      #!/bin/sh
    echo $HOME
  EOT

  vpc_security_group_ids = ["sg-1", "sg-2"]

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
  }

  tags = {
    Name = "web"
    Role = "web"
  }
}
t3.large0830910A:039054021