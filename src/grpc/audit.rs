//! `AuditService`.

use std::sync::Arc;

use polder_wire::v1::{Act, ListActsRequest, ListActsResponse, audit_service_server::AuditService};
use tonic::{Request, Response, Status};

use super::{Services, blocking, guard::caller};
use crate::audit::{asked, list};

#[tonic::async_trait]
impl AuditService for Services {
    async fn list_acts(
        &self,
        request: Request<ListActsRequest>,
    ) -> Result<Response<ListActsResponse>, Status> {
        let caller = caller(&request)?;
        // What was done until now is part of the answer.
        self.node.write_pending().await;
        let node = Arc::clone(&self.node);
        let asked = asked::question(&caller, request.get_ref());
        let (acts, about) =
            blocking(move || Ok(list::acts(&node, &caller, request.get_ref())?)).await?;
        // Who asks is told of as well: once for a question, not for each page of its answer.
        if let Some(asked) = asked {
            self.node.note_first(Act { audiences: about, ..asked }).await;
        }
        Ok(Response::new(acts))
    }
}
