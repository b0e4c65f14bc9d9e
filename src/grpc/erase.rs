//! Taking back for good: recalling what was said to too many, and erasing.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use polder_picture::{
    admit::Draft,
    check::Checker,
    live::Register,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    EraseEntryRequest, EraseEntryResponse, ErasureCause, RecallEntryRequest, RecallEntryResponse,
    ReleaseEntryRequest,
};
use prost::Message as _;

use super::{
    Services,
    author::{Item, entry_name, speaks_or_leads, to_audience, usual},
    blocking,
    incident::as_status,
    release::{released, source_of},
    request_key,
    status::Refused,
};
use crate::{
    erase::{erasure, said_by},
    intake::check_item,
    node::Node,
    people::{Caller, rights::Right},
    present::Mark,
    publish::{Accepted, PublishError, Receipt, Task},
    query::{self, records_of},
    store::{engine::EngineError, log::Cursor},
};

/// So long a caller waits until this node itself has dropped what was erased.
const SWEEP_WAIT: Duration = Duration::from_secs(10);

/// An entry, and the parties whose versions of it the caller may erase, and may not.
struct Subject {
    register: Register,
    incident: String,
    root: u32,
    own: Vec<String>,
    kept: Vec<String>,
}

/// Parties that said something of an entry, as far as it counts, erased or not.
fn parties(node: &Node, register: &Register) -> Result<BTreeSet<String>, EngineError> {
    let of = (register.scope, register.entry);
    let scope = node.picture.read().scope(register.scope).id;
    let log = node.log();
    let mut cursor = Cursor::new(&log);
    let mut parties = BTreeSet::new();
    for (_, feed, sequence, attributes) in records_of(&log, scope, register.entry)? {
        let mark = Mark::of(&node.picture.read(), of, (feed, sequence), &attributes);
        if mark.is_aside() || node.is_archived(feed, sequence) {
            continue;
        }
        let stored = cursor.record(feed, sequence)?;
        parties.extend(stored.as_ref().and_then(said_by).map(|(party, _)| party));
    }
    Ok(parties)
}

async fn subject(services: &Services, caller: &Caller, name: &str) -> Result<Subject, Refused> {
    let node = &services.node;
    let incident = entry_name(name)?.incident.id().to_owned();
    let (register, root) = {
        let picture = node.picture.read();
        let register = query::find(&picture, name, &caller.sight(&picture))?;
        caller.require_in(Right::Publish, &picture, register.scope)?;
        let root = picture.root(register.scope);
        (register, root)
    };
    let (reader, held) = (Arc::clone(node), register.clone());
    let parties = blocking(move || parties(&reader, &held).map_err(Refused::from)).await;
    let parties = parties.map_err(Refused)?;
    let may = |party: &String| speaks_or_leads(node, caller, &incident, party);
    let (own, kept): (Vec<_>, Vec<_>) = parties.into_iter().partition(may);
    if own.is_empty() {
        let kept: Vec<_> = kept.iter().map(|party| format!("parties/{party}")).collect();
        let sentence = format!(
            "is an entry of {}: who speaks for it at one of its nodes takes it back",
            if kept.is_empty() { "nobody that is known".to_owned() } else { kept.join(" and ") }
        );
        return Err(Refusal::field("name", "NOT_OWNER", sentence).into());
    }
    Ok(Subject { register, incident, root, own, kept })
}

impl Subject {
    fn drafts(&self, name: &str, reason: &str, cause: ErasureCause, author: &str) -> Vec<Draft> {
        let of = (self.register.scope, self.register.entry);
        self.own.iter().map(|party| erasure(of, (name, party, reason), cause, author)).collect()
    }

    fn kept_parties(&self) -> Vec<String> {
        self.kept.iter().map(|party| format!("parties/{party}")).collect()
    }
}

fn check_reason(reason: &str) -> Result<(), Refusal> {
    let mut check = Checker::new("");
    check.text("reason", reason, 1..=1_000);
    check.finish()
}

/// All records of a receipt, which go together or not at all.
fn all(receipt: Receipt) -> Result<Vec<Accepted>, Refused> {
    let accepted = receipt
        .results
        .iter()
        .map(|result| result.as_ref().copied().map_err(|status| Refused(as_status(status))));
    let accepted: Vec<_> = accepted.collect::<Result<_, _>>()?;
    if accepted.is_empty() {
        return Err(PublishError::Failed("the writer gave no answer".into()).into());
    }
    Ok(accepted)
}

/// What is on record is also done here before the caller hears of it; a compaction may take longer
/// than anybody waits.
async fn swept(node: &Arc<Node>) {
    let sweeping = Arc::clone(node);
    let sweep = tokio::task::spawn_blocking(move || sweeping.sweep());
    match tokio::time::timeout(SWEEP_WAIT, sweep).await {
        Ok(Ok(Err(error))) => tracing::warn!(%error, "what was erased could not be taken out"),
        Ok(Err(error)) => tracing::warn!(%error, "erasing stopped"),
        Ok(Ok(Ok(_))) | Err(_) => {}
    }
    node.erasing.notify_one();
}

