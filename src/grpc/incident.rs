//! `IncidentService`.

use polder_picture::{check::Checker, picture::Picture, refusal::Refusal, sight::Sight};
use polder_wire::{
    google::rpc,
    v1::{
        CloseIncidentRequest, CloseIncidentResponse, CreateIncidentRequest, CreateIncidentResponse,
        GetIncidentRequest, GetIncidentResponse, Incident, IncidentState, Lane,
        ListIncidentsRequest, ListIncidentsResponse, Mode, UpdateIncidentRequest,
        UpdateIncidentResponse, incident_service_server::IncidentService,
    },
};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{Services, guard::caller, request_key, status::Refused};
use crate::{
    incident,
    people::{Caller, rights::Right},
    publish::{PublishError, Receipt, RequestKey, Task},
    query::{page, page_size},
    scaling,
    token::{Position, Purpose},
};

impl Services {
    async fn submit_one(
        &self,
        request: Option<RequestKey>,
        weight: usize,
        task: Task,
    ) -> Result<Receipt, Refused> {
        let receipt = self.node.submit(Lane::Urgent, request, weight, task).await?;
        settled(receipt.results.first())?;
        Ok(receipt)
    }

    fn shown(&self, name: &str, caller: &Caller) -> Result<Incident, Refused> {
        let picture = self.node.picture.read();
        let scope = incident::find(&picture, name, "name")?;
        caller.require_in(Right::Read, &picture, scope)?;
        Ok(view(&picture, scope, name, &caller.sight(&picture))?)
    }

    /// The scope of an incident that the caller may lead.
    fn led(&self, caller: &Caller, name: &str, field: &str) -> Result<u32, Refusal> {
        let picture = self.node.picture.read();
        let scope = incident::find(&picture, name, field)?;
        caller.require_in(Right::Lead, &picture, scope)?;
        Ok(scope)
    }
}

/// An item's outcome as the outcome of the call.
pub fn as_status(status: &rpc::Status) -> Status {
    let details = status.encode_to_vec().into();
    Status::with_details(status.code.into(), status.message.clone(), details)
}

fn view(picture: &Picture, scope: u32, name: &str, sight: &Sight) -> Result<Incident, Refusal> {
    incident::view(picture, scope, sight).ok_or_else(|| {
        let class = polder_picture::refusal::Class::NotFound;
        Refusal::new(class, "INCIDENT_NOT_FOUND", format!("{name} is not known here"))
    })
}

