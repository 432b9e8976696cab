workers = {
  orders = {
    memory      = 512
    timeout     = 60
    environment = { STAGE = "prod", LOG_LEVEL = "info" }
    table = {
      hash  = "order_id"
      range = "created_at"
    }
  }
  mails = {
    memory    = 256
    batch     = 5
    retention = 14
  }
  audit = {
    memory = 128
    fifo   = true
    table = {
      hash = "event_id"
      read = 10
    }
  }
}

routes = {
  "GET /orders" = {
    worker = "orders"
    auth   = true
  }
  "POST /orders" = {
    worker = "orders"
    auth   = true
  }
  "GET /health" = {
    worker = "mails"
  }
}
