//! What is a secret and what only looks like one, and that no secret leaves by any way.

mod canary;
mod formats;
pub mod leaving;
mod page_formats;
mod parts;
mod plants;
mod quoted;
mod served;
mod written;

use driftguard::model::{Attribute, Attributes, Redactor, Shape, Type, Value, masked};
use driftguard::resources;

/// What looks like a secret and is none.
const LOOK_ALIKES: &str = include_str!("look_alikes.txt");
/// Secrets by name and by shape.
const CREDENTIALS: &str = include_str!("credentials.txt");

/// The name that says nothing of its value.
const PLAIN: &str = "value";

fn lines(text: &str) -> impl Iterator<Item = (&str, String)> {
    let lines = text.lines().filter(|line| !line.starts_with("# "));
    lines.map(|line| {
        let (name, value) = line.split_once('\t').unwrap();
        (name, value.replace("\\n", "\n"))
    })
}

/// The names and values of `credentials.txt`.
fn credentials() -> impl Iterator<Item = (&'static str, String)> {
    let whole = |value: String| value.replace('~', "").replace("\\x7e", "~");
    lines(CREDENTIALS).map(move |(name, value)| (name, whole(value)))
}

#[test]
fn nothing_that_only_looks_like_a_secret_is_sealed() {
    let redactor = Redactor::new(b"key");
    let mut wrong = Vec::new();
    for (name, value) in lines(LOOK_ALIKES) {
        let plain = Value::text(&value);
        if redactor.redact_value(name, plain.clone()) != plain {
            wrong.push(format!("sealed: {name} = {value}"));
        }
        if masked(&value) != value {
            wrong.push(format!("masked: {value} as {}", masked(&value)));
        }
    }
    assert!(lines(LOOK_ALIKES).count() >= 200);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_secret_is_sealed_and_what_a_shape_gives_away_is_masked_in_any_text() {
    let redactor = Redactor::new(b"key");
    let mut wrong = Vec::new();
    for (name, value) in credentials() {
        let sealed = redactor.redact_value(name, Value::text(&value));
        if !matches!(sealed, Value::Secret(_)) {
            wrong.push(format!("not sealed: {name} = {value}"));
        }
        let shown = masked(&value);
        if name == PLAIN && (shown == value || shown.to_lowercase().contains("hunter2")) {
            wrong.push(format!("not masked: {value} as {shown}"));
        }
        let text = format!("it says: {value}, and \"{value}\" again");
        if name == PLAIN && masked(&text).matches(value.as_str()).count() > 0 {
            wrong.push(format!(
                "not masked in a sentence: {value}: {}",
                masked(&text)
            ));
        }
    }
    assert!(credentials().count() >= 200);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The attributes of a type, and of its blocks, that switch or count something.
fn settings(attributes: &std::collections::BTreeMap<String, Attribute>) -> Attributes {
    let one = |(name, attribute): (&String, &Attribute)| {
        let value = match &attribute.shape {
            Shape::Plain(Type::Bool) => Value::from(true),
            Shape::Plain(Type::Number) => 4711.into(),
            Shape::Block(_, parts) => Value::List(vec![Value::Map(settings(parts))]),
            Shape::Plain(_) => return None,
        };
        (!attribute.sensitive).then(|| (name.clone(), value))
    };
    attributes.iter().filter_map(one).collect()
}

#[test]
fn no_setting_of_any_type_is_sealed_for_its_name() {
    let redactor = Redactor::new(b"key");
    let mut found = 0;
    for (tf_type, schema) in resources::catalog().iter() {
        let plain = settings(&schema.attributes);
        found += plain.len();
        assert_eq!(
            redactor.seal(Some(schema), plain.clone()),
            plain,
            "{tf_type}"
        );
    }
    assert!(found > 50, "{found}");
    let catalog = resources::catalog();
    let database = catalog.get("aws_db_instance").unwrap();
    let managed = ("manage_master_user_password".to_owned(), Value::from(true));
    let password = ("password".to_owned(), Value::from("hunter2"));
    let sealed = redactor.seal(Some(database), [managed, password].into());
    assert_eq!(sealed["manage_master_user_password"], true.into());
    assert_eq!(sealed["password"], redactor.fingerprint(&"hunter2".into()));
}
