//! Resolves reads of all instances of a resource or a module call, or of all elements of a value, and detects edits that
//! add or remove instances.

use super::edited_places::EditedPlaces;
use super::instance::Instance;
use super::resource::is_repeated;
use super::written_references::{EACH, NOTHING, References};

/// Returns a reference to each attribute that is read of every instance, or of every element. Without `count` and `for_each` the elements of a
/// resource are its own attributes: then the reference is to the whole resource.
pub(super) fn read(instance: &Instance<'_>, references: &References) -> Vec<[String; 4]> {
    let mut names = Vec::new();
    for ([kind, name], attributes) in &references.instances {
        if ["var", "local"].contains(&kind.as_str()) {
            let to = |attribute: &str| [kind, name, EACH, attribute].map(str::to_owned);
            names.push(to(NOTHING));
            names.extend(attributes.iter().map(|attribute| to(attribute)));
            continue;
        }
        let to = |attribute: &str| [kind, name, attribute, ""].map(str::to_owned);
        match has_instances(instance, [kind, name]) {
            true => names.extend(attributes.iter().map(|attribute| to(attribute))),
            false => names.push(to("")),
        }
    }
    names
}

/// Returns whether edits add or remove instances of a resource of which something is read.
pub(super) fn are_changed(references: &References, places: &EditedPlaces) -> bool {
    let mut read = references.instances.keys();
    read.any(|[tf_type, name]| places.change_instances(tf_type, name))
}

/// Returns whether a resource, or a call, has `count` or `for_each`.
fn has_instances(instance: &Instance<'_>, [kind, name]: [&str; 2]) -> bool {
    let block = match kind {
        "module" => instance.folder.calls.get(name).map(|(_, block)| *block),
        tf_type => {
            let mut blocks = instance.folder.blocks("resource");
            let found = blocks.find(|(_, block)| {
                let labels = block.labels.iter().map(|label| label.as_str());
                labels.eq([tf_type, name])
            });
            found.map(|(_, block)| block)
        }
    };
    block.is_some_and(|block| is_repeated(&block.body))
}
