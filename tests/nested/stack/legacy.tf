module "legacy" {
  source = "./modules/legacy"

  name        = "${local.legacy["name"]}"
  description = "${local.legacy["description"]}"
  path        = "${var.production ? "/prod/" : "/test/"}"
}

locals {
  legacy = {
    name        = "legacy"
    description = "kept for now"
  }
}
