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
        others: Vec::new(),
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

#[test]
fn a_part_of_what_a_call_returns_is_edited_where_it_stands() {
    let data = "{\"si\\u007ae\": \"t3\\u002esmall\", \"sizes\": [\"t3.small\"]}\n";
    let yaml = "size: t3.small\nsizes:\n  - t3.small\n";
    for (expression, file, before) in [
        (
            "jsondecode(file(\"data.json\")).size",
            "data.json",
            "\"t3\\u002esmall\"",
        ),
        (
            "jsondecode(file(\"data.json\"))[\"size\"]",
            "data.json",
            "\"t3\\u002esmall\"",
        ),
        (
            "(jsondecode(file(\"data.json\"))).sizes[0]",
            "data.json",
            "\"t3.small\"",
        ),
        (
            "yamldecode(file(\"data.yaml\")).size",
            "data.yaml",
            "t3.small",
        ),
        (
            "merge({ a = 1 }, { size = \"t3.small\" }).size",
            "main.tf",
            "\"t3.small\"",
        ),
        ("{ size = \"t3.small\" }.size", "main.tf", "\"t3.small\""),
    ] {
        let code =
            format!("resource \"aws_instance\" \"web\" {{\n  instance_type = {expression}\n}}\n");
        let files = [
            ("infra/main.tf", code.as_str()),
            ("infra/data.json", data),
            ("infra/data.yaml", yaml),
        ];
        let drift = ("aws_instance.web", "instance_type", "t3.large".into());
        let (changed, text) = only(&files, drift);
        assert_eq!(changed, format!("infra/{file}"), "{expression}");
        let old = files.iter().find(|(path, _)| *path == changed).unwrap().1;
        let after = before
            .replace("t3\\u002esmall", "t3.small")
            .replace("small", "large");
        assert_eq!(text, old.replacen(before, &after, 1), "{expression}");
    }
    let code = "resource \"aws_instance\" \"web\" {\n  instance_type = regex(\"(?P<a>t3.*)\", \"t3.small\").a\n}\n";
    let drift = ("aws_instance.web", "instance_type", "t3.large".into());
    let reason = refused(&[("infra/main.tf", code)], drift);
    assert!(reason.contains("made by `regex`"), "{reason}");
}

/// What a value is before it is adopted.
const OLD: &str = "t3.small";

/// Writes JSON as somebody might: each choice of blanks and escapes is the next of these numbers.
struct Hand<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    text: String,
    /// The bytes of the value that is `OLD`.
    old: (usize, usize),
}

impl Hand<'_> {
    fn next(&mut self, most: usize) -> usize {
        self.choices.next().map_or(0, |choice| usize::from(*choice)) % most
    }

    fn blanks(&mut self) {
        let blanks = ["", "", " ", "\n", "\r\n", "\t", "\r\n  ", " \n\n "];
        let chosen = self.next(blanks.len());
        self.text.push_str(blanks[chosen]);
    }

    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            let is_short = c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\';
            match (c, self.next(8)) {
                ('/', 1..4) => self.text.push_str("\\/"),
                (c, 1..7) if is_short => self.text.push(c),
                (c, 1..7) if !c.is_ascii() => self.text.push(c),
                (c, _) => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        self.text.push_str(&format!("\\u{unit:04X}"));
                    }
                }
            }
        }
        self.text.push('"');
    }

    fn write(&mut self, value: &serde_json::Value) {
        use serde_json::Value as Json;
        self.blanks();
        let start = self.text.len();
        match value {
            Json::String(text) => self.quoted(text),
            Json::Array(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.text.push_str(if at == 0 { "" } else { "," });
                    self.write(item);
                }
                self.blanks();
                self.text.push(']');
            }
            Json::Object(entries) => {
                self.text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    self.text.push_str(if at == 0 { "" } else { "," });
                    self.blanks();
                    // Keys of this kind stand for one that is written twice.
                    self.quoted(key.strip_prefix("again:").unwrap_or(key));
                    self.blanks();
                    self.text.push(':');
                    self.write(value);
                }
                self.blanks();
                self.text.push('}');
            }
            plain => self.text.push_str(&plain.to_string()),
        }
        if *value == OLD {
            self.old = (start, self.text.len());
        }
        self.blanks();
    }
}

