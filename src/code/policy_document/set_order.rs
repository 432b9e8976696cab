//! Sorts the elements of a set as the provider iterates over them: by the decimal digits of a checksum.

use crate::model::Value;
use std::fmt::Write;

/// The polynomial of the checksum, bits reversed.
const POLYNOMIAL: u32 = 0xEDB8_8320;

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

fn digits(text: &str) -> String {
    checksum(text).to_string()
}

/// Returns the checksum of IEEE 802.3.
fn checksum(text: &str) -> u32 {
    let shift = |left: u32, _| (left >> 1) ^ (POLYNOMIAL & (left & 1).wrapping_neg());
    let add = |left: u32, byte: u8| (0..8).fold(left ^ u32::from(byte), shift);
    !text.bytes().fold(u32::MAX, add)
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(checksum("123456789"), 0xCBF4_3926);
    }
}
