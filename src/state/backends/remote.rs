//! `remote`: a state in HCP Terraform or Terraform Enterprise, as code named it before the `cloud` block.

use super::support::hcp::{self, HcpClient};
use super::{BackendAccess, BackendConfig, BackendType, error};
use crate::model::{Backend, ScanError, Value};
use futures::FutureExt;

pub(super) static TYPE: BackendType = BackendType {
    kind: "remote",
    locate: |config| {
        Ok(Backend {
            kind: "remote".to_owned(),
            location: hcp::location(config, &workspace(config)?)?,
        })
    },
    names: hcp::NAMES,
    variables: &[],
    objects: |_| Ok(Vec::new()),
    read: |config, access| {
        async {
            let client = HcpClient::new(config, access)?;
            client.read(&workspace(config)?, access).await
        }
        .boxed()
    },
    workspaces: |config, access| list(config, access).boxed(),
};

/// How the code names the workspaces that a stack has.
enum Selection<'a> {
    /// One, which is the default one here.
    Name(&'a str),
    /// All that begin so; the rest is the name here.
    Prefix(&'a str),
}

fn selection<'a>(config: &'a BackendConfig<'_>) -> Result<Selection<'a>, ScanError> {
    let block = config.block("workspaces");
    let text = |name| {
        let text = block
            .and_then(|block| block.get(name))
            .and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    match (text("name"), text("prefix")) {
        (Some(name), _) => Ok(Selection::Name(name)),
        (None, Some(prefix)) => Ok(Selection::Prefix(prefix)),
        (None, None) => Err(error(
            "the remote backend does not say its workspaces (a partial configuration): write `workspaces { name = ... }` \
             or `workspaces { prefix = ... }` in it"
                .to_owned(),
        )),
    }
}

/// Returns the name that the selected workspace has there.
fn workspace(config: &BackendConfig<'_>) -> Result<String, ScanError> {
    let selected = config.workspace;
    match selection(config)? {
        Selection::Name(name) if config.is_default_workspace() || selected == name => {
            Ok(name.to_owned())
        }
        Selection::Name(name) => Err(error(format!(
            "the remote backend names the workspace `{name}` alone, and `{selected}` is asked for: leave out the workspace"
        ))),
        Selection::Prefix(prefix) if config.is_default_workspace() => Err(error(format!(
            "the remote backend has a workspace for each name after `{prefix}`: choose with --workspace NAME, or in \
             .driftguard.yml with `workspace: NAME` or `workspaces: \"*\"`"
        ))),
        Selection::Prefix(prefix) => Ok(format!("{prefix}{selected}")),
    }
}

async fn list(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<Vec<String>, ScanError> {
    let prefix = match selection(config)? {
        Selection::Name(_) => return Ok(vec!["default".to_owned()]),
        Selection::Prefix(prefix) => prefix,
    };
    let client = HcpClient::new(config, access)?;
    // The API searches anywhere in the names.
    let query = [("search[name]".to_owned(), prefix.to_owned())];
    let names = client.workspaces(&query).await?;
    let names = names.iter().filter_map(|name| name.strip_prefix(prefix));
    Ok(names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}
