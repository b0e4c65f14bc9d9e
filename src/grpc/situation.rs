//! `SituationService`.

use std::sync::Arc;

use polder_picture::check::Checker;
use polder_wire::v1::{
    ActKind, EntryFilter, GetDigestRequest, GetDigestResponse, GetNationalPictureRequest,
    GetNationalPictureResponse, GetSituationRequest, GetSituationResponse, IncidentState,
    ListScalingRequest, ListScalingResponse, Mode, situation_service_server::SituationService,
};
use tonic::{Request, Response, Status};

use super::{Services, blocking, guard::caller, status::Refused};
use crate::{
    audit::reading,
    incident,
    people::Caller,
    team::{self, Regions, View},
};

/// Incidents that are joined into one picture.
const INCIDENTS_MAX: usize = 100;

#[tonic::async_trait]
impl SituationService for Services {
    async fn get_situation(
        &self,
        request: Request<GetSituationRequest>,
    ) -> Result<Response<GetSituationResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let links = Arc::clone(&self.links);
        let question = move |view: &View| {
            let regions = Regions::of_links(view.node(), &links);
            Ok(team::situation(view, &request, &regions)?)
        };
        self.look(caller, &incident, known_at, question).await
    }

    async fn list_scaling(
        &self,
        request: Request<ListScalingRequest>,
    ) -> Result<Response<ListScalingResponse>, Status> {
        let caller = caller(&request)?;
        let ListScalingRequest { incident, known_at } = request.into_inner();
        self.look(caller, &incident, known_at, |view: &View| Ok(team::scaling(view)?)).await
    }

    async fn get_national_picture(
        &self,
        request: Request<GetNationalPictureRequest>,
    ) -> Result<Response<GetNationalPictureResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let asked = self.asked(&request, &caller)?;
        let left_out = asked.len().saturating_sub(INCIDENTS_MAX) as i32;
        let asked: Vec<_> = asked.into_iter().take(INCIDENTS_MAX).collect();
        let (node, by, links) = (Arc::clone(&self.node), caller.clone(), Arc::clone(&self.links));
        let (known_at, names) = (request.known_at, asked.clone());
        let answer = blocking(move || {
            let regions = Regions::of_links(&node, &links);
            let views = names.iter().map(|name| View::open(&node, &by, name, known_at.as_ref()));
            let views = views.collect::<Result<Vec<_>, _>>()?;
            let mut answer = team::national(&views, &request, &regions)?;
            answer.incidents_left_out = left_out;
            Ok(answer)
        });
        let answer = answer.await?;
        let filter = EntryFilter { incidents: asked, ..EntryFilter::default() };
        let kind = if known_at.is_some() { ActKind::PastRead } else { ActKind::ListRead };
        reading::list(&self.node, &caller, kind, Some(&filter));
        Ok(Response::new(answer))
    }

    async fn get_digest(
        &self,
        request: Request<GetDigestRequest>,
    ) -> Result<Response<GetDigestResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::digest(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }
}

impl Services {
    /// The incident that is named, or all that are open, of one mode, and of which the caller sees
    /// something: the newest first.
    fn asked(
        &self,
        request: &GetNationalPictureRequest,
        caller: &Caller,
    ) -> Result<Vec<String>, Refused> {
        let mut check = Checker::new("");
        check.enumeration::<Mode>("mode", request.mode, false);
        check.finish()?;
        if !request.incident.is_empty() {
            return Ok(vec![request.incident.clone()]);
        }
        let mode = match request.mode() {
            Mode::Unspecified => Mode::Actual,
            mode => mode,
        };
        let picture = self.node.picture.read();
        let sight = caller.sight(&picture);
        let scopes = (0..picture.scopes().len() as u32).rev();
        let open = scopes.filter_map(|scope| incident::view(&picture, scope, &sight));
        let open = open.filter(|one| one.mode() == mode && one.state() == IncidentState::Open);
        Ok(open.map(|one| one.name).collect())
    }
}
