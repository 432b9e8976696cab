//! `local`: a state file in the repository.

use super::{BackendAccess, BackendConfig, BackendType, StoredState, error};
use crate::model::{Backend, ScanError, Tree};
use futures::FutureExt;

pub(super) static TYPE: BackendType = BackendType {
    kind: "local",
    locate,
    names: &["path", "workspace_dir"],
    variables: &[],
    objects: |_| Ok(Vec::new()),
    read: |config, access| read(config, access).boxed(),
    workspaces: |config, access| async { workspaces(config, access.tree) }.boxed(),
};

fn locate(config: &BackendConfig<'_>) -> Result<Backend, ScanError> {
    Ok(Backend {
        kind: "local".to_owned(),
        location: file(config)?,
    })
}

/// The name of a state file.
const NAME: &str = "terraform.tfstate";

/// Returns the path of the state file, relative to the repository.
fn file(config: &BackendConfig<'_>) -> Result<String, ScanError> {
    let relative = if config.is_default_workspace() {
        config.text("path")?.unwrap_or(NAME).to_owned()
    } else {
        format!("{}/{}/{NAME}", folder(config)?, config.workspace)
    };
    inside(config, &relative)
}

/// Returns the folder of the states of workspaces other than the default one, relative to the stack.
fn folder<'a>(config: &'a BackendConfig<'_>) -> Result<&'a str, ScanError> {
    let folder = config.text("workspace_dir")?;
    Ok(folder.unwrap_or("terraform.tfstate.d"))
}

fn inside(config: &BackendConfig<'_>, relative: &str) -> Result<String, ScanError> {
    Tree::join(config.folder, relative).ok_or_else(|| {
        error(format!(
            "the local backend's path `{relative}` leads out of the repository: give the state with --state FILE"
        ))
    })
}

/// Lists the workspaces with a state file; the default one too, where it has one.
fn workspaces(config: &BackendConfig<'_>, tree: &Tree) -> Result<Vec<String>, ScanError> {
    let prefix = format!("{}/", inside(config, folder(config)?)?);
    let suffix = format!("/{NAME}");
    let exists = |file: &str| tree.files.contains_key(file) || tree.too_large.contains_key(file);
    let default = inside(config, config.text("path")?.unwrap_or(NAME))?;
    let default = exists(&default).then(|| "default".to_owned());
    let files = tree.files.keys().chain(tree.too_large.keys());
    let names = files.filter_map(|file| {
        let name = file.strip_prefix(&prefix)?.strip_suffix(&suffix)?;
        (!name.contains('/')).then(|| name.to_owned())
    });
    Ok(default.into_iter().chain(names).collect())
}

async fn read(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<StoredState, ScanError> {
    let file = file(config)?;
    if let Some(size) = access.tree.too_large.get(&file) {
        return Err(access
            .states
            .too_large(&format!("{file} has {} bytes", size)));
    }
    let bytes = access.tree.files.get(&file).ok_or_else(|| {
        error(format!(
            "there is no state at {file}: run `terraform apply` first, or name the state with --state FILE"
        ))
    })?;
    let memory = access.states.admit(&file, bytes.len() as u64).await?;
    Ok(StoredState {
        bytes: bytes.clone(),
        memory,
        notes: Vec::new(),
    })
}
