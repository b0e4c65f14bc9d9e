//! Making an entry known to another audience: a new entry there, by whoever releases it, that says
//! where it comes from. The first one is not touched.

use std::sync::Arc;

use bytes::Bytes;
use polder_picture::{
    check::Checker,
    entry,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{Entry, PublishItem, Relation, RelationType, ReleaseEntryRequest};
use prost::Message as _;
use uuid::Uuid;

use super::{
    Services,
    author::{Item, check_party, entry_name, to_audience, usual},
    blocking,
    incident::as_status,
    request_key,
    status::Refused,
};
use crate::{
    intake::check_item,
    node::Node,
    people::{Caller, rights::Right},
    present,
    publish::{Accepted, PublishError, Task},
    query,
};

/// Releases an entry.
pub(super) async fn release(
    services: &Services,
    mut request: ReleaseEntryRequest,
    caller: &Caller,
) -> Result<Accepted, Refused> {
    let node = &services.node;
    let mut check = Checker::new("");
    entry::check_texts("texts", &request.texts, false, &mut check);
    check.finish()?;
    let request_id = std::mem::take(&mut request.request_id);
    let content = || request.encode_to_vec();
    let key = request_key("ReleaseEntry", caller.author(), &request_id, content)?;
    let incident = entry_name(&request.name)?.incident.id().to_owned();
    let root = {
        let picture = node.picture.read();
        let sight = caller.sight(&picture);
        let register = query::find(&picture, &request.name, &sight)?;
        let root = picture.root(register.scope);
        if request.audience.is_empty() {
            let sentence = "is required: audiences/{audience}, or audiences/all";
            return Err(Refusal::field("audience", "REQUIRED", sentence).into());
        }
        if request.audience == format!("audiences/{}", picture.scope(register.scope).audience) {
            let sentence = "is the audience that sees the entry already";
            return Err(Refusal::field("audience", "DUPLICATE", sentence).into());
        }
        root
    };
    let audience = to_audience(services, caller, root, &request.audience)?;
    let source = source_of(node, caller, &request.name).await?;
    let item = released(&source, &incident, &request)?;
    let item: Item = check_item(&item, "", usual(node, &node.identity().party));
    let item = item?;
    check_owner_of_released(services, caller, &incident, &item.party)?;
    let author = caller.author().to_owned();
    let (lane, weight) = (item.lane(), item.weight());
    let task: Task = Box::new(move |desk| {
        let scope = desk.audience_scope(root, &audience);
        let draft = item.draft(desk.picture(), scope, &author, "");
        vec![draft.and_then(|draft| desk.author(draft))]
    });
    let receipt = node.submit(lane, key, weight, task).await?;
    match receipt.results.first() {
        Some(Err(status)) => Err(Refused(as_status(status))),
        Some(Ok(accepted)) => Ok(*accepted),
        None => Err(PublishError::Failed("the writer gave no answer".into()).into()),
    }
}

/// The one current version of an entry.
pub(super) async fn source_of(
    node: &Arc<Node>,
    caller: &Caller,
    name: &str,
) -> Result<Bytes, Refused> {
    let sight = caller.sight(&node.picture.read());
    let (node, name) = (Arc::clone(node), name.to_owned());
    let read = blocking(move || Ok(query::entry(&node, &name, &sight)?)).await;
    let (source, rivals) = read.map_err(Refused)?;
    if !rivals.is_empty() {
        let sentence = "the entry has rivals: decide between them before it is released";
        let class = Class::FailedPrecondition;
        return Err(Refusal::new(class, "ENTRY_CONTRADICTED", sentence).into());
    }
    Ok(source)
}

/// Only who speaks for the party of an entry gives it to others; or the operator of the node.
fn check_owner_of_released(
    services: &Services,
    caller: &Caller,
    incident: &str,
    party: &str,
) -> Result<(), Refusal> {
    let speaks = check_party(&services.node, caller, incident, party);
    if speaks.is_ok() || caller.is_operator() {
        return speaks;
    }
    let sentence = format!(
        "is an entry of parties/{party}: who speaks for it decides who may see it; you may {} an \
         entry of your own",
        Right::Publish.word()
    );
    Err(Refusal::field("name", "NOT_OWNER", sentence))
}

/// The entry as it shall be told there.
pub(super) fn released(
    source: &Bytes,
    incident: &str,
    request: &ReleaseEntryRequest,
) -> Result<PublishItem, Refusal> {
    let mut entry = Entry::decode(source.clone()).map_err(|error| {
        Refusal::new(Class::FailedPrecondition, "UNDECODABLE", format!("cannot be read: {error}"))
    })?;
    if entry.retracted || entry.kind.starts_with("opaque/") {
        let sentence = "is withdrawn, or cannot be read here: there is nothing to release";
        return Err(Refusal::field("name", "ENTRY_RETRACTED", sentence));
    }
    entry.name = present::entry_name(incident, Uuid::new_v4());
    if !request.texts.is_empty() {
        entry.texts.clone_from(&request.texts);
    }
    if request.without_sources {
        entry.sources.clear();
        entry.attachments.clear();
    }
    // What it relates to may be what the others must not know of.
    let r#type = RelationType::ReleasedFrom.into();
    entry.relations = vec![Relation { r#type, entry: request.name.clone(), ..Relation::default() }];
    let bytes = entry.encode_to_vec();
    Ok(PublishItem { entry: bytes.into(), supersedes: None, require_current: false })
}
