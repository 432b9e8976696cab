//! Small parts of the provider's shape that many types share.

use crate::model::{Attributes, Value};

/// Attributes of these names and values.
pub(super) fn attributes<const N: usize>(pairs: [(&str, Value); N]) -> Attributes {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A block with these parts; those that were not answered are left out, so that they count as not read.
pub(super) fn block<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Value {
    let parts = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    Value::List(vec![Value::map(parts)])
}

/// The prefix of a name that the provider made up: it puts 26 hexadecimal digits behind one. Nothing where it did not.
pub(super) fn name_prefix(name: Option<&str>) -> Value {
    const SUFFIX: usize = 26;
    let prefix = name.and_then(|name| {
        let (prefix, suffix) = name.split_at_checked(name.len().checked_sub(SUFFIX)?)?;
        let made_up = suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
        (made_up && !prefix.is_empty()).then_some(prefix)
    });
    prefix.unwrap_or_default().into()
}

/// A list of texts.
pub(super) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Value {
    Value::List(texts.into_iter().map(|text| text.as_ref().into()).collect())
}

/// An option of the AWS CLI, quoted for a shell: what it says comes from outside.
pub(super) fn option(name: &str, value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    format!(" --{name} '{}'", text.replace('\'', r"'\''"))
}

/// Tags by key, without those that AWS itself sets.
pub(super) fn tags<'a>(
    tags: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> Value {
    let own = tags.into_iter().filter_map(|(key, value)| {
        let key = key.filter(|key| !key.starts_with("aws:"))?;
        Some((key, Value::text(value.unwrap_or_default())))
    });
    Value::map(own)
}

/// Tags by which AWS's own services mark what they made: nobody writes Terraform for these.
const MADE_BY_AWS: &[&str] = &[
    "aws:autoscaling:groupName",
    "aws:cloudformation:stack-name",
    "aws:ec2:fleet-id",
    "aws:ec2spot:fleet-request-id",
    "aws:eks:cluster-name",
    "aws:elasticmapreduce:job-flow-id",
    "elasticbeanstalk:environment-name",
];

/// Whether a tag's key says that a service of AWS made the thing.
pub(super) fn made_by_aws<'a>(keys: impl IntoIterator<Item = Option<&'a str>>) -> bool {
    keys.into_iter()
        .flatten()
        .any(|key| MADE_BY_AWS.contains(&key))
}
