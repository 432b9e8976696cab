//! Policy documents, against the texts that the AWS provider makes of them, byte by byte.
//!
//! `record.py` records the texts.

use crate::recorded_stack::tree;
use driftguard::code::{self, Options};
use driftguard::model::Value;
use std::path::Path;

#[test]
fn each_document_is_the_text_that_the_provider_makes_of_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy_documents");
    let answers = std::fs::read_to_string(folder.join("answers.json")).unwrap();
    let answers: Value = serde_json::from_str(&answers).unwrap();
    let tree = tree(&folder.join("module"));
    let code = code::evaluate(&tree, "", &Options::default());
    assert_eq!(code.problems, []);
    let address = "terraform_data.documents".parse().unwrap();
    let made = code.declared.resources[&address].value("input");
    let answers = answers.as_map().unwrap();
    assert_eq!(made.as_map().unwrap().len(), answers.len());
    for (name, answer) in answers {
        for (made, answer) in made
            .get(name)
            .as_list()
            .unwrap()
            .iter()
            .zip(answer.as_list().unwrap())
        {
            assert_eq!(made.as_str(), answer.as_str(), "{name}");
        }
    }
}

/// What the text of a document is that reads so.
fn document(body: &str) -> Value {
    let code = format!(
        "data \"aws_iam_policy_document\" \"x\" {{\n{body}\n}}\nresource \"terraform_data\" \"x\" {{\n  \
         input = data.aws_iam_policy_document.x.json\n}}\n"
    );
    let tree = [("main.tf".to_owned(), code.into_bytes())]
        .into_iter()
        .collect();
    let code = code::evaluate(&tree, "", &Options::default());
    assert_eq!(code.problems, [], "{body}");
    let address = "terraform_data.x".parse().unwrap();
    code.declared.resources[&address].value("input")
}

#[test]
fn what_the_provider_does_not_take_is_unknown() {
    let statement = |inner: &str| format!("statement {{\n actions = [\"a:B\"]\n{inner}\n}}");
    let source = |policy: &str| format!("source_policy_documents = [{policy:?}]");
    assert!(document(&statement("")).as_str().is_some());
    assert!(
        document(&source(r#"{"Statement": [{"Sid": "A"}]}"#))
            .as_str()
            .is_some()
    );
    for body in [
        statement("effect = \"allow\""),
        statement("sid = \"a b\""),
        format!("{}\n{}", statement("sid = \"A\""), statement("sid = \"A\"")),
        format!("version = \"2020-01-01\"\n{}", statement("")),
        format!(
            "version = \"2008-10-17\"\n{}",
            statement("resources = [\"&{x}\"]")
        ),
        "source_json = \"{}\"".to_owned(),
        source("no JSON"),
        source("[]"),
        // The provider takes no single statement, and reads keys in other letters too.
        source(r#"{"Statement": {"Sid": "A"}}"#),
        source(r#"{"statement": [{"Sid": "A"}]}"#),
        source(r#"{"Statement": [{"Sid": "A", "action": "s3:*"}]}"#),
        source(r#"{"Statement": [{"Condition": {"NumericLessThan": {"a": 1}}}]}"#),
        source(r#"{"Statement": [{"Sid": "A"}, {"Sid": "A"}]}"#),
    ] {
        assert!(document(&body).has_unknown(), "{body}");
    }
}
