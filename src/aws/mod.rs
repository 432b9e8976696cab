//! AWS: credentials, retries, budgets. Knows no resource type.
