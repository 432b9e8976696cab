//! Provider configurations: which region and account each points to.

use super::expression::as_text;
use super::instance::Instance;
use super::size::Size;
use crate::model::{AccountId, Place, ProviderKey, Value};
use hcl_edit::Span;
use std::rc::Rc;

/// One provider configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderConfig {
    /// How states name it.
    pub key: ProviderKey,
    /// Its region; unknown where the code does not tell, null where it leaves it out.
    pub region: Value,
    /// Its account, as the role that it would assume or `allowed_account_ids` tell. That role is never used.
    pub account: Option<AccountId>,
    /// What `default_tags` adds to each resource; unknown where the code does not tell.
    pub default_tags: Value,
}

/// Adds the AWS provider's configurations of one module instance, as far as the budget goes.
pub(super) fn declare(instance: &Rc<Instance<'_>>, providers: &mut Vec<ProviderConfig>) {
    let budget = &instance.context.budget;
    let blocks = instance.folder.blocks("provider");
    let aws = blocks.filter(|(_, block)| {
        block
            .labels
            .first()
            .is_some_and(|label| label.as_str() == "aws")
    });
    let module: Vec<_> = instance
        .path
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    for (file, block) in aws {
        let mark = budget.mark();
        let scope = instance.scope(file);
        let value = |name| {
            block
                .body
                .get_attribute(name)
                .map(|one| scope.value(&one.value))
                .unwrap_or_default()
        };
        let role = block.body.get_blocks("assume_role").next();
        let role = role
            .and_then(|role| role.body.get_attribute("role_arn"))
            .map(|arn| scope.value(&arn.value));
        let of_role = role.and_then(|role| Place::of_arn(role.as_str()?).account);
        let allowed = value("allowed_account_ids");
        let allowed = match allowed.as_list() {
            Some([one]) => as_text(one).and_then(|one| AccountId::new(&one)),
            _ => None,
        };
        let tags = block.body.get_blocks("default_tags").next();
        let tags = tags
            .and_then(|tags| tags.body.get_attribute("tags"))
            .map(|tags| scope.value(&tags.value));
        let config = ProviderConfig {
            key: ProviderKey {
                module: module.join("."),
                name: "aws".to_owned(),
                alias: value("alias").as_str().map(str::to_owned),
            },
            region: value("region"),
            account: of_role.or(allowed),
            default_tags: tags.unwrap_or_else(|| Value::Map(Default::default())),
        };
        budget.settle(mark, 0);
        match budget.keep(size(&config)) {
            Ok(()) => providers.push(config),
            Err(excess) => {
                let at = block.span().map_or(0, |span| span.start);
                budget.refuse(excess, &file.path, file.line(at));
            }
        }
    }
}

/// The bytes that a configuration takes.
fn size(config: &ProviderConfig) -> usize {
    let key = config.key.module.len() + config.key.alias.as_ref().map_or(0, String::len);
    let values = [&config.region, &config.default_tags];
    let values = values.map(|value| Size::of(value).bytes);
    2 * size_of::<ProviderConfig>() + key + values.iter().sum::<usize>()
}
