//! Represents a request to the state, and its outcome.

use super::world::{Repository, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An answer, or a refusal in GitHub's words.
pub(super) type Outcome = Result<Answer, Refusal>;

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// Nobody: public resources only.
    Stranger,
    /// The App, by its JWT.
    App,
    /// The App, by its client id and client secret.
    Client,
    /// A person with this login, by a token of theirs for the App.
    Person(String),
    /// An installation, by this token.
    Installation { id: u64, token: String },
}

/// An admitted request.
pub(super) struct Call<'a> {
    pub world: &'a mut World,
    pub caller: Caller,
    pub path: BTreeMap<&'static str, String>,
    pub query: BTreeMap<String, String>,
    pub body: Value,
    /// The repository that the path names.
    pub target: u64,
}

impl Call<'_> {
    /// Returns a part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// Returns a part of the path as a number.
    pub fn number(&self, name: &str) -> Result<u64, Refusal> {
        let number = self.part(name).parse();
        number.map_err(|_| Refusal::not_found())
    }

    /// Returns a query parameter.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// Returns a string of the body.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// Returns the strings of a list in the body.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list = self.body.get(name)?.as_array()?;
        let text = |item: &Value| item.as_str().map(str::to_owned);
        Some(list.iter().filter_map(text).collect())
    }

    /// Returns the repository that the path names.
    pub fn repository(&self) -> Result<&Repository, Refusal> {
        let found = self.world.repositories.get(&self.target);
        found.ok_or_else(Refusal::not_found)
    }

    /// Returns the repository that the path names, to change it.
    pub fn repository_mut(&mut self) -> Result<&mut Repository, Refusal> {
        let found = self.world.repositories.get_mut(&self.target);
        found.ok_or_else(Refusal::not_found)
    }

    /// Returns the login of the caller.
    pub fn actor(&self) -> String {
        self.world.app.bot()
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub content: Content,
    pub headers: Vec<(&'static str, String)>,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Json(Value),
    /// A list that is paged, and the name under which an object holds it.
    List(Option<&'static str>, Vec<Value>),
}

impl Answer {
    pub fn json(status: u16, value: Value) -> Self {
        Self {
            status,
            content: Content::Json(value),
            headers: Vec::new(),
        }
    }

    pub fn ok(value: Value) -> Outcome {
        Ok(Self::json(200, value))
    }

    pub fn created(value: Value) -> Outcome {
        Ok(Self::json(201, value))
    }

    pub fn list(items: impl IntoIterator<Item = Value>) -> Outcome {
        Self::list_in(None, items)
    }

    pub fn list_in(
        key: impl Into<Option<&'static str>>,
        items: impl IntoIterator<Item = Value>,
    ) -> Outcome {
        Ok(Self {
            status: 200,
            content: Content::List(key.into(), items.into_iter().collect()),
            headers: Vec::new(),
        })
    }

    pub fn nothing() -> Outcome {
        Ok(Self {
            status: 204,
            content: Content::Nothing,
            headers: Vec::new(),
        })
    }

    pub fn elsewhere(address: String) -> Outcome {
        Ok(Self {
            status: 302,
            content: Content::Nothing,
            headers: vec![("location", address)],
        })
    }
}

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub message: String,
    pub errors: Vec<Value>,
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    pub fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    pub fn not_permitted() -> Self {
        Self::new(403, "Resource not accessible by integration")
    }

    pub fn bad_credentials() -> Self {
        Self::new(401, "Bad credentials")
    }

    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, message)
    }

    /// Refuses a field: `missing`, `missing_field`, `invalid`, `already_exists`.
    pub fn field(resource: &str, field: &str, code: &str) -> Self {
        Self::because(json!({"resource": resource, "field": field, "code": code}))
    }

    /// Refuses with a custom message.
    pub fn custom(resource: &str, message: impl Into<String>) -> Self {
        Self::because(json!({"resource": resource, "code": "custom", "message": message.into()}))
    }

    fn because(error: Value) -> Self {
        Self {
            errors: vec![error],
            ..Self::new(422, "Validation Failed")
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut body = json!({
            "message": refusal.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": refusal.status.to_string(),
        });
        if !refusal.errors.is_empty() {
            body["errors"] = refusal.errors.into();
        }
        Self {
            headers: refusal.headers,
            ..Self::json(refusal.status, body)
        }
    }
}
