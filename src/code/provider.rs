//! Provider configurations: which region and account each points to.

use super::instance::Instance;
use crate::model::{AccountId, Place, ProviderKey, Value};
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

/// The AWS provider's configurations of one module instance.
pub(super) fn of(instance: &Rc<Instance<'_>>) -> Vec<ProviderConfig> {
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
    let config = |(file, block): (_, &hcl_edit::structure::Block)| {
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
            Some([one]) => super::expression::as_text(one).and_then(|one| AccountId::new(&one)),
            _ => None,
        };
        let tags = block.body.get_blocks("default_tags").next();
        let tags = tags
            .and_then(|tags| tags.body.get_attribute("tags"))
            .map(|tags| scope.value(&tags.value));
        ProviderConfig {
            key: ProviderKey {
                module: module.join("."),
                name: "aws".to_owned(),
                alias: value("alias").as_str().map(str::to_owned),
            },
            region: value("region"),
            account: of_role.or(allowed),
            default_tags: tags.unwrap_or_else(|| Value::Map(Default::default())),
        }
    };
    aws.map(config).collect()
}
