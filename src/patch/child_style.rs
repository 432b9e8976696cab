//! Chooses how the code writes a child of a resource: as a resource of one type or another, or as a block of the
//! parent.

use super::Stack;
use super::reasons::ImportRefusal;
use super::refusal::Refusal;
use crate::model::{Address, Attributes, DeclaredResource, Finding, Owner, TypeRules, Value};

/// How the code writes an added child.
pub(super) enum ChildStyle<'a> {
    /// As a resource of this type, with these attributes and this import id.
    Resource(&'a Owner, Attributes, String),
    /// As blocks of the parent.
    Blocks(fn(&Attributes) -> Value),
}

/// An added child, and its place.
pub(super) struct Child<'a> {
    pub finding: &'a Finding,
    pub parent: &'a Address,
    pub declared: &'a DeclaredResource,
    /// The attribute of the parent that the child is a part of.
    pub path: &'static str,
    pub style: ChildStyle<'a>,
}

impl<'a> Child<'a> {
    /// Finds the place of a child, and the style of its siblings.
    ///
    /// # Errors
    /// Why no style is known.
    pub(super) fn find(finding: &'a Finding, stack: &'a Stack<'_>) -> Result<Self, Refusal> {
        let parent = finding.under.as_ref().ok_or(ImportRefusal::NoParent)?;
        let declared = stack.declared.resources.get(parent);
        let declared = declared.ok_or_else(|| Refusal::NotEvaluated(Box::new(parent.clone())))?;
        let unknown = || ImportRefusal::NoForm {
            tf_type: finding.tf_type.clone(),
            parent: Box::new(parent.clone()),
        };
        let path = part(finding, stack).ok_or_else(unknown)?;
        let schema = stack.catalog.get(&parent.tf_type).ok_or_else(unknown)?;
        let style = match owner(finding, path, (schema.rules, declared), stack) {
            None => ChildStyle::Blocks(schema.rules.inlined.ok_or_else(unknown)?),
            Some(owner) => {
                let rules = stack.catalog.get(owner.tf_type).ok_or_else(unknown)?.rules;
                let plain = || Some((finding.after.clone(), finding.import_id.clone()?));
                let restated_resource = match rules.restated {
                    Some(restated) => restated(path, &finding.after),
                    None => plain(),
                };
                let (attributes, id) =
                    restated_resource.ok_or_else(|| ImportRefusal::CannotSay {
                        parent: Box::new(parent.clone()),
                        path: path.to_owned(),
                        owner: owner.tf_type.to_owned(),
                    })?;
                ChildStyle::Resource(owner, attributes, id)
            }
        };
        Ok(Self {
            finding,
            parent,
            declared,
            path,
            style,
        })
    }
}

/// Returns the attribute of the parent that a finding is a part of.
pub(super) fn part(finding: &Finding, stack: &Stack<'_>) -> Option<&'static str> {
    let schema = stack.catalog.get(&finding.under.as_ref()?.tf_type)?;
    let mut children = schema.rules.children.iter();
    let own = children.find(|children| children.tf_type == finding.tf_type);
    own.map(|children| children.path)
}

/// Returns the type to write the child as: the type of its siblings; `None` where they are blocks of the parent.
fn owner(
    finding: &Finding,
    path: &str,
    (rules, parent): (&'static TypeRules, &DeclaredResource),
    stack: &Stack<'_>,
) -> Option<&'static Owner> {
    let owners = rules.owners;
    let has_own = |owner: &&Owner| {
        let parent_id = finding.after.get(owner.parent);
        stack.declared.resources.iter().any(|(address, resource)| {
            address.tf_type == owner.tf_type
                && parent_id.is_some_and(|parent_id| resource.value(owner.parent) == *parent_id)
                && owner
                    .when
                    .is_none_or(|(name, text)| resource.value(name).as_str() == Some(text))
        })
    };
    let fits = |owner: &&Owner| owner.path == path;
    let is_found = |owner: &&Owner| owner.tf_type == finding.tf_type;
    let own = owners.iter().find(|owner| fits(owner) && is_found(owner))?;
    if has_own(&own) {
        return Some(own);
    }
    let beside = owners.iter().filter(fits).find(has_own);
    if beside.is_some() {
        return beside;
    }
    // None of this direction: those of the other one tell as well.
    if let Some(sibling) = owners.iter().find(has_own) {
        let same = |owner: &&Owner| fits(owner) && owner.tf_type == sibling.tf_type;
        return Some(owners.iter().find(same).unwrap_or(own));
    }
    let mut blocks = rules.children.iter();
    let in_blocks = blocks.any(|children| !parent.value(children.path).is_null());
    (rules.inlined.is_none() || !in_blocks).then_some(own)
}
