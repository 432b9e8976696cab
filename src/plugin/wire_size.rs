//! Counts the parts of an answer before it is decoded: two bytes of it may become a hundred of memory.

/// How many fields an answer may have, of which most are schemas or diagnostics.
const MAX_FIELDS: usize = 100_000;
/// How many attributes and blocks the schemas that a scan uses may have together: all those of
/// hashicorp/aws 5.100.0 have 180,485.
pub(super) const MAX_SCHEMA_PARTS: usize = 1_000_000;

/// A message whose fields are counted.
#[derive(Clone, Copy)]
enum Message {
    Schema,
    Block,
    NestedBlock,
    Attribute,
    NestedType,
}

impl Message {
    /// Returns the message in a field, where the field holds one.
    fn inner(self, field: u64) -> Option<Self> {
        match (self, field) {
            (Self::Schema, 2) | (Self::NestedBlock, 2) => Some(Self::Block),
            (Self::Block, 2) | (Self::NestedType, 1) => Some(Self::Attribute),
            (Self::Block, 3) => Some(Self::NestedBlock),
            (Self::Attribute, 10) => Some(Self::NestedType),
            _ => None,
        }
    }
}

/// Returns whether an answer consists of fields, and of so few that it may be decoded.
pub(super) fn is_answer_bounded(bytes: &[u8]) -> bool {
    let mut fields = Fields(bytes).enumerate();
    fields.all(|(place, field)| field.is_some() && place < MAX_FIELDS)
}

/// Counts the attributes and blocks of a type's schema, and stops at one more than `most`.
/// Bytes that are no schema count as that many, so that they are refused as too many are.
pub(super) fn schema_parts(bytes: &[u8], most: usize) -> usize {
    let mut left = most + 1;
    // A list of what is still to be counted, not a recursion: nothing bounds how deep an answer is nested.
    let mut rest = vec![(Message::Schema, bytes)];
    while let Some((message, bytes)) = rest.pop() {
        for field in Fields(bytes) {
            let Some((number, content)) = field else {
                return most + 1;
            };
            let Some(inner) = message.inner(number) else {
                continue;
            };
            left -= 1;
            if left == 0 {
                return most + 1;
            }
            rest.push((inner, content));
        }
    }
    most + 1 - left
}

/// Iterates over the fields of a message: the number of each with its bytes, which are empty for a numeric field.
/// Yields `None` as the last item at bytes that are no field. A group counts as such bytes: Terraform's protocol has no
/// groups, and the decoder skips them.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, &'a [u8])> {
        let key = self.varint()?;
        let content = match key & 7 {
            0 => {
                self.varint()?;
                &[][..]
            }
            1 => self.take(8)?,
            2 => {
                let length = self.varint()?;
                self.take(length)?
            }
            5 => self.take(4)?,
            _ => return None,
        };
        Some((key >> 3, content))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::wire::{Attribute6, Block6, Nested6, NestedType, Schema6, SchemaResponse};
    use prost::Message as _;

    #[test]
    fn attributes_and_blocks_are_counted_at_every_depth() {
        let attribute = Attribute6 {
            name: "a".to_owned(),
            write_only: true,
            ..Attribute6::default()
        };
        let nested = Attribute6 {
            nested_type: Some(NestedType {
                attributes: vec![attribute.clone(); 5],
                nesting: 1,
            }),
            ..attribute.clone()
        };
        let inner = Block6 {
            attributes: vec![attribute.clone(); 3],
            block_types: Vec::new(),
        };
        let schema = Schema6 {
            version: 7,
            block: Some(Block6 {
                attributes: vec![attribute, nested],
                block_types: vec![Nested6 {
                    type_name: "rule".to_owned(),
                    block: Some(inner),
                    nesting: 2,
                }],
            }),
        };
        let bytes = schema.encode_to_vec();
        // The block; two attributes, a nested type with five; a nested block, its block with three.
        assert_eq!(schema_parts(&bytes, 100), 1 + 2 + 1 + 5 + 1 + 1 + 3);
        assert_eq!(schema_parts(&bytes, 6), 7);
        assert_eq!(schema_parts(&[0xff; 40], 6), 7);
    }

    #[test]
    fn an_answer_of_millions_of_empty_diagnostics_is_not_decoded() {
        assert!(is_answer_bounded(&[0x12, 0].repeat(MAX_FIELDS)));
        assert!(!is_answer_bounded(&[0x12, 0].repeat(MAX_FIELDS + 1)));
    }

    #[test]
    fn what_stands_behind_a_group_is_not_left_out() {
        // The decoder skips a group that it does not know.
        let group = [0x7b, 0x7c];
        let answer = [&group[..], &[0x12, 0]].concat();
        assert!(SchemaResponse::decode(&answer[..]).is_ok());
        assert!(!is_answer_bounded(&answer));
        assert_eq!(schema_parts(&answer, 6), 7);
        assert!(!is_answer_bounded(&[0x12, 5, 0]), "it is cut short");
    }
}
