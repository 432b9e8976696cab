//! One AWS resource type a file.
