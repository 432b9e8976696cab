//! The result of a scan.

use super::load::Loaded;
use super::native_shapes::CleanReading;
use crate::aws::Aws;
use crate::live::Sessions;
use crate::model::{Catalog, Redactor, Region, Report};
use crate::state;

/// A report, with everything needed to plan fixes.
pub struct ScanResult {
    /// The report.
    pub report: Report,
    /// The stacks, in the order of the report.
    pub loaded: Vec<Loaded>,
    /// The provider's schema of each type.
    pub catalog: Catalog,
    /// Replaces secrets, including those known by their text.
    pub redactor: Redactor,
    /// The connection to AWS.
    pub(super) aws: Aws,
    /// The region where neither code nor state names one.
    pub(super) region: Region,
    /// The sessions in AWS, in which fixes are proven.
    pub(super) sessions: Sessions,
    /// Native readings that show no difference, which are proven with the fixes.
    pub(super) clean: Vec<CleanReading>,
}

impl ScanResult {
    /// Returns whether the stacks were not scanned because other scans use the memory.
    pub fn is_busy(&self) -> bool {
        is_busy(&self.loaded)
    }
}

/// Returns whether stacks were not scanned because other scans use the memory.
pub(super) fn is_busy(loaded: &[Loaded]) -> bool {
    loaded.iter().any(|stack| {
        let starved = stack.options.shared.is_starved();
        starved || stack.state.as_ref().is_err_and(state::is_busy)
    })
}
