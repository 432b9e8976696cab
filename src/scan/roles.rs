//! Describes what a repository needs before its AWS accounts are read: a role, and an external id of its own.

use crate::resources;
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

/// The length limit of a managed policy in characters, without white space; an inline policy of a role may have 10,240.
pub const LONGEST_POLICY: usize = 6_144;

/// Writes the permissions of the role: to read what the resource types name and the objects of these states, and
/// nothing else.
///
/// Where the policy would be too long for all the objects, it names their folders instead.
pub fn permissions(objects: &BTreeSet<StateObject>) -> Value {
    let mut policy = Value::Null;
    for objects in state::widening(objects) {
        policy = policy_of(&objects);
        if policy_length(&policy) <= LONGEST_POLICY {
            break;
        }
    }
    policy
}

fn policy_of(objects: &BTreeSet<StateObject>) -> Value {
    let of_types = resources::ALL.iter().flat_map(|known| known.actions);
    let actions: BTreeSet<_> = of_types.collect();
    let mut statements = vec![json!({
        "Sid": "ReadWhatTerraformManages",
        "Effect": "Allow",
        "Action": actions,
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
        let policy = permissions(&objects(["s3://acme/shop.tfstate".to_owned()]));
        let statements = policy["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 3);
        for statement in statements {
            let everything = statement["Resource"] == "*";
            for action in statement["Action"].as_array().unwrap() {
                let action = action.as_str().unwrap();
                let (_, verb) = action.split_once(':').unwrap();
                let reads = ["Get", "List", "Describe", "Decrypt"]
                    .iter()
                    .any(|start| verb.starts_with(start));
                assert!(reads, "{action}");
                let of_content = ["s3:GetObject", "kms:Decrypt"].contains(&action);
                assert!(!everything || !of_content, "{action} on everything");
            }
        }
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
            permissions(&objects((0..count).map(place)))
        };
        let resources =
            |policy: &Value| policy["Statement"][1]["Resource"].as_array().unwrap().len();
        assert_eq!(resources(&of(3)), 6, "each state and its lock");
        assert_eq!(resources(&of(500)), 7, "the folders of the teams");
        for count in [0, 1, 10, 30, 100, 1_000] {
            let length = policy_length(&of(count));
            assert!(length <= LONGEST_POLICY, "{count} states: {length}");
        }
    }
}
