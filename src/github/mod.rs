//! GitHub: the App's identity, repositories, pull requests, checks; one gate for all writes.
