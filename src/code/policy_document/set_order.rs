//! Sorts the elements of a set as the provider iterates over them: by the decimal digits of a checksum.

use crate::model::Value;
use std::fmt::Write;

/// Returns the blocks of a set in the provider's order. `sets` names their parts that are sets themselves.
pub(super) fn sorted<'v>(blocks: &'v [Value], sets: &[&str]) -> Vec<&'v Value> {
    let mut keyed: Vec<_> = blocks
        .iter()
        .map(|block| (digits(&block_text(block, sets)), block))
        .collect();
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    keyed.dedup_by(|(left, _), (right, _)| left == right);
    keyed.into_iter().map(|(_, block)| block).collect()
}

/// Writes a block as the provider does for its checksum.
fn block_text(block: &Value, sets: &[&str]) -> String {
    let mut text = String::new();
    for (name, value) in block.as_map().into_iter().flatten() {
        // A text takes all that is written.
        let _ = match value {
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(element_text).collect();
                match sets.contains(&name.as_str()) {
                    true => write!(text, "{name}:{{{}}};", in_order(items).concat()),
                    false => write!(text, "{name}:({});", items.concat()),
                }
            }
            value => write!(text, "{name}:{}", element_text(value)),
        };
    }
    text
}

fn element_text(value: &Value) -> String {
    let text = super::statement::text(value);
    format!("{};", text.unwrap_or_default())
}

fn in_order(mut items: Vec<String>) -> Vec<String> {
    items.sort_by_cached_key(|text| digits(text));
    items.dedup();
    items
}

/// Returns the decimal digits of a text's checksum, that of IEEE 802.3.
fn digits(text: &str) -> String {
    crc32fast::hash(text.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(digits("123456789"), 0xCBF4_3926_u32.to_string());
    }
}