#[tonic::async_trait]
impl IncidentService for Services {
    async fn create_incident(
        &self,
        request: Request<CreateIncidentRequest>,
    ) -> Result<Response<CreateIncidentResponse>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        let (id, _) = incident::check_new(&request).map_err(Refused::from)?;
        let request_id = std::mem::take(&mut request.request_id);
        let key =
            request_key("CreateIncident", caller.author(), &request_id, || request.encode_to_vec());
        let key = key.map_err(Refused::from)?;
        let weight = request.encoded_len();
        let new = request.incident.unwrap_or_default();
        let task_id = id.clone();
        let author = caller.author().to_owned();
        let task: Task = Box::new(move |desk| vec![incident::create(desk, task_id, new, author)]);
        let receipt = self.submit_one(key, weight, task).await?;
        // A repeated request without a name of its own finds the id that was made first.
        let name = receipt.results.first().and_then(|result| result.as_ref().ok()).and_then(|a| {
            let picture = self.node.picture.read();
            let feed = picture.feed(picture.feed_index(a.feed)?);
            Some(format!("incidents/{}", picture.scope(feed.scope).incident))
        });
        // Who opened it sees it once, also where a charter names other members only.
        let name = name.unwrap_or_else(|| format!("incidents/{id}"));
        let incident = {
            let picture = self.node.picture.read();
            let scope = incident::find(&picture, &name, "name").map_err(Refused::from)?;
            view(&picture, scope, &name, &Sight::All).map_err(Refused::from)?
        };
        let needs_members = {
            let charter = self.node.charter.read();
            let id = name.trim_start_matches("incidents/");
            charter.as_ref().is_some_and(|charter| !charter.has_members(id))
        };
        Ok(Response::new(CreateIncidentResponse { incident: Some(incident), needs_members }))
    }

    async fn get_incident(
        &self,
        request: Request<GetIncidentRequest>,
    ) -> Result<Response<GetIncidentResponse>, Status> {
        let caller = caller(&request)?;
        let incident = self.shown(&request.into_inner().name, &caller)?;
        Ok(Response::new(GetIncidentResponse { incident: Some(incident) }))
    }

    async fn list_incidents(
        &self,
        request: Request<ListIncidentsRequest>,
    ) -> Result<Response<ListIncidentsResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(list(self, &request.into_inner(), &caller)?))
    }

    async fn update_incident(
        &self,
        request: Request<UpdateIncidentRequest>,
    ) -> Result<Response<UpdateIncidentResponse>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        incident::check_update(&request).map_err(Refused::from)?;
        let request_id = std::mem::take(&mut request.request_id);
        let key =
            request_key("UpdateIncident", caller.author(), &request_id, || request.encode_to_vec());
        let key = key.map_err(Refused::from)?;
        let name = request.incident.as_ref().map(|i| i.name.clone()).unwrap_or_default();
        let scope = self.led(&caller, &name, "incident.name").map_err(Refused::from)?;
        let weight = request.encoded_len();
        let author = caller.author().to_owned();
        let task: Task = Box::new(move |desk| {
            let mut results = vec![incident::update(desk, scope, &request, author)];
            if results.iter().all(Result::is_ok) {
                results.extend(scaling::call(desk, scope));
            }
            results
        });
        self.submit_one(key, weight, task).await?;
        let incident = Some(self.shown(&name, &caller)?);
        Ok(Response::new(UpdateIncidentResponse { incident }))
    }

    async fn close_incident(
        &self,
        request: Request<CloseIncidentRequest>,
    ) -> Result<Response<CloseIncidentResponse>, Status> {
        let caller = caller(&request)?;
        let mut request = request.into_inner();
        let mut check = Checker::new("");
        check.text("reason", &request.reason, 1..=1_000);
        check.finish().map_err(Refused::from)?;
        let request_id = std::mem::take(&mut request.request_id);
        let key =
            request_key("CloseIncident", caller.author(), &request_id, || request.encode_to_vec());
        let key = key.map_err(Refused::from)?;
        let scope = self.led(&caller, &request.name, "name").map_err(Refused::from)?;
        let CloseIncidentRequest { name, reason, .. } = request;
        let author = caller.author().to_owned();
        let task: Task = Box::new(move |desk| incident::close(desk, scope, reason, author));
        let receipt =
            self.node.submit(Lane::Urgent, key, 1024, task).await.map_err(Refused::from)?;
        // Its audiences were sealed before it.
        settled(receipt.results.last())?;
        let incident = Some(self.shown(&name, &caller)?);
        Ok(Response::new(CloseIncidentResponse { incident }))
    }
}

fn settled<T>(outcome: Option<&Result<T, rpc::Status>>) -> Result<(), Refused> {
    match outcome {
        Some(Ok(_)) => Ok(()),
        Some(Err(status)) => Err(Refused(as_status(status))),
        None => Err(PublishError::Failed("the writer gave no answer".into()).into()),
    }
}

fn list(
    services: &Services,
    request: &ListIncidentsRequest,
    caller: &Caller,
) -> Result<ListIncidentsResponse, Refused> {
    let mut check = Checker::new("");
    check.enumeration::<Mode>("mode", request.mode, false);
    check.finish()?;
    let size = page_size(request.page_size, 50, 500)?;
    let question = 1 << 32 | (request.mode as u64) << 1 | u64::from(request.include_closed);
    let from = page(&services.node, &request.page_token, question)?;
    let picture = services.node.picture.read();
    let sight = caller.sight(&picture);
    let mut next = from.map_or(picture.scopes().len(), |from| from.offset as usize);
    let mut response = ListIncidentsResponse::default();
    while next > 0 && response.incidents.len() < size {
        next -= 1;
        let Some(incident) = incident::view(&picture, next as u32, &sight) else { continue };
        let of_mode = request.mode() == Mode::Unspecified || incident.mode() == request.mode();
        let open = incident.state() != IncidentState::Closed;
        if of_mode && (open || request.include_closed) {
            response.incidents.push(incident);
        }
    }
    if next > 0 {
        let position = Position { lsn: picture.lsn(), question, offset: next as u64 };
        response.next_page_token = services.node.tokens.write(Purpose::Page, position);
    }
    Ok(response)
}
