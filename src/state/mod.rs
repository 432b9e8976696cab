//! Terraform state: its format, and the backends that hold it.
