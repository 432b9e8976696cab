//! Asks a module registry where a module is, by the protocol that Terraform uses: discovery, versions, download.

use super::problem::{ModuleProblem, RegistryFailure};
use super::recent::RecentResponses;
use crate::code::{ModuleSource, Package, RegistryPackage, newest_version};
use crate::config::PUBLIC_REGISTRY;
use crate::outbound::{Outbound, OutboundResponse};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// How many bytes of a response are read: the versions of a popular module take a megabyte.
const MAX_RESPONSE: usize = 8 << 20;
/// How many versions of a module are considered.
const MAX_VERSIONS: usize = 10_000;
/// The path of a registry's discovery document.
const DISCOVERY: &str = "/.well-known/terraform.json";
/// The response header that holds the source of a version.
const LOCATION: &str = "x-terraform-get";

/// The registries that the operator allows.
pub(super) struct Registries {
    outbound: Outbound,
    recent: RecentResponses,
    /// The address of each host.
    addresses: BTreeMap<String, Url>,
}

/// The services of a registry.
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
    /// Creates a client that asks these registries, and no others.
    pub(super) fn new(outbound: Outbound, addresses: BTreeMap<String, Url>) -> Self {
        Self {
            outbound,
            recent: RecentResponses::default(),
            addresses,
        }
    }

    /// Returns the source of the newest version of a module that meets a constraint.
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

    /// Discovers the address of a registry's module API.
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
        let modules = listed.modules.into_iter();
        let versions = modules
            .flat_map(|module| module.versions)
            .take(MAX_VERSIONS);
        let versions = versions.map(|listed| listed.version);
        Ok(versions.collect())
    }

    /// Returns the source of a version of a module.
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

    async fn get(&self, url: &Url) -> Result<OutboundResponse, RegistryFailure> {
        if let Some(recent) = self.recent.get(url) {
            return Ok(recent);
        }
        let response = self.outbound.get(url.as_str(), MAX_RESPONSE).await?;
        self.recent.insert(url, response.clone());
        Ok(response)
    }
}

fn join(base: &Url, relative: &str) -> Result<Url, RegistryFailure> {
    base.join(relative)
        .map_err(|_| RegistryFailure::NotUnderstood)
}

fn json<T: serde::de::DeserializeOwned>(answer: &OutboundResponse) -> Result<T, RegistryFailure> {
    serde_json::from_slice(&answer.body).map_err(|_| RegistryFailure::NotUnderstood)
}
