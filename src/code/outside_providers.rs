//! Compares the provider configurations of code with what the state recorded of their resources, for the search of
//! variables that are set outside the code.

use super::derivation::{Derivation, derivation};
use super::instance::Instance;
use super::outside::Search;
use super::outside_expected::Expected;
use super::outside_variable::as_text;
use super::provider;
use super::references::Names;
use super::scope::Scope;
use crate::model::{AwsLocation, ProviderKey, Resource, Value, ValueMap};
use hcl_edit::structure::Block;
use std::rc::Rc;

/// The argument with the region of a provider configuration.
const REGION: &str = "region";

/// The arguments and blocks that tell the account of a provider configuration.
const OF_ACCOUNT: &[&str] = &["assume_role", "allowed_account_ids"];

impl<'s> Search<'s> {
    /// Compares the provider configurations of a module instance with what the state recorded of their resources.
    pub(super) fn providers(&mut self, instance: &Rc<Instance<'_>>) {
        for (file, block) in instance.folder.blocks("provider") {
            let budget = &instance.context.budget;
            if budget.is_over() {
                return;
            }
            let mark = budget.mark();
            self.provider(&instance.scope(file), block);
            budget.settle(mark, 0);
        }
    }

    /// Compares one provider configuration.
    fn provider(&mut self, scope: &Scope<'_>, block: &Block) {
        let Some(config) = provider::config(scope, block) else {
            return;
        };
        for name in self.finder.of_body(scope, &block.body) {
            self.evidence.entry(name).or_default();
        }
        self.region(scope, block, (&config.key, &config.region));
        if let Some(account) = &config.account {
            let all = self.locations(&config.key);
            let mut accounts = all.iter().filter_map(|place| place.account.as_ref());
            let known = accounts.clone().next().is_some();
            if known && !accounts.any(|other| other == account) {
                let names = self.names_of_account(scope, block);
                self.may_differ(names);
            }
        }
        self.default_tags(scope, block, &config);
    }

    /// Compares the region of a configuration with those of its resources.
    fn region(&mut self, scope: &Scope<'_>, block: &Block, (key, region): (&ProviderKey, &Value)) {
        let Some(argument) = block.body.get_attribute(REGION) else {
            return;
        };
        let names = self.finder.of_expression(scope, &argument.value);
        let (Some(region), false) = (region.as_str(), names.is_empty()) else {
            return;
        };
        let all = self.locations(key);
        let mut recorded = all.iter().filter_map(|place| place.region.as_ref());
        let Some(other) = recorded.clone().next() else {
            return;
        };
        let agrees = recorded.any(|other| other.as_str() == region);
        for name in names {
            let evidence = self.evidence.entry(name).or_default();
            match (agrees, derivation(scope, &argument.value)) {
                (true, Derivation::Computed) => {}
                (true, _) => evidence.agrees = true,
                (false, Derivation::Variable) => {
                    let differs = || (region.into(), other.as_str().into());
                    evidence.differs.get_or_insert_with(differs);
                }
                (false, _) => evidence.may_differ = true,
            }
        }
    }

    /// Returns where the recorded resources of a configuration are.
    fn locations(&self, key: &ProviderKey) -> Vec<AwsLocation> {
        self.of_provider(key).map(Resource::location).collect()
    }

    fn of_provider<'k>(
        &self,
        key: &'k ProviderKey,
    ) -> impl Iterator<Item = &'s Resource> + use<'s, 'k> {
        let resources = self.recorded.resources();
        resources.filter(move |resource| resource.provider == *key)
    }

    /// Returns the variables that the account of a configuration depends on.
    fn names_of_account(&mut self, scope: &Scope<'_>, block: &Block) -> Names {
        let mut names = Names::new();
        for argument in block.body.attributes() {
            if OF_ACCOUNT.contains(&argument.key.as_str()) {
                names.extend(self.finder.of_expression(scope, &argument.value));
            }
        }
        for inner in block.body.blocks() {
            if OF_ACCOUNT.contains(&super::overrides::block_name(inner)) {
                names.extend(self.finder.of_body(scope, &inner.body));
            }
        }
        names
    }

    /// Compares the tags that a configuration adds with those that the state recorded: entry by entry where the code
    /// writes a literal map, else all of them together.
    fn default_tags(
        &mut self,
        scope: &Scope<'_>,
        block: &Block,
        config: &provider::ProviderConfig,
    ) {
        let Some(tags) = provider::literal_default_tags(scope, block) else {
            let mut names = Names::new();
            for tags in provider::blocks_of_default_tags(block) {
                names.extend(self.finder.of_body(scope, &tags.body));
            }
            if !names.is_empty() && self.adds_others(&config.key, &config.tags.default) {
                self.may_differ(names);
            }
            return;
        };
        for (tag, value) in tags {
            let added = self.of_provider(&config.key).find_map(|resource| {
                let added = resource.get("tags").get(&tag).is_null();
                let recorded = resource.get("tags_all").get(&tag);
                (added && !recorded.is_null()).then_some(recorded)
            });
            let expected = Expected {
                schema: None,
                attribute: None,
                path: "tags_all",
                recorded: added.unwrap_or(&Value::Null),
                is_kept: true,
            };
            self.argument(scope, value, expected);
        }
    }

    /// Returns whether the state recorded other default tags than these in any resource of a configuration.
    fn adds_others(&self, key: &ProviderKey, tags: &Value) -> bool {
        let default = match tags {
            Value::Null => ValueMap::new(),
            Value::Map(default) if !tags.has_unknown() => default.clone(),
            _ => return false,
        };
        self.of_provider(key).any(|resource| {
            let own = resource.get("tags");
            let Some(all) = resource.get("tags_all").as_map() else {
                return false;
            };
            let is_other = |key: &String, value: &Value| {
                let is_own = !own.get(key).is_null();
                // Tags are texts, whatever code writes.
                let agrees = default.get(key).and_then(as_text) == as_text(value);
                !is_own && !value.has_secret() && !agrees
            };
            let is_missing = |key: &String| all.get(key).is_none();
            all.iter().any(|(key, value)| is_other(key, value))
                || default
                    .iter()
                    .any(|(key, value)| !value.is_null() && is_missing(key))
        })
    }
}
