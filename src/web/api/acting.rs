//! Has something done in a repository: the only way there for the API. Of a person's key GitHub is asked first.

use super::Api;
use super::author::person;
use super::problem::Problem;
use crate::model::{ApiKeyUse, WorkspaceId};
use crate::queue::job::OrderOrigin;
use crate::queue::orders::{OrderRequest, order_id};
use crate::store::{ApiDecision, ApiKeyRecord};

impl Api {
    /// Enqueues a command about a workspace that is a stack of a repository, unless one with the same id was enqueued
    /// before. The job asks GitHub again. A decision is stored first, so that the job finds it, unless GitHub says no.
    pub(super) async fn order(
        &self,
        key: &ApiKeyRecord,
        workspace: &WorkspaceId,
        (command, id): (&str, &str),
        decision: Option<&ApiDecision>,
    ) -> Result<(), Problem> {
        self.rights.confirm_now(key, workspace.repository).await?;
        if let Some(decision) = decision {
            let reach = self.reach(key);
            reach.add_api_decision(&order_id(id), decision).await?;
        }
        let used = ApiKeyUse {
            prefix: key.prefix.clone(),
            person: key.owner.person(),
        };
        let order = OrderRequest {
            installation: key.installation,
            repository: workspace.repository,
            stack: &workspace.stack,
            command,
            person: &person(key),
            via: OrderOrigin::Api,
            key: Some(&used),
            id,
        };
        self.inbox.order(&order).await?;
        Ok(())
    }
}
