//! A secret in every place that a state, code and AWS have, and then in nothing that leaves: the pure part of the path.

use super::formats::formats;
use super::plants::{FORMS, MARK, NAMES, form, holds_none};
use driftguard::code::{self, Evaluated, Options};
use driftguard::diff::{self, Ownership, ReadResource};
use driftguard::model::{
    AccountId, Attribute, Attributes, AwsLocation, Backend, Catalog, Coverage, Interrupt, Reading,
    Redactor, Resource, Scanned, Schema, Shape, StackName, StackReport, Status, Tree, Type,
    UnmanagedResource, Value, ValueMap,
};
use driftguard::patch::{self, FixPolicy};
use driftguard::price::{self, Book};
use driftguard::report;
use driftguard::scan::load;
use driftguard::score::{self, Benchmark};
use driftguard::settings::Settings;
use driftguard::who::Suspects;
use driftguard::{resources, state};
use std::collections::BTreeMap;

/// Makes a secret of each form in turn.
struct Plants(usize);

impl Plants {
    /// Each is another one, so that the sides differ.
    fn text(&mut self) -> String {
        self.0 += 1;
        form(self.0)
    }

    fn of_type(&mut self, ty: &Type) -> Value {
        match ty {
            Type::Bool => true.into(),
            Type::Number => 7.into(),
            Type::String | Type::Dynamic => self.text().into(),
            Type::List(of) | Type::Set(of) => Value::List(vec![self.of_type(of)]),
            Type::Map(of) => {
                let mut entries = ValueMap::from([
                    ("Plain".to_owned(), self.of_type(of)),
                    (self.text(), "a key".into()),
                ]);
                for name in NAMES {
                    entries.insert((*name).to_owned(), format!("{MARK}-word-{}", self.0).into());
                }
                Value::Map(entries)
            }
            Type::Object(parts) => Value::map(
                parts
                    .iter()
                    .map(|(name, of)| (name.as_str(), self.of_type(of))),
            ),
        }
    }

    fn of_attribute(&mut self, attribute: &Attribute) -> Value {
        match &attribute.shape {
            Shape::Plain(ty) => self.of_type(ty),
            Shape::Block(_, parts) => {
                let part =
                    |(name, part): (&String, &Attribute)| (name.clone(), self.of_attribute(part));
                Value::List(vec![Value::Map(parts.iter().map(part).collect())])
            }
        }
    }

    fn all(&mut self, schema: &Schema) -> Attributes {
        let one =
            |(name, attribute): (&String, &Attribute)| (name.clone(), self.of_attribute(attribute));
        schema.attributes.iter().map(one).collect()
    }
}

/// A resource block that says all of this.
fn hcl(tf_type: &str, schema: &Schema, attributes: &Attributes) -> String {
    fn literal(value: &Value) -> String {
        match value {
            Value::List(items) => format!(
                "[{}]",
                items.iter().map(literal).collect::<Vec<_>>().join(", ")
            ),
            Value::Map(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    format!("{} = {}\n", literal(&key.as_str().into()), literal(value))
                };
                format!("{{\n{}}}", entries.iter().map(entry).collect::<String>())
            }
            other => serde_json::to_string(other).unwrap(),
        }
    }
    fn body(parts: &BTreeMap<String, Attribute>, values: &ValueMap) -> String {
        let one = |(name, value): (&String, &Value)| match (&parts[name].shape, value) {
            (Shape::Block(_, parts), Value::List(blocks)) => {
                let block = |block: &Value| {
                    format!("{name} {{\n{}}}\n", body(parts, block.as_map().unwrap()))
                };
                blocks.iter().map(block).collect()
            }
            (_, value) => format!("# before: {}\n{name} = {}\n", FORMS[6], literal(value)),
        };
        values.iter().map(one).collect()
    }
    format!(
        "resource \"{tf_type}\" \"x\" {{\n{}}}\n",
        body(&schema.attributes, attributes)
    )
}

fn state_of(tf_type: &str, attributes: &Attributes) -> String {
    serde_json::json!({
        "version": 4, "serial": 1, "lineage": "a", "terraform_version": "1.11.4",
        "resources": [{
            "mode": "managed", "type": tf_type, "name": "x",
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
            "instances": [{"attributes": attributes}],
        }],
    })
    .to_string()
}

/// The provider, with tags of which the code tells some.
const PROVIDER: &str = "variable \"x\" {}\nprovider \"aws\" {\n  default_tags {\n    tags = {\n      Token = \"CANARYtag\"\n      Env   = var.x\n    }\n  }\n}\n";

