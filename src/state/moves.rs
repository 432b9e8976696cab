//! Maps what a state holds to the addresses that the code gives it.

use super::State;
use crate::code::Moves;
use std::sync::Arc;

impl State {
    /// Gives what the code moves its new address, as Terraform does before it plans.
    pub fn move_resources(&mut self, moves: &Moves) {
        let known = self.resources.iter().map(|resource| &resource.address);
        let renamed = moves.new_addresses(known);
        if renamed.is_empty() {
            return;
        }
        let resources = Arc::make_mut(&mut self.resources);
        for resource in resources.iter_mut() {
            if let Some(new) = renamed.get(&resource.address) {
                resource.address = new.clone();
            }
        }
        self.notes.push(match renamed.iter().next() {
            Some((old, new)) if renamed.len() == 1 => {
                format!("{old} is {new} by the code: no apply has recorded that yet")
            }
            _ => format!(
                "{} resources have other addresses by the code than in the state: no apply has recorded that yet",
                renamed.len()
            ),
        });
    }
}
