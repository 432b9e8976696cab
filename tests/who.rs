//! Who made a change: CloudTrail's calls, and what is told of them.

mod calls;
mod history;
mod page;
mod published;
mod reach;
mod scans;
mod server;
mod strict;
