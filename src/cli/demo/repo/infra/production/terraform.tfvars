# One size for all web servers; see the capacity plan before changing it.
instance_type = "t3.small"
