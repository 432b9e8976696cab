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

/// The registries that a source need not name.
const USUAL_HOSTS: [&str; 2] = ["registry.terraform.io/", "registry.opentofu.org/"];

/// Returns the source of a provider: `NAMESPACE/NAME`, with the host in front where that is no usual registry.
pub(super) fn source(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once("provider[\"") {
        let (source, _) = rest.split_once("\"]")?;
        let mut hosts = USUAL_HOSTS.iter();
        let usual = hosts.find_map(|host| source.strip_prefix(host));
        return Some(usual.unwrap_or(source).to_owned());
    }
    parse(text).map(|provider| format!("hashicorp/{}", provider.name))
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
    fn a_source_names_its_host_where_that_is_no_usual_registry() {
        for (text, expected) in [
            (
                "provider[\"registry.terraform.io/hashicorp/random\"]",
                "hashicorp/random",
            ),
            (
                "module.a.provider[\"registry.opentofu.org/acme/thing\"].x",
                "acme/thing",
            ),
            (
                "provider[\"tf.example.com/acme/thing\"]",
                "tf.example.com/acme/thing",
            ),
            ("provider.random.x", "hashicorp/random"),
        ] {
            assert_eq!(source(text).as_deref(), Some(expected));
        }
    }

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
