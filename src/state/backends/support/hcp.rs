//! Asks the API of HCP Terraform and Terraform Enterprise for workspaces and their states; it only reads.

use super::http_access::{HttpAccess, read_small, read_state};
use crate::model::ScanError;
use crate::outbound::OutboundStream;
use crate::state::backends::{BackendAccess, BackendConfig, StoredState, error};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

/// The settings that identify a workspace, of the blocks `cloud` and `backend "remote"`.
pub(in crate::state::backends) const NAMES: &[&str] = &["hostname", "organization", "workspaces"];
/// The host unless the code names another.
const DEFAULT_HOST: &str = "app.terraform.io";
/// The media type of the API.
const JSON_API: &str = "application/vnd.api+json";
/// The largest answer of the API that is read, in bytes: a page of workspaces.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// How many workspaces a page has.
const PAGE_SIZE: &str = "100";
/// How many pages of workspaces are read.
const MAX_PAGES: u32 = 20;

/// An organization on a host, and what may be asked of it.
pub(in crate::state::backends) struct HcpClient<'a> {
    http: &'a HttpAccess,
    base: Url,
    host: String,
    organization: &'a str,
    token: HeaderValue,
}

/// An answer of the API with one object or a page of them.
#[derive(Deserialize)]
struct ApiDocument<T> {
    data: T,
    #[serde(default)]
    meta: Meta,
}

#[derive(Deserialize, Default)]
struct Meta {
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pagination {
    next_page: Option<u32>,
}

#[derive(Deserialize)]
struct Workspace {
    id: String,
    attributes: WorkspaceAttributes,
}

#[derive(Deserialize)]
struct WorkspaceAttributes {
    #[serde(default)]
    name: String,
    #[serde(default)]
    locked: bool,
}

#[derive(Deserialize)]
struct Project {
    id: String,
}

#[derive(Deserialize)]
struct StateVersion {
    attributes: StateVersionAttributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StateVersionAttributes {
    hosted_state_download_url: Option<String>,
}

/// Returns the host that a configuration names, with its port where it has one.
fn host(config: &BackendConfig<'_>) -> Result<String, ScanError> {
    let named = config.text("hostname")?.filter(|name| !name.is_empty());
    let named = named.unwrap_or(DEFAULT_HOST);
    let url = Url::parse(&format!("https://{named}/")).ok();
    let is_plain =
        |url: &Url| url.path() == "/" && url.username().is_empty() && url.query().is_none();
    let url = url.filter(is_plain).ok_or_else(|| {
        // What stands before the host may be a password.
        let named = named.rsplit('@').next().unwrap_or_default();
        error(format!(
            "`hostname` is `{named}`, which is no host: write it as in {DEFAULT_HOST}"
        ))
    })?;
    let port = url.port().map(|port| format!(":{port}"));
    Ok(format!(
        "{}{}",
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default()
    ))
}

/// Returns what the report calls a workspace.
pub(in crate::state::backends) fn location(
    config: &BackendConfig<'_>,
    workspace: &str,
) -> Result<String, ScanError> {
    let organization = config.required("organization")?;
    Ok(format!("{}/{organization}/{workspace}", host(config)?))
}

impl<'a> HcpClient<'a> {
    /// Connects to the organization of a configuration.
    ///
    /// # Errors
    /// When the configuration names none, or there is no token for its host.
    pub(in crate::state::backends) fn new(
        config: &'a BackendConfig<'_>,
        access: &'a BackendAccess<'_>,
    ) -> Result<Self, ScanError> {
        let (host, http) = (host(config)?, access.http);
        let organization = config.required("organization")?;
        let of_code = config.text("token")?.filter(|_| !http.is_server());
        let token = of_code.map(SecretString::from);
        let token = token.as_ref().or_else(|| http.tokens.of(&host));
        let token = token.ok_or_else(|| {
            error(format!(
                "there is no token for `{host}`, where the state of this stack is: {}",
                how_to_give_token(&host, http)
            ))
        })?;
        let token = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
        let mut token = token.map_err(|_| {
            error(format!(
                "the token for `{host}` has characters that none has: {}",
                how_to_give_token(&host, http)
            ))
        })?;
        token.set_sensitive(true);
        Ok(Self {
            base: api(&host, http)?,
            http,
            host,
            organization,
            token,
        })
    }

    /// Reads the current state of a workspace.
    ///
    /// # Errors
    /// When there is no such workspace, it has no state, or the token may not read it.
    pub(in crate::state::backends) async fn read(
        &self,
        workspace: &str,
        access: &BackendAccess<'_>,
    ) -> Result<StoredState, ScanError> {
        let location = format!("{}/{}/{workspace}", self.host, self.organization);
        let path = ["organizations", self.organization, "workspaces", workspace];
        let found: Option<ApiDocument<Workspace>> = self.ask(&path, &[], &location).await?;
        let found = found.ok_or_else(|| {
            error(format!(
                "{location} does not exist, or the token does not reach it: correct the workspace or the organization, or {}",
                how_to_give_token(&self.host, self.http)
            ))
        })?;
        let path = ["workspaces", &found.data.id, "current-state-version"];
        let version: Option<ApiDocument<StateVersion>> = self.ask(&path, &[], &location).await?;
        let url = version.and_then(|version| version.data.attributes.hosted_state_download_url);
        let url = url.ok_or_else(|| {
            error(format!(
                "{location} has no state yet, or the token may not read it: apply the stack first, or give the token \
                 permission to read state versions"
            ))
        })?;
        let mut stored = self.download(&url, &location, access).await?;
        if found.data.attributes.locked {
            stored.notes.push(format!(
                "the workspace {location} is locked: what is being applied may show as drift"
            ));
        }
        Ok(stored)
    }

