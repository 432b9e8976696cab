//! Code that more than one stack runs, or that others read whose values are not evaluated: an edit there is made only
//! where all that it changes is known.

use crate::recorded_stack::{difference, finding};
use driftguard::code::{self, Options};
use driftguard::model::{Catalog, Finding, Fix, RefusalKind, Tree};
use driftguard::patch::{self, AdoptedValues, Changed, FixPolicy, OtherStack, Stack};
use driftguard::resources;

/// The code of `main.tf`, with the variables of production and staging.
fn tree(code: &str) -> Tree {
    let files = [
        ("main.tf", code),
        ("prod.tfvars", "size = \"t3.small\"\n"),
        ("staging.tfvars", "size = \"t3.micro\"\n"),
    ];
    let bytes = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    bytes.into_iter().collect()
}

fn workspace(name: &str, var_files: &[&str]) -> Options {
    Options {
        workspace: name.to_owned(),
        var_files: var_files.iter().map(|file| (*file).to_owned()).collect(),
        ..Options::default()
    }
}

/// `instance_type` of a resource, which somebody changed to another size.
fn resized(address: &str, live: &str) -> Finding {
    let difference = difference("instance_type", "t3.small".into(), live.into());
    finding(address, vec![difference])
}

/// Adopts what somebody changed in production, while staging runs the code as well.
fn adopt(
    tree: &Tree,
    (production, staging): (&Options, &Options),
    in_staging: &[Finding],
) -> (Changed, Fix) {
    let evaluated = code::evaluate(tree, "", production);
    let catalog: Catalog = resources::catalog();
    let adopted = AdoptedValues::of(in_staging);
    let stack = Stack {
        tree,
        folder: "",
        options: production,
        declared: &evaluated.declared,
        catalog: &catalog,
        others: vec![OtherStack {
            name: "staging",
            options: staging,
            adopted: Some(&adopted),
        }],
    };
    let mut findings = [resized("aws_instance.web", "t3.large")];
    let changed = patch::plan(&mut findings, &stack, FixPolicy::Adopt);
    let [finding] = findings;
    (changed, finding.fix.unwrap())
}

fn text<'c>(changed: &'c Changed, file: &str) -> &'c str {
    std::str::from_utf8(&changed[file]).unwrap()
}

#[test]
fn a_literal_that_two_workspaces_run_is_not_edited_for_one_of_them() {
    let tree = tree("resource \"aws_instance\" \"web\" {\n  instance_type = \"t3.small\"\n}\n");
    let (production, staging) = (workspace("prod", &[]), workspace("staging", &[]));
    let (changed, fix) = adopt(&tree, (&production, &staging), &[]);
    assert!(changed.is_empty());
    assert_eq!(
        fix.reason.as_deref(),
        Some(
            "main.tf is code that the stack `staging` runs as well, where it would change aws_instance.web: set the \
             value in a file of variables of its own"
        )
    );
    assert_eq!(fix.refused[0].kind, RefusalKind::Shared);

    // In staging somebody changed it alike: the edit is right for both.
    let alike = [resized("aws_instance.web", "t3.large")];
    let (changed, _) = adopt(&tree, (&production, &staging), &alike);
    assert!(text(&changed, "main.tf").contains("\"t3.large\""));
    let other = [resized("aws_instance.web", "t3.nano")];
    assert!(adopt(&tree, (&production, &staging), &other).0.is_empty());
}

#[test]
fn what_a_workspace_has_for_itself_is_edited() {
    let code = "resource \"aws_instance\" \"web\" {\n  instance_type = terraform.workspace == \"prod\" ? \"t3.small\" : \"t3.micro\"\n}\n";
    let (production, staging) = (workspace("prod", &[]), workspace("staging", &[]));
    let of_arm = tree(code);
    let (changed, _) = adopt(&of_arm, (&production, &staging), &[]);
    assert!(text(&changed, "main.tf").contains("\"prod\" ? \"t3.large\" : \"t3.micro\""));

    let of_file = tree(
        "variable \"size\" {\n  type = string\n}\n\nresource \"aws_instance\" \"web\" {\n  instance_type = var.size\n}\n",
    );
    let production = workspace("prod", &["prod.tfvars"]);
    let staging = workspace("staging", &["staging.tfvars"]);
    let (changed, _) = adopt(&of_file, (&production, &staging), &[]);
    assert_eq!(text(&changed, "prod.tfvars"), "size = \"t3.large\"\n");
    assert_eq!(changed.len(), 1);

    // Both read the one file.
    let staging = workspace("staging", &["prod.tfvars"]);
    let (changed, fix) = adopt(&of_file, (&production, &staging), &[]);
    assert!(changed.is_empty());
    assert!(
        fix.reason
            .unwrap()
            .starts_with("prod.tfvars is code that the stack `staging`")
    );
}

