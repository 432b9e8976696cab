locals {
  # A chain of locals, as it grows over the years.
  environment = var.stage
  is_prod     = local.environment == "prod"
  owner       = local.is_prod ? "platform" : "sandbox"
  standard = {
    Owner = local.owner
    Stage = local.environment
  }

  extra = {
    prod = { Backup = "daily", Tier = "gold" }
    dev  = { Backup = "never" }
  }

  common = merge(local.standard, lookup(local.extra, local.environment, {}))

  team    = yamldecode(file("${path.module}/config/team.yaml"))
  people  = csvdecode(file("${path.module}/config/people.csv"))
  limits  = jsondecode(file("${path.module}/config/limits.json"))
  queues  = { for name, queue in local.limits.queues : name => queue if queue.enabled }
  members = { for person in local.people : person.name => person }

  session_by_service = {
    for name, service in var.services : name => try(service.session, 3600)
  }
}
