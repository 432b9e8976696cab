//! The door for GitHub's deliveries: verify, record, enqueue, 202.
