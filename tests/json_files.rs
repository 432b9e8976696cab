//! Fixes in files of JSON: policies that code reads, and code that is written in JSON. The files keep their own form.

use driftguard::code::{self, Options};
use driftguard::model::{Difference, Finding, FixKind, Kind, Tree, Value, Verdict};
use driftguard::patch::{self, FixPolicy, Stack};
use driftguard::resources;
use std::collections::BTreeMap;

/// Adopts one drift in a repository whose root module is `infra`: the changed files, and what was done.
fn adopt(
    files: &[(&str, &str)],
    (address, path, live): (&str, &str, Value),
) -> (BTreeMap<String, String>, FixKind, String) {
    let tree: Tree = files.iter().copied().collect();
    let options = Options::default();
    let evaluated = code::evaluate(&tree, "infra", &options);
    let catalog = resources::catalog();
    let own: driftguard::model::Address = address.parse().unwrap();
    let declared = evaluated.declared.resources.get(&own);
    let recorded = declared.unwrap().value(path);
    let difference = Difference {
        path: path.to_owned(),
        verdict: Verdict::Drift,
        declared: None,
        recorded,
        live,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    let mut findings = [Finding {
        attributes: vec![difference],
        address: Some(own.clone()),
        ..Finding::new(Kind::Modified, Verdict::Drift, &own.tf_type)
    }];
    let stack = Stack {
        tree: &tree,
        folder: "infra",
        options: &options,
        declared: &evaluated.declared,
        catalog: &catalog,
    };
    let changed = patch::plan(&mut findings, &stack, FixPolicy::Adopt);
    let text = |(path, bytes)| (path, String::from_utf8(bytes).unwrap());
    let changed = changed.into_iter().map(text).collect();
    let fix = findings[0].fix.clone().unwrap();
    (changed, fix.kind, fix.reason.unwrap_or_default())
}

/// The one file that changed.
fn only(files: &[(&str, &str)], drift: (&str, &str, Value)) -> (String, String) {
    let (changed, kind, reason) = adopt(files, drift);
    assert_eq!((kind, reason.as_str()), (FixKind::Adopt, ""));
    let changed: Vec<_> = changed.into_iter().collect();
    let [only] = <[_; 1]>::try_from(changed).unwrap();
    only
}

fn refused(files: &[(&str, &str)], drift: (&str, &str, Value)) -> String {
    let (changed, kind, reason) = adopt(files, drift);
    assert_eq!((changed.len(), kind), (0, FixKind::Refused), "{changed:?}");
    reason
}

const POLICY: &str = "{\r\n\t\"Version\": \"2012-10-17\",\r\n\t\"Statement\": [\r\n\t\t{\r\n\t\t\t\"Sid\": \"Read\",\r\n\t\t\t\"Action\": [\"s3:GetObject\", \"s3:ListBucket\"],\r\n\t\t\t\"Resource\": \"*\",\r\n\t\t\t\"Effect\": \"Allow\"\r\n\t\t}\r\n\t]\r\n}\r\n";

fn policy(expression: &str) -> String {
    format!(
        "resource \"aws_iam_policy\" \"app\" {{\n  name   = \"app\"\n  policy = {expression}\n}}\n"
    )
}

fn live(statements: &str) -> Value {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#).into()
}

const WIDER: &str =
    r#"{"Sid":"Read","Effect":"Allow","Action":["s3:ListBucket","s3:*"],"Resource":"*"}"#;

#[test]
fn a_policy_that_code_reads_from_a_file_is_edited_in_that_file() {
    for expression in [
        "file(\"${path.module}/policies/app.json\")",
        "jsonencode(jsondecode(file(\"policies/app.json\")))",
    ] {
        let main = policy(expression);
        let files = [
            ("infra/main.tf", main.as_str()),
            ("infra/policies/app.json", POLICY),
        ];
        let drift = |statements| ("aws_iam_policy.app", "policy", live(statements));
        let (file, text) = only(&files, drift(WIDER));
        assert_eq!(file, "infra/policies/app.json");
        assert_eq!(text, POLICY.replace("\"s3:GetObject\"", "\"s3:*\""));
        let further = format!(
            "{},{}",
            WIDER.replace("s3:*", "s3:GetObject"),
            r#"{"Effect":"Deny","Action":"iam:*","Resource":"${aws:x}","Condition":{"Bool":{"aws:y":"true"}}}"#
        );
        let (_, text) = only(&files, drift(&further));
        let added = "\t\t},\r\n\t\t{\r\n\t\t\t\"Effect\": \"Deny\",\r\n\t\t\t\"Action\": \"iam:*\",\r\n\t\t\t\"Resource\": \"${aws:x}\",\r\n\t\t\t\"Condition\": {\r\n\t\t\t\t\"Bool\": {\r\n\t\t\t\t\t\"aws:y\": \"true\"\r\n\t\t\t\t}\r\n\t\t\t}\r\n\t\t}\r\n";
        assert_eq!(text, POLICY.replace("\t\t}\r\n", added));
    }
}

#[test]
fn a_template_of_a_policy_keeps_what_it_interpolates() {
    let main = policy("templatefile(\"${path.module}/app.json.tftpl\", { bucket = \"logs\" })");
    let template = POLICY.replace("\"*\"", "\"arn:aws:s3:::${bucket}/*\"");
    let files = [
        ("infra/main.tf", main.as_str()),
        ("infra/app.json.tftpl", template.as_str()),
    ];
    let statement =
        |resource: &str| WIDER.replace("\"*\"", &format!("\"arn:aws:s3:::{resource}/*\""));
    let drift = |resource| ("aws_iam_policy.app", "policy", live(&statement(resource)));
    let (_, text) = only(&files, drift("logs"));
    assert_eq!(text, template.replace("\"s3:GetObject\"", "\"s3:*\""));
    let reason = refused(&files, drift("other"));
    assert!(
        reason.contains("infra/app.json.tftpl:1 is a template"),
        "{reason}"
    );
}

#[test]
fn a_file_that_feeds_more_than_the_resource_is_not_edited() {
    let own = policy("file(\"app.json\")");
    let drift = || ("aws_iam_policy.app", "policy", live(WIDER));
    let second = own
        .replace("\"app\" {", "\"other\" {")
        .replace("= \"app\"", "= \"other\"");
    let both = format!("{own}{second}");
    let reason = refused(
        &[("infra/main.tf", &both), ("infra/app.json", POLICY)],
        drift(),
    );
    assert!(
        reason.contains("feeds aws_iam_policy.other as well"),
        "{reason}"
    );
    let hashed = format!(
        "{own}resource \"aws_s3_object\" \"copy\" {{\n  etag = filemd5(\"app.json\")\n}}\n"
    );
    let reason = refused(
        &[("infra/main.tf", &hashed), ("infra/app.json", POLICY)],
        drift(),
    );
    assert!(reason.contains("aws_s3_object.copy"), "{reason}");
    let shared = policy("file(\"${path.module}/../shared/app.json\")");
    let elsewhere = policy("file(\"../shared/app.json\")");
    let files = [
        ("infra/main.tf", shared.as_str()),
        ("shared/app.json", POLICY),
    ];
    assert_eq!(only(&files, drift()).0, "shared/app.json");
    let reason = refused(
        &[files[0], files[1], ("other/main.tf", elsewhere.as_str())],
        drift(),
    );
    assert!(reason.contains("other"), "{reason}");
}

const CODE: &str = r#"{
  "locals": {"size": "t3.small"},
  "resource": {
    "aws_instance": {
      "web": {
        "ami": "ami-1",
        "instance_type": "t3.small",
        "monitoring": "${local.size == \"t3.small\" ? false : true}",
        "tags": {"Name": "web", "Team": "shop"}
      }
    }
  }
}
"#;

#[test]
fn code_in_json_is_edited_value_by_value() {
    let files = [("infra/main.tf.json", CODE)];
    let drift = |path, live: Value| ("aws_instance.web", path, live);
    let (_, text) = only(&files, drift("instance_type", "t3.large".into()));
    assert_eq!(
        text,
        CODE.replace("type\": \"t3.small\"", "type\": \"t3.large\"")
    );
    let (_, text) = only(&files, drift("tags[\"Team\"]", Value::Null));
    assert_eq!(text, CODE.replace(", \"Team\": \"shop\"", ""));
    let (_, text) = only(&files, drift("tags[\"Cost\"]", "${1}".into()));
    assert_eq!(
        text,
        CODE.replace("\"shop\"", "\"shop\", \"Cost\": \"$${1}\"")
    );
    let (_, text) = only(&files, drift("ebs_optimized", true.into()));
    let added = "\"shop\"},\n        \"ebs_optimized\": true";
    assert_eq!(text, CODE.replace("\"shop\"}", added));
    let reason = refused(&files, drift("monitoring", true.into()));
    assert!(reason.contains("infra/main.tf.json:8"), "{reason}");
}
