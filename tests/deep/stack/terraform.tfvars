namespace = "eg"
stage     = "prod"

buckets = {
  assets = {
    tags = {
      Purpose = "assets"
    }
  }

  archive = {
    versioned = false
    algorithm = "AES256"
    block     = { acls = true }
  }

  uploads = { tags = { Purpose = "uploads", Owner = "web" } }
}

vpc = {
  cidr    = "10.20.0.0/16"
  zones   = ["us-east-1a", "us-east-1b"]
  private = ["10.20.1.0/24", "10.20.2.0/24"]
  public  = ["10.20.11.0/24", "10.20.12.0/24"]
}

office = ["203.0.113.0/24", "198.51.100.7/32"]

services = {
  checkout = {
    session = 3600
    ports   = [8080, 8443]
    labels  = { Tier = "front", Pager = "shop" }
  }
  billing = {
    session  = 7200
    ports    = [9090]
    labels   = { Tier = "back" }
    boundary = { enabled = false }
  }
}

overrides = {
  billing = { Cost = "4711" }
}
