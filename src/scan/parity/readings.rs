//! Compares two readings of one resource, attribute by attribute.

use super::{ReaderFault, is_same};
use crate::model::{Attributes, Resource, Schema, Value};
/// Attributes that say how a resource is made, and those that follow from others.
const NOT_READ: [&str; 3] = ["id", "timeouts", "tags"];

/// A resource that was read twice.
pub(super) struct Compared<'a> {
    pub resource: &'a Resource,
    pub schema: &'a Schema,
    pub siblings: &'a [&'a Resource],
}

impl Compared<'_> {
    /// Returns the attributes of which the native reader read something else than the provider.
    pub(super) fn differences(
        &self,
        provider: &Attributes,
        native: &Attributes,
    ) -> Vec<ReaderFault> {
        let mut differences = Vec::new();
        for (name, read) in provider {
            if self.is_left_out(name) {
                continue;
            }
            let native = native.get(name).cloned().unwrap_or_default();
            let (read, native) = (self.shown(name, read.clone()), self.shown(name, native));
            if !is_same(&read, &native) {
                differences.push(ReaderFault::Value {
                    attribute: name.clone(),
                    provider: text(&read),
                    native: text(&native),
                });
            }
        }
        differences
    }

    /// Returns whether the rules of the type declare an attribute not to be read, or to be another resource's.
    fn is_left_out(&self, name: &str) -> bool {
        let rules = self.schema.rules;
        let mut owners = rules.owners.iter().filter(|owner| owner.path == name);
        let is_owned = owners.any(|owner| {
            let mut siblings = self.siblings.iter();
            siblings.any(|sibling| owner.is(sibling, self.resource))
        });
        // What takes a call each is read only where it is set.
        let is_not_asked = rules.on_demand.contains(&name) && self.resource.get(name).is_empty();
        let attribute = self.schema.attributes.get(name);
        let is_set_by_nobody =
            attribute.is_none_or(|attribute| !attribute.optional && attribute.computed);
        is_owned
            || is_not_asked
            || (rules.idle)(name, self.resource)
            || is_set_by_nobody
            || NOT_READ.contains(&name)
            || rules.never_read.contains(&name)
    }

    /// Returns a value without what does not count: equal forms, the order of elements, parts that are not read.
    fn shown(&self, path: &str, value: Value) -> Value {
        match (self.schema.rules.normalize)(path, value) {
            Value::List(items) => {
                let mut items: Vec<_> = items
                    .into_iter()
                    .map(|item| self.shown(path, item))
                    .collect();
                items.sort_by_cached_key(text);
                Value::List(items)
            }
            Value::Map(entries) => {
                let parts = entries.into_iter().filter_map(|(key, value)| {
                    let below = format!("{path}.{key}");
                    let never_read = self.schema.rules.never_read;
                    let is_read = !never_read.contains(&below.as_str());
                    is_read.then(|| (key, self.shown(&below, value)))
                });
                Value::Map(parts.collect())
            }
            // Providers write numbers and booleans as texts in some places.
            Value::Number(number) => scalar(number.to_string()),
            Value::Bool(flag) => scalar(flag.to_string()),
            Value::String(text) => scalar(text),
            value => value,
        }
    }
}

/// Returns a text, or null where it says that nothing is set.
fn scalar(text: String) -> Value {
    match text.as_str() {
        "" | "0" | "false" => Value::Null,
        _ => Value::String(text),
    }
}

fn text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProviderKey;
    use crate::resources;

    fn resource(tf_type: &str, attributes: &Attributes) -> Resource {
        Resource {
            address: format!("{tf_type}.x").parse().unwrap(),
            provider: ProviderKey {
                module: String::new(),
                name: "aws".to_owned(),
                alias: None,
            },
            id: "x".to_owned(),
            attributes: attributes.clone(),
        }
    }

    fn read(json: serde_json::Value) -> Attributes {
        serde_json::from_value(json).unwrap()
    }

    fn differences(tf_type: &str, provider: serde_json::Value, native: serde_json::Value) -> usize {
        let (provider, native) = (read(provider), read(native));
        let catalog = resources::catalog();
        let resource = resource(tf_type, &provider);
        let compared = Compared {
            resource: &resource,
            schema: catalog.get(tf_type).unwrap(),
            siblings: &[],
        };
        compared.differences(&provider, &native).len()
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let provider = serde_json::json!({
            "id": "vpc-1", "arn": "arn:x", "cidr_block": "10.0.0.0/16", "enable_dns_support": true,
            "ipv6_netmask_length": 0, "assign_generated_ipv6_cidr_block": false, "tags": {"a": "b"},
        });
        let native = serde_json::json!({"cidr_block": "10.0.0.0/16", "enable_dns_support": "true"});
        assert_eq!(differences("aws_vpc", provider, native), 0);
    }

    #[test]
    fn another_value_is_one_and_the_order_of_a_set_is_not() {
        let groups = |ids: [&str; 2], monitoring: bool| serde_json::json!({"vpc_security_group_ids": ids, "monitoring": monitoring});
        let of = |left, right| differences("aws_instance", left, right);
        let left = groups(["sg-1", "sg-2"], true);
        assert_eq!(of(left.clone(), groups(["sg-2", "sg-1"], true)), 0);
        assert_eq!(of(left.clone(), groups(["sg-2", "sg-3"], true)), 1);
        assert_eq!(of(left, groups(["sg-2", "sg-3"], false)), 2);
    }
}