async fn shown(node: &Arc<Node>, accepted: Accepted) -> Result<bytes::Bytes, Refused> {
    let node = Arc::clone(node);
    blocking(move || Ok(query::accepted(&node, accepted)?)).await.map_err(Refused)
}

/// Erases an entry.
pub(super) async fn erase(
    services: &Services,
    mut request: EraseEntryRequest,
    caller: &Caller,
) -> Result<EraseEntryResponse, Refused> {
    check_reason(&request.reason)?;
    let node = &services.node;
    let request_id = std::mem::take(&mut request.request_id);
    let key = request_key("EraseEntry", caller.author(), &request_id, || request.encode_to_vec())?;
    let subject = subject(services, caller, &request.name).await?;
    let EraseEntryRequest { name, reason, .. } = &request;
    let drafts = subject.drafts(name, reason, ErasureCause::Erased, caller.author());
    let weight = 512 * drafts.len();
    let task: Task =
        Box::new(move |desk| drafts.into_iter().map(|draft| desk.author(draft)).collect());
    let accepted = all(node.submit(polder_wire::v1::Lane::Urgent, key, weight, task).await?)?;
    swept(node).await;
    let erasure = shown(node, accepted[0]).await?;
    Ok(EraseEntryResponse { erasure, kept_parties: subject.kept_parties() })
}

/// Takes an entry back from those who should not have it; says it again to those who should.
pub(super) async fn recall(
    services: &Services,
    mut request: RecallEntryRequest,
    caller: &Caller,
) -> Result<RecallEntryResponse, Refused> {
    check_reason(&request.reason)?;
    let node = &services.node;
    let request_id = std::mem::take(&mut request.request_id);
    let key = request_key("RecallEntry", caller.author(), &request_id, || request.encode_to_vec())?;
    if let Some(answered) = node.answered(key.as_ref()) {
        // What it said is gone, so it cannot be read once more.
        return respond(node, answered?, request.audience.is_empty(), Vec::new()).await;
    }
    let subject = subject(services, caller, &request.name).await?;
    let again = match request.audience.is_empty() {
        true => None,
        false => Some(said_again(services, caller, &subject, &request).await?),
    };
    let author = caller.author().to_owned();
    let RecallEntryRequest { name, reason, .. } = &request;
    let drafts = subject.drafts(name, reason, ErasureCause::Recalled, &author);
    let weight = 512 * drafts.len() + again.as_ref().map_or(0, |(_, item)| item.weight());
    let root = subject.root;
    let task: Task = Box::new(move |desk| {
        let mut results = Vec::new();
        if let Some((audience, item)) = again {
            let scope = desk.audience_scope(root, &audience);
            let draft = item.draft(desk.picture(), scope, &author, "");
            results.push(draft.and_then(|draft| desk.author(draft)));
        }
        // What could not be said again is not taken back.
        if results.iter().all(Result::is_ok) {
            results.extend(drafts.into_iter().map(|draft| desk.author(draft)));
        }
        results
    });
    let receipt = node.submit(polder_wire::v1::Lane::Urgent, key, weight, task).await?;
    swept(node).await;
    respond(node, receipt, request.audience.is_empty(), subject.kept_parties()).await
}

async fn respond(
    node: &Arc<Node>,
    receipt: Receipt,
    for_nobody: bool,
    kept_parties: Vec<String>,
) -> Result<RecallEntryResponse, Refused> {
    let accepted = all(receipt)?;
    let (entry, recall) = match (for_nobody, &accepted[..]) {
        (false, [again, recall, ..]) => (shown(node, *again).await?, *recall),
        _ => (bytes::Bytes::new(), accepted[0]),
    };
    let recall = shown(node, recall).await?;
    Ok(RecallEntryResponse { recall, entry, kept_parties })
}

/// The entry as the narrower audience shall have it.
async fn said_again(
    services: &Services,
    caller: &Caller,
    subject: &Subject,
    request: &RecallEntryRequest,
) -> Result<(String, crate::intake::Checked), Refused> {
    let node = &services.node;
    let held = {
        let picture = node.picture.read();
        format!("audiences/{}", picture.scope(subject.register.scope).audience)
    };
    if request.audience == held {
        let sentence = "is the audience that sees the entry already";
        return Err(Refusal::field("audience", "DUPLICATE", sentence).into());
    }
    let audience = to_audience(services, caller, subject.root, &request.audience)?;
    if !subject.kept.is_empty() {
        let sentence = "others have versions of it that stay: recall your part of it for nobody";
        return Err(Refusal::new(Class::FailedPrecondition, "NOT_OWNER", sentence).into());
    }
    let source = source_of(node, caller, &request.name).await?;
    let again = ReleaseEntryRequest {
        name: request.name.clone(),
        audience: request.audience.clone(),
        ..Default::default()
    };
    let item = released(&source, &subject.incident, &again)?;
    let item: Item = check_item(&item, "", usual(node, &node.identity().party));
    Ok((audience, item?))
}
