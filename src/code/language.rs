//! Tests evaluation against Terraform: each expression of tests/language evaluates to what `terraform console` printed,
//! or is unknown. So does each expression that tests/language/generate.py generates, recorded ones and, where Terraform
//! is installed, new ones.

use super::context::Context;
use super::file::{CodeText, Syntax};
use super::folder::LoadedModules;
use super::instance::Instance;
use super::overlay::Overlay;
use super::root_code::RootCode;
use super::typed::Typed;
use super::types::Type;
use super::{Options, variable};
use crate::model::Tree;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// The percentage of recorded expressions that may be unknown.
const MAX_UNKNOWN_PERCENT: usize = 5;

/// Returns the module of the expressions, with its files.
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
    let files = LoadedModules::load(&code, "", &options, &context.budget);
    assert_eq!(files.problems(), []);
    let folders = files.index();
    let folder = folders.get("").unwrap();
    let root = RootCode::find(&code, "", &options);
    let variables = variable::of_root(&code, folder, (&root, &[]), &options, &context);
    let instance = Instance::root(folder, variables.settings, &context);
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

/// Returns a value as `terraform console` prints it.
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
            let key = printed(&Typed::String(key.clone().into()), inner);
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

/// Returns a type as messages of Terraform call it.
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

/// Quotes a string as Go does.
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

/// An expression, and what Terraform prints for it.
type TerraformAnswer<'t> = (&'t str, &'t str);

/// Returns the expressions that differ from Terraform, and those that are unknown here alone.
fn compared<'t>(tree: &Tree, answers: &[TerraformAnswer<'t>]) -> (Vec<String>, Vec<&'t str>) {
    let expressions: Vec<_> = answers.iter().map(|(text, _)| *text).collect();
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for ((text, due), value) in answers.iter().zip(evaluate(tree, &expressions)) {
        let due = due.trim();
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
    (wrong, unknown)
}

/// Asserts that nothing differs from Terraform and that few are unknown.
fn hold(tree: &Tree, answers: &[TerraformAnswer<'_>]) {
    let (wrong, unknown) = compared(tree, answers);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let share = format!(
        "{} of {} unknown: {unknown:#?}",
        unknown.len(),
        answers.len()
    );
    println!("{share}");
    assert!(
        unknown.len() * 100 <= answers.len() * MAX_UNKNOWN_PERCENT,
        "{share}"
    );
}

/// The output of tests/language/generate.py.
struct Generated {
    /// The answer of each expression.
    expressions: BTreeMap<String, String>,
    /// The type, the default and the answer of each variable.
    variables: Vec<[String; 3]>,
}

impl Generated {
    fn of(json: &str) -> serde_json::Result<Self> {
        let mut both: serde_json::Value = serde_json::from_str(json)?;
        Ok(Self {
            expressions: serde_json::from_value(both["expressions"].take())?,
            variables: serde_json::from_value(both["variables"].take())?,
        })
    }

    fn hold(&self) {
        let answers = self.expressions.iter();
        let answers: Vec<_> = answers
            .map(|(text, due)| (text.as_str(), due.as_str()))
            .collect();
        hold(&tree(), &answers);
        let names: Vec<_> = (0..self.variables.len())
            .map(|number| format!("var.v{number}"))
            .collect();
        let mut code = String::new();
        for (number, [of, default, _]) in self.variables.iter().enumerate() {
            writeln!(code, "# {number}\nvariable \"v{number}\" {{\n  type = {of}").unwrap();
            writeln!(code, "  default = {default}\n}}").unwrap();
        }
        let tree: Tree = [("variables.tf", code.as_str())].into_iter().collect();
        let due = self.variables.iter().map(|[.., answer]| answer.as_str());
        let answers: Vec<_> = names.iter().map(String::as_str).zip(due).collect();
        hold(&tree, &answers);
    }
}

#[test]
fn each_expression_gives_what_terraform_says_or_is_unknown() {
    let answers = include_str!("../../tests/language/answers.json");
    let answers: BTreeMap<String, String> = serde_json::from_str(answers).unwrap();
    let answers = answers
        .iter()
        .map(|(text, due)| (text.as_str(), due.as_str()));
    hold(&tree(), &answers.collect::<Vec<_>>());
}

#[test]
fn each_generated_expression_gives_what_terraform_said_or_is_unknown() {
    let generated = include_str!("../../tests/language/generated.json");
    Generated::of(generated).unwrap().hold();
}

/// Other seeds are tried by `DRIFTGUARD_SEED=3 cargo test --lib newly_generated`.
#[test]
fn each_newly_generated_expression_gives_what_terraform_says_or_is_unknown() {
    let version = Command::new("terraform").arg("version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    if !version.is_ok_and(|version| version.starts_with("Terraform v1.11.")) {
        println!("skipped: there is no Terraform 1.11 on the path");
        return;
    }
    let seed = std::env::var("DRIFTGUARD_SEED").unwrap_or_else(|_| "2".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language/generate.py");
    let generated = Command::new("python3")
        .arg(script)
        .args([&seed, "600"])
        .output()
        .unwrap();
    let (json, errors) = (
        String::from_utf8(generated.stdout).unwrap(),
        String::from_utf8_lossy(&generated.stderr),
    );
    let generated = Generated::of(&json);
    generated
        .unwrap_or_else(|error| panic!("{error}: {errors}"))
        .hold();
}
