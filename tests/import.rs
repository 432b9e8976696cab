//! Imports: what the code takes over of what was added below something managed, in which form, and what is refused.

use driftguard::code::{self, Options, Recorded};
use driftguard::model::{
    Attributes, Finding, FindingId, FixKind, Kind, ProviderKey, Resource, Severity, Tree, Value,
    Verdict, masked,
};
use driftguard::patch::{self, FixPolicy, Stack};
use driftguard::resources;
use std::sync::Arc;

/// A stack's code, and what its state knows.
struct World<'a> {
    files: Vec<(&'a str, String)>,
    state: Vec<(&'a str, Vec<(&'a str, &'a str)>)>,
    terraform: Option<&'a str>,
    /// The alias of the provider that made all of it.
    alias: Option<&'a str>,
}

/// The code after the fix, and what was done about each finding.
struct Done {
    tree: Tree,
    diff: String,
    fixes: Vec<Option<driftguard::model::Fix>>,
}

impl World<'_> {
    fn fix(&self, mut findings: Vec<Finding>, direction: impl Fn(&Finding) -> FixPolicy) -> Done {
        let files = self.files.iter().map(|(path, text)| (*path, text.as_str()));
        let tree: Tree = files.collect();
        let resource = |(address, attributes): &(&str, Vec<(&str, &str)>)| {
            let attributes: Attributes = attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect();
            Resource {
                address: address.parse().unwrap(),
                provider: ProviderKey {
                    module: String::new(),
                    name: "aws".to_owned(),
                    alias: self.alias.map(str::to_owned),
                },
                id: attributes["id"].as_str().unwrap().to_owned(),
                attributes,
            }
        };
        let state: Vec<_> = self.state.iter().map(resource).collect();
        let options = Options {
            recorded: Recorded::new([Arc::new(state)]).by_terraform(self.terraform),
            ..Options::default()
        };
        let evaluated = code::evaluate(&tree, "", &options);
        let catalog = resources::catalog();
        let stack = Stack {
            tree: &tree,
            folder: "",
            options: &options,
            declared: &evaluated.declared,
            catalog: &catalog,
            others: Vec::new(),
        };
        let changed = patch::plan_with(&mut findings, &stack, direction);
        let diff = patch::diff(&tree, &changed, &masked);
        let mut tree = tree;
        tree.files.extend(
            changed
                .into_iter()
                .map(|(path, bytes)| (path, bytes.into())),
        );
        let fixes = findings.into_iter().map(|finding| finding.fix).collect();
        Done { tree, diff, fixes }
    }

    fn import(&self, findings: Vec<Finding>) -> Done {
        self.fix(findings, |_| FixPolicy::Import)
    }

    /// What the code says after all of it was taken over.
    fn imported(&self, findings: Vec<Finding>) -> String {
        let before: String = self.files[0].1.clone();
        let done = self.import(findings);
        for fix in done.fixes.iter().flatten() {
            assert_eq!(fix.kind, FixKind::Import, "{:?}", fix.reason);
        }
        let after = done.tree.text(self.files[0].0).unwrap();
        after.strip_prefix(before.as_str()).unwrap().to_owned()
    }

    /// Why one thing is not taken over, and what a person writes.
    /// What is written, or would be.
    fn refused_or_block(&self, finding: Finding) -> (FixKind, String) {
        let done = self.import(vec![finding]);
        let fix = done.fixes.into_iter().next().flatten().unwrap();
        (
            fix.kind,
            format!("{}{}", done.diff, fix.block.unwrap_or_default()),
        )
    }

    fn refused(&self, finding: Finding) -> (String, String) {
        let done = self.import(vec![finding]);
        assert!(done.diff.is_empty(), "{}", done.diff);
        let fix = done.fixes.into_iter().next().flatten().unwrap();
        assert_eq!(fix.kind, FixKind::Refused);
        (fix.reason.unwrap(), fix.block.unwrap_or_default())
    }
}

