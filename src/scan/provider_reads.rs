//! Tells which IAM actions a provider calls when it reads a resource type.

use super::through_provider::SECRET_TYPES;
use crate::resources::ResourceType;
use std::collections::BTreeSet;

/// A line a type: its name, `all` or `first`, and the actions. `first`: only the first of the provider's calls is
/// recorded. `!` marks an action that returns content, such as an object or a secret. `scripts/provider-reads` makes it.
const TABLE: &str = include_str!("provider_reads.tsv");
/// The mark of an action that returns content.
const CONTENT: char = '!';
/// What reads the keys of API Gateway's clients.
const API_GATEWAY_CONTENT: &str = "!apigateway:GET";

/// What reading types through a provider needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ProviderReads {
    /// The actions.
    pub actions: BTreeSet<&'static str>,
    /// Whether the keys of API Gateway's clients are read: no action of their own tells it.
    pub api_keys: bool,
    /// Types of which only the first call is recorded: a scan names what else is denied.
    pub in_part: BTreeSet<String>,
    /// Types of which no call is recorded.
    pub unknown: BTreeSet<String>,
    /// Types that are not read, since that returns content.
    pub withheld: BTreeSet<String>,
}

/// Returns what reading these types needs, of those that no native reader knows. Actions that return content are never
/// among them, but those of the types that fetch a secret where the operator lets these be read.
pub fn provider_reads<'a>(
    types: impl IntoIterator<Item = &'a str>,
    with_secrets: bool,
) -> ProviderReads {
    let mut reads = ProviderReads::default();
    for tf_type in types {
        if !tf_type.starts_with("aws_") || ResourceType::named(tf_type).is_some() {
            continue;
        }
        let Some((is_whole, actions)) = row(tf_type) else {
            reads.unknown.insert(tf_type.to_owned());
            continue;
        };
        let is_secret = SECRET_TYPES.contains(&tf_type);
        let (content, others): (Vec<_>, Vec<_>) =
            actions.partition(|action| action.starts_with(CONTENT));
        if is_secret && !with_secrets || !is_secret && !content.is_empty() {
            reads.withheld.insert(tf_type.to_owned());
            continue;
        }
        if !is_whole {
            reads.in_part.insert(tf_type.to_owned());
        }
        reads.api_keys |= content.contains(&API_GATEWAY_CONTENT);
        let content = content
            .iter()
            .map(|action| action.trim_start_matches(CONTENT));
        reads.actions.extend(others.into_iter().chain(content));
    }
    reads
}

/// Returns whether all calls of a type are recorded, and their actions.
fn row(tf_type: &str) -> Option<(bool, impl Iterator<Item = &'static str>)> {
    let mut lines = TABLE.lines().map(|line| line.split('\t'));
    let mut cells = lines.find_map(|mut cells| (cells.next() == Some(tf_type)).then_some(cells))?;
    let is_whole = cells.next() == Some("all");
    Some((is_whole, cells.next()?.split(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Actions whose answers are what a resource holds, or open it.
    const CONTENT_READS: &[&str] = &[
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
        "ssm:GetParameter",
        "ssm:GetParameters",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "sqs:ReceiveMessage",
        "kinesis:GetRecords",
        "logs:GetLogEvents",
        "ecr:GetAuthorizationToken",
        "codeartifact:GetAuthorizationToken",
        "appsync:ListApiKeys",
    ];

    fn types() -> impl Iterator<Item = &'static str> {
        TABLE.lines().filter_map(|line| line.split('\t').next())
    }

    #[test]
    fn every_line_names_a_type_and_actions_that_read() {
        let mut before = "";
        for line in TABLE.lines() {
            let [tf_type, how, actions] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            assert!(before < tf_type, "{line}");
            before = tf_type;
            assert!(["all", "first"].contains(&how), "{line}");
            for action in actions.split(' ') {
                let action = action.trim_start_matches(CONTENT);
                let (service, verb) = action.split_once(':').unwrap();
                let reads = ["Get", "List", "Describe", "BatchGet", "Search", "Lookup"];
                let is_read = reads.iter().any(|start| verb.starts_with(start))
                    || (service, verb) == ("apigateway", "GET");
                assert!(is_read, "{line}");
            }
        }
    }

    #[test]
    fn no_type_brings_an_action_that_returns_content() {
        let all = provider_reads(types(), false);
        for action in CONTENT_READS {
            assert!(!all.actions.contains(action), "{action}");
        }
        for tf_type in SECRET_TYPES {
            assert!(all.withheld.contains(*tf_type), "{tf_type}");
        }
        let with_secrets = provider_reads(types(), true);
        let more: Vec<_> = with_secrets.actions.difference(&all.actions).collect();
        assert!(more.contains(&&"secretsmanager:GetSecretValue"), "{more:?}");
        assert!(!with_secrets.actions.contains("s3:GetObject"));
    }

    #[test]
    fn a_queue_is_read_by_its_attributes_and_tags_and_native_types_need_nothing() {
        let reads = provider_reads(["aws_sqs_queue", "aws_instance", "random_id"], false);
        let actions = BTreeSet::from(["sqs:GetQueueAttributes", "sqs:ListQueueTags"]);
        let only = ProviderReads {
            actions,
            ..ProviderReads::default()
        };
        assert_eq!(reads, only);
        let reads = provider_reads(["aws_made_up"], false);
        assert_eq!(reads.unknown, BTreeSet::from(["aws_made_up".to_owned()]));
    }
}
