//! The address of a resource in Terraform's tree.

use std::fmt;
use std::str::FromStr;

/// Terraform's name for one instance of a resource: `module.service["payments"].aws_instance.this[0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The module calls that lead to the resource, outermost first.
    pub modules: Vec<ModuleStep>,
    /// The type, such as `aws_instance`.
    pub tf_type: String,
    /// The name in its module.
    pub name: String,
    /// The key, if the resource has `count` or `for_each`.
    pub key: Option<Key>,
}

/// A module call on the way to a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    /// The name of the `module` block.
    pub name: String,
    /// The key, if the call has `count` or `for_each`.
    pub key: Option<Key>,
}

/// The key of an instance of a block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// By `count`.
    Index(u64),
    /// By `for_each`.
    Name(String),
}

/// The text is no address of a resource instance.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no resource address: write it as in `terraform state list`")]
pub struct BadAddress(String);

impl Address {
    /// Returns the address without its own key: the address of the `resource` block.
    pub fn block(&self) -> Self {
        Self {
            key: None,
            ..self.clone()
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.modules {
            write!(f, "module.{}{}.", step.name, Suffix(step.key.as_ref()))?;
        }
        let suffix = Suffix(self.key.as_ref());
        write!(f, "{}.{}{suffix}", self.tf_type, self.name)
    }
}

/// Formats a key as a suffix of a name.
struct Suffix<'a>(Option<&'a Key>);

impl fmt::Display for Suffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(Key::Index(index)) => write!(f, "[{index}]"),
            Some(Key::Name(name)) => {
                let quoted = serde_json::to_string(name).map_err(|_| fmt::Error)?;
                write!(f, "[{quoted}]")
            }
        }
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        let mut rest = text;
        let mut modules = Vec::new();
        while let Some(after) = rest.strip_prefix("module.") {
            let (name, key, after) = segment(after).ok_or_else(bad)?;
            rest = after.strip_prefix('.').ok_or_else(bad)?;
            modules.push(ModuleStep { name, key });
        }
        let (tf_type, name) = rest.split_once('.').ok_or_else(bad)?;
        let (name, key, after) = segment(name).ok_or_else(bad)?;
        if !after.is_empty() || !is_identifier(tf_type) {
            return Err(bad());
        }
        Ok(Self {
            modules,
            tf_type: tf_type.to_owned(),
            name,
            key,
        })
    }
}

/// Parses a name and its key, and returns the rest.
fn segment(text: &str) -> Option<(String, Option<Key>, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !is_identifier(name) {
        return None;
    }
    let Some(inner) = rest.strip_prefix('[') else {
        return Some((name.to_owned(), None, rest));
    };
    let (key, rest) = if inner.starts_with('"') {
        let mut quoted = serde_json::Deserializer::from_str(inner).into_iter::<String>();
        let key = quoted.next()?.ok()?;
        (Key::Name(key), inner.get(quoted.byte_offset()..)?)
    } else {
        let end = inner.find(']')?;
        (Key::Index(inner[..end].parse().ok()?), &inner[end..])
    };
    Some((name.to_owned(), Some(key), rest.strip_prefix(']')?))
}

fn is_identifier(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.chars().all(allowed)
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in [
            "aws_instance.web",
            "aws_instance.web[1]",
            r#"aws_instance.web["a.b\"]c"]"#,
            r#"module.a[0].module.b["x"].aws_s3_bucket.this"#,
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "web",
            "module.a",
            "aws_instance.web[",
            "a.b.c",
            "a.b[x]",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
