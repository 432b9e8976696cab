//! Turns a flag over that chooses between two values.

use super::adopt::{Attempt, Context, Writer};
use super::refusal::Refusal;
use super::target::{Slot, Target};
use super::verify::ExpectedValue;
use crate::model::{Difference, Switch};

impl Writer<'_> {
    /// Returns the flag whose opposite gives the new value.
    pub(super) fn switch<'t>(
        &self,
        target: &'t Target<'_>,
        difference: &Difference,
    ) -> Option<&'t Switch> {
        let value = (self.new_value)(difference)?;
        let switch = target.definition()?.switch();
        switch.filter(|switch| switch.value == *value)
    }

    /// Turns a flag over. Whatever else it chooses must need the other value as well.
    pub(super) fn switched(
        &self,
        target: &Target<'_>,
        switch: &Switch,
    ) -> Result<Attempt, Refusal> {
        let Context {
            siblings, stack, ..
        } = self.context;
        let slot = Slot::Value(switch.location.clone());
        slot.check(target.resource, stack)?;
        let edits = target.write(&slot, &switch.flag.into(), stack)?;
        let mut expected = Vec::new();
        for (address, resource) in &stack.declared.resources {
            for (path, definition) in &resource.attributes {
                let is_same = |other: &Switch| other.location == switch.location;
                let Some(own) = definition.switch().filter(|other| is_same(other)) else {
                    continue;
                };
                let mut differences = siblings.differences(address);
                let is_wanted = differences.any(|difference| {
                    difference.path == *path && (self.new_value)(difference) == Some(&own.value)
                });
                if is_wanted {
                    expected.extend(ExpectedValue::of(address, path, &own.value));
                }
            }
        }
        Ok(Attempt {
            edits,
            expected,
            ..Attempt::default()
        })
    }
}
