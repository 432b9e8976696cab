//! What a repository needs before AWS is read for it: a role, and an external id that nobody else knows to be its own.

use crate::resources;
use crate::state::backends;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;

/// A key of its own for each purpose, derived from the server's.
pub fn derive(key: &[u8], purpose: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(hmac) => hmac.chain_update(purpose).finalize().into_bytes().to_vec(),
        Err(_) => unreachable!("HMAC takes a key of any length"),
    }
}

/// The external id of a repository: the same as long as owner and repository are, reinstalled or renamed.
pub fn external_id(key: &[u8], owner: u64, repository: u64) -> String {
    let code = derive(key, &format!("external id/{owner}/{repository}"));
    format!("driftguard-{}", hex::encode(&code[..16]))
}

/// Who may assume the role, and with which external id.
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

/// What the role may do: read what the resource types and the backends name, and nothing else.
pub fn permissions() -> Value {
    let of_types = resources::ALL.iter().flat_map(|known| known.actions);
    let of_backends = backends::ALL.iter().flat_map(|known| known.actions);
    let actions: BTreeSet<_> = of_types.chain(of_backends).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "ReadWhatTerraformManages",
            "Effect": "Allow",
            "Action": actions,
            "Resource": "*",
        }],
    })
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

    #[test]
    fn the_role_may_only_read() {
        let policy = permissions();
        let actions = policy["Statement"][0]["Action"].as_array().unwrap();
        assert!(!actions.is_empty());
        for action in actions {
            let (_, verb) = action.as_str().unwrap().split_once(':').unwrap();
            let reads = ["Get", "List", "Describe"]
                .iter()
                .any(|start| verb.starts_with(start));
            assert!(reads, "{action}");
        }
    }
}
