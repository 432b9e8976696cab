//! Limits the memory that the readings of a type take.

use crate::model::{Attributes, Reading, Reason, Value};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes the readings of one type may take in one account and region.
const MAX_READINGS: usize = 256 << 20;

/// Counts the memory that readings take: a state may name a large resource any number of times, and each reading is a copy.
#[derive(Default)]
pub(super) struct ReadingMemory(AtomicUsize);

impl ReadingMemory {
    /// Converts a resource that exists, as long as there is memory for it.
    pub(super) fn found(&self, convert: impl FnOnce() -> Attributes) -> Reading {
        if self.0.load(Ordering::Relaxed) > MAX_READINGS {
            return Reading::Unknown(Reason::Failed {
                message: format!(
                    "what AWS says of all these takes more than {} MiB of memory: split the stack",
                    MAX_READINGS >> 20
                ),
            });
        }
        let attributes = convert();
        let entries = attributes.iter();
        let weight = entries.map(|(name, value)| name.len() + ENTRY_BYTES + weight(value));
        self.0.fetch_add(weight.sum(), Ordering::Relaxed);
        Reading::Found(attributes)
    }
}

/// How many bytes an entry of a map or an item of a list takes beside its texts.
const ENTRY_BYTES: usize = 64;

/// Estimates the bytes that a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(|item| ENTRY_BYTES + weight(item)).sum(),
        Value::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| ENTRY_BYTES + key.len() + weight(value))
                .sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_resource_that_is_named_very_often_is_read_only_so_often() {
        let memory = ReadingMemory::default();
        let large = || Attributes::from([("policy".to_owned(), "x".repeat(1 << 20).into())]);
        let readings = || (0..300).map(|_| memory.found(large));
        let found = readings().filter(|reading| matches!(reading, Reading::Found(_)));
        assert_eq!(found.count(), 256);
        let Reading::Unknown(reason) = memory.found(large) else {
            panic!("it is read");
        };
        assert!(reason.to_string().contains("split the stack"), "{reason}");
    }
}
