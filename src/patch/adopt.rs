//! Code follows live.

use super::siblings::Siblings;
use super::target::Target;
use super::verify::Wanted;
use super::{Stack, blocks};
use crate::model::{Difference, Edit, Finding, Value};

/// The edits after which the code says what AWS has, and what it then says.
///
/// # Errors
/// Why it must not be edited, or cannot.
pub(super) fn plan(
    finding: &Finding,
    all: &Siblings<'_>,
    stack: &Stack<'_>,
) -> Result<(Vec<Edit>, Vec<Wanted>), String> {
    let (mut edits, mut made) = (Vec::new(), Vec::new());
    let schema = stack.catalog.get(&finding.tf_type);
    for difference in &finding.attributes {
        let written_as = schema.and_then(|schema| schema.extra.written_as);
        let other = written_as.and_then(|of| of(&difference.path, &finding.after));
        if let Some((path, value)) = other
            && let Ok(target) = Target::find(finding, path, stack)
            && target.definition().is_some()
        {
            target.alone(stack)?;
            // Several parts of what differs may be written by one attribute.
            let written = target.write(&value, stack)?;
            edits.extend(
                written
                    .into_iter()
                    .filter(|edit| !edits.contains(edit))
                    .collect::<Vec<_>>(),
            );
            made.extend(target.wanted(&value, stack));
            continue;
        }
        let target = Target::find(finding, &difference.path, stack)?;
        target.agree(all, &|other| other.live == difference.live, stack)?;
        edits.extend(match target.block(stack) {
            Some(parts) => blocks::plan(finding, difference, &parts, stack)?,
            None => target.write(&difference.live, stack)?,
        });
        made.extend(target.wanted(&difference.live, stack));
    }
    match edits.is_empty() {
        true => Err("the code says what AWS has, in another form".to_owned()),
        false => Ok((edits, made)),
    }
}

/// The edits after which the code says of each difference what `wanted` picks of it; none: it is left alone.
///
/// # Errors
/// Why it must not be edited, or cannot.
pub(super) fn write(
    finding: &Finding,
    all: &Siblings<'_>,
    stack: &Stack<'_>,
    wanted: impl Fn(&Difference) -> Option<&Value>,
) -> Result<(Vec<Edit>, Vec<Wanted>), String> {
    let (mut edits, mut made) = (Vec::new(), Vec::new());
    for difference in &finding.attributes {
        let Some(value) = wanted(difference) else {
            continue;
        };
        let target = Target::find(finding, &difference.path, stack)?;
        target.agree(all, &|other| wanted(other) == Some(value), stack)?;
        edits.extend(target.write(value, stack)?);
        made.extend(target.wanted(value, stack));
    }
    Ok((edits, made))
}