/// Adopts `t3.large` for `aws_instance.web` in code that one stack runs; returns why it is refused, if it is.
fn refused(code: &str) -> Option<String> {
    refused_among(&[("main.tf", code)])
}

fn refused_among(files: &[(&str, &str)]) -> Option<String> {
    let files = files.iter();
    let tree: Tree = files
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect();
    let options = Options::default();
    let evaluated = code::evaluate(&tree, "", &options);
    let stack = Stack {
        tree: &tree,
        folder: "",
        options: &options,
        declared: &evaluated.declared,
        catalog: &resources::catalog(),
        others: Vec::new(),
    };
    let mut findings = [resized("aws_instance.web", "t3.large")];
    let changed = patch::plan(&mut findings, &stack, FixPolicy::Adopt);
    let [finding] = findings;
    let fix = finding.fix.unwrap();
    assert_eq!(changed.is_empty(), fix.edits.is_empty());
    changed.is_empty().then(|| fix.reason.unwrap())
}

#[test]
fn a_root_module_that_another_one_calls_is_not_edited_for_itself() {
    let code = "resource \"aws_instance\" \"web\" {\n  instance_type = \"t3.small\"\n}\n";
    let call = "module \"all\" {\n  source = \"../..\"\n}\n";
    let why = refused_among(&[("main.tf", code), ("examples/all/main.tf", call)]);
    let shared = "main.tf is code that `examples/all` runs as well: let the module take the value as a variable";
    assert_eq!(why.as_deref(), Some(shared));
}

/// A resource whose size is the default of a variable.
const WEB: &str = r#"
variable "size" {
  default = "t3.small"
}

resource "aws_instance" "web" {
  instance_type = var.size
}
"#;

#[test]
fn a_value_is_left_alone_where_code_that_is_not_evaluated_depends_on_it() {
    for (reader, code) in [
        (
            "data.aws_ec2_instance_type.x",
            "data \"aws_ec2_instance_type\" \"x\" {\n  instance_type = var.size\n}\n",
        ),
        (
            "aws_instance.other",
            "resource \"aws_instance\" \"other\" {\n  instance_type = data.aws_ami.x.id == \"\" ? var.size : \"t3.nano\"\n}\n",
        ),
        (
            "aws_instance.other",
            "resource \"aws_instance\" \"other\" {\n  root_block_device {\n    volume_type = \"${data.aws_ami.x.id}-${var.size}\"\n  }\n}\n",
        ),
        (
            "aws_instance.many",
            "resource \"aws_instance\" \"many\" {\n  count = var.size == data.aws_ami.x.id ? 1 : 0\n}\n",
        ),
        (
            "module.elsewhere",
            "module \"elsewhere\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n  name   = var.size\n}\n",
        ),
        (
            "provider.kubernetes",
            "provider \"kubernetes\" {\n  host = var.size\n}\n",
        ),
    ] {
        let why = refused(&format!("{WEB}\n{code}")).unwrap_or_else(|| panic!("{code}"));
        assert!(why.starts_with(&format!("{reader} at main.tf:")), "{why}");
        assert!(why.contains("is not known"), "{why}");
    }
}

#[test]
fn an_argument_that_another_resource_reads_is_left_alone() {
    let web = "resource \"aws_instance\" \"web\" {\n  instance_type = \"t3.small\"\n}\n";
    let reads = |text: &str| {
        refused(&format!(
            "{web}\nresource \"aws_instance\" \"copy\" {{\n  user_data = {text}\n}}\n"
        ))
    };
    for text in [
        "aws_instance.web.instance_type",
        "\"size: ${aws_instance.web.instance_type}\"",
        "jsonencode(aws_instance.web)",
    ] {
        let why = reads(text).unwrap_or_else(|| panic!("{text}"));
        assert!(why.starts_with("aws_instance.copy at main.tf:5"), "{why}");
    }
    assert_eq!(reads("aws_instance.web.arn"), None);
}

