//! Where a registry keeps a module: discovery, versions, download, as Terraform asks for them.

use super::problem::{ModuleProblem, RegistryFailure};
use crate::code::{ModuleSource, Package, RegistryPackage, newest_version};
use crate::config::PUBLIC_REGISTRY;
use crate::outbound::{Outbound, OutboundAnswer};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// The longest answer that is read: the list of a popular module's versions has a megabyte.
const LARGEST_ANSWER: usize = 8 << 20;
/// How many versions are looked at.
const MOST_VERSIONS: usize = 10_000;
/// Where a registry says what it serves.
const DISCOVERY: &str = "/.well-known/terraform.json";
/// Where the answer to a download says where the module is.
const LOCATION: &str = "x-terraform-get";

/// The registries that are asked.
pub(super) struct Registries {
    outbound: Outbound,
    /// Each with the address where it is.
    addresses: BTreeMap<String, Url>,
}

/// What a registry serves.
#[derive(Deserialize)]
struct Discovery {
    #[serde(rename = "modules.v1")]
    modules: String,
}

#[derive(Deserialize)]
struct Listed {
    modules: Vec<ListedModule>,
}

#[derive(Deserialize)]
struct ListedModule {
    versions: Vec<ListedVersion>,
}

#[derive(Deserialize)]
struct ListedVersion {
    version: String,
}

impl Registries {
    /// Asks these, and no others.
    pub(super) fn new(outbound: Outbound, addresses: BTreeMap<String, Url>) -> Self {
        Self {
            outbound,
            addresses,
        }
    }

    /// Finds where the newest version of a module lies that meets a constraint.
    pub(super) async fn locate(
        &self,
        module: &RegistryPackage,
        constraint: Option<&str>,
    ) -> Result<ModuleSource, ModuleProblem> {
        let host = module.host.as_deref().unwrap_or(PUBLIC_REGISTRY);
        let address = self.addresses.get(host);
        let address = address.ok_or_else(|| ModuleProblem::Registry(host.to_owned()))?;
        let failed = |failure| ModuleProblem::NoAnswer(host.to_owned(), failure);
        let base = self.base(address).await.map_err(failed)?;
        let versions = self.versions(&base, &module.name).await.map_err(failed)?;
        let version = newest_version(versions.iter().map(String::as_str), constraint);
        let version = version.ok_or_else(|| ModuleProblem::NoVersion {
            module: Package::Registry(module.clone()).to_string(),
            constraint: match constraint {
                Some(constraint) => format!("`{constraint}`"),
                None => "a call without a constraint".to_owned(),
            },
        })?;
        self.download(&base, &module.name, version)
            .await
            .map_err(failed)
    }

    /// The address below which a registry answers for modules.
    async fn base(&self, address: &Url) -> Result<Url, RegistryFailure> {
        let well_known = join(address, DISCOVERY)?;
        let answer = self.get(&well_known).await?;
        let found: Discovery = json(&answer)?;
        let base = match found.modules.ends_with('/') {
            true => found.modules,
            false => format!("{}/", found.modules),
        };
        join(&answer.url, &base)
    }

    async fn versions(&self, base: &Url, module: &str) -> Result<Vec<String>, RegistryFailure> {
        let answer = self
            .get(&join(base, &format!("{module}/versions"))?)
            .await?;
        let listed: Listed = json(&answer)?;
        let versions = listed.modules.into_iter().flat_map(|one| one.versions);
        let versions = versions.take(MOST_VERSIONS).map(|one| one.version);
        Ok(versions.collect())
    }

    /// Where a version of a module is.
    async fn download(
        &self,
        base: &Url,
        module: &str,
        version: &str,
    ) -> Result<ModuleSource, RegistryFailure> {
        // It stands in the address.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-+.".contains(c);
        if !version.chars().all(is_plain) {
            return Err(RegistryFailure::NotUnderstood);
        }
        let place = join(base, &format!("{module}/{version}/download"))?;
        let answer = self.get(&place).await?;
        let location = answer.headers.get(LOCATION);
        let location = location.and_then(|text| text.to_str().ok());
        let location = location.ok_or(RegistryFailure::NotUnderstood)?;
        let relative = ["/", "./", "../"]
            .iter()
            .any(|start| location.starts_with(start));
        let location = match relative {
            true => join(&answer.url, location)?.to_string(),
            false => location.to_owned(),
        };
        let source = ModuleSource::parse(&location);
        match &source.package {
            Package::Git(_) | Package::Archive(_) => Ok(source),
            other => Err(RegistryFailure::Elsewhere(other.to_string())),
        }
    }

    async fn get(&self, url: &Url) -> Result<OutboundAnswer, RegistryFailure> {
        Ok(self.outbound.get(url.as_str(), LARGEST_ANSWER).await?)
    }
}

fn join(base: &Url, relative: &str) -> Result<Url, RegistryFailure> {
    base.join(relative)
        .map_err(|_| RegistryFailure::NotUnderstood)
}

fn json<T: serde::de::DeserializeOwned>(answer: &OutboundAnswer) -> Result<T, RegistryFailure> {
    serde_json::from_slice(&answer.body).map_err(|_| RegistryFailure::NotUnderstood)
}
