//! Held to Terraform itself: each expression of tests/language gives what `terraform console` recorded, or is unknown.

use super::context::Context;
use super::file::{CodeText, Syntax};
use super::folder::Files;
use super::instance::Instance;
use super::overlay::Overlay;
use super::typed::Typed;
use super::types::Type;
use super::{Options, variable};
use crate::model::Tree;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// What of the table may be unknown, in percent.
const MOST_UNKNOWN: usize = 5;

/// The module that the expressions stand in, with its files.
fn tree() -> Tree {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language/module");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let files = files.filter(|path| path.is_file());
    let file = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    };
    let mut tree: Tree = files.map(file).collect();
    let names = tree.files.keys().cloned().collect();
    tree.listed.insert(String::new(), names);
    tree.missing.insert("missing.txt".to_owned());
    tree
}

/// Evaluates expressions in the root module of a tree.
fn evaluate(tree: &Tree, expressions: &[&str]) -> Vec<Option<Typed>> {
    let options = Options::default();
    let code = Overlay::of(tree);
    let context = Context::new(&options, code);
    let files = Files::load(&code, "", &options, &context.budget);
    assert_eq!(files.problems(), []);
    let folders = files.folders();
    let folder = folders.get("").unwrap();
    let variables = variable::of_root(&code, folder, &options, &context);
    let instance = Instance::root(folder, variables, &context);
    let all = expressions.iter().map(|text| {
        let body = format!("value = {text}\n");
        let text = CodeText {
            path: "expression.tf",
            text: &body,
            syntax: Syntax::Hcl,
        };
        let file = options.shared.file(&text, usize::MAX);
        // What the parser does not read is told, and unknown.
        let Ok(file) = file else {
            return Some(Typed::UNKNOWN);
        };
        // The file lives as long as the test.
        let file = Box::leak(Box::new(file));
        let expression = &file.body.get_attribute("value").unwrap().value;
        let mark = context.budget.mark();
        let value = instance.scope(file).value(expression).ok();
        context.budget.settle(mark, 0);
        value
    });
    all.collect()
}

/// A value as `terraform console` prints it.
fn printed(value: &Typed, indent: usize) -> String {
    let inner = indent + 2;
    let sequence = |items: &[Typed]| {
        let lines = items
            .iter()
            .map(|item| format!("{:inner$}{},\n", "", printed(item, inner)));
        let lines: String = lines.collect();
        match lines.as_str() {
            "" => "[]".to_owned(),
            lines => format!("[\n{lines}{:indent$}]", ""),
        }
    };
    let mapping = |entries: &BTreeMap<String, Typed>| {
        let line = |(key, value): (&String, &Typed)| {
            let key = printed(&Typed::String(key.clone()), inner);
            format!("{:inner$}{key} = {}\n", "", printed(value, inner))
        };
        let lines: String = entries.iter().map(line).collect();
        match lines.as_str() {
            "" => "{}".to_owned(),
            lines => format!("{{\n{lines}{:indent$}}}", ""),
        }
    };
    match value {
        Typed::Unknown(_) => "(known after apply)".to_owned(),
        Typed::Null(Type::String) => "tostring(null)".to_owned(),
        Typed::Null(Type::Number) => "tonumber(null)".to_owned(),
        Typed::Null(Type::Bool) => "tobool(null)".to_owned(),
        Typed::Null(Type::Any) => "null".to_owned(),
        Typed::Null(Type::List(of)) => format!("tolist(null) /* of {} */", name(of)),
        Typed::Null(Type::Set(of)) => format!("toset(null) /* of {} */", name(of)),
        Typed::Null(Type::Map(of)) => format!("tomap(null) /* of {} */", name(of)),
        Typed::Null(kind) => format!("null /* {} */", name(kind)),
        Typed::String(text) if text.contains('\n') => {
            let lines = text
                .split('\n')
                .map(|line| format!("{:indent$}{line}\n", ""));
            format!("<<-EOT\n{}{:indent$}EOT", lines.collect::<String>(), "")
        }
        Typed::String(text) => quoted(text),
        Typed::List(_, items) => format!("tolist({})", sequence(items)),
        Typed::Set(_, items) => format!("toset({})", sequence(items)),
        Typed::Tuple(items) => sequence(items),
        Typed::Map(_, entries) => format!("tomap({})", mapping(entries)),
        Typed::Object(entries) => mapping(entries),
        other => other.as_text().unwrap().into_owned(),
    }
}

/// A type as messages of Terraform call it.
fn name(kind: &Type) -> String {
    match kind {
        Type::Any => "dynamic".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(of) => format!("list of {}", name(of)),
        Type::Set(of) => format!("set of {}", name(of)),
        Type::Map(of) => format!("map of {}", name(of)),
        Type::Tuple(_) => "tuple".to_owned(),
        Type::Object(_) => "object".to_owned(),
    }
}

/// A text in quotes, as Go writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{1}'..='\u{1f}' => write!(quoted, "\\x{:02x}", u32::from(letter)).unwrap(),
            '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{200d}' | '\u{feff}' => {
                write!(quoted, "\\u{:04x}", u32::from(letter)).unwrap();
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[test]
fn each_expression_gives_what_terraform_says_or_is_unknown() {
    let answers = include_str!("../../tests/language/answers.json");
    let answers: BTreeMap<String, String> = serde_json::from_str(answers).unwrap();
    let expressions: Vec<_> = answers.keys().map(String::as_str).collect();
    let tree = tree();
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for (text, value) in expressions.iter().zip(evaluate(&tree, &expressions)) {
        let due = answers[*text].trim();
        match value {
            Some(value) if value.has_unknown() => {
                if due != "(known after apply)" {
                    unknown.push(*text);
                }
            }
            Some(value) => {
                let found = printed(&value, 0);
                if found != due {
                    wrong.push(format!("{text}\n  gives {found}\n  due   {due}"));
                }
            }
            None if due == "\"!error\"" => {}
            None => wrong.push(format!("{text}\n  is refused\n  due   {due}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    println!(
        "{} of {} unknown: {unknown:#?}",
        unknown.len(),
        answers.len()
    );
    assert!(
        unknown.len() * 100 <= answers.len() * MOST_UNKNOWN,
        "{} of {} unknown: {unknown:#?}",
        unknown.len(),
        answers.len()
    );
}
