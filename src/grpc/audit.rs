//! `AuditService`.

use std::sync::Arc;

use polder_wire::v1::{ListActsRequest, ListActsResponse, audit_service_server::AuditService};
use tonic::{Request, Response, Status};

use super::{Services, blocking, guard::caller};
use crate::audit::list;

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
        let acts = blocking(move || Ok(list::acts(&node, &caller, request.get_ref())?)).await?;
        Ok(Response::new(acts))
    }
}
