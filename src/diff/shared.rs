//! Divides the attributes of a resource among itself and the resources that own some of them, or items of some.

use super::Ownership;
use crate::model::{
    Attributes, DeclaredResource, Owner, Resource, Schema, SharedItems, UnmanagedResource, Value,
};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A resource without what other resources own of it.
pub(super) struct OwnPart<'a> {
    /// The attributes whose parts are findings of their own.
    pub children: BTreeSet<&'static str>,
    /// The attributes whose differences are reported elsewhere, the children among them.
    pub elsewhere: BTreeSet<&'static str>,
    /// The recorded attributes, without the items of other resources.
    pub recorded: Cow<'a, Resource>,
    /// The live attributes, without the items of other resources.
    pub live: Cow<'a, Attributes>,
}

/// Another resource's rule, and the resources of its type that own items.
type Sharing<'o> = (&'static Owner, SharedItems, &'o [&'o Resource]);

impl<'a> OwnPart<'a> {
    /// Divides a resource and what AWS has of it. `below` are its children that were found in AWS.
    pub(super) fn of(
        (recorded, live): (&'a Resource, &'a Attributes),
        declared: Option<&DeclaredResource>,
        (ownership, schema): (&Ownership<'_>, &Schema),
        below: &[&UnmanagedResource],
    ) -> Self {
        let rules = schema.rules;
        let mut own = Self {
            children: BTreeSet::new(),
            elsewhere: BTreeSet::new(),
            recorded: Cow::Borrowed(recorded),
            live: Cow::Borrowed(live),
        };
        for path in paths(schema) {
            let owners = rules.owners.iter().filter(|owner| owner.path == path);
            let owners = owners.map(|owner| (owner, ownership.owners_of(recorded, owner)));
            let owners: Vec<_> = owners.filter(|(_, found)| !found.is_empty()).collect();
            let shares = owners
                .iter()
                .map(|(owner, found)| Some((*owner, owner.items?, *found)));
            let is_child = rules.children.iter().any(|children| children.path == path);
            let written = declared.map(|declared| declared.value(path));
            let is_alone = match (shares.collect::<Option<Vec<Sharing<'_>>>>(), &written) {
                (None, _) => true,
                (Some(shares), _) if !shares.is_empty() => {
                    let parts = below.iter().filter(|part| part.path == Some(path));
                    let claimed: Vec<_> = parts.filter(|part| ownership.claims(part)).collect();
                    !own.share(path, written.as_ref(), &shares, &claimed) && is_child
                }
                (_, Some(written)) => is_child && written.is_null(),
                (_, None) => is_child && recorded.get(path).is_empty(),
            };
            if is_alone {
                own.elsewhere.insert(path);
            }
            if is_alone && is_child {
                own.children.insert(path);
            }
        }
        own
    }

    /// Takes the items of other resources out of an attribute. Returns whether the resource lists items itself: by its
    /// code, or by the state where that is not known.
    fn share(
        &mut self,
        path: &str,
        written: Option<&Value>,
        shares: &[Sharing<'_>],
        claimed: &[&&UnmanagedResource],
    ) -> bool {
        let Some((_, SharedItems { without, .. }, _)) = shares.first() else {
            return true;
        };
        let items = |value: &Value| value.as_list().map(<[Value]>::to_vec).unwrap_or_default();
        let written = written.filter(|written| **written != Value::Unknown);
        let own = written.map(items).unwrap_or_default();
        let all = shares.iter().flat_map(|(_, shared, owners)| {
            let set_by = |owner: &&Resource| (shared.set_by)(&owner.attributes);
            owners.iter().flat_map(set_by)
        });
        // Of what both list nobody knows whose it is: the resource answers for what its code lists.
        let mut others = without(all.collect(), &own);
        let recorded = without(items(self.recorded.get(path)), &others);
        let lists = match written {
            Some(written) => !written.is_empty(),
            None => !recorded.is_empty(),
        };
        // One that was changed is no longer what its state recorded.
        let changed = claimed.iter().flat_map(|part| {
            let of_type = |(owner, ..): &&Sharing<'_>| owner.tf_type == part.tf_type;
            let share = shares.iter().find(of_type);
            share
                .map(|(_, shared, _)| (shared.set_by)(&part.attributes))
                .unwrap_or_default()
        });
        let changed: Vec<_> = changed.collect();
        others.extend(without(changed, &own));
        if self.recorded.get(path).as_list().is_some() {
            let recorded = Value::List(recorded);
            self.recorded
                .to_mut()
                .attributes
                .insert(path.to_owned(), recorded);
        }
        if let Some(Value::List(live)) = self.live.get(path) {
            let live = Value::List(without(live.clone(), &others));
            self.live.to_mut().insert(path.to_owned(), live);
        }
        lists
    }
}

/// Returns the attributes that other resources may own, and those whose parts may be resources.
fn paths(schema: &Schema) -> BTreeSet<&'static str> {
    let owners = schema.rules.owners.iter().map(|owner| owner.path);
    let children = schema.rules.children.iter().map(|children| children.path);
    owners.chain(children).collect()
}
