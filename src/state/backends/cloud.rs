//! `cloud`: a state in HCP Terraform or Terraform Enterprise.

use super::support::hcp::{self, HcpClient};
use super::{BackendAccess, BackendConfig, BackendType, error};
use crate::model::{Backend, ScanError, Value};
use futures::FutureExt;

pub(super) static TYPE: BackendType = BackendType {
    kind: "cloud",
    locate: |config| {
        Ok(Backend {
            kind: "cloud".to_owned(),
            location: hcp::location(config, workspace(config)?)?,
        })
    },
    names: hcp::NAMES,
    variables: &[
        ("TF_CLOUD_HOSTNAME", "hostname"),
        ("TF_CLOUD_ORGANIZATION", "organization"),
    ],
    objects: |_| Ok(Vec::new()),
    read: |config, access| {
        async {
            let client = HcpClient::new(config, access)?;
            client.read(workspace(config)?, access).await
        }
        .boxed()
    },
    workspaces: |config, access| list(config, access).boxed(),
};

/// Returns an argument of the `workspaces` block.
fn argument<'a>(config: &'a BackendConfig<'_>, name: &str) -> Option<&'a Value> {
    let value = config.block("workspaces")?.get(name)?;
    (!value.is_null()).then_some(value)
}

/// Returns the workspace that the code names, if it names one.
fn named<'a>(config: &'a BackendConfig<'_>) -> Result<Option<&'a str>, ScanError> {
    match argument(config, "name") {
        None => Ok(None),
        Some(Value::String(name)) if !name.is_empty() => Ok(Some(name)),
        Some(_) => Err(unknown("name")),
    }
}

/// Returns the selected workspace.
fn workspace<'a>(config: &'a BackendConfig<'_>) -> Result<&'a str, ScanError> {
    let selected = config.workspace;
    match named(config)? {
        Some(name) if config.is_default_workspace() || selected == name => Ok(name),
        Some(name) => Err(error(format!(
            "the `cloud` block names the workspace `{name}` alone, and `{selected}` is asked for: leave out the workspace"
        ))),
        None if config.is_default_workspace() => Err(error(
            "the `cloud` block names no workspace: choose one with --workspace NAME, or in .driftguard.yml with \
             `workspace: NAME` or `workspaces: \"*\"`"
                .to_owned(),
        )),
        None => Ok(selected),
    }
}

/// Lists the workspace that the code names, or those with its tags in its project.
async fn list(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<Vec<String>, ScanError> {
    if let Some(name) = named(config)? {
        return Ok(vec![name.to_owned()]);
    }
    let mut query = match argument(config, "tags") {
        None => Vec::new(),
        Some(tags) => tag_query(tags)?,
    };
    let client = HcpClient::new(config, access)?;
    match argument(config, "project") {
        None => {}
        Some(Value::String(project)) => {
            let id = client.project(project).await?;
            query.push(("filter[project][id]".to_owned(), id));
        }
        Some(_) => return Err(unknown("project")),
    }
    if query.is_empty() {
        return Err(error(
            "the `cloud` block has neither `tags` nor a `project`, so every workspace of the organization would be meant: \
             name those of this stack under `workspaces` in .driftguard.yml"
                .to_owned(),
        ));
    }
    client.workspaces(&query).await
}

/// Returns the query for workspaces with all of these tags: a list of names, or a map of keys and values.
fn tag_query(tags: &Value) -> Result<Vec<(String, String)>, ScanError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match tags {
        Value::List(names) => {
            let names: Option<Vec<_>> = names.iter().map(text).collect();
            let names = names.ok_or_else(|| unknown("tags"))?;
            Ok(vec![("search[tags]".to_owned(), names.join(","))])
        }
        Value::Map(pairs) => {
            let mut query = Vec::new();
            for (at, (key, value)) in pairs.iter().enumerate() {
                let value = text(value).ok_or_else(|| unknown("tags"))?;
                query.push((format!("filter[tagged][{at}][key]"), key.clone()));
                query.push((format!("filter[tagged][{at}][value]"), value));
            }
            Ok(query)
        }
        _ => Err(unknown("tags")),
    }
}

fn unknown(argument: &str) -> ScanError {
    error(format!(
        "the `cloud` block's `{argument}` of `workspaces` is not written in the code: name the workspaces under \
         `workspaces` in .driftguard.yml"
    ))
}
