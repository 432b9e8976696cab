//! Any bytes as a state: they are read, or refused by an error that names the file.
//! What was read holds no secret any more: sealing it again changes nothing.

use driftguard::model::{Catalog, Redactor};
use driftguard::{resources, state};
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(resources::catalog);

pub fn check(bytes: &[u8]) {
    let redactor = Redactor::new(b"key");
    match state::parse(bytes, "a.tfstate", &CATALOG, &redactor) {
        Ok(state) => {
            for resource in state.resources.iter() {
                let schema = CATALOG.get(resource.tf_type());
                let again = redactor.seal(schema, resource.attributes.clone());
                assert_eq!(again, resource.attributes, "{}", resource.address);
            }
        }
        Err(error) => assert!(error.to_string().starts_with("a.tfstate: "), "{error}"),
    }
}
