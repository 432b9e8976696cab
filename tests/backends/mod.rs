//! Where states lie: one contract for all backends, the command line with its shell, and the server with its tokens.

mod contract;
mod server;
mod shell;
mod standin;
