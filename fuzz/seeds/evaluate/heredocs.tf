a = (<<A
A
=="${(<<B
B
=="${1}")}")
resource "a" "b" {
  p = <<E
{"Statement": [{"Effect": "Allow", "Action": "${join(",", ["a", "b"])}"}]}
E
  q = <<-F
    one
    two ${1 + 1}
    F
}
