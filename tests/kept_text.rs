//! What stays of an edited list, map or policy keeps its text: references, comments, order. What goes takes along its own
//! comment, and no other.

use crate::recorded_stack::{self, difference, finding};
use driftguard::code::{Options, Recorded};
use driftguard::model::{Attributes, Difference, FixKind, ProviderKey, Resource, Tree, Value};
use driftguard::resources;
use serde_json::json;
use std::sync::Arc;

const GROUPS: [&str; 3] = [
    "sg-0a1b2c3d4e5f60001",
    "sg-0a1b2c3d4e5f60002",
    "sg-0a1b2c3d4e5f60003",
];
const BUCKET: &str = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n}\n\n";

fn recorded() -> Recorded {
    let resource = |(address, attributes): (&str, Attributes)| Resource {
        address: address.parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "aws".to_owned(),
            alias: None,
        },
        id: String::new(),
        attributes,
    };
    let attributes = |all: &[(&str, &str)]| {
        let all = all.iter();
        all.map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect::<Attributes>()
    };
    let all = [
        ("aws_security_group.a", attributes(&[("id", GROUPS[0])])),
        ("aws_security_group.b", attributes(&[("id", GROUPS[1])])),
        ("aws_security_group.c", attributes(&[("id", GROUPS[2])])),
        (
            "aws_s3_bucket.b",
            attributes(&[("id", "b"), ("bucket", "b"), ("arn", "arn:aws:s3:::b")]),
        ),
    ];
    Recorded::new([Arc::new(all.into_iter().map(resource).collect())])
}

/// The file after all of these differences were adopted.
fn adopted(file: &str, code: &str, address: &str, differences: Vec<Difference>) -> String {
    let tree: Tree = [(file, code)].into_iter().collect();
    let options = Options {
        recorded: recorded(),
        ..Options::default()
    };
    let mut findings = [finding(address, differences)];
    let how = (&options, &resources::catalog());
    let changed = recorded_stack::adopt(&tree, "", how, &mut findings);
    let [finding] = findings;
    let fix = finding.fix.unwrap();
    assert_eq!(
        (fix.kind, fix.refused.len()),
        (FixKind::Adopt, 0),
        "{fix:?}"
    );
    String::from_utf8(changed[file].clone()).unwrap()
}

/// The text of a machine's groups after AWS lost and gained some.
fn regrouped(list: &str, before: &[usize], after: &[usize]) -> String {
    let groups = ["a", "b", "c"].map(|name| {
        format!("resource \"aws_security_group\" \"{name}\" {{\n  name = \"{name}\"\n}}\n\n")
    });
    let lead = groups.concat() + "resource \"aws_instance\" \"web\" {\n  vpc_security_group_ids = ";
    let ids = |numbers: &[usize]| {
        let ids = numbers.iter().map(|number| GROUPS[*number].into());
        Value::List(ids.collect())
    };
    let changed = difference("vpc_security_group_ids", ids(before), ids(after));
    let code = format!("{lead}{list}\n}}\n");
    let found = adopted("main.tf", &code, "aws_instance.web", vec![changed]);
    let list = found.strip_prefix(&lead).unwrap();
    list.strip_suffix("\n}\n").unwrap().to_owned()
}

#[test]
fn an_item_takes_along_its_own_comment_and_no_other() {
    let list = "[\n    aws_security_group.a.id, # a\n    aws_security_group.b.id  # b\n  ]";
    assert_eq!(
        regrouped(list, &[0, 1], &[0]),
        "[\n    aws_security_group.a.id, # a\n  ]"
    );
    let above = "[\n    # the first\n    aws_security_group.a.id,\n    /* the\n       second */\n    aws_security_group.b.id,\n  ]";
    assert_eq!(
        regrouped(above, &[0, 1], &[0]),
        "[\n    # the first\n    aws_security_group.a.id,\n  ]"
    );
    assert_eq!(
        regrouped(above, &[0, 1], &[1]),
        "[\n    /* the\n       second */\n    aws_security_group.b.id,\n  ]"
    );
    assert_eq!(
        regrouped(above, &[0, 1], &[0, 2]),
        "[\n    # the first\n    aws_security_group.a.id,\n    aws_security_group.c.id,\n  ]"
    );
    // This one speaks of both.
    let heading =
        "[\n    # of the team\n    aws_security_group.a.id,\n    aws_security_group.b.id,\n  ]";
    assert_eq!(
        regrouped(heading, &[0, 1], &[1]),
        "[\n    # of the team\n    aws_security_group.b.id,\n  ]"
    );
}