/// Something that was added below a parent.
fn added(tf_type: &str, under: &str, id: &str, attributes: &[(&str, Value)]) -> Finding {
    let attributes = attributes.iter();
    Finding {
        id: FindingId(format!("f-{id}")),
        import_id: Some(id.to_owned()),
        under: Some(under.parse().unwrap()),
        severity: Severity::High,
        after: attributes
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        ..Finding::new(Kind::Unmanaged, Verdict::UnseenByPlan, tf_type)
    }
}

fn inline_policy(role: &str, under: &str, name: &str, policy: serde_json::Value) -> Finding {
    added(
        "aws_iam_role_policy",
        under,
        &format!("{role}:{name}"),
        &[
            ("name", name.into()),
            ("name_prefix", "".into()),
            ("policy", policy.to_string().into()),
            ("role", role.into()),
        ],
    )
}

fn attachment(role: &str, under: &str, arn: &str) -> Finding {
    added(
        "aws_iam_role_policy_attachment",
        under,
        &format!("{role}/{arn}"),
        &[("policy_arn", arn.into()), ("role", role.into())],
    )
}

/// A rule of the group `sg-1`, as the service answers it.
fn rule(direction: &str, under: &str, number: u32, parts: &[(&str, Value)]) -> Finding {
    let id = format!("sgr-{number}");
    let mut all = vec![
        ("id", Value::from(id.as_str())),
        ("security_group_rule_id", id.as_str().into()),
        ("security_group_id", "sg-1".into()),
        (
            "arn",
            format!("arn:aws:ec2:eu-west-1:123456789012:security-group-rule/{id}").into(),
        ),
        ("tags_all", Value::map::<&str>([])),
    ];
    all.extend(parts.iter().cloned());
    added(
        &format!("aws_vpc_security_group_{direction}_rule"),
        under,
        &id,
        &all,
    )
}

/// TCP from everywhere to a port.
fn open(direction: &str, number: u32, port: i64) -> Finding {
    let parts = [
        ("cidr_ipv4", "0.0.0.0/0".into()),
        ("ip_protocol", "tcp".into()),
        ("from_port", port.into()),
        ("to_port", port.into()),
    ];
    rule(direction, "aws_security_group.web", number, &parts)
}

const ROLE: &str = r#"resource "aws_iam_role" "web" {
  name = "shop-web"
}
"#;

fn role(code: &str) -> World<'static> {
    World {
        files: vec![("iam.tf", code.to_owned())],
        state: vec![
            (
                "aws_iam_role.web",
                vec![("id", "shop-web"), ("name", "shop-web")],
            ),
            (
                "aws_iam_policy.read",
                vec![
                    ("id", "arn:aws:iam::1:policy/read"),
                    ("arn", "arn:aws:iam::1:policy/read"),
                ],
            ),
        ],
        terraform: Some("1.11.4"),
        alias: None,
    }
}

fn group(rules: &str) -> World<'static> {
    let code = format!("resource \"aws_security_group\" \"web\" {{\n  name = \"web\"\n}}\n{rules}");
    World {
        files: vec![("net.tf", code)],
        state: vec![
            ("aws_security_group.web", vec![("id", "sg-1")]),
            ("aws_security_group.db", vec![("id", "sg-2")]),
        ],
        terraform: None,
        alias: None,
    }
}

