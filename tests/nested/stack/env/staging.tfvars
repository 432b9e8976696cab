production = false
quota      = 3600
