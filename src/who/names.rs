//! Names the resource of a finding as CloudTrail does.

use crate::model::{Finding, Value};

/// The longest name that CloudTrail looks up, in bytes.
const MAX_LENGTH: usize = 2_000;

/// The attributes by which APIs name a resource, the first one that it has.
const NAMES: &[&str] = &["identifier", "cluster_identifier", "id"];

/// The attributes of parts that name the resource which their calls name: the beginning of the type, and the attribute.
const PARENTS: &[(&str, &str)] = &[
    ("aws_iam_group_", "group"),
    ("aws_iam_role_", "role"),
    ("aws_iam_user_", "user"),
    ("aws_lambda_", "function_name"),
    ("aws_network_acl_rule", "network_acl_id"),
    ("aws_route", "route_table_id"),
    ("aws_s3_bucket_", "bucket"),
    ("aws_security_group_rule", "security_group_id"),
    ("aws_sns_topic_", "arn"),
    ("aws_sqs_queue_", "queue_url"),
    ("aws_vpc_security_group_", "security_group_id"),
];

/// Returns the names under which CloudTrail may have calls about the resource of a finding. Each takes a lookup, so a
/// part is looked up under the name of what its calls name alone, and an id that EC2 made is no ARN's beginning.
pub fn resource_names(finding: &Finding) -> Vec<String> {
    let text = |name: &str| {
        let sides = [&finding.after, &finding.before].into_iter();
        let mut values = sides.filter_map(|side| side.get(name).and_then(Value::as_str));
        values.find(|text| !text.is_empty() && text.len() <= MAX_LENGTH)
    };
    let mut parents = PARENTS.iter();
    let parent = parents.find_map(|(start, attribute)| {
        text(attribute).filter(|_| finding.tf_type.starts_with(start))
    });
    if let Some(parent) = parent {
        return vec![parent.to_owned()];
    }
    let id = NAMES.iter().find_map(|name| text(name));
    let Some(id) = id.or(finding.import_id.as_deref()) else {
        return Vec::new();
    };
    let arn = text("arn").filter(|arn| *arn != id && !is_of_ec2(id));
    [Some(id), arn]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}

/// Returns whether an id is one of EC2's, such as `sg-0a1b2c3d4e5f67890`: its calls name resources by nothing else.
fn is_of_ec2(id: &str) -> bool {
    let parts = id.rsplit_once('-');
    parts.is_some_and(|(kind, digits)| {
        kind.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            && [8, 17].contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
