locals {
  uneven = <<-EOT
      x
    y ${"z"}

      w
    EOT
  even   = <<-EOT
    a
      b
    c
  EOT
  plain  = <<EOT
  kept
    $${not} %%{this}
EOT
  if     = <<-EOT
    %{ if true ~}
    yes
      more
    %{ else ~}
    no
    %{ endif ~}
    end
  EOT
  not    = <<-EOT
    %{ if false }yes%{ else }no%{ endif }
  EOT
  for    = <<-EOT
    %{ for key, value in { a = 1, b = 2 } ~}
    ${key} = ${value}
    %{ endfor ~}
  EOT
  rows   = <<EOT
%{ for name in ["x", "y"] ~}
row ${name}
%{ endfor ~}
EOT
  loose  = <<EOT
%{ for name in ["x", "y"] }
row ${name}
%{ endfor }
EOT
  nested = <<-EOT
    %{ for outer in [[1, 2], [3]] ~}
    %{ for inner in outer ~}
    <${inner}>
    %{~ endfor }
    %{ endfor ~}
    done
  EOT
  first  = <<-EOT
    ${"a"}
      b
    EOT
  single = <<-EOT
    ${"only"}
  EOT
  tabs   = <<-EOT
	a
		b
	EOT
  blank  = <<-EOT

    a

  EOT
  quoted = <<EOT
"quoted" \n \\ \u0041
EOT

  template = "x$${1 + a}%%{ if b ~}\n\n  y%%{ endif }"
  wrapped  = "$${a}"
  list     = ["c", "a", "b"]
  object   = { b = 2, a = 1, c = { d = [1, { e = "f" }] } }
  objects  = [{ name = "a", ports = [1, 2] }, { name = "b", ports = [] }]
  nothing  = null
  broken   = try({ a = 1 }.b, "broken")
}
