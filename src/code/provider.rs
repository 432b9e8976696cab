//! Evaluates provider configurations: region, account and tags.

use super::environment_tags::EnvironmentTags;
use super::expression::certain_key;
use super::folder::ModuleFolder;
use super::instance::Instance;
use super::overrides::block_name;
use super::resource;
use super::scope::Scope;
use super::size::Size;
use super::typed::Typed;
use crate::model::{AccountId, AwsLocation, ProviderKey, ProviderTags, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectValue};
use hcl_edit::structure::Block;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The type of the AWS provider in states, whatever its registry.
const AWS: &str = "aws";

/// The nested block with the tags that the provider adds.
const DEFAULT_TAGS: &str = "default_tags";

/// The nested block with the tags that the provider ignores.
const IGNORE_TAGS: &str = "ignore_tags";

/// One provider configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderConfig {
    /// Its name in states.
    pub key: ProviderKey,
    /// Its region; unknown where the code does not determine it, null where it is not set.
    pub region: Value,
    /// Its account, from the ARN of `assume_role` or from `allowed_account_ids`. The role itself is never used.
    pub account: Option<AccountId>,
    /// Its default and ignored tags.
    pub tags: ProviderTags,
    /// The texts in its `default_tags` that the code makes from parts of secrets.
    pub made_of_secrets: BTreeSet<String>,
}

impl ProviderConfig {
    /// Describes which of its tags are unknown; `None` where all are known.
    pub(super) fn unknown_tags(&self) -> Option<String> {
        let mut unknown = Vec::new();
        if self.tags.default.has_unknown() {
            unknown.push("which tags it adds, so those that the state recorded count");
        }
        if self.tags.ignored.has_unknown() {
            unknown.push("which tags it ignores, so those that only AWS has are set aside");
        }
        let alias = self.key.alias.as_ref();
        let alias = alias.map(|alias| format!(".{alias}")).unwrap_or_default();
        let module = match self.key.module.as_str() {
            "" => String::new(),
            module => format!("{module}."),
        };
        let name = format!("{module}{}{alias}", self.key.name);
        let unknown = unknown.join("; and ");
        (!unknown.is_empty())
            .then(|| format!("provider {name}: the code does not determine {unknown}"))
    }
}

/// Adds the AWS provider configurations of one module instance, as far as the budget allows.
pub(super) fn declare(instance: &Rc<Instance<'_>>, providers: &mut Vec<ProviderConfig>) {
    let budget = &instance.context.budget;
    let blocks = instance.folder.blocks("provider");
    for (file, block) in blocks {
        let mark = budget.mark();
        let scope = instance.scope(file);
        let Some(config) = config(&scope, block) else {
            continue;
        };
        budget.settle(mark, 0);
        match budget.keep(size(&config)) {
            Ok(()) => providers.push(config),
            Err(excess) => scope.refuse_at(excess, block.span()),
        }
    }
    declare_implied(instance, providers);
}

/// Evaluates a provider configuration; `None` where it is not the AWS provider's.
pub(super) fn config(scope: &Scope<'_>, block: &Block) -> Option<ProviderConfig> {
    let instance = &scope.instance;
    let name = aws_name(instance.folder, block)?;
    instance.take_made();
    let value = |name| {
        block
            .body
            .get_attribute(name)
            .map(|attribute| scope.plain(&attribute.value))
            .unwrap_or_default()
    };
    let role = nested(scope, block, "assume_role");
    let role = role.get("role_arn").as_str();
    let of_role = role.and_then(|role| AwsLocation::of_arn(role).account);
    let allowed = value("allowed_account_ids");
    let allowed = match allowed.as_list() {
        Some([account]) => Typed::of_json(account.clone())
            .as_text()
            .and_then(|account| AccountId::new(&account)),
        _ => None,
    };
    Some(ProviderConfig {
        key: ProviderKey {
            module: instance.names().join("."),
            name: name.to_owned(),
            alias: value("alias").as_str().map(str::to_owned),
        },
        region: value("region"),
        account: of_role.or(allowed),
        tags: provider_tags(scope, block),
        made_of_secrets: instance.take_made(),
    })
}

