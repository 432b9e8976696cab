variable "instance_type" {
  description = "What the web servers run on"
  type        = string
}

variable "database_password" {
  description = "Set by TF_VAR_database_password"
  type        = string
  sensitive   = true
}
