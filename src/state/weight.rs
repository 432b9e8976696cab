//! Estimates the memory that a parsed state takes, from its text.

/// How many bytes an object takes beside its entries: the list of its map.
const OBJECT_BYTES: u64 = 80;
/// How many bytes an entry takes beside its texts.
const ENTRY_BYTES: u64 = 100;
/// How many bytes an item of a list takes.
const ITEM_BYTES: u64 = 32;
/// How many bytes a text takes beside its content.
const TEXT_BYTES: u64 = 8;

/// Estimates the memory of parsed JSON, in bytes; rather too much than too little.
pub(super) fn weight(json: &[u8]) -> u64 {
    let mut weight = 0;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        weight += match byte {
            b'"' => TEXT_BYTES + text(&mut bytes),
            b'{' => OBJECT_BYTES,
            b':' => ENTRY_BYTES,
            b',' | b'[' => ITEM_BYTES,
            _ => 0,
        };
    }
    weight
}

/// Returns the length of a string, its closing quote included.
fn text(bytes: &mut std::slice::Iter<'_, u8>) -> u64 {
    let mut length = 1;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_small_objects_weigh_more_than_their_text() {
        let bomb = format!("[{}]", vec![r#"{"":0}"#; 1000].join(","));
        assert!(weight(bomb.as_bytes()) > 30 * bomb.len() as u64);
        let text = format!(r#"{{"a": "{}{{[:,\"{{{{"}}"#, "x".repeat(1000));
        assert!(weight(text.as_bytes()) < 2 * text.len() as u64);
    }

    #[test]
    fn a_state_as_terraform_writes_it_is_far_below_what_is_allowed() {
        let state = include_bytes!("../../tests/parity/network/refreshed.tfstate");
        let times = weight(state) / state.len() as u64;
        assert!((3..8).contains(&times), "{times}");
    }
}
