//! Describes what a repository needs before its AWS accounts are read: a role, and an external id of its own.

use super::provider_reads::ProviderReads;
use crate::aws::{API_KEYS, LOOKUP};
use crate::model::{InstallationId, WorkspaceId};
use crate::resources;
use crate::settings::Who;
use crate::state::{self, StateObject};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;

/// Derives a key for each purpose from the server's key.
pub fn derive(key: &[u8], purpose: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(hmac) => hmac.chain_update(purpose).finalize().into_bytes().to_vec(),
        Err(_) => unreachable!("HMAC takes a key of any length"),
    }
}

/// Returns the external id of a repository: it depends on the owner and the repository only, so it survives renames and
/// reinstallation.
pub fn external_id(key: &[u8], owner: u64, repository: u64) -> String {
    let code = derive(key, &format!("external id/{owner}/{repository}"));
    format!("driftguard-{}", hex::encode(&code[..16]))
}

/// Returns the external id of a workspace that was created through the API.
pub fn workspace_external_id(
    key: &[u8],
    installation: InstallationId,
    workspace: &WorkspaceId,
) -> String {
    let code = derive(
        key,
        &format!("external id/workspace/{installation}/{workspace}"),
    );
    format!("driftguard-{}", hex::encode(&code[..16]))
}

/// Writes the trust policy: who may assume the role, and with which external id.
pub fn trust(principal: &str, external_id: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }],
    })
}

/// The action that reads all of API Gateway.
const API_GATEWAY: &str = "apigateway:GET";

/// The length limit of a managed policy in characters, without white space; an inline policy of a role may have 10,240.
pub const MAX_POLICY_LENGTH: usize = 6_144;

/// Writes the permissions of the role: to read what the resource types name and the objects of these states, to look up
/// in CloudTrail who made a change unless that is off, and nothing else.
///
/// Where the policy would be too long for all the objects, it names their folders instead.
pub fn permissions(objects: &BTreeSet<StateObject>, who: &Who) -> Value {
    let mut policy = Value::Null;
    for objects in state::widening(objects) {
        policy = policy_of(&objects, who);
        if policy_length(&policy) <= MAX_POLICY_LENGTH {
            break;
        }
    }
    policy
}

/// Writes the permissions of the role, with the actions that a provider calls: in the same policy where they fit, else in
/// further ones, each no longer than a managed policy may be.
pub fn permissions_with(
    objects: &BTreeSet<StateObject>,
    who: &Who,
    reads: &ProviderReads,
) -> Vec<Value> {
    let first = permissions(objects, who);
    let native = native_actions(who);
    let more: Vec<_> = reads.actions.difference(&native).copied().collect();
    if more.is_empty() {
        return vec![first];
    }
    let mut whole = first.clone();
    if let Some(statements) = whole["Statement"].as_array_mut() {
        statements.extend(provider_statements(&more, reads.api_keys));
    }
    if policy_length(&whole) <= MAX_POLICY_LENGTH {
        return vec![whole];
    }
    let policy_of_reads = |actions: &[&str]| {
        let statements = provider_statements(actions, reads.api_keys);
        json!({"Version": "2012-10-17", "Statement": statements})
    };
    let mut policies = vec![first];
    let mut rest = more.as_slice();
    while !rest.is_empty() {
        let fits =
            |count: &usize| policy_length(&policy_of_reads(&rest[..*count])) <= MAX_POLICY_LENGTH;
        let count = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
        policies.push(policy_of_reads(&rest[..count]));
        rest = &rest[count..];
    }
    policies
}

/// Allows actions on everything, but reading API Gateway without its clients' keys unless these are asked for.
fn provider_statements(actions: &[&str], api_keys: bool) -> Vec<Value> {
    let is_narrowed = |action: &&str| *action == API_GATEWAY && !api_keys;
    let (narrowed, whole): (Vec<_>, Vec<_>) = actions.iter().copied().partition(is_narrowed);
    let whole = json!({
        "Sid": "ReadThroughTheProvider",
        "Effect": "Allow",
        "Action": whole,
        "Resource": "*",
    });
    let without_keys = json!({
        "Sid": "ReadApiGatewayWithoutKeys",
        "Effect": "Allow",
        "Action": narrowed,
        "NotResource": API_KEYS,
    });
    let statements = [whole, without_keys].into_iter();
    let allows = |statement: &Value| {
        let actions = statement["Action"].as_array();
        actions.is_some_and(|actions| !actions.is_empty())
    };
    statements.filter(allows).collect()
}

/// Returns the actions of the native readers, and of CloudTrail's lookups where it is asked.
fn native_actions(who: &Who) -> BTreeSet<&'static str> {
    let of_types = resources::ALL.iter().flat_map(|known| known.actions);
    let lookup = who.is_on().then_some(LOOKUP);
    of_types.copied().chain(lookup).collect()
}

