//! Holds docs/resources.md to the table of resource types: what is read, with which IAM action, and what is not.
//! `UPDATE_DOCS=1 scripts/test resources` writes it anew.

use driftguard::resources::{self, ALL, ResourceType, Scope};
use std::fmt::Write;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/resources.md");

const INTRODUCTION: &str = "# What is read

Generated from the table in `src/resources`; a test keeps it current. A scan lists every other type of the AWS provider as
unsupported, and reports no finding about it.

*Read* lists the attributes and blocks that code may set and AWS returns. *Not read* are those that no API returns, that
control how a resource is created or changed, or that a resource of its own sets. *Unseen by a plan* are those whose change
is reported although the code leaves them out: a plan does not show it. Where the code was not evaluated, a change of any
attribute that is read and may be set is reported, except for those that AWS or the provider *changes by itself*. *Parts*
are reported as findings of their own where no state claims them.

`Account`: with `--unmanaged account`, resources that no state claims are looked for in the whole account. All of it
together needs the policy that `driftguard iam-policy` prints.
";

#[test]
fn the_page_says_what_the_table_says() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &page).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        kept == page,
        "docs/resources.md is stale: UPDATE_DOCS=1 scripts/test resources"
    );
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page += "\n| type | asked | account | IAM actions |\n|---|---|---|---|\n";
    for known in ALL {
        let asked = match known.scope {
            Scope::Regional => "in each region",
            Scope::Global => "once",
        };
        let listed = if known.listed { "yes" } else { "" };
        let name = known.tf_type;
        let actions = quoted(known.actions);
        let _ = writeln!(
            page,
            "| [`{name}`](#{name}) | {asked} | {listed} | {actions} |"
        );
    }
    for known in ALL {
        page += &section(known);
    }
    page
}

fn section(known: &ResourceType) -> String {
    let catalog = resources::catalog();
    let schema = catalog.get(known.tf_type).unwrap();
    let extra = &known.rules;
    let settable = schema.attributes.iter().filter(|(name, attribute)| {
        let name = name.as_str();
        let said = attribute.optional && !["id", "timeouts"].contains(&name);
        said && !extra.never_read.contains(&name)
    });
    let read: Vec<&str> = settable.map(|(name, _)| name.as_str()).collect();
    let mut text = format!("\n## {}\n\nRead: {}.\n", known.tf_type, quoted(&read));
    let mut line = |label: &str, names: &[&str]| {
        if !names.is_empty() {
            let _ = writeln!(text, "\n{label}: {}.", quoted(names));
        }
    };
    line("Not read", extra.never_read);
    line("Unseen by a plan", extra.watched);
    line("Unseen where the code was not evaluated", extra.unseen);
    line("Changes by itself", extra.settled);
    let owners: Vec<String> = extra
        .owners
        .iter()
        .map(|owner| format!("{} by {}", owner.path, owner.tf_type))
        .collect();
    line(
        "Left to resources of their own where a state has one",
        &owners.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let parts: Vec<&str> = extra
        .children
        .iter()
        .map(|children| children.tf_type)
        .collect();
    line("Parts", &parts);
    text
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
