teams = {
  core  = { session = 3600 }
  cloud = { session = 7200, tags = { Cost = "12" } }
  data = {
    session     = 3600
    description = "the data team"
    tags = {
      Cost = "7"
    }
  }
}
