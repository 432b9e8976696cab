//! A default tag that somebody changed on one resource: the resource's own tag goes before the provider's.

use crate::fixes::{adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, FixKind, Value};

const PROVIDER: &str =
    "provider \"aws\" {\n  default_tags { tags = { Team = \"platform\" } }\n}\n\n";
const GATEWAY: &str = "aws_internet_gateway.g";

fn gateway(tags: &str) -> String {
    format!(
        "{PROVIDER}resource \"aws_internet_gateway\" \"g\" {{\n  vpc_id = \"vpc-1\"\n{tags}}}\n"
    )
}

fn team(live: Value) -> Difference {
    difference("tags_all[\"Team\"]", "platform".into(), live)
}

#[test]
fn a_changed_default_tag_becomes_one_of_the_resource() {
    let code = gateway("  tags = {\n    Role = \"edge\"\n  }\n");
    let added = difference("tags[\"Unit\"]", Value::Null, "x".into());
    let all = vec![added, team("data".into())];
    let (_, text) = adopted_in(&[("main.tf", &code)], GATEWAY, all);
    let entries = "    Role = \"edge\"\n    Unit = \"x\"\n    Team = \"data\"\n";
    assert_eq!(text, code.replace("    Role = \"edge\"\n", entries));
}

#[test]
fn a_resource_without_tags_gains_them() {
    let code = gateway("");
    let (_, text) = adopted_in(&[("main.tf", &code)], GATEWAY, vec![team("data".into())]);
    assert!(
        text.ends_with("  vpc_id = \"vpc-1\"\n  tags = {\n    Team = \"data\"\n  }\n}\n"),
        "{text}"
    );
}

#[test]
fn no_resource_leaves_out_a_default_tag() {
    let code = gateway("");
    let (fix, _) = adopt(&[("main.tf", &code)], GATEWAY, vec![team(Value::Null)]);
    assert_eq!(fix.kind, FixKind::Refused);
    let why = fix.reason.unwrap();
    assert!(why.contains("which no resource can leave out"), "{why}");
    let by_hand = fix.block.unwrap();
    assert!(!by_hand.contains("tags_all = "), "{by_hand}");
}

/// What a person pastes where nothing is edited is no `tags_all` either, which a provider sets.
#[test]
fn what_is_written_by_hand_is_a_tag_of_the_resource() {
    let code = gateway("  tags = data.aws_default_tags.all.tags\n");
    let (fix, _) = adopt(&[("main.tf", &code)], GATEWAY, vec![team("data".into())]);
    assert_eq!(fix.kind, FixKind::Refused, "{fix:?}");
    let by_hand = fix.block.unwrap();
    assert!(
        by_hand.contains("  tags = { Team = \"data\" }"),
        "{by_hand}"
    );
}
