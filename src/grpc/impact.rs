//! `ImpactService`.

use polder_wire::v1::{
    CompareScenariosRequest, CompareScenariosResponse, GetImpactRequest, GetImpactResponse,
    impact_service_server::ImpactService,
};
use tonic::{Request, Response, Status};

use super::{Services, guard::caller};
use crate::team::{self, View};

#[tonic::async_trait]
impl ImpactService for Services {
    async fn get_impact(
        &self,
        request: Request<GetImpactRequest>,
    ) -> Result<Response<GetImpactResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::impact(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }

    async fn compare_scenarios(
        &self,
        request: Request<CompareScenariosRequest>,
    ) -> Result<Response<CompareScenariosResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::scenarios(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }
}
