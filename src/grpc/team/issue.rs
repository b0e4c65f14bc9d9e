//! Issues sitreps.

use std::sync::Arc;

use polder_picture::{attributes::timestamp, refusal::Refusal};
use polder_wire::v1::{
    Entry, IssueSitrepRequest, IssueSitrepResponse, Message, PublishEntriesRequest, PublishItem,
    Sitrep, Statement, Text, content::Content, entry::Body,
};
use prost::Message as _;
use tonic::Status;

use super::{
    super::{picture::publish_as, request_key, status::Refused},
    Services, blocking, outcome,
};
use crate::{
    incident,
    node::Node,
    people::{Caller, rights::Right},
    present,
    publish::{PublishError, Receipt},
    team::{self, View},
};

/// What is to be issued, and where.
struct Ready {
    sitrep: Sitrep,
    name: String,
    audience: String,
}

/// Puts a sitrep on record.
pub(super) async fn issue(
    services: &Services,
    request: IssueSitrepRequest,
    caller: Caller,
) -> Result<IssueSitrepResponse, Status> {
    {
        let picture = services.node.picture.read();
        let scope = incident::find(&picture, &request.incident, "incident");
        let scope = scope.map_err(Refused::from)?;
        caller.require_in(Right::Lead, &picture, scope).map_err(Refused::from)?;
    }
    let key = request_key("IssueSitrep", caller.author(), &request.request_id, || {
        IssueSitrepRequest { request_id: String::new(), ..request.clone() }.encode_to_vec()
    });
    let key = key.map_err(Refused::from)?;
    if let Some(first) = services.node.answered(key.as_ref()) {
        // Number and time are those of the first time.
        let receipt = first.map_err(Refused::from)?;
        let (node, incident) = (Arc::clone(&services.node), request.incident);
        return blocking(move || issued(&node, &incident, &receipt)).await;
    }
    let (node, by) = (Arc::clone(&services.node), caller.clone());
    let Ready { sitrep, name, audience } =
        blocking(move || ready(&View::open(&node, &by, &request.incident, None)?, request)).await?;
    let title = |language: &str, title: String| Text {
        language: language.into(),
        title,
        ..Text::default()
    };
    let told = format!("Sitrep {}.{} {}", sitrep.number, sitrep.version, sitrep.team);
    let told: String = told.chars().take(200).collect();
    let entry = Entry {
        name,
        statement: Statement::Fact.into(),
        texts: vec![title("nl", told.clone()), title("en", told)],
        body: Some(Body::Message(Message::default())),
        sitrep: Some(sitrep.clone()),
        ..Entry::default()
    };
    let item = PublishItem { entry: entry.encode_to_vec().into(), ..PublishItem::default() };
    let request =
        PublishEntriesRequest { items: vec![item], audience, ..PublishEntriesRequest::default() };
    let published = outcome(publish_as(services, request, &caller, key).await?)?;
    Ok(IssueSitrepResponse { name: published.name, sitrep: Some(sitrep) })
}

/// What was answered to a request that comes again.
fn issued(node: &Node, incident: &str, receipt: &Receipt) -> Result<IssueSitrepResponse, Refused> {
    let gone = || Refused::from(PublishError::Failed("the first answer is gone".into()));
    let first = receipt.results.iter().flatten().next().ok_or_else(gone)?;
    let stored = node.log().record(first.feed, first.sequence).map_err(Refused::from)?;
    let content = stored.ok_or_else(gone)?.content();
    let Some(Content::Entry(bytes)) = content else { return Err(gone()) };
    let sitrep = Entry::decode(bytes).map_err(|_| gone())?.sitrep;
    let incident = incident.trim_start_matches("incidents/");
    Ok(IssueSitrepResponse { name: present::entry_name(incident, first.entry), sitrep })
}

/// Numbers a sitrep and checks what it cites.
fn ready(view: &View, request: IssueSitrepRequest) -> Result<Ready, Refused> {
    let IssueSitrepRequest { sitrep, replaces, audience, incident, .. } = request;
    let missing = || Refusal::field("sitrep", "REQUIRED", "is required");
    let mut sitrep = sitrep.ok_or_else(missing)?;
    let (name, audience) = if replaces.is_empty() {
        sitrep.number = team::next_number(view, &sitrep.team)?;
        sitrep.version = 1;
        (incident, audience)
    } else {
        let (_, entry) = team::acknowledged_by(view, &replaces)?;
        let not_one = || Refusal::field("replaces", "NOT_ALLOWED", "is no sitrep, or was recalled");
        let before = entry.sitrep.filter(|_| !entry.retracted).ok_or_else(not_one)?;
        (sitrep.number, sitrep.version) = (before.number, before.version + 1);
        (entry.name, entry.audience)
    };
    team::check_cited(view, &sitrep, &audience)?;
    sitrep.issued_time = Some(timestamp(view.now_ms));
    Ok(Ready { sitrep, name, audience })
}