#[test]
fn items_that_all_leave_take_along_their_comments_and_make_room_in_their_lines() {
    let list = "[\n    aws_security_group.a.id,\n    aws_security_group.b.id, # b\n  ]";
    assert_eq!(regrouped(list, &[0, 1], &[]), "[]");
    assert_eq!(
        regrouped(list, &[0, 1], &[2]),
        "[\n    aws_security_group.c.id,\n  ]"
    );
}

/// The text of a map of tags after some came and went.
fn retagged(
    file: &str,
    lead: &str,
    map: &str,
    tags: &[(&str, Option<&str>, Option<&str>)],
) -> String {
    let value = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let tags = tags.iter().map(|(key, before, after)| {
        difference(&format!("tags[\"{key}\"]"), value(*before), value(*after))
    });
    let end = match file {
        "main.tf" => "\n}\n",
        _ => "}}}}\n",
    };
    let code = format!("{lead}{map}{end}");
    let found = adopted(file, &code, "aws_instance.web", tags.collect());
    let map = found.strip_prefix(lead).unwrap();
    map.strip_suffix(end).unwrap().to_owned()
}

#[test]
fn neighbours_on_one_line_leave_it_together() {
    let hcl = "resource \"aws_instance\" \"web\" {\n  tags = ";
    let json = "{\"resource\": {\"aws_instance\": {\"web\": {\"tags\": ";
    let (a, b, c) = (
        ("A", Some("1"), None),
        ("B", Some("2"), None),
        ("C", Some("3"), None),
    );
    for (gone, kept, kept_json) in [
        (vec![b, c], "{ A = \"1\" }", "{\"A\": \"1\"}"),
        (vec![a, b], "{ C = \"3\" }", "{\"C\": \"3\"}"),
        (vec![a, c], "{ B = \"2\" }", "{\"B\": \"2\"}"),
        (vec![a, b, c], "{}", "{}"),
    ] {
        let map = "{ A = \"1\", B = \"2\", C = \"3\" }";
        assert_eq!(retagged("main.tf", hcl, map, &gone), kept);
        let map = "{\"A\": \"1\", \"B\": \"2\", \"C\": \"3\"}";
        assert_eq!(retagged("main.tf.json", json, map, &gone), kept_json);
    }
}

#[test]
fn entries_are_written_in_the_form_of_their_map() {
    let lead = "resource \"aws_instance\" \"web\" {\n  tags = ";
    let retagged = |map: &str, tags: &[_]| retagged("main.tf", lead, map, tags);
    let new = ("N", None, Some("n"));
    assert_eq!(
        retagged(
            "{\n    A = 1\n    B = true\n  }",
            &[("A", Some("1"), Some("2")), ("B", Some("true"), Some("x"))]
        ),
        "{\n    A = 2\n    B = \"x\"\n  }"
    );
    assert_eq!(
        retagged(
            "{\n    A : \"1\"\n    B : \"2\"\n  }",
            &[("B", Some("2"), None), new]
        ),
        "{\n    A : \"1\"\n    N : \"n\"\n  }"
    );
    assert_eq!(
        retagged("{\n    # none yet\n  }", &[new]),
        "{\n    # none yet\n    N = \"n\"\n  }"
    );
    assert_eq!(
        retagged(
            "{\n    A = <<-EOT\n      # text\n    EOT\n  }",
            &[("Longer", None, Some("n"))]
        ),
        "{\n    A      = <<-EOT\n      # text\n    EOT\n    Longer = \"n\"\n  }"
    );
}

#[test]
fn an_attribute_stands_before_what_the_resource_depends_on() {
    let code = "resource \"aws_instance\" \"web\" {\n  ami = \"a\"\n\n  depends_on = [aws_s3_bucket.b]\n}\n\n";
    let more = difference("monitoring", Value::Null, true.into());
    let code = format!("{code}{BUCKET}");
    assert_eq!(
        adopted("main.tf", &code, "aws_instance.web", vec![more.clone()]),
        code.replace("ami = \"a\"\n", "ami        = \"a\"\n  monitoring = true\n")
    );
    // Where the last line of a file has no end.
    assert_eq!(
        adopted(
            "main.tf",
            "resource \"aws_instance\" \"web\" {}",
            "aws_instance.web",
            vec![more]
        ),
        "resource \"aws_instance\" \"web\" {\n  monitoring = true\n}"
    );
}

/// The code of a policy after its statements changed.
fn reworded(code: &str, before: &serde_json::Value, after: &serde_json::Value) -> String {
    let policy = |statements: &serde_json::Value| {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        Value::from(policy.to_string())
    };
    let code = format!("{BUCKET}{code}");
    let changed = difference("policy", policy(before), policy(after));
    let found = adopted("main.tf", &code, "aws_iam_policy.p", vec![changed]);
    found.strip_prefix(BUCKET).unwrap().to_owned()
}

