//! What is cut out of a secret, or written in other letters, is a secret as well.

use driftguard::code::{self, Options};
use driftguard::model::Tree;

/// What is noted as a secret in code with this expression.
fn noted(expression: &str, text: &str) -> bool {
    let code = format!(
        r#"
variable "db_password" {{
  default = "Tr0ub4dorCanaryXYZ93"
}}
locals {{
  db     = {{ password = "Tr0ub4dorCanaryXYZ93", host = "db-0.example.com" }}
  again  = var.db_password
  region = "eu-central-1"
}}
resource "a" "b" {{
  x = {expression}
}}
"#
    );
    let file = r#"{"password": "Tr0ub4dorCanaryXYZ93", "host": "db-0.example.com"}"#;
    let tree: Tree = [("main.tf", code.as_str()), ("s.json", file)]
        .into_iter()
        .collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    assert_eq!(evaluated.problems, [], "{expression}");
    evaluated.secrets.holds(text)
}

#[test]
fn parts_of_secrets_are_secrets() {
    for (expression, part) in [
        ("substr(var.db_password, 0, 10)", "Tr0ub4dorC"),
        ("substr(local.again, 10, -1)", "anaryXYZ93"),
        ("substr(local.db.password, 0, 10)", "Tr0ub4dorC"),
        (
            "substr(jsondecode(file(\"s.json\")).password, 0, 10)",
            "Tr0ub4dorC",
        ),
        ("strrev(var.db_password)", "39ZYXyranaCrod4bu0rT"),
        (
            "strrev(strrev(substr(var.db_password, 0, 10)))",
            "Tr0ub4dorC",
        ),
        ("join(\"-\", split(\"C\", var.db_password))", "anaryXYZ93"),
        ("regex(\"^(.{10})\", var.db_password)[0]", "Tr0ub4dorC"),
        ("regexall(\".{10}\", var.db_password)[1]", "anaryXYZ93"),
        ("trimprefix(var.db_password, \"Tr\")", "0ub4dorCanaryXYZ93"),
        (
            "replace(var.db_password, \"Canary\", \"-\")",
            "Tr0ub4dor-XYZ93",
        ),
        ("format(\"%.10s\", var.db_password)", "Tr0ub4dorC"),
        (
            "base64encode(var.db_password)",
            "VHIwdWI0ZG9yQ2FuYXJ5WFlaOTM=",
        ),
        ("\"x ${substr(var.db_password, 0, 10)}\"", "Tr0ub4dorC"),
    ] {
        assert!(noted(expression, part), "{expression}");
    }
}

#[test]
fn what_stands_beside_a_secret_is_none() {
    for (expression, part) in [
        ("substr(local.db.host, 0, 10)", "db-0.examp"),
        ("substr(local.region, 0, 10)", "eu-central"),
        ("split(\"-\", local.region)", "central"),
        (
            "substr(jsondecode(file(\"s.json\")).host, 0, 10)",
            "db-0.examp",
        ),
        (
            "var.db_password == \"\" ? \"none-0\" : \"some-0-is\"",
            "some-0-is",
        ),
        ("upper(\"some-0-is\")", "SOME-0-IS"),
    ] {
        assert!(!noted(expression, part), "{expression}");
    }
}