/// A file of JSON that holds the old value, in code that makes an attribute of it.
fn written_by_hand(
    kind: usize,
    rest: &serde_json::Value,
) -> (serde_json::Value, &'static str, &'static str) {
    use serde_json::json;
    let merged = |own: serde_json::Value| {
        let mut all = rest.as_object().unwrap().clone();
        all.extend(own.as_object().unwrap().clone());
        serde_json::Value::Object(all)
    };
    match kind {
        0 => (
            merged(json!({"size": OLD})),
            "infra/terraform.tfvars.json",
            "variable \"size\" {}\nresource \"aws_instance\" \"web\" {\n  instance_type = var.size\n}\n",
        ),
        1 => (
            merged(json!({"size": OLD})),
            "infra/data.json",
            "resource \"aws_instance\" \"web\" {\n  instance_type = jsondecode(file(\"${path.module}/data.json\")).size\n}\n",
        ),
        _ => (
            json!({"locals": rest, "resource": {"aws_instance": {"web": {"instance_type": OLD, "ami": "ami-1"}}}}),
            "infra/web.tf.json",
            "",
        ),
    }
}

fn rest() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
    use proptest::prelude::*;
    let text = "[a-z\"\\\\/ \u{e9}\u{1f600}\t]{0,8}";
    let scalar = prop_oneof![
        text.prop_map(serde_json::Value::from),
        any::<i32>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let value = scalar.prop_recursive(2, 12, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let map = prop::collection::btree_map("[a-z]{1,4}|again:[a-z]", inner, 0..4);
        prop_oneof![
            list.prop_map(serde_json::Value::from),
            map.prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    let keys = "[a-z]{1,4}|again:[a-z]|again:size";
    let entries = prop::collection::btree_map(keys, value, 0..5);
    entries.prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

proptest::proptest! {
    #[test]
    fn of_a_file_of_json_only_the_value_that_drifted_changes(
        kind in 0_usize..3,
        rest in rest(),
        choices in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..200),
        has_bom in proptest::bool::weighted(0.1),
        live in "[a-z0-9.\"\\\\/${} \u{e9}\n\u{202e}]{1,12}",
    ) {
        let (json, file, code) = written_by_hand(kind, &rest);
        let mut hand = Hand { choices: choices.iter().cycle(), text: String::new(), old: (0, 0) };
        if has_bom {
            hand.text.push('\u{feff}');
        }
        hand.write(&json);
        let (text, (start, end)) = (hand.text, hand.old);
        let files = [("infra/main.tf", code), (file, text.as_str())];
        let value = |files: &[(&str, &str)]| {
            let tree: Tree = files.iter().copied().collect();
            let evaluated = code::evaluate(&tree, "infra", &Options::default());
            let web = evaluated.declared.resources.get(&"aws_instance.web".parse().unwrap());
            web.map_or(Value::Unknown, |web| web.value("instance_type"))
        };
        // Of two entries of a name either may count; two of unlike types are an error of `jsondecode`.
        let counts = value(&files) == Value::from(OLD);
        let must_count = !has_bom && !rest.to_string().contains("again:");
        proptest::prop_assert!(counts || !must_count, "{}", text);
        proptest::prop_assume!(counts && live != OLD);
        let drift = ("aws_instance.web", "instance_type", Value::from(live.as_str()));
        let (changed, kind, reason) = adopt(&files, drift);
        if rest.get("again:size").is_none() {
            proptest::prop_assert_eq!(kind, FixKind::Adopt, "{}\n{}", reason, text);
        }
        if kind != FixKind::Adopt {
            proptest::prop_assert!(changed.is_empty() && !reason.is_empty());
            return Ok(());
        }
        let after = &changed[file];
        proptest::prop_assert_eq!(changed.len(), 1);
        proptest::prop_assert_eq!(value(&[files[0], (file, after)]), Value::from(live.as_str()));
        let kept = after.starts_with(&text[..start]) && after.ends_with(&text[end..]);
        proptest::prop_assert!(kept, "{:?}\n{:?}", text, after);
        let middle = &after[start..after.len() - (text.len() - end)];
        proptest::prop_assert!(serde_json::from_str::<String>(middle).is_ok(), "{}", middle);
    }
}
