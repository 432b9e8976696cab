set_by_file          = 7
number_by_file       = "42"
list_by_file         = ["x", 1]
set_by_file_sorted   = ["z", "y", "z"]
map_by_file          = { k = true, j = 1 }
objects_by_file      = { one = {}, two = { size = "5", extra = 1 } }
any_by_file          = ["a", ["b"], { c = 1 }]
untyped_by_file      = [1, "x"]
null_by_file         = null
not_nullable_by_file = null
