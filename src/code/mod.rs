//! Terraform code: parsed, evaluated, and where each value is defined.
#![deny(clippy::disallowed_methods)]
