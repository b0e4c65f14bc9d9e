//! `TeamService`.

mod issue;
mod methane;

use std::sync::Arc;

use polder_picture::{names::EntryName, record::Id};
use polder_wire::v1::{
    AcknowledgeRequest, AcknowledgeResponse, ActKind, Assessment, DraftSitrepRequest,
    DraftSitrepResponse, Entry, EntryFilter, GetHandoverRequest, GetHandoverResponse,
    GetReviewRequest, GetReviewResponse, IssueSitrepRequest, IssueSitrepResponse,
    ListAssistanceRequest, ListAssistanceResponse, ListAttentionRequest, ListAttentionResponse,
    ListContradictionsRequest, ListContradictionsResponse, ListForecastsRequest,
    ListForecastsResponse, ListGapsRequest, ListGapsResponse, ListSitrepsRequest,
    ListSitrepsResponse, Message, PublishEntriesRequest, PublishEntriesResponse, PublishItem,
    Published, Relation, RelationType, ReportMethaneRequest, ReportMethaneResponse, Statement,
    Text, entry::Body, publish_result::Outcome, team_service_server::TeamService,
};
use prost::Message as _;
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use super::{
    Services,
    author::{check_party, entry_name},
    blocking,
    guard::caller,
    incident::as_status,
    picture::publish,
    status::Refused,
};
use crate::{
    audit::reading,
    people::Caller,
    team::{self, Delivered, View},
};

impl Services {
    /// Opens an incident for a caller, asks, and writes down that they read it where that is
    /// required.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        caller: Caller,
        incident: &str,
        known_at: Option<Timestamp>,
        question: impl FnOnce(&View) -> Result<T, Refused> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let (node, by, name) = (Arc::clone(&self.node), caller.clone(), incident.to_owned());
        let answer = blocking(move || {
            let view = View::open(&node, &by, &name, known_at.as_ref())?;
            question(&view)
        });
        let answer = answer.await?;
        let filter = EntryFilter { incidents: vec![incident.to_owned()], ..Default::default() };
        let kind = if known_at.is_some() { ActKind::PastRead } else { ActKind::ListRead };
        reading::list(&self.node, &caller, kind, Some(&filter));
        Ok(Response::new(answer))
    }
}

#[tonic::async_trait]
impl TeamService for Services {
    async fn report_methane(
        &self,
        request: Request<ReportMethaneRequest>,
    ) -> Result<Response<ReportMethaneResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        Ok(Response::new(methane::report(self, request, &caller).await?))
    }

    async fn list_forecasts(
        &self,
        request: Request<ListForecastsRequest>,
    ) -> Result<Response<ListForecastsResponse>, Status> {
        let caller = caller(&request)?;
        let ListForecastsRequest { incident, known_at } = request.into_inner();
        self.look(caller, &incident, known_at, |view: &View| Ok(team::forecasts(view)?)).await
    }

    async fn list_contradictions(
        &self,
        request: Request<ListContradictionsRequest>,
    ) -> Result<Response<ListContradictionsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::contradictions(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }

    async fn list_assistance(
        &self,
        request: Request<ListAssistanceRequest>,
    ) -> Result<Response<ListAssistanceResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::assistance(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }

    async fn list_gaps(
        &self,
        request: Request<ListGapsRequest>,
    ) -> Result<Response<ListGapsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::gaps(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }

    async fn list_attention(
        &self,
        request: Request<ListAttentionRequest>,
    ) -> Result<Response<ListAttentionResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let links = Arc::clone(&self.links);
        let question = move |view: &View| {
            let delivered = view.is_present().then(|| Delivered::of(view, &links));
            Ok(team::attention(view, &request, delivered.as_ref())?)
        };
        self.look(caller, &incident, known_at, question).await
    }

    async fn acknowledge(
        &self,
        request: Request<AcknowledgeRequest>,
    ) -> Result<Response<AcknowledgeResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(acknowledge(self, request.into_inner(), caller).await?))
    }

    async fn get_handover(
        &self,
        request: Request<GetHandoverRequest>,
    ) -> Result<Response<GetHandoverResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let since_ms = team::check_since(&request).map_err(Refused::from)?;
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::handover(view, since_ms)?);
        self.look(caller, &incident, known_at, question).await
    }

    async fn draft_sitrep(
        &self,
        request: Request<DraftSitrepRequest>,
    ) -> Result<Response<DraftSitrepResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| {
            Ok(DraftSitrepResponse { sitrep: Some(team::draft(view, &request)?) })
        };
        self.look(caller, &incident, known_at, question).await
    }

    async fn issue_sitrep(
        &self,
        request: Request<IssueSitrepRequest>,
    ) -> Result<Response<IssueSitrepResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(issue::issue(self, request.into_inner(), caller).await?))
    }

    async fn list_sitreps(
        &self,
        request: Request<ListSitrepsRequest>,
    ) -> Result<Response<ListSitrepsResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (incident, known_at) = (request.incident.clone(), request.known_at);
        let question = move |view: &View| Ok(team::sitreps(view, &request)?);
        self.look(caller, &incident, known_at, question).await
    }

    async fn get_review(
        &self,
        request: Request<GetReviewRequest>,
    ) -> Result<Response<GetReviewResponse>, Status> {
        let caller = caller(&request)?;
        let GetReviewRequest { incident, known_at } = request.into_inner();
        self.look(caller, &incident, known_at, |view: &View| Ok(team::review(view)?)).await
    }
}

