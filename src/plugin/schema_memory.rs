//! Keeps the schemas of providers in memory: a provider takes most of a second to send them, and they do not change while
//! its program does not.
//!
//! They are asked for before anything of a repository reaches the process, so no repository has a say in what others
//! read by.

use super::hash::{Stamp, stamp};
use super::process::Launch;
use super::provider::{Limits, Provider};
use super::schemas::EncodedSchemas;
use crate::model::Attribute;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of schemas are kept; those of hashicorp/aws have 5 MB. The newest are kept however large they are.
const MAX_BYTES: usize = 64 << 20;

/// The attributes and blocks of each type of a provider.
pub type TypeSchemas = BTreeMap<String, BTreeMap<String, Attribute>>;

/// The schemas by the file of the program that sent them: another file of the same name is asked anew.
#[derive(Debug, Default)]
pub struct SchemaMemory {
    encoded: Mutex<VecDeque<(Stamp, Arc<EncodedSchemas>)>>,
    /// Of providers beside AWS's: states are freed of secrets by them before anything is read.
    types: tokio::sync::Mutex<BTreeMap<Stamp, Arc<TypeSchemas>>>,
}

impl SchemaMemory {
    /// Returns what is known of a program's schemas.
    pub(super) fn get(&self, program: &Stamp) -> Option<Arc<EncodedSchemas>> {
        let encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = encoded.iter().filter(|(stamp, _)| stamp == program);
        known.next().map(|(_, schemas)| schemas.clone())
    }

    /// Keeps the schemas of a program, and drops the oldest where all are too large together.
    pub(super) fn put(&self, program: Stamp, schemas: Arc<EncodedSchemas>) {
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        encoded.retain(|(stamp, _)| stamp.0 != program.0);
        encoded.push_back((program, schemas));
        let size = |encoded: &VecDeque<(Stamp, Arc<EncodedSchemas>)>| -> usize {
            encoded.iter().map(|(_, schemas)| schemas.size()).sum()
        };
        while encoded.len() > 1 && size(&encoded) > MAX_BYTES {
            encoded.pop_front();
        }
    }

    /// Returns the types of a program, which is started where they are not known. Others wait meanwhile: they need the
    /// same.
    pub(super) async fn types_of(&self, launch: &Launch) -> Result<Arc<TypeSchemas>, String> {
        let unknown = |error: &dyn std::fmt::Display| format!("its schemas are not known: {error}");
        let program = stamp(&launch.binary).map_err(|error| unknown(&error))?;
        let mut known = self.types.lock().await;
        if let Some(types) = known.get(&program) {
            return Ok(types.clone());
        }
        let started = Provider::start(launch, Limits::default(), None, self).await;
        let provider = started.map_err(|error| unknown(&error))?;
        let types = provider.schemas().types.iter();
        let understood = types
            .filter_map(|(name, schema)| Some((name.clone(), schema.as_ref().ok()?.attributes())));
        let types = Arc::new(understood.collect::<TypeSchemas>());
        known.retain(|stamp, _| stamp.0 != program.0);
        known.insert(program, types.clone());
        Ok(types)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn schemas(bytes: usize) -> Arc<EncodedSchemas> {
        Arc::new(EncodedSchemas::sized(bytes))
    }

    fn file(name: &str, inode: u64) -> Stamp {
        (name.into(), inode, 1, (0, 0))
    }

    #[test]
    fn the_oldest_schemas_go_where_all_are_too_large_together() {
        let memory = SchemaMemory::default();
        for (name, bytes) in [("a", 40 << 20), ("b", 20 << 20), ("c", 30 << 20)] {
            memory.put(file(name, 1), schemas(bytes));
        }
        let known = ["a", "b", "c"].map(|name| memory.get(&file(name, 1)).is_some());
        assert_eq!(known, [false, true, true]);
        memory.put(file("d", 1), schemas(90 << 20));
        assert!(memory.get(&file("d", 1)).is_some(), "the newest is kept");
        assert!(memory.get(&file("c", 1)).is_none());
    }

    #[test]
    fn another_file_of_the_same_name_is_another_program() {
        let memory = SchemaMemory::default();
        memory.put(file("a", 1), schemas(1));
        assert!(memory.get(&file("a", 2)).is_none());
        memory.put(file("a", 2), schemas(1));
        assert!(memory.get(&file("a", 1)).is_none(), "it is gone");
    }
}
