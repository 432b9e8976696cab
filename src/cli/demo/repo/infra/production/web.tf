resource "aws_instance" "web" {
  count = 2

  ami                    = "ami-12c6146b"
  instance_type          = var.instance_type
  subnet_id              = aws_subnet.web.id
  vpc_security_group_ids = [aws_security_group.web.id]

  metadata_options {
    http_tokens = "required"
  }

  tags = {
    Name = "shop-web-${count.index}"
    Role = "web"
  }
}

resource "aws_instance" "batch" {
  ami           = "ami-12c6146b"
  instance_type = "t3.micro" # enough for the nightly import
  subnet_id     = aws_subnet.web.id

  tags = {
    Name = "shop-batch"
    Role = "batch"
  }
}
