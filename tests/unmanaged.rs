//! What no state claims, looked for in the whole account and below groups.

use crate::aws::{BUCKET, Checkout, KEY, OwnMoto, STATE, shop};
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

/// A policy that allows everything.
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The types, ids and tags of what a scan of the whole account finds.
fn found(aws: &str, policy: &str) -> Vec<String> {
    let run = Checkout::new().driftguard(aws, &["scan", "--format", "json"]);
    let report = run.json();
    let findings = report["accounts"][0]["findings"].as_array().unwrap();
    let words = findings.iter().map(|finding| {
        let id = finding["import_id"].as_str().unwrap();
        let id = if id == policy { "policy" } else { id };
        format!("{} {id}", finding["type"].as_str().unwrap())
    });
    words.collect()
}

#[tokio::test]
async fn loose_volumes_users_groups_and_policies_are_found_and_what_instances_and_clusters_hold_is_not()
 {
    let aws = shop().await;
    assert_eq!(found(aws.url(), ""), [""; 0]);
    let config = crate::aws::config(aws.url()).await;
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let volume = async |tag: &str| {
        let tags = TagSpecification::builder().resource_type(ResourceType::Volume);
        let tags = tags.tags(Tag::builder().key(tag).value("x").build());
        let request = ec2.create_volume().availability_zone("us-east-1a").size(8);
        let made = request.tag_specifications(tags.build()).send().await;
        made.unwrap().volume_id.unwrap()
    };
    let loose = volume("Name").await;
    volume("ebs.csi.aws.com/cluster").await;
    let attached = volume("Data").await;
    let instances = ec2.describe_instances().send().await.unwrap();
    let instance = &instances.reservations()[0].instances()[0];
    let attach = ec2.attach_volume().volume_id(attached).device("/dev/sdz");
    let id = instance.instance_id().unwrap();
    attach.instance_id(id).send().await.unwrap();
    let iam = aws_sdk_iam::Client::new(&config);
    iam.create_user().user_name("eve").send().await.unwrap();
    iam.create_group().group_name("cabal").send().await.unwrap();
    let policy = iam.create_policy().policy_name("all");
    let made = policy.policy_document(EVERYTHING).send().await.unwrap();
    let arn = made.policy().unwrap().arn().unwrap();
    assert_eq!(
        found(aws.url(), arn),
        [
            format!("aws_ebs_volume {loose}"),
            "aws_iam_group cabal".to_owned(),
            "aws_iam_policy policy".to_owned(),
            "aws_iam_user eve".to_owned(),
        ]
    );
}

const GROUPS: &str = "infra/production/groups.tf";
const GROUPS_CODE: &str = r#"resource "aws_iam_group" "operators" {
  name = "operators"
  path = "/teams/"
}

resource "aws_iam_group" "auditors" {
  name = "auditors"
}

resource "aws_iam_group_policy_attachment" "auditors" {
  group      = aws_iam_group.auditors.name
  policy_arn = "arn:aws:iam::aws:policy/SecurityAudit"
}

resource "aws_iam_group_policy" "auditors" {
  name  = "lists"
  group = aws_iam_group.auditors.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:List*", Resource = "*" }]
  })
}
"#;
const AUDIT: &str = "arn:aws:iam::aws:policy/SecurityAudit";
const LISTS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:List*","Resource":"*"}]}"#;

/// A resource of a state with these attributes.
fn recorded(tf_type: &str, name: &str, attributes: serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "mode": "managed", "type": tf_type, "name": name,
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances": [{"schema_version": 0, "attributes": attributes}],
    })
}

/// The shop's account with two groups that its stack manages.
async fn shop_with_groups() -> (OwnMoto, aws_sdk_iam::Client, Checkout) {
    let aws = shop().await;
    let iam = aws_sdk_iam::Client::new(&crate::aws::config(aws.url()).await);
    let mut state: serde_json::Value = serde_json::from_str(STATE).unwrap();
    let resources = state["resources"].as_array_mut().unwrap();
    for (name, path) in [("operators", "/teams/"), ("auditors", "/")] {
        let request = iam.create_group().group_name(name).path(path);
        let group = request.send().await.unwrap().group.unwrap();
        let attributes = serde_json::json!({
            "id": name, "name": name, "path": path, "arn": group.arn(), "unique_id": group.group_id(),
        });
        resources.push(recorded("aws_iam_group", name, attributes));
    }
    let attach = iam.attach_group_policy().group_name("auditors");
    attach.policy_arn(AUDIT).send().await.unwrap();
    let attachment = serde_json::json!({
        "id": "auditors-20260101000000000000000001", "group": "auditors", "policy_arn": AUDIT,
    });
    let tf_type = "aws_iam_group_policy_attachment";
    resources.push(recorded(tf_type, "auditors", attachment));
    let put = iam.put_group_policy().group_name("auditors");
    let put = put.policy_name("lists").policy_document(LISTS);
    put.send().await.unwrap();
    let policy = serde_json::json!({
        "id": "auditors:lists", "group": "auditors", "name": "lists", "name_prefix": "", "policy": LISTS,
    });
    resources.push(recorded("aws_iam_group_policy", "auditors", policy));
    let state = state.to_string();
    aws.put_object(BUCKET, KEY, &state).await.unwrap();
    let checkout = Checkout::new();
    checkout.write(GROUPS, GROUPS_CODE);
    (aws, iam, checkout)
}

