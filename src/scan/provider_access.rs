//! Decides what a scan may read through the operator's providers, and which types they have.

use super::scan_stacks::ScanInput;
use crate::model::{Catalog, InstallationId, Report, Schema, Tree};
use crate::plugin::{Deadline, ProviderFolder, ProviderSource, TOTAL};
use crate::resources::{self, provider_rules};
use std::time::Duration;

/// The endings of files that name a provider's source: code, and lock files.
const NAMING: &[&str] = &[".tf", ".tofu", ".tf.json", ".tofu.json", ".hcl"];
/// The namespace of providers that code need not name.
const IMPLIED: &str = "hashicorp/";

/// The operator's providers, as a scan may use them.
#[derive(Clone)]
pub struct ProviderAccess<'a> {
    /// The operator's folder.
    pub folder: &'a ProviderFolder,
    /// Whose scan it is: processes are shared among installations.
    pub installation: InstallationId,
    /// Whether AWS's provider gets credentials that can only read, and no data.
    pub is_narrowed: bool,
    /// The providers beside AWS's.
    pub sources: Vec<&'a ProviderSource>,
    /// How long all reads may take together.
    pub time: Duration,
}

impl<'a> ProviderAccess<'a> {
    /// Lets providers read as the caller, with the caller's credentials as they are.
    pub fn of_caller(folder: &'a ProviderFolder) -> Self {
        Self {
            folder,
            installation: InstallationId(0),
            is_narrowed: false,
            sources: folder.sources().iter().collect(),
            time: TOTAL,
        }
    }

    /// Returns the operator's configuration of a provider beside AWS's.
    pub(super) fn source(&self, name: &str) -> Option<&'a ProviderSource> {
        let mut sources = self.sources.iter();
        sources.find(|known| known.source == name).copied()
    }
}

/// The types of a scan, known before its states are read.
pub(super) struct KnownTypes {
    /// The schemas of all types that are read.
    pub catalog: Catalog,
    /// The providers beside AWS's whose instances are kept as they were recorded; `None` where none is, not AWS's either.
    pub kept: Option<Vec<String>>,
    /// Which providers did not tell their types, and why.
    notes: Vec<String>,
}

impl KnownTypes {
    /// Asks the providers that the code names for their types.
    pub(super) async fn of(input: &ScanInput<'_>) -> Self {
        let mut known = Self {
            catalog: resources::catalog(),
            kept: None,
            notes: Vec::new(),
        };
        let Some(access) = &input.providers else {
            return known;
        };
        known.catalog = resources::full_catalog();
        if access.folder.unavailable().is_some() {
            return known;
        }
        let mut kept = Vec::new();
        for source in &access.sources {
            let name = &source.source;
            if !is_named(input.tree, name) {
                continue;
            }
            match known.ask(access, name).await {
                Ok(()) => kept.push(name.clone()),
                Err(message) => known
                    .notes
                    .push(format!("what {name} manages was not read: {message}")),
            }
        }
        known.kept = Some(kept);
        known
    }

    /// Adds the types of a provider.
    async fn ask(&mut self, access: &ProviderAccess<'_>, source: &str) -> Result<(), String> {
        let asked = async {
            let _slot = access.folder.slot(access.installation).await;
            access.folder.types_of(source).await
        };
        let asked = Deadline::after(access.time).hold(asked).await;
        let types = asked.ok_or("other scans held all processes that providers may have")??;
        let fresh = types
            .iter()
            .filter(|(name, _)| self.catalog.get(name).is_none());
        let fresh: Vec<_> = fresh
            .map(|(name, attributes)| {
                let schema = Schema {
                    attributes: attributes.clone(),
                    rules: provider_rules(name),
                };
                (name.clone(), schema)
            })
            .collect();
        self.catalog = self.catalog.with(fresh);
        Ok(())
    }

    /// Adds the notes to the reports of stacks that other providers manage a part of.
    pub(super) fn note(&self, report: &mut Report) {
        for stack in &mut report.stacks {
            if let Ok(scanned) = &mut stack.outcome
                && scanned.summary.other_providers > 0
            {
                scanned.notes.extend(self.notes.iter().cloned());
            }
        }
    }
}

/// Returns whether code may use a provider: a source that no file names is not asked for its types.
fn is_named(tree: &Tree, source: &str) -> bool {
    let is_naming = |path: &&String| NAMING.iter().any(|ending| path.ends_with(ending));
    let mut files = tree.files.keys().filter(is_naming);
    source.starts_with(IMPLIED)
        || files.any(|path| tree.text(path).is_some_and(|text| text.contains(source)))
}
