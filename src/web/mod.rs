//! Serves health, metrics, set-up, the sign-in and the pages for people.

/// The address at which people reach the pages.
mod address;

/// Serves the API for programs.
pub mod api;

/// Tracks what a connection does.
mod activity;
/// Limits the connections, and evicts one for a new one.
mod connections;
/// Reads cookies.
mod cookies;
/// Determines how many connections the system allows.
mod descriptors;
/// Takes events of AWS.
pub mod events;
/// Serves the server's health and metrics.
mod health;
/// Answers with HTML, under the headers that protect it.
mod html;
/// Serves the icon of the pages.
pub mod icon;
/// Accepts connections, and serves requests on them.
mod listen;
/// Counts the orders of each person.
mod order_rate;
/// Why a page is not shown.
mod page_error;
/// Serves the pages for people.
pub mod pages;
/// Generates what nobody can guess.
mod random;
/// Counts what each of many does within a while.
mod rate;
/// Counts the codes of each sender.
mod senders;
/// Serves the set-up pages that create the App.
pub mod setup;
/// Signs people in with GitHub.
mod sign_in;
/// Signs the tokens of forms.
mod signature;
/// The state of the pages, and how each is answered.
mod site;
/// Serves the stylesheet.
mod stylesheet;

pub use health::{alive, metrics, router};
pub use listen::serve;
