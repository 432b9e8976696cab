//! What Terraform accepts and the parser does not: read as Terraform reads it, at its own bytes.

use driftguard::code::{self, Options};
use driftguard::model::{Tree, Value};

/// What `local.value` of this code is, by way of a resource, and the text at its place.
fn value(code: &str) -> (Value, String) {
    let code = format!("{code}\nresource \"aws_x\" \"x\" {{\n  value = local.value\n}}\n");
    let tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.problems, [], "{code}");
    let resource = &evaluated.declared.resources[&"aws_x.x".parse().unwrap()];
    let found = &resource.attributes["value"];
    let (start, end) = found.source.span;
    let text = code.get(start..end).unwrap_or_default().to_owned();
    (found.value.clone(), text)
}

fn texts(entries: &[(&str, &str)]) -> Value {
    Value::map(entries.iter().map(|(key, text)| (*key, Value::text(*text))))
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_code() {
    let (found, text) = value("\u{feff}locals {\n  value = \"a\"\n}");
    assert_eq!((found, text.as_str()), (Value::text("a"), "\"a\""));
}

#[test]
fn line_ends_mean_nothing_within_a_for_expression() {
    let parts = [
        // After the colon, after the question mark, before it, after an operator.
        "{ for k in [\"a\"] : k => k == \"b\" ? \"1\" :\n  \"2\"\n}",
        "{ for k in [\"a\"] : k => k == \"b\" ?\n \"1\" : # comment }\n  \"2\"\n}",
        "{ for k in [\"a\"] : k => k == \"b\"\r\n  ? \"1\" : // comment\r\n \"2\" }",
        "{ for k in [\"a\"] : k => k ==\n  \"b\" ? \"1\" /* comment\n */ : \"2\" }",
        "{\n  # comment\n  for k in [\"a\"] :\n  k\n  =>\n  \"2\"\n}",
        "{for\r\n k in true ?\n [\"a\"] : [\"b\"] : k => \"2\" if true &&\n true}",
    ];
    for part in parts {
        let (found, text) = value(&format!("locals {{\n  value = {part}\n}}"));
        assert_eq!(found, texts(&[("a", "2")]), "{part}");
        assert_eq!(text, "local.value");
    }
    let (found, _) = value("locals {\n  value = [for k in true ?\n [\"a\"] : [\"b\"] : k]\n}");
    assert_eq!(found, Value::from(vec!["a"]));
    let (found, _) = value("locals {\n  value = (!\n  true)\n}");
    assert_eq!(found, Value::Bool(false));
}

#[test]
fn of_two_entries_with_one_key_the_last_counts() {
    let objects = [
        "{\n    a = \"1\"\n    b = \"2\"\n    a = \"3\"\n  }",
        "{ a = \"1\", b = \"2\", a = \"3\" }",
        "{ a = \"1\" /* a */, b = \"2\", \"a\" = \"3\" }",
        "{\n    a : [\n 1, { a = 2 } ]\n    a = \"1\", b = \"2\"\n    a = \"3\"\n  }",
        "{ a = \"0\", a = \"1\", (\"a\") = \"1\", b = true ? \"2\" : \"1\", (\"a\") = \"3\" }",
        "{\n    a = <<EOF\n  a = 1\nEOF\n    b = \"2\"\n    a = \"3\"\n  }",
    ];
    for object in objects {
        let (found, _) = value(&format!("locals {{\n  value = {object}\n}}"));
        assert_eq!(found, texts(&[("a", "3"), ("b", "2")]), "{object}");
        let entry = format!("locals {{\n  map = {object}\n  value = local.map.a\n}}");
        let (found, _) = value(&entry);
        assert_eq!(found, Value::text("3"), "{object}");
        let code = format!("{entry}\nresource \"aws_x\" \"y\" {{ value = local.map[\"a\"] }}\n");
        let (_, text) = value(&code);
        assert_eq!(text, "\"3\"", "{object}");
    }
}

#[test]
fn a_heredoc_without_a_line_is_an_empty_text() {
    let code = "locals {\n  value = [<<A\nA\n, <<-A\r\n  A\r\n, <<A\nA x\nA\n]\n}";
    let (found, _) = value(code);
    let items = ["", "", "A x\n"].map(Value::text);
    assert_eq!(found, Value::List(items.to_vec()));
    // However many there are.
    let empty = "<<A\nA\n,".repeat(1_000);
    let (found, _) = value(&format!("locals {{\n  value = length([{empty}])\n}}"));
    assert_eq!(found, Value::from(1_000));
}

#[test]
fn an_object_behind_an_operator_is_no_block() {
    let (found, _) = value("locals {\n  value = ! {\n a = 1\n a = 2 }\n}");
    assert_eq!(found, Value::Unknown);
}

#[test]
fn a_line_that_only_begins_with_the_marker_does_not_end_a_heredoc() {
    for marker in ["EOF", "A", "a-b"] {
        let text = format!("{marker}\" x\n  {marker}.y\nZZZ\n");
        let code = format!("locals {{\n  value = <<{marker}\n{text}{marker}\n}}");
        let (found, written) = value(&code);
        assert_eq!(found, Value::text(text.as_str()));
        assert!(
            written.starts_with(&format!("<<{marker}\n{marker}\"")),
            "{written}"
        );
    }
}