fn policy_of(objects: &BTreeSet<StateObject>, who: &Who) -> Value {
    let mut statements = vec![json!({
        "Sid": "ReadWhatTerraformManages",
        "Effect": "Allow",
        "Action": native_actions(who),
        "Resource": "*",
    })];
    statements.extend(state::statements(objects));
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Returns the length of a policy as IAM counts it.
pub fn policy_length(policy: &Value) -> usize {
    let text = policy.to_string();
    text.chars().filter(|c| !c.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_is_a_repositorys_own_and_stays() {
        let own = external_id(b"key", 1, 2);
        assert_eq!(own, external_id(b"key", 1, 2));
        for other in [
            external_id(b"key", 2, 1),
            external_id(b"key", 1, 3),
            external_id(b"yek", 1, 2),
        ] {
            assert_ne!(own, other);
        }
    }

    fn objects(places: impl IntoIterator<Item = String>) -> BTreeSet<StateObject> {
        let parse = |place: String| StateObject::parse(&place).unwrap();
        places.into_iter().map(parse).collect()
    }

    #[test]
    fn the_role_may_only_read_and_of_objects_only_the_states() {
        let own = objects(["s3://acme/shop.tfstate".to_owned()]);
        let policy = permissions(&own, &Who::On);
        let statements = policy["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 3);
        for statement in statements {
            let everything = statement["Resource"] == "*";
            for action in statement["Action"].as_array().unwrap() {
                let action = action.as_str().unwrap();
                let (_, verb) = action.split_once(':').unwrap();
                let reads = ["Get", "List", "Describe", "Decrypt", "Lookup"]
                    .iter()
                    .any(|start| verb.starts_with(start));
                assert!(reads, "{action}");
                let of_content = ["s3:GetObject", "kms:Decrypt"].contains(&action);
                assert!(!everything || !of_content, "{action} on everything");
            }
        }
        let asks = |policy: &Value| policy.to_string().contains(LOOKUP);
        assert!(asks(&policy) && !asks(&permissions(&own, &Who::Off)));
    }

    #[test]
    fn a_policy_is_never_longer_than_iam_takes() {
        let of = |count: usize| {
            let place = |n: usize| {
                format!(
                    "s3://acme-terraform-state/team-{}/stack-{n}/terraform.tfstate",
                    n % 7
                )
            };
            permissions(&objects((0..count).map(place)), &Who::On)
        };
        let resources =
            |policy: &Value| policy["Statement"][1]["Resource"].as_array().unwrap().len();
        assert_eq!(resources(&of(3)), 6, "each state and its lock");
        assert_eq!(resources(&of(500)), 7, "the folders of the teams");
        for count in [0, 1, 10, 30, 100, 1_000] {
            let length = policy_length(&of(count));
            assert!(length <= MAX_POLICY_LENGTH, "{count} states: {length}");
        }
    }

    #[test]
    fn what_a_provider_calls_is_in_the_policy_or_in_further_ones_none_too_long() {
        let own = objects(["s3://acme/shop.tfstate".to_owned()]);
        let names: Vec<_> = (0..1_000)
            .map(|number| &*format!("service{number}:DescribeThings").leak())
            .collect();
        for count in [0, 1, 30, 100, 1_000] {
            let actions: BTreeSet<_> = names.iter().take(count).copied().collect();
            let reads = ProviderReads {
                actions: actions.clone(),
                ..ProviderReads::default()
            };
            let policies = permissions_with(&own, &Who::On, &reads);
            let statements = policies.iter().flat_map(|policy| {
                assert!(policy_length(policy) <= MAX_POLICY_LENGTH, "{count}");
                policy["Statement"].as_array().unwrap()
            });
            let of_provider =
                statements.filter(|statement| statement["Sid"] == "ReadThroughTheProvider");
            let allowed: BTreeSet<_> = of_provider
                .flat_map(|statement| statement["Action"].as_array().unwrap())
                .map(|action| action.as_str().unwrap())
                .collect();
            assert_eq!(allowed, actions, "{count}");
            assert_eq!(policies.len() > 1, count > 100, "{count}");
        }
        // What the native readers call as well is not allowed twice.
        let native = ProviderReads {
            actions: BTreeSet::from(["ec2:DescribeVpcs"]),
            ..ProviderReads::default()
        };
        let policies = permissions_with(&own, &Who::On, &native);
        assert_eq!(policies, [permissions(&own, &Who::On)]);
    }

    #[test]
    fn api_gateway_is_read_without_the_keys_of_its_clients_unless_they_are_asked_for() {
        let own = objects(["s3://acme/shop.tfstate".to_owned()]);
        let statement = |api_keys: bool| {
            let reads = ProviderReads {
                actions: BTreeSet::from([API_GATEWAY]),
                api_keys,
                ..ProviderReads::default()
            };
            let policies = permissions_with(&own, &Who::On, &reads);
            let statements = policies[0]["Statement"].as_array().unwrap().clone();
            let reads = |statement: &Value| statement["Action"] == json!([API_GATEWAY]);
            let found: Vec<_> = statements.into_iter().filter(reads).collect();
            assert_eq!(found.len(), 1, "{found:?}");
            found[0].clone()
        };
        assert_eq!(statement(false)["NotResource"], json!(API_KEYS));
        assert_eq!(statement(false)["Resource"], Value::Null);
        assert_eq!(statement(true)["Resource"], "*");
    }
}
