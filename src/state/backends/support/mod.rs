//! Supports several backends: connects to their hosts, and reads their settings from elsewhere than the code.

pub(super) mod environment;
pub(super) mod hcp;
pub(super) mod http_access;
pub(super) mod initialised;
