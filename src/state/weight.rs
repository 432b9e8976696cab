//! What a state takes in memory once it is read: estimated before that, from its text.

/// What an object takes: a node of its map has room for eleven entries, even if it has one.
const OBJECT: u64 = 560;
/// What an entry takes beside its texts.
const ENTRY: u64 = 100;
/// What an item of a list takes.
const ITEM: u64 = 32;
/// What a text takes beside its bytes.
const TEXT: u64 = 8;

/// The bytes that what is read of this JSON takes in memory, rather too many than too few.
pub(super) fn weight(json: &[u8]) -> u64 {
    let mut weight = 0;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        weight += match byte {
            b'"' => TEXT + text(&mut bytes),
            b'{' => OBJECT,
            b':' => ENTRY,
            b',' | b'[' => ITEM,
            _ => 0,
        };
    }
    weight
}

/// The length of a text, up to and with its end.
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
        assert!(weight(bomb.as_bytes()) > 90 * bomb.len() as u64);
        let text = format!(r#"{{"a": "{}{{[:,\"{{{{"}}"#, "x".repeat(1000));
        assert!(weight(text.as_bytes()) < 2 * text.len() as u64);
    }

    #[test]
    fn a_state_as_terraform_writes_it_is_far_below_what_is_allowed() {
        let state = include_bytes!("../../tests/parity/refreshed.tfstate");
        let times = weight(state) / state.len() as u64;
        assert!((3..8).contains(&times), "{times}");
    }
}
