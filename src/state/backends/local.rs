//! `local`: a state file in the repository.

use super::{BackendAccess, BackendConfig, BackendType, StoredState, error};
use crate::model::{Backend, ScanError, Tree};
use futures::FutureExt;

pub(super) static TYPE: BackendType = BackendType {
    kind: "local",
    locate,
    names: &["path", "workspace_dir"],
    object: |_| Ok(None),
    read: |config, access| read(config, access).boxed(),
};

fn locate(config: &BackendConfig<'_>) -> Result<Backend, ScanError> {
    Ok(Backend {
        kind: "local".to_owned(),
        location: file(config)?,
    })
}

/// Returns the path of the state file, relative to the repository.
fn file(config: &BackendConfig<'_>) -> Result<String, ScanError> {
    const NAME: &str = "terraform.tfstate";
    let relative = if config.is_default_workspace() {
        config.text("path")?.unwrap_or(NAME).to_owned()
    } else {
        let folder = config
            .text("workspace_dir")?
            .unwrap_or("terraform.tfstate.d");
        format!("{folder}/{}/{NAME}", config.workspace)
    };
    Tree::join(config.folder, &relative).ok_or_else(|| {
        error(format!(
            "the local backend's path `{relative}` leads out of the repository: give the state with --state FILE"
        ))
    })
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