#[test]
fn an_argument_that_another_resource_reads_is_left_alone_wherever_its_value_is_written() {
    let copy =
        "resource \"aws_instance\" \"copy\" {\n  user_data = aws_instance.web.instance_type\n}\n";
    let why = refused(&format!("{WEB}\n{copy}")).unwrap();
    assert!(why.starts_with("aws_instance.copy at main.tf:"), "{why}");

    // As an element of a map, only that element's readers count.
    let each = |reader: &str| {
        refused(&format!(
            "resource \"aws_instance\" \"web\" {{\n  instance_type = local.sizes.web.size\n}}\n\nlocals {{\n  sizes = {{\n    \
             batch = {{ size = \"t3.nano\" }}\n    web   = {{ size = \"t3.small\" }}\n  }}\n}}\n\nresource \"aws_instance\" \
             \"many\" {{\n  for_each  = local.sizes\n  user_data = {reader}\n}}\n"
        ))
    };
    assert_eq!(each("each.key"), None);
    let why = each("\"${data.aws_ami.x.id}-${each.value.size}\"").unwrap();
    assert!(why.starts_with("aws_instance.many at main.tf:"), "{why}");
}

#[test]
fn a_value_that_configures_the_provider_is_left_alone() {
    let code = format!(
        "provider \"aws\" {{\n  default_tags {{\n    tags = {{\n      Size = var.size\n    }}\n  }}\n}}\n{WEB}"
    );
    let why = refused(&code).unwrap();
    assert!(
        why.starts_with("the edit would change how providers"),
        "{why}"
    );
}

#[test]
fn blocks_that_a_dynamic_makes_of_an_edited_value_are_looked_into() {
    let dynamic = |name: &str| {
        format!(
            "{WEB}\nresource \"aws_iam_role\" \"x\" {{\n  dynamic \"inline_policy\" {{\n    for_each = [var.size]\n    content \
             {{\n      name   = {name}\n      policy = data.aws_ami.x.id\n    }}\n  }}\n}}\n"
        )
    };
    let why = refused(&dynamic("\"${data.aws_ami.x.id}-${inline_policy.value}\"")).unwrap();
    assert!(why.starts_with("aws_iam_role.x at main.tf:"), "{why}");
}

#[test]
fn each_instance_of_a_module_is_followed_by_itself() {
    let module = "variable \"size\" {}\n\noutput \"size\" {\n  value = var.size\n}\n";
    let code = |key: &str| {
        format!(
            "locals {{\n  all = {{\n    alpha = {{ size = \"t3.nano\" }}\n    web   = {{ size = \"t3.small\" }}\n  }}\n}}\n\nmodule \
             \"m\" {{\n  source   = \"./m\"\n  for_each = local.all\n  size     = each.value.size\n}}\n\nresource \"aws_instance\" \
             \"web\" {{\n  instance_type = local.all.web.size\n}}\n\ndata \"aws_ami\" \"x\" {{\n  owners = \
             [module.m[\"{key}\"].size]\n}}\n"
        )
    };
    for key in ["web", "alpha"] {
        let why = refused_among(&[("main.tf", &code(key)), ("m/main.tf", module)]).unwrap();
        assert!(why.starts_with("data.aws_ami.x at main.tf:"), "{why}");
    }
}

#[test]
fn what_is_unknown_beside_a_value_does_not_matter() {
    for code in [
        "resource \"aws_instance\" \"other\" {\n  ami = data.aws_ami.x.id\n  tags = {\n    Size = \"x\"\n    Ami  = data.aws_ami.x.id\n  }\n}\n",
        "data \"aws_ami\" \"x\" {\n  owners = [\"amazon\"]\n}\n",
        "output \"size\" {\n  value = var.size\n}\n",
    ] {
        assert_eq!(refused(&format!("{WEB}\n{code}")), None, "{code}");
    }
    // Of a map only the entry counts.
    let code = "locals {\n  all = {\n    web   = { size = \"t3.small\", ami = data.aws_ami.x.id }\n    batch = { size = \"t3.nano\", ami = data.aws_ami.y.id }\n  }\n}\n\nresource \"aws_instance\" \"web\" {\n  instance_type = local.all.web.size\n  ami           = local.all.web.ami\n}\n\nresource \"aws_instance\" \"all\" {\n  for_each      = local.all\n  user_data     = \"x\"\n  ami           = each.value.ami\n}\n";
    assert_eq!(refused(code), None);
}
