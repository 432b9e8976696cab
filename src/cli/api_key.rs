//! `driftguard api-key`: creates, lists and revokes the keys of the API, on the server.

use super::exit::refused;
use super::output::{print, tell};
use super::process::{database_name, existing_inbox};
use crate::config::Config;
use crate::model::{ApiKey, ApiScope, InstallationId};
use crate::queue::now;
use crate::report::{instant, printable};
use crate::store::{ApiKeyRecord, KeyOwner, Store};
use crate::web::api::new_key;
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use std::process::ExitCode;

/// The organisation of whoever uses the API without GitHub.
const LOCAL: &str = InstallationId::LOCAL_NAME;
/// Why no key of events is created for it.
const NO_STACKS: &str = "a key of events starts scans of repositories' stacks, and `local` has none: name an account \
                         that the App is installed on with `--org`";
/// The columns of `list`.
const COLUMNS: &str = "prefix\tname\torganisation\tscope\tcreated\texpires\tlast used\treaches";

/// The subcommands of `driftguard api-key`.
#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyCommand {
    /// Print a new key, once: the database holds its digest alone
    Create {
        /// What the key is for
        #[arg(value_parser = ApiKey::parse_name)]
        name: String,
        /// The organisation whose workspaces the key reaches: the login of an account that the App is installed on, or
        /// `local`
        #[arg(long, value_name = "ORG", default_value = LOCAL)]
        org: String,
        /// What the key may do
        #[arg(long, value_enum, default_value_t)]
        scope: Scope,
        /// After how many days the key expires, as in 90d [default: never]
        #[arg(long, value_name = "DAYS", value_parser = days)]
        expires: Option<u32>,
    },
    /// Print a line a key, tab-separated: prefix, name, organisation, scope, created, expires, last used, reaches
    List,
    /// End a key, at once
    Revoke {
        /// The beginning of the key, as `list` prints it
        prefix: String,
    },
}

/// What a key may do.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Scope {
    /// Read what was found
    #[default]
    Read,
    /// Create workspaces, start scans and decide as well
    Write,
    /// Tell of events in AWS, and nothing else
    Events,
}

impl From<Scope> for ApiScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Events => Self::Events,
        }
    }
}

fn days(text: &str) -> Result<u32, String> {
    let count = text.strip_suffix('d').map(ApiKey::parse_days);
    count.unwrap_or_else(|| Err("this is no number of days: write it as in 90d".to_owned()))
}

/// Creates, lists or revokes keys in the server's database.
pub(super) async fn run(wish: ApiKeyCommand) -> anyhow::Result<ExitCode> {
    if let ApiKeyCommand::Create { org, scope, .. } = &wish
        && org == LOCAL
        && matches!(scope, Scope::Events)
    {
        return Ok(refused(NO_STACKS));
    }
    let config = Config::of_process()?;
    let inbox = existing_inbox(&config).await?;
    let store = &inbox.store;
    match wish {
        ApiKeyCommand::Create {
            name,
            org,
            scope,
            expires,
        } => {
            let scope = ApiScope::from(scope);
            let key = new_key(scope)?;
            let created_at = now();
            let record = ApiKeyRecord {
                installation: organisation(store, &org).await?,
                owner: KeyOwner::Organisation,
                prefix: key.prefix().to_owned(),
                name,
                scope,
                created_by: String::new(),
                created_at,
                expires_at: expires.map(|days| ApiKey::expiry(created_at, days)),
                used_at: None,
            };
            store.add_api_key(&key, &record).await?;
            tell("This key is not shown again:");
            print(&format!("{}\n", key.expose()))?;
        }
        ApiKeyCommand::List => {
            tell(&format!("The keys in {}:", database_name(&config)?));
            print(&list(store).await?)?;
        }
        ApiKeyCommand::Revoke { prefix } => {
            if !store.revoke_api_key(&prefix).await? {
                bail!(
                    "there is no key `{}`: `driftguard api-key list` prints them",
                    printable(&prefix)
                );
            }
        }
    }
    inbox.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Returns the organisation with this name.
async fn organisation(store: &Store, name: &str) -> anyhow::Result<InstallationId> {
    if name == LOCAL {
        return Ok(InstallationId::LOCAL);
    }
    let found = store.installation_on(name).await?;
    found.with_context(|| {
        format!(
            "the App is not installed on `{}`: name an account that it is installed on, or `{LOCAL}`",
            printable(name)
        )
    })
}

async fn list(store: &Store) -> anyhow::Result<String> {
    let mut text = format!("{COLUMNS}\n");
    for key in store.api_keys().await? {
        let organisation = store.organisation_name(key.installation).await?;
        let or = |at: Option<i64>, none: &str| at.map_or(none.to_owned(), instant);
        let columns = [
            key.prefix,
            printable(&key.name),
            organisation,
            key.scope.as_str().to_owned(),
            instant(key.created_at),
            or(key.expires_at, "never"),
            or(key.used_at, "never"),
            match key.owner {
                KeyOwner::Organisation => "all".to_owned(),
                KeyOwner::Person { repositories, .. } => {
                    format!("{repositories} repositories of {}", key.created_by)
                }
            },
        ];
        text.push_str(&columns.join("\t"));
        text.push('\n');
    }
    Ok(text)
}
