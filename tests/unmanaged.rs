//! What no state claims, looked for in the whole account.

use crate::aws::{Checkout, shop};
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

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
async fn loose_volumes_users_and_policies_are_found_and_what_instances_and_clusters_hold_is_not() {
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
    let document =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let policy = iam.create_policy().policy_name("all");
    let made = policy.policy_document(document).send().await.unwrap();
    let arn = made.policy().unwrap().arn().unwrap();
    assert_eq!(
        found(aws.url(), arn),
        [
            format!("aws_ebs_volume {loose}"),
            "aws_iam_policy policy".to_owned(),
            "aws_iam_user eve".to_owned(),
        ]
    );
}
