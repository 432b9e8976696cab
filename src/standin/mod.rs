//! Strict stand-ins for GitHub and STS: tests and `driftguard demo`.