fn everything_that_is_said(tf_type: &str, schema: &Schema, catalog: &Catalog, first: usize) {
    let redactor = Redactor::new(b"key");
    let mut plants = Plants(first);
    let (recorded, live, declared) = (plants.all(schema), plants.all(schema), plants.all(schema));
    let text = state_of(tf_type, &recorded);
    let state = state::parse(text.as_bytes(), "terraform.tfstate", catalog, &redactor).unwrap();
    let code = format!("{PROVIDER}{}", hcl(tf_type, schema, &declared));
    let tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
    let options = Options::default();
    let mut evaluated = code::evaluate(&tree, "", &options);
    load::seal(&mut evaluated, catalog, &redactor);
    let resource = &state.resources[0];
    let mut seen = redactor.seal(Some(schema), live.clone());
    redactor.seal_as_recorded(Some(schema), &resource.attributes, &mut seen);
    let scanned = compare(&evaluated, resource, seen, catalog);
    let mut stack = StackReport {
        name: StackName::new("production").unwrap(),
        path: format!("infra/{}", FORMS[0]),
        backend: Some(Backend {
            kind: "s3".to_owned(),
            location: format!("s3://bucket/{}/terraform.tfstate", FORMS[0]),
        }),
        outcome: Ok(Scanned {
            notes: vec![format!("main.tf:1: {}", plants.text())],
            coverage: vec![Coverage {
                reason: Some(format!("AWS says: {}", plants.text())),
                ..Coverage::new(tf_type, 1, Status::Failed)
            }],
            ..scanned
        }),
    };
    let place = patch::Stack {
        tree: &tree,
        folder: "",
        options: &options,
        declared: &evaluated.declared,
        catalog,
        others: Vec::new(),
    };
    let suspects = callers(&mut plants);
    if let Ok(scanned) = &mut stack.outcome {
        for finding in &mut scanned.findings {
            finding.actor = suspects.actor(finding, &redactor);
            assert!(finding.actor.is_some());
        }
    }
    for direction in [FixPolicy::Adopt, FixPolicy::Restore, FixPolicy::Import] {
        let Ok(scanned) = &mut stack.outcome else {
            unreachable!()
        };
        let changed = patch::plan(&mut scanned.findings, &place, direction);
        let shown = patch::diff(&tree, &changed, &|text| redactor.mask(text));
        holds_none("a patch", &shown);
        for (format, text) in formats(&stack) {
            holds_none(&format!("{format} of {tf_type}"), &text);
        }
    }
}

/// Calls of CloudTrail's with a secret in each text.
fn callers(plants: &mut Plants) -> Suspects {
    let mut suspects = Suspects::default();
    for kind in ["AssumedRole", "IAMUser", "AWSService"] {
        let call = serde_json::json!({
            "eventName": plants.text(), "eventTime": plants.text(), "sourceIPAddress": plants.text(),
            "userAgent": plants.text(), "errorMessage": plants.text(), "readOnly": false,
            "requestParameters": {"password": plants.text(), "userData": plants.text()},
            "userIdentity": {
                "type": kind, "arn": plants.text(), "userName": plants.text(), "accessKeyId": plants.text(),
                "principalId": format!("AROA4EXAMPLE:{}", plants.text()), "invokedBy": plants.text(),
                "sessionContext": {
                    "sessionIssuer": {"arn": plants.text(), "userName": "AWSReservedSSO_Admin"},
                },
            },
        });
        suspects.add(&call.to_string(), &[]);
    }
    suspects
}

fn compare(code: &Evaluated, resource: &Resource, live: Attributes, catalog: &Catalog) -> Scanned {
    let account = AccountId::new("123456789012").unwrap();
    let below = UnmanagedResource {
        tf_type: resource.tf_type().to_owned(),
        import_id: FORMS[0].to_owned(),
        under: Some(resource.address.clone()),
        path: None,
        account: account.clone(),
        region: None,
        attributes: live.clone(),
    };
    let resources = [ReadResource {
        resource,
        location: AwsLocation {
            account: Some(account),
            region: None,
        },
        reading: Reading::Found(live),
        planned: None,
    }];
    let stack = diff::Stack {
        declared: &code.declared,
        provider_tags: &|_| code.providers.first().map(|provider| &provider.tags),
        pending_removal: &|_| None,
        resources: &resources,
        unmanaged: &[below],
        interrupt: &Interrupt::default(),
    };
    let ownership = Ownership::new([resource], catalog);
    let mut found = diff::compare(&stack, &ownership, catalog);
    for findings in [&mut found.findings, &mut found.set_aside] {
        score::score(
            findings,
            &Benchmark::parse("cis-3.0").unwrap(),
            &Interrupt::default(),
        );
        price::price(findings, Book::embedded());
    }
    Scanned {
        findings: found.findings,
        set_aside: found.set_aside,
        ..Scanned::default()
    }
}

