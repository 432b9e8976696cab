//! What several backends need: the connection to their hosts, and their settings from elsewhere than the code.

pub(super) mod environment;
pub(super) mod hcp;
pub(super) mod http_access;
pub(super) mod initialised;
