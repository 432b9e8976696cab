//! `local`: a state that lies in the repository.

use super::{BackendType, Doors, Place, Stored, error};
use crate::model::{Backend, ScanError, Tree};
use futures::FutureExt;

pub(super) static TYPE: BackendType = BackendType {
    kind: "local",
    locate,
    names: &["path", "workspace_dir"],
    object: |_| Ok(None),
    read: |place, doors| read(place, doors).boxed(),
};

fn locate(place: &Place<'_>) -> Result<Backend, ScanError> {
    Ok(Backend {
        kind: "local".to_owned(),
        location: file(place)?,
    })
}

/// The state's file, relative to the repository.
fn file(place: &Place<'_>) -> Result<String, ScanError> {
    const NAME: &str = "terraform.tfstate";
    let relative = if place.is_default_workspace() {
        place.text("path")?.unwrap_or(NAME).to_owned()
    } else {
        let folder = place
            .text("workspace_dir")?
            .unwrap_or("terraform.tfstate.d");
        format!("{folder}/{}/{NAME}", place.workspace)
    };
    Tree::join(place.folder, &relative).ok_or_else(|| {
        error(format!(
            "the local backend's path `{relative}` leads out of the repository: give the state with --state FILE"
        ))
    })
}

async fn read(place: &Place<'_>, doors: &Doors<'_>) -> Result<Stored, ScanError> {
    let file = file(place)?;
    if let Some(size) = doors.tree.too_large.get(&file) {
        return Err(doors
            .states
            .too_large(&format!("{file} has {} bytes", size)));
    }
    let bytes = doors.tree.files.get(&file).ok_or_else(|| {
        error(format!(
            "there is no state at {file}: run `terraform apply` first, or name the state with --state FILE"
        ))
    })?;
    let memory = doors.states.admit(&file, bytes.len() as u64).await?;
    Ok(Stored {
        bytes: bytes.clone(),
        memory,
        notes: Vec::new(),
    })
}
