//! Finds the backend of a stack, and where its state is there.

use super::load::Stack;
use crate::model::{Backend, ScanError, Value};
use crate::state::backends::{BackendConfig, BackendType};

/// Returns the backend of a stack, its description in the report, and its settings.
pub(super) fn locate(
    stack: &Stack,
) -> Result<(&'static BackendType, Backend, BackendConfig<'_>), ScanError> {
    if let Some(unlisted) = &stack.unlisted {
        return Err(unlisted.clone());
    }
    let (known, config) = configure(stack)?;
    let backend = (known.locate)(&config)?;
    Ok((known, backend, config))
}

/// Returns the backend of a stack and its settings: those of the code first, then those that `terraform init` recorded,
/// then the environment's.
pub(super) fn configure(
    stack: &Stack,
) -> Result<(&'static BackendType, BackendConfig<'_>), ScanError> {
    let module = stack.module.as_ref();
    let block = module.and_then(|module| module.backend.as_ref());
    let mut settings = block
        .map(|block| block.attributes.clone())
        .unwrap_or_default();
    if let Some(block) = block {
        if let Some(initialised) = &stack.initialised {
            initialised.complete(&block.kind, &mut settings);
        }
        stack.environment.complete(&block.kind, &mut settings);
    }
    let kind = match &stack.settings.state {
        Some(location) => {
            let (bucket, key) = location;
            settings.insert("bucket".to_owned(), Value::text(bucket));
            settings.insert("key".to_owned(), Value::text(key));
            "s3"
        }
        None => block
            .map(|block| block.kind.as_str())
            .ok_or_else(|| ScanError {
                kind: "backend".into(),
                message: no_backend(stack),
            })?,
    };
    let config = BackendConfig {
        folder: &stack.path,
        settings,
        workspace: &stack.workspace,
        all_workspaces: stack.settings.has_all_workspaces(),
    };
    Ok((BackendType::named(kind)?, config))
}

/// Returns why the location of a stack's state is not known.
fn no_backend(stack: &Stack) -> String {
    let module = stack.module.as_ref();
    if let Some(problem) = module.and_then(|module| module.problem.as_ref()) {
        return problem.to_string();
    }
    format!(
        "`{}` has no backend block: name its state with --state FILE, or as `state: s3://bucket/key` in .driftguard.yml",
        if stack.path.is_empty() {
            "."
        } else {
            &stack.path
        }
    )
}