/// Puts on record that somebody read the current versions of an entry.
async fn acknowledge(
    services: &Services,
    request: AcknowledgeRequest,
    caller: Caller,
) -> Result<AcknowledgeResponse, Status> {
    let AcknowledgeRequest { request_id, name, party } = request;
    let parsed = entry_name(&name).map_err(Refused::from)?;
    let incident = parsed.incident.id().to_owned();
    let (node, by, of) = (Arc::clone(&services.node), caller.clone(), name.clone());
    let (versions, read) = blocking(move || {
        let incident = EntryName::parse(&of).map_or("", |name| name.incident.id());
        let view = View::open(&node, &by, &format!("incidents/{incident}"), None)?;
        Ok(team::acknowledged_by(&view, &of)?)
    })
    .await?;
    let may = |party: &str| check_party(&services.node, &caller, &incident, party).is_ok();
    let usual = || team::usual_addressee(&read, may).map(|party| format!("parties/{party}"));
    let party = if party.is_empty() { usual().unwrap_or_default() } else { party };
    let relation = |version: &polder_picture::names::VersionId| Relation {
        r#type: RelationType::Acknowledges.into(),
        entry: name.clone(),
        version: format!("{}-{}", Id(version.feed), version.sequence),
    };
    let text = |language: &str, title: &str| Text {
        language: language.into(),
        title: title.into(),
        ..Text::default()
    };
    let discipline = {
        let charter = services.node.charter.read();
        let id = party.trim_start_matches("parties/");
        let row = charter.as_ref().and_then(|charter| charter.parties().find(|(of, _)| *of == id));
        row.map_or(0, |(_, row)| row.party.discipline)
    };
    let urgency = read.assessment.as_ref().map_or(0, |assessment| assessment.urgency);
    let body = Message { addressees: vec![read.party.clone()], ..Message::default() };
    let entry = Entry {
        name: format!("incidents/{incident}"),
        statement: Statement::Fact.into(),
        discipline,
        party,
        texts: vec![text("nl", "Gezien"), text("en", "Seen")],
        relations: versions.iter().map(relation).collect(),
        // It travels as urgently as what it acknowledges.
        assessment: Some(Assessment { urgency, ..Assessment::default() }),
        body: Some(Body::Message(body)),
        ..Entry::default()
    };
    let item = PublishItem { entry: entry.encode_to_vec().into(), ..PublishItem::default() };
    let request = PublishEntriesRequest {
        request_id,
        items: vec![item],
        audience: read.audience,
        ..PublishEntriesRequest::default()
    };
    let published = publish_one(services, request, &caller).await?;
    reading::entry(&services.node, &caller, ActKind::EntryRead, &name);
    Ok(AcknowledgeResponse { name: published.name, version: published.version })
}

/// Publishes one entry; a refusal of the item is one of the call.
async fn publish_one(
    services: &Services,
    request: PublishEntriesRequest,
    caller: &Caller,
) -> Result<Published, Status> {
    outcome(publish(services, request, caller).await?)
}

/// What became of its only item.
fn outcome(answer: PublishEntriesResponse) -> Result<Published, Status> {
    match answer.results.into_iter().next().and_then(|result| result.outcome) {
        Some(Outcome::Published(published)) => Ok(published),
        Some(Outcome::Refused(status)) => Err(as_status(&status)),
        None => Err(Status::internal("the writer gave no answer")),
    }
}
