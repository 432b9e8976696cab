locals {
  windows = <<EOT
foo
  bar
EOT
  windows_indented = <<-EOT
    foo
      bar
  EOT
}
