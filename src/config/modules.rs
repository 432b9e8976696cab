//! Settings of the modules that are not in the repository that calls them.

use super::{ConfigError, Lookup, parse_address, switch};
use std::collections::BTreeMap;
use url::Url;

/// The registry of module addresses without a host.
pub const PUBLIC_REGISTRY: &str = "registry.terraform.io";

/// Defines which modules of other repositories are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    /// Whether modules in private repositories of the same installation are read.
    pub private: bool,
    /// The allowed registries by host, each with its address.
    pub registries: BTreeMap<String, Url>,
}

/// Reads `DRIFTGUARD_PRIVATE_MODULES` and `DRIFTGUARD_MODULE_REGISTRIES`.
pub(super) fn modules(lookup: Lookup) -> Result<Modules, ConfigError> {
    const NAME: &str = "DRIFTGUARD_MODULE_REGISTRIES";
    let named = lookup(NAME).unwrap_or_default();
    let named = named.split(',').map(str::trim);
    let mut registries = BTreeMap::new();
    for entry in [PUBLIC_REGISTRY]
        .into_iter()
        .chain(named)
        .filter(|entry| !entry.is_empty())
    {
        let (host, address) = match entry.split_once('=') {
            Some((host, address)) => (host.trim(), address.trim().to_owned()),
            None => (entry, format!("https://{entry}")),
        };
        if host.contains('/') || !host.contains(['.', ':']) {
            return Err(ConfigError::Bad {
                variable: NAME,
                problem: format!("names no host (`{host}`)"),
                remedy: "name registries as in app.terraform.io,modules.example.com, each with its address if that is another: host=https://address",
            });
        }
        registries.insert(host.to_lowercase(), parse_address(NAME, &address)?);
    }
    Ok(Modules {
        private: switch(lookup, "DRIFTGUARD_PRIVATE_MODULES")?,
        registries,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_registry_is_asked_and_those_that_the_operator_names() {
        let hosts = |text: &str| {
            let read =
                modules(&|name| (name == "DRIFTGUARD_MODULE_REGISTRIES").then(|| text.to_owned()));
            read.map(|read| {
                let all = read.registries.iter();
                all.map(|(host, url)| format!("{host} {url}"))
                    .collect::<Vec<_>>()
            })
        };
        let public = "registry.terraform.io https://registry.terraform.io/".to_owned();
        assert_eq!(hosts(""), Ok(vec![public.clone()]));
        assert_eq!(
            hosts(" App.Terraform.io , m.example.com:8443=https://mirror.example.com/m"),
            Ok(vec![
                "app.terraform.io https://app.terraform.io/".to_owned(),
                "m.example.com:8443 https://mirror.example.com/m".to_owned(),
                public,
            ])
        );
        assert_eq!(
            hosts("registry.terraform.io=https://mirror.example.com"),
            Ok(vec![
                "registry.terraform.io https://mirror.example.com/".to_owned()
            ])
        );
        for wrong in ["https://x.example.com", "nohost", "a.example.com=ftp://x"] {
            let error = hosts(wrong).unwrap_err().to_string();
            assert!(error.starts_with("DRIFTGUARD_MODULE_REGISTRIES"), "{error}");
        }
    }
}