/// A statement of the policy, with another value of some of its parts; null leaves a part out.
fn statement(sid: &str, parts: serde_json::Value) -> serde_json::Value {
    let mut all = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": "arn:aws:s3:::b/*",
        "Condition": { "StringEquals": { "aws:a": "b", "aws:c": "d" } },
    });
    for (name, value) in parts.as_object().unwrap() {
        match value.is_null() {
            true => drop(all.as_object_mut().unwrap().remove(name)),
            false => all[name] = value.clone(),
        }
    }
    all
}

const STATEMENT: &str = r#"      {
        Sid    = "A" # its name
        Effect = "Allow"
        Action = [
          "s3:GetObject", # read
          "s3:PutObject", # write
        ]
        Resource = "${aws_s3_bucket.b.arn}/*"
        Condition = {
          StringEquals = {
            "aws:a" = aws_s3_bucket.b.id # the bucket
            "aws:c" = "d"
          }
        }
      },
"#;

fn policy(statements: &str) -> String {
    format!(
        "resource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [\n{statements}    ]\n  }})\n}}\n"
    )
}

#[test]
fn the_parts_of_a_statement_keep_what_stays_of_them() {
    let code = policy(STATEMENT);
    let before = json!([statement("A", json!({}))]);
    for (parts, old, new) in [
        (
            json!({ "Action": "s3:GetObject" }),
            "          \"s3:PutObject\", # write\n",
            "",
        ),
        (
            json!({ "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::c"] }),
            "\"${aws_s3_bucket.b.arn}/*\"",
            "[\"${aws_s3_bucket.b.arn}/*\", \"arn:aws:s3:::c\"]",
        ),
        (
            json!({ "Condition": { "StringEquals": { "aws:a": "b", "aws:c": ["d", "e"] } } }),
            "\"aws:c\" = \"d\"",
            "\"aws:c\" = [\"d\", \"e\"]",
        ),
        (
            json!({ "Condition": { "StringEquals": { "aws:c": "d" } } }),
            "            \"aws:a\" = aws_s3_bucket.b.id # the bucket\n",
            "",
        ),
        (
            json!({ "Sid": null }),
            "        Sid    = \"A\" # its name\n",
            "",
        ),
        (json!({ "Sid": "B" }), "\"A\" # its", "\"B\" # its"),
    ] {
        let after = json!([statement("A", parts)]);
        assert_eq!(reworded(&code, &before, &after), code.replace(old, new));
    }
}

#[test]
fn a_part_is_added_below_a_comment_and_leaves_with_its_own() {
    let short = "      {\n        Sid      = \"A\"\n        Effect   = \"Allow\"\n        Action   = \"s3:*\"\n        Resource = aws_s3_bucket.b.arn # all\n      },\n";
    let code = policy(short);
    let parts = json!({ "Action": "s3:*", "Resource": "arn:aws:s3:::b", "Condition": null });
    let before = json!([statement("A", parts.clone())]);
    let mut more = before.clone();
    more[0]["NotPrincipal"] = json!("*");
    let longer = reworded(&code, &before, &more);
    assert!(
        longer.contains("= aws_s3_bucket.b.arn # all\n        NotPrincipal = \"*\"\n"),
        "{longer}"
    );
    let noted = longer.replace(
        "NotPrincipal = \"*\"\n",
        "NotPrincipal = \"*\"                 # nobody\n",
    );
    assert_eq!(reworded(&noted, &more, &before), code);
}

#[test]
fn statements_leave_together_and_take_along_their_comments() {
    let one = |sid: &str| {
        format!(
            "{{ Sid = \"{sid}\", Effect = \"Allow\", Action = \"s3:{sid}\", Resource = \"*\" }}"
        )
    };
    let parts =
        |sid: &str| json!({ "Action": format!("s3:{sid}"), "Resource": "*", "Condition": null });
    let [a, b, c] = ["A", "B", "C"].map(|sid| statement(sid, parts(sid)));
    let before = json!([a, b, c]);
    let line = |all: &[&str]| {
        let all: Vec<_> = all.iter().map(|sid| one(sid)).collect();
        policy(&format!("      {}\n", all.join(", ")))
    };
    let code = line(&["A", "B", "C"]);
    assert_eq!(reworded(&code, &before, &json!([c])), line(&["C"]));
    assert_eq!(reworded(&code, &before, &json!([a])), line(&["A"]));

    let lines = |all: &[&str]| {
        let line = |sid: &&str| format!("      # of {sid}\n      {}, # {sid}\n", one(sid));
        policy(&all.iter().map(line).collect::<String>())
    };
    let code = lines(&["A", "B", "C"]);
    assert_eq!(reworded(&code, &before, &json!([b])), lines(&["B"]));

    let block = |sid: &str| {
        format!(
            "  # of {sid}\n  statement {{\n    sid       = \"{sid}\"\n    actions   = [\"s3:{sid}\"]\n    resources = [\"*\"]\n  }}\n"
        )
    };
    let document = |all: &[&str]| {
        let all: Vec<_> = all.iter().map(|sid| block(sid)).collect();
        format!(
            "data \"aws_iam_policy_document\" \"d\" {{\n{}}}\n\nresource \"aws_iam_policy\" \"p\" {{\n  policy = data.aws_iam_policy_document.d.json\n}}\n",
            all.join("\n")
        )
    };
    let code = document(&["A", "B", "C"]);
    assert_eq!(reworded(&code, &before, &json!([c])), document(&["C"]));
    assert_eq!(reworded(&code, &before, &json!([a])), document(&["A"]));
    // Another one in its place has another purpose.
    let other = statement(
        "D",
        json!({ "Action": "*", "Effect": "Deny", "Resource": "*", "Condition": null }),
    );
    let after = reworded(&code, &before, &json!([a, b, other]));
    assert!(
        !after.contains("# of C") && after.contains("# of B"),
        "{after}"
    );
}

#[test]
fn a_statement_behind_a_brace_is_formatted_as_terraform_does() {
    let one = |sid: &str| {
        format!(
            "      Sid      = \"{sid}\"\n      Effect   = \"Allow\"\n      Action   = \"s3:{sid}\"\n      Resource = \"*\"\n"
        )
    };
    let all = |all: &[&str]| {
        let all: Vec<_> = all.iter().map(|sid| one(sid)).collect();
        format!(
            "resource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{\n{}    }}]\n  }})\n}}\n",
            all.join("      }, {\n")
        )
    };
    let parts =
        |sid: &str| json!({ "Action": format!("s3:{sid}"), "Resource": "*", "Condition": null });
    let [a, b, c] = ["A", "B", "C"].map(|sid| statement(sid, parts(sid)));
    assert_eq!(
        reworded(&all(&["A"]), &json!([a]), &json!([a, b])),
        all(&["A", "B"])
    );
    assert_eq!(
        reworded(&all(&["A", "B"]), &json!([a, b]), &json!([a, b, c])),
        all(&["A", "B", "C"])
    );
    assert_eq!(
        reworded(&all(&["A", "B"]), &json!([a, b]), &json!([a])),
        all(&["A"])
    );
    assert_eq!(
        reworded(&all(&["A", "B"]), &json!([a, b]), &json!([b])),
        all(&["B"])
    );
}

#[test]
fn tags_that_each_instance_gets_whole_are_edited_in_its_own_element() {
    let code = "locals {\n  users = {\n    a = { A = \"1\", B = \"2\" } # first\n    b = { A = \"1\" }\n  }\n}\n\nresource \"aws_iam_user\" \"u\" {\n  for_each = local.users\n  name     = each.key\n  tags     = each.value\n}\n";
    let changes = vec![
        difference("tags[\"A\"]", "1".into(), "3".into()),
        difference("tags[\"B\"]", "2".into(), Value::Null),
    ];
    assert_eq!(
        adopted("main.tf", code, "aws_iam_user.u[\"a\"]", changes),
        code.replace("{ A = \"1\", B = \"2\" }", "{ A = \"3\" }")
    );
    let more = vec![difference("tags[\"N\"]", Value::Null, "n".into())];
    assert_eq!(
        adopted("main.tf", code, "aws_iam_user.u[\"b\"]", more),
        code.replace("b = { A = \"1\" }", "b = { A = \"1\", N = \"n\" }")
    );
}

#[test]
fn numbers_of_a_map_in_a_block_stay_numbers() {
    let code = "resource \"aws_lambda_function\" \"f\" {\n  environment {\n    variables = {\n      PORT  = 8080 # port\n      DEBUG = true\n    }\n  }\n}\n";
    let variables = |port: &str| Value::map([("PORT", port.into()), ("DEBUG", "true".into())]);
    let change = difference(
        "environment[0].variables",
        variables("8080"),
        variables("9090"),
    );
    assert_eq!(
        adopted("main.tf", code, "aws_lambda_function.f", vec![change]),
        code.replace("8080", "9090")
    );
}

#[test]
fn a_comment_of_several_items_is_the_reason_why_one_stays() {
    let code = "resource \"aws_instance\" \"web\" {\n  security_groups = [\n    \"a\", \"b\", # both\n    \"c\",\n  ]\n}\n";
    let list = |items: &[&str]| Value::List(items.iter().map(|item| (*item).into()).collect());
    let drift = (
        "aws_instance.web",
        "security_groups",
        list(&["a", "b", "c"]),
        list(&["a", "c"]),
    );
    assert_eq!(
        crate::patch::refused(code, drift),
        "a comment in `security_groups` at main.tf:2 stands between what changes and what stays"
    );
}
