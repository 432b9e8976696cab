//! Parses the provider names of states, in all the forms that Terraform and OpenTofu have written.

use crate::model::ProviderKey;

/// Parses `provider["registry.terraform.io/hashicorp/aws"].dr`, the older `provider.aws.dr`, and both below a module.
pub(super) fn parse(text: &str) -> Option<ProviderKey> {
    let at = text
        .find("provider")
        .filter(|at| *at == 0 || text[..*at].ends_with('.'))?;
    let module = module_names(&text[..at]);
    let rest = &text[at + "provider".len()..];
    let (name, alias) = match rest.strip_prefix("[\"") {
        Some(rest) => {
            let (source, alias) = rest.split_once("\"]")?;
            let name = source.rsplit('/').next()?;
            (name, alias.strip_prefix('.'))
        }
        None => {
            let mut parts = rest.strip_prefix('.')?.splitn(2, '.');
            (parts.next()?, parts.next())
        }
    };
    Some(ProviderKey {
        module,
        name: name.to_owned(),
        alias: alias.filter(|alias| !alias.is_empty()).map(str::to_owned),
    })
}

/// Returns `a.b` for `module.a.module.b.`: provider configurations have no instances.
fn module_names(text: &str) -> String {
    let steps = text.trim_end_matches('.').split("module.");
    let names = steps
        .map(|step| step.trim_end_matches('.'))
        .filter(|step| !step.is_empty());
    names.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_names_the_same_provider() {
        let key = |module: &str, alias: Option<&str>| ProviderKey {
            module: module.to_owned(),
            name: "aws".to_owned(),
            alias: alias.map(str::to_owned),
        };
        for (text, expected) in [
            (
                r#"provider["registry.terraform.io/hashicorp/aws"]"#,
                key("", None),
            ),
            (
                r#"provider["registry.terraform.io/hashicorp/aws"].dr"#,
                key("", Some("dr")),
            ),
            (
                r#"provider["registry.opentofu.org/hashicorp/aws"]"#,
                key("", None),
            ),
            (
                r#"module.net.provider["registry.terraform.io/hashicorp/aws"].dr"#,
                key("net", Some("dr")),
            ),
            ("provider.aws", key("", None)),
            ("provider.aws.dr", key("", Some("dr"))),
            ("module.a.module.b.provider.aws", key("a.b", None)),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        assert_eq!(parse("nonsense"), None);
    }
}
