//! Guards the order in which Terraform works: new references must not lead back to where they start.

use super::reasons::Unproven;
use super::referring::{graph, leads_back_above, reach};
use super::{Changed, Stack};
use crate::code;
use crate::model::{Edit, Tree};
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// Checks that no reference that the edits add closes a cycle.
///
/// # Errors
/// The two blocks that would need each other, or that the interrupt was raised.
pub(super) fn check(edits: &[Edit], edited: &Changed, stack: &Stack<'_>) -> Result<(), Unproven> {
    let referring = edits
        .iter()
        .filter(|edit| code::is_code(&edit.file) && may_refer(&edit.text));
    let folders: BTreeSet<&str> = referring.map(|edit| Tree::folder(&edit.file)).collect();
    if folders.is_empty() {
        return Ok(());
    }
    let mut after = stack.tree.clone();
    for (file, bytes) in edited {
        after.files.insert(file.clone(), bytes.clone().into());
    }
    for folder in folders {
        if stack.options.interrupt.is_raised() {
            return Err(Unproven::Interrupted);
        }
        let closes_above = OnceCell::new();
        let leads_above = || {
            leads_back_above(folder, &after, stack) && !leads_back_above(folder, stack.tree, stack)
        };
        let (Some(old), Some(new)) = (graph(stack.tree, folder), graph(&after, folder)) else {
            continue;
        };
        for (node, targets) in &new {
            let known = old.get(node);
            let added = targets
                .iter()
                .filter(|target| known.is_none_or(|known| !known.contains(*target)));
            for target in added {
                let found = reach(&new, target, node);
                let is_above = || found.is_passed_in && *closes_above.get_or_init(leads_above);
                if target == node || found.is_reached || is_above() {
                    return Err(Unproven::Cycle {
                        from: node.clone(),
                        to: target.clone(),
                    });
                }
            }
        }
    }
    Ok(())
}

/// Returns whether a text may hold a reference: a name, a dot, and another name.
fn may_refer(text: &str) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.as_bytes().windows(3).any(|around| match around {
        [before, b'.', behind] => {
            (is_name(before) || before.is_ascii_digit() || *before == b']') && is_name(behind)
        }
        _ => false,
    })
}
