//! `SignalService`, `CapacityService` and `ReportService`: what is watched for, who is there, and
//! what citizens told.

use std::sync::Arc;

use polder_wire::v1::{
    ActKind, EntryFilter, ListCapacityRequest, ListCapacityResponse, ListReportGroupsRequest,
    ListReportGroupsResponse, ListSignalsRequest, ListSignalsResponse,
    capacity_service_server::CapacityService, report_service_server::ReportService,
    signal_service_server::SignalService,
};
use tonic::{Request, Response, Status};

use super::{Services, blocking, guard::caller};
use crate::{
    audit::reading,
    team::{self, View},
};

#[tonic::async_trait]
impl SignalService for Services {
    async fn list_signals(
        &self,
        request: Request<ListSignalsRequest>,
    ) -> Result<Response<ListSignalsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let past = request.known_at.is_some();
        let (node, by) = (Arc::clone(&self.node), caller.clone());
        let (answer, incidents) =
            blocking(move || Ok(team::signals(&node, &by, &request)?)).await?;
        if !incidents.is_empty() {
            let filter = EntryFilter { incidents, ..EntryFilter::default() };
            let kind = if past { ActKind::PastRead } else { ActKind::ListRead };
            reading::list(&self.node, &caller, kind, Some(&filter));
        }
        Ok(Response::new(answer))
    }
}

#[tonic::async_trait]
impl CapacityService for Services {
    async fn list_capacity(
        &self,
        request: Request<ListCapacityRequest>,
    ) -> Result<Response<ListCapacityResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::capacity(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }
}

#[tonic::async_trait]
impl ReportService for Services {
    async fn list_report_groups(
        &self,
        request: Request<ListReportGroupsRequest>,
    ) -> Result<Response<ListReportGroupsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::report_groups(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }
}