/// Adds the default configuration of the root module where no block writes it and the environment gives it tags.
fn declare_implied(instance: &Instance<'_>, providers: &mut Vec<ProviderConfig>) {
    let environment = &instance.context.environment_tags;
    let key = ProviderKey {
        module: String::new(),
        name: AWS.to_owned(),
        alias: None,
    };
    let is_written = || providers.iter().any(|provider| provider.key == key);
    if *environment == EnvironmentTags::default() || !instance.path.is_empty() || is_written() {
        return;
    }
    let config = ProviderConfig {
        region: Value::Null,
        account: None,
        tags: ProviderTags {
            default: environment.default_with(Value::Null),
            ignored: environment.ignored_with(Vec::new(), Vec::new()),
        },
        made_of_secrets: BTreeSet::new(),
        key,
    };
    if instance.context.budget.keep(size(&config)).is_ok() {
        providers.push(config);
    }
}

/// Evaluates the default and ignored tags of a provider block.
fn provider_tags(scope: &Scope<'_>, block: &Block) -> ProviderTags {
    let environment = &scope.instance.context.environment_tags;
    let ignored = nested(scope, block, IGNORE_TAGS);
    let texts = |name: &str| -> Vec<String> {
        let texts = ignored.get(name).as_list().unwrap_or_default().iter();
        texts
            .filter_map(|text| Some(text.as_str()?.to_owned()))
            .collect()
    };
    let default = match nested(scope, block, DEFAULT_TAGS) {
        Value::Unknown => Value::Unknown,
        block => environment.default_with(block.get("tags").clone()),
    };
    ProviderTags {
        default,
        ignored: environment
            .ignored_with(texts("keys"), texts("key_prefixes"))
            .with_unknown(ignored.has_unknown()),
    }
}

/// Evaluates the nested block of a name, which may be made by `dynamic`: null where there is none, unknown where that
/// is not certain.
fn nested(scope: &Scope<'_>, block: &Block, name: &str) -> Value {
    let blocks = block.body.blocks();
    let named = blocks.filter(|inner| block_name(inner) == name);
    for inner in named {
        match resource::blocks(scope, inner) {
            (_, Value::List(maps)) => {
                if let Some(first) = maps.into_iter().next() {
                    return first;
                }
            }
            _ => return Value::Unknown,
        }
    }
    Value::Null
}

/// Returns the entries of a configuration's `default_tags`; `None` where they are no literal map.
pub(super) fn literal_default_tags<'b>(
    scope: &Scope<'_>,
    block: &'b Block,
) -> Option<Vec<(String, &'b Expression)>> {
    let tags = block.body.get_blocks(DEFAULT_TAGS).next()?;
    let Expression::Object(tags) = &tags.body.get_attribute("tags")?.value else {
        return None;
    };
    let entry = |(key, value): (_, &'b ObjectValue)| Some((certain_key(scope, key)?, value.expr()));
    Some(tags.iter().filter_map(entry).collect())
}

/// Returns the blocks with the tags that a provider adds.
pub(super) fn blocks_of_default_tags(block: &Block) -> impl Iterator<Item = &Block> {
    let blocks = block.body.blocks();
    blocks.filter(|inner| block_name(inner) == DEFAULT_TAGS)
}

/// Returns the name of a configuration's provider in states; `None` where it is not the AWS provider.
fn aws_name<'a>(folder: &ModuleFolder<'a>, block: &'a Block) -> Option<&'a str> {
    let local = block.labels.first()?.as_str();
    // None is declared, or without a source: that means hashicorp's of that name.
    let source = folder.provider_sources.get(local).copied().flatten();
    let name = source.map_or(local, |source| {
        source.rsplit('/').next().unwrap_or_default()
    });
    (name == AWS).then_some(name)
}

/// Returns whether something in a provider configuration is not evaluated: another provider's never is.
pub(super) fn is_unknown(scope: &Scope<'_>, block: &Block) -> bool {
    aws_name(scope.instance.folder, block).is_none()
        || resource::body(scope, &block.body).has_unknown()
}

/// Returns the bytes that a configuration takes.
fn size(config: &ProviderConfig) -> usize {
    let key = config.key.module.len() + config.key.alias.as_ref().map_or(0, String::len);
    let values = [&config.region, &config.tags.default];
    let values = values.map(|value| Size::of(value).bytes);
    let ignored = config.tags.ignored.keys();
    let ignored = ignored.chain(config.tags.ignored.prefixes());
    let ignored = ignored.chain(&config.made_of_secrets);
    let ignored = ignored.map(|text| size_of::<String>() + text.len());
    2 * size_of::<ProviderConfig>() + key + values.iter().sum::<usize>() + ignored.sum::<usize>()
}
