//! Checks that the code may be run by a version of Terraform that supports the fix.

use super::Stack;
use super::literal::quote;
use super::location::{File, code};
use super::reasons::ImportRefusal;

/// The first version with `import` blocks.
const IMPORTS: [u64; 3] = [1, 5, 0];

/// Checks that the code may be run by a Terraform with `import` blocks.
///
/// # Errors
/// What prevents it.
pub(super) fn knows_imports(stack: &Stack<'_>) -> Result<(), ImportRefusal> {
    let mut required = false;
    for file in code(stack) {
        for (constraint, line) in constraints(&file) {
            if excludes(&constraint) {
                return Err(ImportRefusal::VersionExcluded {
                    constraint: quote(&constraint),
                    place: format!("{}:{line}", file.page.file),
                });
            }
            required |= demands(&constraint);
        }
    }
    let wrote = stack.options.recorded.terraform();
    let old = wrote.filter(|version| parse(version).is_some_and(|version| version < IMPORTS));
    match old {
        Some(old) if !required => Err(ImportRefusal::VersionOld(old.to_owned())),
        _ => Ok(()),
    }
}

/// Returns the `required_version` constraints of a file, each with its line.
fn constraints(file: &File<'_>) -> Vec<(String, usize)> {
    let blocks = file.blocks("terraform");
    let found = blocks.filter_map(|block| block.body.get_attribute("required_version"));
    let texts = found.filter_map(|attribute| {
        let text = attribute.value.as_str()?.to_owned();
        Some((text, file.line(attribute)))
    });
    texts.collect()
}

/// Returns whether no version with `import` blocks satisfies a constraint such as `>= 1.1, < 1.5`.
fn excludes(constraint: &str) -> bool {
    parts(constraint).any(|(operator, version)| {
        let Some(limit) = parse(version) else {
            return false;
        };
        match operator {
            "" | "=" | "<=" => limit < IMPORTS,
            "<" => limit <= IMPORTS,
            // The last number may grow, those before it may not.
            "~>" => {
                let fixed = version.split('.').count().saturating_sub(1).min(2);
                limit[..fixed] < IMPORTS[..fixed]
            }
            _ => false,
        }
    })
}

/// Returns whether only versions with `import` blocks satisfy a constraint.
fn demands(constraint: &str) -> bool {
    parts(constraint).any(|(operator, version)| {
        let least = parse(version);
        let bound = matches!(operator, "" | "=" | ">" | ">=" | "~>");
        bound && least.is_some_and(|least| least >= IMPORTS)
    })
}

/// Splits a constraint into operators and versions.
fn parts(constraint: &str) -> impl Iterator<Item = (&str, &str)> {
    constraint.split(',').map(|part| {
        let part = part.trim();
        let end = part.find(|c: char| c.is_ascii_digit() || c == 'v');
        let (operator, version) = part.split_at(end.unwrap_or(part.len()));
        (operator.trim(), version.trim())
    })
}

/// Parses the three numbers of a version; `None` where the text is no version.
fn parse(version: &str) -> Option<[u64; 3]> {
    let plain = version.trim_start_matches('v');
    let end = plain.find(['-', '+']).unwrap_or(plain.len());
    let mut numbers = [0; 3];
    let mut parts = plain[..end].split('.');
    for number in &mut numbers {
        match parts.next() {
            Some(text) => *number = text.parse().ok()?,
            None => break,
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_leaves_import_blocks_out_or_does_not() {
        for (constraint, excluded, demanded) in [
            (">= 1.5", false, true),
            (">= 1.1, < 1.5", true, false),
            (">= 1.1, < 1.5.1", false, false),
            ("<= 1.4.9", true, false),
            ("1.4.6", true, false),
            ("= v1.11.4", false, true),
            ("~> 1.4.0", true, false),
            ("~> 1.4", false, false),
            ("~> 1.5.0", false, true),
            ("~> 1", false, false),
            ("~> 0.15", true, false),
            ("!= 1.3.0", false, false),
            ("> 1.4.6-rc1", false, false),
            ("", false, false),
            ("nonsense", false, false),
        ] {
            assert_eq!(excludes(constraint), excluded, "{constraint}");
            assert_eq!(demands(constraint), demanded, "{constraint}");
        }
    }
}