#[tokio::test]
async fn policies_that_a_group_is_given_by_hand_are_critical_and_shown_with_their_import() {
    let (aws, iam, checkout) = shop_with_groups().await;
    let scan = || {
        let run = checkout.driftguard(aws.url(), &["scan", "--format", "json"]);
        run.findings()
    };
    assert_eq!(scan(), [""; 0]);
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let attach = iam.attach_group_policy().group_name("operators");
    attach.policy_arn(admin).send().await.unwrap();
    let put = iam.put_group_policy().group_name("auditors");
    let put = put.policy_name("debug").policy_document(EVERYTHING);
    put.send().await.unwrap();
    assert_eq!(
        scan(),
        [
            "critical unmanaged aws_iam_group_policy under aws_iam_group.auditors",
            "critical unmanaged aws_iam_group_policy_attachment under aws_iam_group.operators",
        ]
    );
    // A group has no attribute that lists its policies, so a person says where they belong.
    let run = checkout.driftguard(aws.url(), &["fix", "--import", "--format", "json"]);
    assert_eq!(checkout.read(GROUPS), GROUPS_CODE);
    let report = run.json();
    let fix = |at: usize| report["stacks"][0]["findings"][at]["fix"].clone();
    let policy = r#"import {
  to = aws_iam_group_policy.debug
  id = "auditors:debug"
}

resource "aws_iam_group_policy" "debug" {
  group = "auditors"
  name = "debug"
"#;
    let block = fix(0)["block"].as_str().unwrap().to_owned();
    assert!(block.starts_with(policy), "{block}");
    let command = "aws iam delete-group-policy --group-name 'auditors' --policy-name 'debug'";
    assert_eq!(fix(0)["command"], command);
    let attachment = r#"import {
  to = aws_iam_group_policy_attachment.administratoraccess
  id = "operators/arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_iam_group_policy_attachment" "administratoraccess" {
  group = "operators"
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}"#;
    assert_eq!(fix(1)["block"], attachment);
    let command =
        format!("aws iam detach-group-policy --group-name 'operators' --policy-arn '{admin}'");
    assert_eq!(fix(1)["command"], command);
}

#[tokio::test]
async fn a_group_that_is_no_more_or_elsewhere_and_policies_that_it_lost_are_found() {
    let (aws, iam, checkout) = shop_with_groups().await;
    let delete = iam.delete_group().group_name("operators");
    delete.send().await.unwrap();
    let create = iam.create_group().group_name("operators").path("/other/");
    create.send().await.unwrap();
    let detach = iam.detach_group_policy().group_name("auditors");
    detach.policy_arn(AUDIT).send().await.unwrap();
    let put = iam.put_group_policy().group_name("auditors");
    let put = put.policy_name("lists").policy_document(EVERYTHING);
    put.send().await.unwrap();
    let scan = || {
        let run = checkout.driftguard(aws.url(), &["scan", "--format", "json"]);
        run.findings()
    };
    assert_eq!(
        scan(),
        [
            "low modified aws_iam_group.operators path",
            "critical modified aws_iam_group_policy.auditors policy",
            "medium deleted aws_iam_group_policy_attachment.auditors",
        ]
    );
    let delete = iam.delete_group_policy().group_name("auditors");
    delete.policy_name("lists").send().await.unwrap();
    let delete = iam.delete_group().group_name("auditors");
    delete.send().await.unwrap();
    let found = scan();
    for gone in ["aws_iam_group.auditors", "aws_iam_group_policy.auditors"] {
        let gone = format!(" deleted {gone}");
        assert!(found.iter().any(|one| one.ends_with(&gone)), "{found:?}");
    }
}
