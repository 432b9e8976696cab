//! Who made a change: CloudTrail's calls, and what is told of them.

mod calls;
mod history;
mod published;
mod scans;
mod strict;
