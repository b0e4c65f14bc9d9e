//! `WarningService`: what the public was told and when, and the book of numbers and addresses.

use std::sync::Arc;

use polder_wire::v1::{
    ListContactsRequest, ListContactsResponse, ListWarningsRequest, ListWarningsResponse,
    warning_service_server::WarningService,
};
use tonic::{Request, Response, Status};

use super::{Services, guard::caller};
use crate::team::{self, Shelf, View};

#[tonic::async_trait]
impl WarningService for Services {
    async fn list_warnings(
        &self,
        request: Request<ListWarningsRequest>,
    ) -> Result<Response<ListWarningsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let (node, by) = (Arc::clone(&self.node), caller.clone());
        let question = move |view: &View| {
            let shelf = Shelf::new(&node, &by, known_at, view.mode);
            Ok(team::warnings(view, shelf, &request)?)
        };
        self.look(caller, &incident, known_at, question).await
    }

    async fn list_contacts(
        &self,
        request: Request<ListContactsRequest>,
    ) -> Result<Response<ListContactsResponse>, Status> {
        let caller = caller(&request)?;
        let ListContactsRequest { incident, known_at } = request.into_inner();
        self.look(caller, &incident, known_at, |view: &View| Ok(team::contacts(view)?)).await
    }
}
