//! Scans that the API requests. They are no jobs: nothing of an uploaded state or of code may be stored, so each runs in
//! the process that took it, at once.

use crate::model::{InstallationId, WorkspaceId};
use crate::store::Workspace;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// For how long a scan counts as alive after each sign of life.
pub const ALIVE: Duration = Duration::from_secs(60);

/// A scan to run.
pub struct ApiScan {
    /// The id under which it was requested.
    pub id: String,
    /// The organisation.
    pub installation: InstallationId,
    /// The workspace, which was created through the API.
    pub workspace: Workspace,
    /// The uploaded state; `None` to read it from where the workspace says.
    pub state: Option<Vec<u8>>,
    /// The uploaded code, as a gzipped tar archive.
    pub code: Option<Vec<u8>>,
    /// The folder of the root module in the code; empty for the outermost.
    pub folder: String,
    /// What is given back when the scan has ended.
    pub share: Box<dyn Send + Sync>,
}

/// Whether the server's own AWS credentials are for an organisation.
pub type IsAmbient<'a> = BoxFuture<'a, anyhow::Result<bool>>;

/// Runs scans of workspaces that were created through the API.
pub trait ApiScanner: Send + Sync + 'static {
    /// Starts a scan, which records its own end.
    fn start(self: Arc<Self>, scan: ApiScan);

    /// Returns the external id with which the role of a workspace is assumed.
    fn external_id(&self, installation: InstallationId, workspace: &WorkspaceId) -> String;

    /// Returns whether the server's own AWS credentials read the workspaces of an organisation that name no role.
    ///
    /// # Errors
    /// GitHub does not say whose account it is, or the database fails.
    fn is_ambient(&self, installation: InstallationId) -> IsAmbient<'_>;
}