#[test]
fn no_attribute_of_any_type_lets_a_secret_out() {
    let catalog = resources::catalog();
    for (tf_type, schema) in catalog.iter() {
        // Three starts: each attribute meets a third of the forms, on each side another.
        for first in (0..FORMS.len()).step_by(3) {
            everything_that_is_said(tf_type, schema, &catalog, first);
        }
    }
}

#[test]
fn no_error_quotes_a_secret() {
    let (catalog, redactor) = (resources::catalog(), Redactor::new(b"key"));
    let good: serde_json::Value =
        serde_json::from_str(&state_of("aws_vpc", &Attributes::new())).unwrap();
    for pointer in [
        "/version",
        "/serial",
        "/lineage",
        "/terraform_version",
        "/resources",
        "/resources/0",
        "/resources/0/instances",
        "/resources/0/provider",
        "/resources/0/mode",
        "/resources/0/instances/0",
        "/resources/0/instances/0/attributes",
        "/resources/0/name",
    ] {
        for wrong in ["canary-word", FORMS[0], FORMS[5]] {
            let mut state = good.clone();
            *state.pointer_mut(pointer).unwrap() = wrong.into();
            let read = state::parse(
                state.to_string().as_bytes(),
                "x.tfstate",
                &catalog,
                &redactor,
            );
            if let Err(error) = read {
                let quotes_a_name = pointer.ends_with("provider") && wrong == "canary-word";
                if !quotes_a_name {
                    holds_none(pointer, &report::printable(&error.to_string()));
                }
            }
        }
    }
    for settings in [
        "version: canary-word\n",
        "version: 1\naws: canary-word\n",
        "version: 1\npull_requests: { limit: canary-word }\n",
        "version: 1\ndashboard: \"Pwd=CANARYpw;\"\n",
        "version: 1\nfoo: AKIACANARYCANARY2345\n",
        "version: 1\nAKIACANARYCANARY2345: 1\n",
        "version: 1\nnotify: { url: 'https://a:CANARYpw@example.com' , x: 1}\n",
    ] {
        let error = Settings::parse(settings).unwrap_err();
        holds_none(settings, &report::printable(&error.to_string()));
    }
    for (file, text) in [
        ("terraform.tfvars.json", "{\"x\": CANARY-word}"),
        ("terraform.tfvars.json", "[\"canary-word\"]"),
        ("terraform.tfvars", "x = \"canary-word"),
        (
            "main.tf",
            "variable \"y\" {\n  default = canary-word canary-word\n}\n",
        ),
        ("main.tf", "locals {\n  a = \"canary-word\n}\n"),
        ("main.tf", "locals {\n  token = \"CANARY\" \"CANARY\"\n}\n"),
    ] {
        let tree: Tree = [("main.tf", "variable \"x\" {}\n"), (file, text)]
            .into_iter()
            .collect();
        for problem in code::evaluate(&tree, "", &Options::default()).problems {
            holds_none(text, &problem.to_string());
        }
    }
}

/// Code of each kind with secrets in it, of which each letter is left out or doubled by a quote in turn.
#[test]
fn no_code_that_is_broken_anywhere_is_quoted() {
    const CODE: &str = r#"variable "db" {
  default = "CANARYdefault1" # CANARYcomment
}
locals {
  pass  = "${upper("CANARYa")}-CANARYb"
  words = [CANARYword, { CANARYkey = "CANARYc" }]
  long  = <<-EOT
    CANARYd ${local.pass}
  EOT
}
"#;
    const TFVARS: &str = "db = \"CANARYe\"\nmore = { CANARYkey = [\"CANARYf\"] }\n";
    const JSON: &str = r#"{"locals": {"pass": "${upper(\"CANARYg\")}", "n": [1, "CANARYh"]}}"#;
    const JSON_VARS: &str = r#"{"db": "CANARYi", "more": {"CANARYkey": ["CANARYj", 1]}}"#;
    for (file, text) in [
        ("main.tf", CODE),
        ("a_override.tf", CODE),
        ("terraform.tfvars", TFVARS),
        ("main.tf.json", JSON),
        ("terraform.tfvars.json", JSON_VARS),
    ] {
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let without = format!("{}{}", &text[..at], &text[at + 1..]);
            let quoted = format!("{}\"{}", &text[..at], &text[at..]);
            for broken in [without, quoted, text[..at].to_owned()] {
                let files = [("base.tf", "variable \"db\" {}\n"), (file, broken.as_str())];
                let tree: Tree = files.into_iter().collect();
                let evaluated = code::evaluate(&tree, "", &Options::default());
                for problem in evaluated.problems.iter().chain(&evaluated.invalid) {
                    let shown = report::printable(&problem.to_string());
                    holds_none(&broken, &shown);
                }
            }
        }
    }
}
