//! `http`: a state behind an address, such as GitLab's.

use super::support::http_access::{HttpAccess, read_state};
use super::{BackendAccess, BackendConfig, BackendType, StoredState, error};
use crate::model::{Backend, ScanError, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use url::Url;

pub(super) static TYPE: BackendType = BackendType {
    kind: "http",
    locate: |config| {
        Ok(Backend {
            kind: "http".to_owned(),
            location: location(&address(config)?),
        })
    },
    names: &["address"],
    variables: &[
        ("TF_HTTP_ADDRESS", "address"),
        ("TF_HTTP_USERNAME", "username"),
        ("TF_HTTP_PASSWORD", "password"),
        ("TF_HTTP_CLIENT_CERTIFICATE_PEM", "client_certificate_pem"),
        (
            "TF_HTTP_CLIENT_CA_CERTIFICATE_PEM",
            "client_ca_certificate_pem",
        ),
        ("TF_HTTP_SKIP_CERT_VERIFICATION", "skip_cert_verification"),
    ],
    objects: |_| Ok(Vec::new()),
    read: |config, access| read(config, access).boxed(),
    workspaces: |config, _| async { Err(no_workspaces(&location(&address(config)?))) }.boxed(),
};

/// The settings of the TLS connection, which DriftGuard makes with the certificates of the machine alone.
const UNSUPPORTED: &[&str] = &[
    "client_certificate_pem",
    "client_private_key_pem",
    "client_ca_certificate_pem",
    "skip_cert_verification",
];

/// Returns the address of the state.
fn address(config: &BackendConfig<'_>) -> Result<Url, ScanError> {
    let text = config.required("address")?;
    let url = Url::parse(text).ok().filter(Url::has_host);
    url.ok_or_else(|| {
        error(
            "the http backend's `address` is no web address: write it as https://host/path"
                .to_owned(),
        )
    })
}

/// Returns what of an address is shown: its user, password and query may be credentials.
fn location(address: &Url) -> String {
    let port = address.port().map(|port| format!(":{port}"));
    format!(
        "{}://{}{}{}",
        address.scheme(),
        address.host_str().unwrap_or_default(),
        port.unwrap_or_default(),
        address.path()
    )
}

async fn read(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<StoredState, ScanError> {
    let address = address(config)?;
    let location = location(&address);
    check_settings(config)?;
    if !config.is_default_workspace() {
        return Err(no_workspaces(&location));
    }
    let headers = credentials(config, access.http)?;
    let response = access.http.get(&address, headers, &location).await?;
    let state = match response.status() {
        200 => read_state(response, &location, access.states).await?,
        204 | 404 => return Err(missing(&location)),
        status @ (401 | 403) => return Err(refused(&location, status, access.http)),
        status => {
            return Err(error(format!(
                "{location} cannot be read: it answered {status}: check the backend's `address`"
            )));
        }
    };
    match state.bytes.is_empty() {
        true => Err(missing(&location)),
        false => Ok(state),
    }
}

/// Refuses what would need another TLS connection.
fn check_settings(config: &BackendConfig<'_>) -> Result<(), ScanError> {
    let is_set = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !["", "false", "0"].contains(&text.as_str()),
        value => value.as_bool() != Some(false),
    };
    let mut set = UNSUPPORTED
        .iter()
        .filter(|name| config.settings.get(name).is_some_and(is_set));
    set.next().map_or(Ok(()), |name| {
        Err(error(format!(
            "the http backend's `{name}` is not supported: trust the server's certificate on this machine, or give the \
             state with --state FILE"
        )))
    })
}

/// Returns the headers with the user and password of the configuration: on a server they are the code's, which may be a
/// stranger's, and are not sent.
fn credentials(config: &BackendConfig<'_>, access: &HttpAccess) -> Result<HeaderMap, ScanError> {
    let mut headers = HeaderMap::new();
    if access.is_server() {
        return Ok(headers);
    }
    if let Some(user) = config.text("username")? {
        let password = config.text("password")?.unwrap_or_default();
        let encoded = STANDARD.encode(format!("{user}:{password}"));
        if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {encoded}")) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }
    Ok(headers)
}

fn missing(location: &str) -> ScanError {
    error(format!(
        "{location} does not exist: apply the stack first, or correct the backend's `address`"
    ))
}

fn refused(location: &str, status: u16, access: &HttpAccess) -> ScanError {
    let remedy = match access.is_server() {
        false => "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD, and scan one root module",
        true => {
            "a server sends no credentials to an http backend: name the state as `state: s3://bucket/key` in \
             .driftguard.yml, or scan with `driftguard scan` where the credentials are"
        }
    };
    error(format!(
        "{location} refuses to be read ({status}): {remedy}"
    ))
}

fn no_workspaces(location: &str) -> ScanError {
    error(format!(
        "{location} holds one state and no workspaces: leave out `workspace`, `workspaces` and --workspace"
    ))
}