    /// Downloads a state. Its address is another host's, as a rule: that one is sent no token.
    async fn download(
        &self,
        url: &str,
        location: &str,
        access: &BackendAccess<'_>,
    ) -> Result<StoredState, ScanError> {
        let url = self.base.join(url).map_err(|_| {
            error(format!(
                "{location} cannot be read: the address of its state is none: try again later"
            ))
        })?;
        let response = self.get(&url, location).await?;
        match response.status() {
            200 => read_state(response, location, access.states).await,
            status => Err(unexpected(location, status)),
        }
    }

    /// Lists the names of the workspaces that match a query, sorted.
    ///
    /// # Errors
    /// When the API refuses, or there are too many.
    pub(in crate::state::backends) async fn workspaces(
        &self,
        query: &[(String, String)],
    ) -> Result<Vec<String>, ScanError> {
        let location = format!("{}/{}", self.host, self.organization);
        let path = ["organizations", self.organization, "workspaces"];
        let (mut names, mut page) = (Vec::new(), 1);
        for _ in 0..MAX_PAGES {
            let mut query = query.to_vec();
            query.push(("page[size]".to_owned(), PAGE_SIZE.to_owned()));
            query.push(("page[number]".to_owned(), page.to_string()));
            let answer: Option<ApiDocument<Vec<Workspace>>> =
                self.ask(&path, &query, &location).await?;
            let answer = answer.ok_or_else(|| self.no_organization(&location))?;
            names.extend(answer.data.into_iter().map(|found| found.attributes.name));
            match answer.meta.pagination.and_then(|pages| pages.next_page) {
                Some(next) => page = next,
                None => {
                    names.sort();
                    return Ok(names);
                }
            }
        }
        Err(error(format!(
            "{location} has more than {} workspaces that match: name those of this stack under `workspaces` in .driftguard.yml",
            names.len()
        )))
    }

    /// Returns the id of the project of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(in crate::state::backends) async fn project(
        &self,
        name: &str,
    ) -> Result<String, ScanError> {
        let location = format!("{}/{}", self.host, self.organization);
        let path = ["organizations", self.organization, "projects"];
        let query = [("filter[names]".to_owned(), name.to_owned())];
        let answer: Option<ApiDocument<Vec<Project>>> = self.ask(&path, &query, &location).await?;
        let answer = answer.ok_or_else(|| self.no_organization(&location))?;
        let project = answer.data.into_iter().next();
        project.map(|project| project.id).ok_or_else(|| {
            error(format!(
                "{location} has no project `{name}` that the token reaches: correct the `project` of the code"
            ))
        })
    }

    fn no_organization(&self, location: &str) -> ScanError {
        error(format!(
            "{location} does not exist, or the token does not reach it: correct the organization, or {}",
            how_to_give_token(&self.host, self.http)
        ))
    }

    /// Asks the API; `None` where it answers that there is no such thing.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(String, String)],
        location: &str,
    ) -> Result<Option<T>, ScanError> {
        // Such a name would be left out of the path, which then names something else.
        if path.iter().any(|name| matches!(*name, "" | "." | "..")) {
            return Ok(None);
        }
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let response = self.get(&url, location).await?;
        match response.status() {
            200 => {}
            404 => return Ok(None),
            401 | 403 => {
                return Err(error(format!(
                    "{location} refuses the token for `{}`: {}",
                    self.host,
                    how_to_give_token(&self.host, self.http)
                )));
            }
            status => return Err(unexpected(location, status)),
        }
        let bytes = read_small(response, location, MAX_ANSWER).await?;
        let answer = serde_json::from_slice(&bytes).map_err(|_| {
            error(format!(
                "`{}` does not answer as HCP Terraform does: correct the `hostname` of the code",
                self.host
            ))
        })?;
        Ok(Some(answer))
    }

    /// Requests an address, with the token only if it is of the token's own host.
    async fn get(&self, url: &Url, location: &str) -> Result<OutboundStream, ScanError> {
        let mut headers = HeaderMap::new();
        if url.origin() == self.base.origin() {
            headers.insert(AUTHORIZATION, self.token.clone());
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON_API));
            headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*"));
        }
        self.http.get(url, headers, location).await
    }
}

/// Returns the root of a host's API. A host on this machine itself is asked without TLS, where such hosts are asked at all.
fn api(host: &str, http: &HttpAccess) -> Result<Url, ScanError> {
    let wrong = |_| {
        error(format!(
            "`{host}` is no host: correct the `hostname` of the code"
        ))
    };
    let url = Url::parse(&format!("https://{host}/api/v2")).map_err(wrong)?;
    let is_own = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    match is_own && http.reaches_private_addresses() {
        true => Url::parse(&format!("http://{host}/api/v2")).map_err(wrong),
        false => Ok(url),
    }
}

fn how_to_give_token(host: &str, http: &HttpAccess) -> String {
    match http.is_server() {
        true => format!(
            "let the operator add a line `OWNER {host} TOKEN` with a token that may read it to the file that \
             DRIFTGUARD_HCP_TOKENS names"
        ),
        false => format!(
            "set {} to one that may read it, or run `terraform login {host}`",
            token_variable(host)
        ),
    }
}

/// Returns the variable that holds the token of a host, as Terraform spells it.
fn token_variable(host: &str) -> String {
    let name = host.replace('.', "_").replace('-', "__");
    format!("TF_TOKEN_{name}")
}

fn unexpected(location: &str, status: u16) -> ScanError {
    error(format!(
        "{location} cannot be read: its host answered {status}: try again later"
    ))
}
