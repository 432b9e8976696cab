//! Computes the posture of a stack.

use super::rule::{DEFAULTS, RULES};
use crate::model::Attributes;
use std::borrow::Borrow;

/// Returns the weighted share of the checks that pass, of 100 and rounded down: 100 means that every check passes.
/// `None` where no check applies. A resource without attributes counts as deleted.
pub fn posture<'a, A: Borrow<Attributes>>(
    resources: impl Iterator<Item = (&'a str, A)>,
) -> Option<u8> {
    let (mut passed, mut total) = (0, 0);
    for (tf_type, attributes) in resources {
        for rule in RULES.iter() {
            let Some(fails) = rule.fails_check(tf_type, attributes.borrow()) else {
                continue;
            };
            let weight = DEFAULTS.weight(rule.severity);
            total += weight;
            passed += if fails { 0 } else { weight };
        }
    }
    let share = (passed * 100).checked_div(total)?;
    u8::try_from(share).ok()
}