fn debug() -> Finding {
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:PassRole", "s3:*"], "Resource": "arn:aws:s3:::a/${aws:username}/*",
         "Condition": {"Bool": {"aws:SecureTransport": "true"}}, "Sid": "Debug"}]});
    inline_policy("shop-web", "aws_iam_role.web", "debug", policy)
}

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[test]
fn a_roles_policies_are_taken_over_behind_its_file() {
    let world = role(ROLE);
    let found = [debug(), attachment("shop-web", "aws_iam_role.web", ADMIN)];
    insta::assert_snapshot!(world.imported(found.to_vec()));
}

#[test]
fn a_groups_rules_are_taken_over_in_the_form_of_their_siblings() {
    let newer = "resource \"aws_vpc_security_group_ingress_rule\" \"a\" {\n  security_group_id = aws_security_group.web.id\n}\n";
    let older = "resource \"aws_security_group_rule\" \"a\" {\n  type              = \"ingress\"\n  security_group_id = aws_security_group.web.id\n}\n";
    let blocks = "resource \"aws_security_group\" \"web\" {\n  name = \"web\"\n\n  ingress {\n    from_port = 1\n  }\n}\n";
    let found = || {
        vec![
            open("ingress", 1, 22),
            open("egress", 2, 443),
            rule(
                "egress",
                "aws_security_group.web",
                3,
                &[
                    ("ip_protocol", "-1".into()),
                    ("from_port", (-1).into()),
                    ("to_port", (-1).into()),
                    ("description", "a ${b}".into()),
                    ("referenced_security_group_id", "sg-2".into()),
                ],
            ),
        ]
    };
    insta::assert_snapshot!("rules_as_resources", group(newer).imported(found()));
    insta::assert_snapshot!("rules_in_the_older_form", group(older).imported(found()));
    assert_eq!(group("").imported(found()), group(newer).imported(found()));
    let mut world = group("");
    world.files[0].1 = blocks.to_owned();
    let egress = found().split_off(1);
    let done = world.import(egress);
    assert!(
        done.fixes
            .iter()
            .flatten()
            .all(|fix| fix.kind == FixKind::Import),
        "{:?}",
        done.fixes
    );
    insta::assert_snapshot!("rules_as_blocks", done.diff);
}

#[test]
fn one_instance_is_referred_to_by_its_key_and_what_the_code_declares_by_its_name() {
    let code = r#"resource "aws_iam_policy" "read" {
  name = "read"
}
resource "aws_iam_role" "many" {
  for_each = toset(["a", "b $${c}"])
  name     = each.key
}
resource "aws_iam_role" "two" {
  count = 2
  name  = "two-${count.index}"
}
"#;
    let each = "aws_iam_role.many[\"b ${c}\"]";
    let mut world = role(code);
    world.state.extend([
        ("aws_iam_role.many[\"a\"]", vec![("id", "a"), ("name", "a")]),
        (each, vec![("id", "b ${c}"), ("name", "b ${c}")]),
        (
            "aws_iam_role.two[0]",
            vec![("id", "two-0"), ("name", "two-0")],
        ),
        (
            "aws_iam_role.two[1]",
            vec![("id", "two-1"), ("name", "two-1")],
        ),
    ]);
    let read = "arn:aws:iam::1:policy/read";
    let found = vec![
        attachment("b ${c}", each, read),
        attachment("two-1", "aws_iam_role.two[1]", read),
    ];
    insta::assert_snapshot!(world.imported(found));
}

#[test]
fn a_rule_keeps_its_tags_and_its_parents_provider() {
    let code = r#"provider "aws" {
  alias = "dr"
  default_tags {
    tags = { Team = "shop", Stage = "live" }
  }
}
resource "aws_security_group" "web" {
  provider = aws.dr
  name     = "web"
}
"#;
    let mut world = group("");
    world.files[0].1 = code.to_owned();
    world.alias = Some("dr");
    let tags = Value::map([
        ("Team", Value::from("shop")),
        ("Stage", "test".into()),
        ("a ${b}", "\"x\"".into()),
    ]);
    let parts = [
        ("ip_protocol", "-1".into()),
        ("cidr_ipv6", "::/0".into()),
        ("tags_all", tags),
    ];
    insta::assert_snapshot!(world.imported(vec![rule(
        "ingress",
        "aws_security_group.web",
        1,
        &parts
    )]));
}

#[test]
fn a_route_is_taken_over_as_the_tables_other_routes_are() {
    let code = "resource \"aws_route_table\" \"a\" {\n  vpc_id = \"vpc-1\"\n}\n";
    let world = World {
        files: vec![("net.tf", code.to_owned())],
        state: vec![("aws_route_table.a", vec![("id", "rtb-1")])],
        terraform: None,
        alias: None,
    };
    let parts = [
        ("route_table_id", "rtb-1".into()),
        ("destination_cidr_block", "10.2.0.0/16".into()),
        ("gateway_id", "igw-1".into()),
        ("nat_gateway_id", "".into()),
    ];
    let route = added(
        "aws_route",
        "aws_route_table.a",
        "rtb-1_10.2.0.0/16",
        &parts,
    );
    insta::assert_snapshot!(world.imported(vec![route]));
}

#[test]
fn a_files_line_ends_are_kept_and_its_last_line_gets_one() {
    let found = || vec![attachment("shop-web", "aws_iam_role.web", ADMIN), debug()];
    let plain = role(ROLE).imported(found());
    assert_eq!(
        role(ROLE.trim_end()).imported(found()),
        format!("\n{plain}")
    );
    let windows = ROLE.replace('\n', "\r\n");
    assert_eq!(
        role(&windows).imported(found()),
        plain.replace('\n', "\r\n")
    );
}

#[test]
fn a_name_is_new_to_the_code_and_to_the_state() {
    let name = |world: &World<'_>| {
        let text = world.imported(vec![debug()]);
        let name = text.split_once("to = aws_iam_role_policy.").unwrap().1;
        name.split_once('\n').unwrap().0.to_owned()
    };
    assert_eq!(name(&role(ROLE)), "web_debug");
    // What has no instance now, or was moved, had the name as well.
    for code in [
        "resource \"aws_iam_role_policy\" \"web_debug\" {\n  count = 0\n}\n",
        "moved {\n  from = aws_iam_role_policy.web_debug\n  to   = aws_iam_role_policy.other\n}\n",
    ] {
        assert_eq!(
            name(&role(&format!("{ROLE}{code}"))),
            "web_debug_2",
            "{code}"
        );
    }
    let mut world = role(ROLE);
    world
        .state
        .push(("aws_iam_role_policy.web_debug", vec![("id", "x")]));
    assert_eq!(name(&world), "web_debug_2");
    let found = [open("ingress", 1, 22), open("ingress", 2, 22)];
    let text = group("").imported(found.to_vec());
    assert!(
        text.contains("web_ingress_tcp_22\n") && text.contains("web_ingress_tcp_22_2\n"),
        "{text}"
    );
}

#[test]
fn what_grants_access_is_taken_over_only_where_somebody_said_so() {
    let world = role(ROLE);
    for direction in [FixPolicy::ByRisk, FixPolicy::Restore] {
        let mut found = debug();
        found.severity = Severity::Low;
        let done = world.fix(vec![found], |_| direction);
        assert!(done.diff.is_empty());
        let fix = done.fixes[0].clone().unwrap();
        assert_eq!(fix.kind, FixKind::Refused);
        assert!(
            fix.reason
                .unwrap()
                .contains("DriftGuard imports it only on request")
        );
        let block = fix.block.unwrap();
        assert!(
            block.contains("  role = aws_iam_role.web.name\n"),
            "{block}"
        );
        assert!(
            fix.command
                .unwrap()
                .starts_with("aws iam delete-role-policy")
        );
    }
    let done = world.fix(vec![debug()], |_| FixPolicy::None);
    assert!(done.fixes[0].is_none() && done.diff.is_empty());
    let done = world.fix(vec![debug()], |_| FixPolicy::Adopt);
    assert_eq!(done.fixes[0].as_ref().unwrap().kind, FixKind::Import);
    // Of several, those that were decided on.
    let both = vec![debug(), attachment("shop-web", "aws_iam_role.web", ADMIN)];
    let done = world.fix(both, |finding| match finding.tf_type.as_str() {
        "aws_iam_role_policy" => FixPolicy::Import,
        _ => FixPolicy::ByRisk,
    });
    let kinds: Vec<_> = done.fixes.iter().flatten().map(|fix| fix.kind).collect();
    assert_eq!(kinds, [FixKind::Import, FixKind::Refused]);
    assert!(!done.diff.contains("AdministratorAccess"), "{}", done.diff);
}

#[test]
fn an_import_leaves_alone_what_stands_in_the_account_below_nothing_managed() {
    let mut found = debug();
    found.under = None;
    let done = role(ROLE).import(vec![found]);
    assert!(done.fixes[0].is_none() && done.diff.is_empty());
}

#[test]
fn what_hangs_below_a_module_is_written_by_hand() {
    let mut world = role("module \"a\" {\n  source   = \"./a\"\n  for_each = toset([\"x\"])\n}\n");
    world.files.push(("a/main.tf", ROLE.to_owned()));
    let parent = "module.a[\"x\"].aws_iam_role.web";
    world
        .state
        .push((parent, vec![("id", "shop-web"), ("name", "shop-web")]));
    let (reason, block) = world.refused(attachment("shop-web", parent, ADMIN));
    assert!(
        reason.contains("stands in a module: its code, a/main.tf, is that of every call"),
        "{reason}"
    );
    insta::assert_snapshot!(block);
}

#[test]
fn below_a_module_that_is_called_once_the_import_stands_in_the_root() {
    let mut world = role("module \"a\" {\n  source = \"./a\"\n}\n");
    world.files.push(("a/main.tf", ROLE.to_owned()));
    let parent = "module.a.aws_iam_role.web";
    world
        .state
        .push((parent, vec![("id", "shop-web"), ("name", "shop-web")]));
    let done = world.import(vec![attachment("shop-web", parent, ADMIN)]);
    let name = "aws_iam_role_policy_attachment.web_administrator_access";
    let root = done.tree.text("iam.tf").unwrap();
    assert!(
        root.ends_with(&format!(
            "}}\n\nimport {{\n  to = module.a.{name}\n  id = \"shop-web/{ADMIN}\"\n}}\n"
        )),
        "{root}"
    );
    let module = done.tree.text("a/main.tf").unwrap();
    assert!(
        module.starts_with(ROLE) && module.contains("  role       = aws_iam_role.web.name\n"),
        "{module}"
    );
}

#[test]
fn an_import_that_terraform_or_the_code_would_not_take_is_refused() {
    let settings = "terraform {\n  required_version = \">= 1.1, < 1.5\"\n}\n";
    let (reason, block) = role(&format!("{ROLE}{settings}")).refused(debug());
    assert!(
        reason.contains("at iam.tf:5 leaves out every Terraform that knows import blocks"),
        "{reason}"
    );
    assert!(
        block.starts_with("import {\n  to = aws_iam_role_policy.web_debug\n"),
        "{block}"
    );

    let mut old = role(ROLE);
    old.terraform = Some("1.4.6");
    let (reason, _) = old.refused(debug());
    assert!(
        reason.contains("Terraform 1.4.6 wrote the state"),
        "{reason}"
    );
    let demanded = settings.replace(">= 1.1, < 1.5", "~> 1.5");
    old.files[0].1 += &demanded;
    old.imported(vec![debug()]);

    let import = "import {\n  to = aws_iam_role_policy.a\n  id = \"shop-web:debug\"\n}\n";
    let (reason, _) = role(&format!("{ROLE}{import}")).refused(debug());
    assert!(
        reason.contains("the import block at iam.tf:6 takes it over already"),
        "{reason}"
    );

    let (reason, _) = role("locals {}\n").refused(debug());
    assert!(
        reason.contains("the code of aws_iam_role.web was not found"),
        "{reason}"
    );

    // The state knows the role by another name: the reference would not be it.
    let mut other = role(ROLE);
    other.state[0].1 = vec![("id", "other"), ("name", "other")];
    let (reason, _) = other.refused(debug());
    assert!(
        reason.contains("would not leave aws_iam_role_policy.web_debug as it should be"),
        "{reason}"
    );
}

#[test]
fn a_secret_in_what_was_added_is_never_written() {
    let redactor = driftguard::model::Redactor::new(b"key");
    let mut found = debug();
    found
        .after
        .insert("policy".to_owned(), redactor.fingerprint(&"hunter2".into()));
    let (reason, block) = role(ROLE).refused(found);
    assert!(
        reason.contains("`policy` is a secret, which code must not hold"),
        "{reason}"
    );
    assert!(!block.contains("hunter2"), "{block}");
}

/// In the form of a name nobody would know it for a credential.
#[test]
fn a_credential_is_no_part_of_a_name_and_no_id_of_an_import() {
    let key = "AKIAIOSFODNN7EXAMPLE";
    let mut named = debug();
    named.import_id = Some(format!("shop-web:{key}"));
    named.after.insert("name".to_owned(), key.into());
    let (reason, block) = role(ROLE).refused(named);
    assert!(reason.contains("looks like a credential"), "{reason}");
    let names = block.replace(key, "");
    assert!(!names.to_lowercase().contains("akia"), "{block}");
    // What only the code calls so.
    let code = ROLE.replace("\"web\"", &format!("\"{key}\""));
    let mut below = debug();
    below.under = Some(format!("aws_iam_role.{key}").parse().unwrap());
    let mut world = role(&code);
    world.state[0].0 = "aws_iam_role.AKIAIOSFODNN7EXAMPLE";
    let (_, block) = world.refused_or_block(below);
    let names = block.replace(key, "");
    assert!(!names.to_lowercase().contains("akia"), "{block}");
}

#[test]
fn a_policy_that_is_none_is_written_as_the_text_that_it_is() {
    let mut found = debug();
    found
        .after
        .insert("policy".to_owned(), "no ${policy}".into());
    let text = role(ROLE).imported(vec![found]);
    assert!(text.contains("  policy = \"no $${policy}\"\n"), "{text}");
}

#[test]
fn a_groups_blocks_take_over_all_rules_of_a_direction_or_none() {
    let blocks = "resource \"aws_security_group\" \"web\" {\n  name = \"web\"\n\n  ingress {\n    from_port = 1\n  }\n}\n";
    let mut world = group("");
    world.files[0].1 = blocks.to_owned();
    let found = || vec![open("egress", 1, 443), open("egress", 2, 80)];
    let done = world.fix(found(), |finding| match finding.import_id.as_deref() {
        Some("sgr-1") => FixPolicy::Import,
        _ => FixPolicy::None,
    });
    let fix = done.fixes[0].as_ref().unwrap();
    let reason = fix.reason.as_deref().unwrap();
    assert!(
        reason.contains("an apply would take sgr-2 away"),
        "{reason}"
    );
    assert!(done.diff.is_empty());
    let block = fix.block.as_deref().unwrap();
    assert!(
        block.contains("  egress {\n    cidr_blocks = [\"0.0.0.0/0\"]\n"),
        "{block}"
    );
    let done = world.import(found());
    assert_eq!(done.diff.matches("+  egress {").count(), 2, "{}", done.diff);
}

#[test]
fn a_rule_that_the_groups_form_cannot_say_is_refused() {
    let older = "resource \"aws_security_group_rule\" \"a\" {\n  type              = \"ingress\"\n  security_group_id = aws_security_group.web.id\n}\n";
    let parts = [
        ("ip_protocol", "tcp".into()),
        ("from_port", 1.into()),
        ("to_port", 2.into()),
        ("referenced_security_group_id", "210987654321/sg-9".into()),
    ];
    let found = rule("ingress", "aws_security_group.web", 1, &parts);
    let (reason, _) = group(older).refused(found);
    assert!(
        reason.contains("as aws_security_group_rule, which cannot say it"),
        "{reason}"
    );
}
