//! Issues sitreps.

use std::sync::Arc;

use polder_picture::{attributes::timestamp, refusal::Refusal};
use polder_wire::v1::{
    Entry, IssueSitrepRequest, IssueSitrepResponse, Message, PublishEntriesRequest, PublishItem,
    Sitrep, Statement, Text, entry::Body,
};
use prost::Message as _;
use tonic::Status;

use super::{super::status::Refused, Services, blocking, publish_one};
use crate::{
    incident,
    people::{Caller, rights::Right},
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
    let request_id = request.request_id.clone();
    {
        let picture = services.node.picture.read();
        let scope = incident::find(&picture, &request.incident, "incident");
        let scope = scope.map_err(Refused::from)?;
        caller.require_in(Right::Lead, &picture, scope).map_err(Refused::from)?;
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
    let request = PublishEntriesRequest {
        request_id,
        items: vec![item],
        audience,
        ..PublishEntriesRequest::default()
    };
    let published = publish_one(services, request, &caller).await?;
    Ok(IssueSitrepResponse { name: published.name, sitrep: Some(sitrep) })
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
