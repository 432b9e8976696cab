//! Writes the sign-in, and the pages that tell why another one is not shown.

use super::{Crumb, Frame};
use crate::report::words::printable;
use askama::Template;

/// The title where GitHub signs nobody in.
const NOT_SIGNED_IN: &str = "GitHub did not sign you in";

/// Why a page is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// There is no such page, or the person may not look at it.
    NotFound,
    /// GitHub does not tell what the person sees, for this reason.
    GithubAway(String),
    /// The server failed.
    Failed,
    /// GitHub refused the sign-in, for this reason.
    Refused(String),
    /// GitHub sent nothing that could be a code.
    NoCode,
    /// GitHub does not accept the token that it gave for the code.
    NoToken,
    /// The sign-in was not started in this browser, or not lately, or was used before.
    NotBegunHere,
    /// Too many people sign in at the moment.
    Busy,
    /// GitHub refused too many codes that came from the same address within an hour.
    TooMany,
    /// A form was not sent from a page of this session.
    ForeignForm,
    /// The person may read here, and not write.
    WriteNeeded,
    /// The person sent too many orders within a minute.
    TooManyOrders,
    /// The finding that an order is about is not open any more.
    FindingGone,
    /// The form that creates a key was sent before, and its key was shown then.
    KeyCreated,
    /// The organisation, or the person, has no such key any more.
    KeyGone,
    /// An order cannot be understood or done, for this reason.
    UnusableOrder(String),
}

/// The page with the way to GitHub.
#[derive(Debug, Template)]
#[template(path = "pages/sign_in.html")]
pub struct SignInPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The link that leads to GitHub.
    pub start: String,
}

impl SignInPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        Vec::new()
    }
}

/// A page that tells why another one is not shown.
#[derive(Debug, Template)]
#[template(path = "pages/message.html")]
pub struct MessagePage {
    frame: Frame,
    title: &'static str,
    reason: String,
    /// The link to go on with, and its text.
    way: Option<(String, &'static str)>,
}

impl MessagePage {
    /// Prepares the page of a message.
    pub fn new(frame: Frame, message: &Message) -> Self {
        let (title, reason) = text(message);
        let home = |text| Some((format!("{}/", frame.base), text));
        let sign_in = || Some((format!("{}/sign-in", frame.base), "Sign in"));
        let way = match message {
            Message::Refused(_)
            | Message::NoCode
            | Message::NoToken
            | Message::NotBegunHere
            | Message::Busy
            | Message::TooMany => sign_in(),
            _ if frame.login.is_some() => home("Your organisations"),
            _ => None,
        };
        Self {
            frame,
            title,
            reason,
            way,
        }
    }

    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        Vec::new()
    }
}

/// Returns the title and the reason.
fn text(message: &Message) -> (&'static str, String) {
    let (title, reason) = match message {
        Message::GithubAway(problem) => {
            return (
                "GitHub does not tell what you may see",
                format!(
                    "DriftGuard asks GitHub, and shows nothing without its answer. Try again in a moment. What came \
                     instead: {}",
                    printable(problem)
                ),
            );
        }
        Message::Refused(reason) => {
            return (NOT_SIGNED_IN, format!("GitHub says: {}", printable(reason)));
        }
        Message::UnusableOrder(_)
        | Message::WriteNeeded
        | Message::TooManyOrders
        | Message::KeyCreated
        | Message::KeyGone
        | Message::FindingGone => return text_of_order(message),
        Message::NotFound => (
            "There is no such page",
            "Or you may not look at it: DriftGuard shows what GitHub lets you read, and of public repositories what you may \
             write to. Access that was given a moment ago counts within five minutes.",
        ),
        Message::Failed => (
            "This page cannot be shown",
            "The server failed. Its operator finds the reason in the log.",
        ),
        Message::NoCode
        | Message::NoToken
        | Message::NotBegunHere
        | Message::Busy
        | Message::TooMany => text_of_sign_in(message),
        Message::ForeignForm => (
            "This form was not sent from a page of yours",
            "Nothing was done. Open the page again, at the address that the server is set up for, and send the form from \
             there.",
        ),
    };
    (title, reason.to_owned())
}

/// Returns the title of a sign-in that comes to nothing, and the reason.
fn text_of_sign_in(message: &Message) -> (&'static str, &'static str) {
    match message {
        Message::NoCode => (
            NOT_SIGNED_IN,
            "It sent you back with no code, and with no reason. Start again.",
        ),
        Message::NoToken => (
            NOT_SIGNED_IN,
            "It gave a token, and does not accept it. Start again; if it happens again, the operator checks that \
             GITHUB_API_URL is the API of the GitHub that GITHUB_URL names.",
        ),
        Message::NotBegunHere => (
            "This sign-in was not started here",
            "What GitHub sent back does not belong to a sign-in that this browser started within the last ten minutes, or \
             it was used already. Start again, and stay in one browser.",
        ),
        Message::Busy => (
            "Too many people sign in at the moment",
            "Reload this page in a few seconds: nothing of your sign-in was used up.",
        ),
        Message::TooMany => (
            "Too many sign-ins from where you are were refused",
            "GitHub refused twenty of them within the last hour, and counts them all as this server's. Start again in an \
             hour.",
        ),
        _ => (NOT_SIGNED_IN, "Start again."),
    }
}

/// Returns the title of an order that is not taken, and the reason.
fn text_of_order(message: &Message) -> (&'static str, String) {
    let (title, reason) = match message {
        Message::WriteNeeded => (
            "You need write permission for this",
            "GitHub says that you may read this repository, and not write to it. Whoever administers it \
             can give you that permission.",
        ),
        Message::TooManyOrders => (
            "That was too much at once",
            "Of one person DriftGuard takes thirty orders a minute. Go back in a minute, and send it \
             again. What concerns all findings is one command in a comment: /driftguard adopt all, for instance.",
        ),
        Message::FindingGone => (
            "This finding is not open any more",
            "The last scan of the stack reports it no more, or sets it aside. Its stack's page shows \
             what is open now.",
        ),
        Message::KeyCreated => (
            "A key was created with this form already",
            "Its answer alone showed the key. If you do not have it, open the page of the keys, revoke that key, and \
             create another one.",
        ),
        Message::KeyGone => (
            "There is no such key any more",
            "It was revoked or has ended meanwhile, and opens nothing.",
        ),
        Message::UnusableOrder(reason) => ("This cannot be done", reason.as_str()),
        _ => ("This cannot be done", ""),
    };
    (title, format!("Nothing was done. {}", printable(reason)))
}
