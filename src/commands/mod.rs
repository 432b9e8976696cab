//! What a person may say to the bot, one command a file. A command decides; `jobs` acts.
#![deny(clippy::disallowed_methods)]
