//! `PictureService`.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use polder_picture::{
    admit::{Act, Draft, Supersedes},
    attributes::timestamp,
    check::Checker,
    record::Sealed,
    refusal::{Class, Refusal},
    sight::Sight,
};
use polder_wire::v1::{
    ActKind, Content, EraseEntryRequest, EraseEntryResponse, GetEntryRequest, GetEntryResponse,
    GetPictureAsOfRequest, GetPictureAsOfResponse, Lane, ListEntriesRequest, ListEntriesResponse,
    ListEntryVersionsRequest, ListEntryVersionsResponse, Mode, PublishEntriesRequest,
    PublishEntriesResponse, PublishResult, Published, RecallEntryRequest, RecallEntryResponse,
    ReleaseEntryRequest, ReleaseEntryResponse, RetractEntryRequest, RetractEntryResponse,
    Retraction, SubscribeRequest, SubscribeResponse, content,
    picture_service_server::PictureService, publish_result::Outcome,
};
use prost::Message as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{
    Services, advice,
    author::{Item, check_owner, may_write, to_audience, usual, usual_party},
    blocking,
    erase::{erase, recall},
    guard::caller,
    incident::as_status,
    link,
    release::release,
    request_key,
    status::{Refused, rpc_status},
};
use crate::{
    audit::reading,
    incident,
    intake::{Checked, check_item},
    node::Node,
    people::{Caller, rights::Right},
    present,
    publish::{Accepted, PublishError, Receipt, RequestKey, Task},
    query::{self, AsOf, resume_token},
    subscribe::subscribe,
};

/// What the writer must know of a publication, beside its items.
pub(super) struct Submission {
    pub(super) lane: Lane,
    pub(super) key: Option<RequestKey>,
    pub(super) weight: usize,
}

/// Items of one publication.
const ITEMS_MAX: usize = 1_000;

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl PictureService for Services {
    async fn publish_entries(
        &self,
        request: Request<PublishEntriesRequest>,
    ) -> Result<Response<PublishEntriesResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(publish(self, request.into_inner(), &caller).await?))
    }

    async fn retract_entry(
        &self,
        request: Request<RetractEntryRequest>,
    ) -> Result<Response<RetractEntryResponse>, Status> {
        let caller = caller(&request)?;
        let retraction = retract(self, request.into_inner(), &caller).await?;
        let node = Arc::clone(&self.node);
        let entry = blocking(move || Ok(query::accepted(&node, retraction)?)).await?;
        Ok(Response::new(RetractEntryResponse { entry }))
    }

    async fn release_entry(
        &self,
        request: Request<ReleaseEntryRequest>,
    ) -> Result<Response<ReleaseEntryResponse>, Status> {
        let caller = caller(&request)?;
        let released = release(self, request.into_inner(), &caller).await?;
        let node = Arc::clone(&self.node);
        let entry = blocking(move || Ok(query::accepted(&node, released)?)).await?;
        Ok(Response::new(ReleaseEntryResponse { entry }))
    }

    async fn recall_entry(
        &self,
        request: Request<RecallEntryRequest>,
    ) -> Result<Response<RecallEntryResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(recall(self, request.into_inner(), &caller).await?))
    }

    async fn erase_entry(
        &self,
        request: Request<EraseEntryRequest>,
    ) -> Result<Response<EraseEntryResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(erase(self, request.into_inner(), &caller).await?))
    }

    async fn get_entry(
        &self,
        request: Request<GetEntryRequest>,
    ) -> Result<Response<GetEntryResponse>, Status> {
        let caller = caller(&request)?;
        let sight = self.sight(&caller);
        let node = Arc::clone(&self.node);
        let name = request.into_inner().name;
        let read = name.clone();
        let (entry, rivals) = blocking(move || Ok(query::entry(&node, &read, &sight)?)).await?;
        reading::entry(&self.node, &caller, ActKind::EntryRead, &name);
        Ok(Response::new(GetEntryResponse { entry, rivals }))
    }

    async fn list_entries(
        &self,
        request: Request<ListEntriesRequest>,
    ) -> Result<Response<ListEntriesResponse>, Status> {
        let caller = caller(&request)?;
        let sight = self.sight(&caller);
        let node = Arc::clone(&self.node);
        let filter = request.get_ref().filter.clone();
        let list = blocking(move || Ok(query::list(&node, request.get_ref(), sight)?)).await?;
        reading::list(&self.node, &caller, ActKind::ListRead, filter.as_ref());
        Ok(Response::new(list))
    }

    async fn list_entry_versions(
        &self,
        request: Request<ListEntryVersionsRequest>,
    ) -> Result<Response<ListEntryVersionsResponse>, Status> {
        let caller = caller(&request)?;
        let sight = self.sight(&caller);
        let node = Arc::clone(&self.node);
        let name = request.get_ref().name.clone();
        let list = blocking(move || Ok(query::versions(&node, request.get_ref(), &sight)?)).await?;
        reading::entry(&self.node, &caller, ActKind::VersionsRead, &name);
        Ok(Response::new(list))
    }

    type SubscribeStream = Streamed<SubscribeResponse>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let caller = caller(&request)?;
        let node = Arc::clone(&self.node);
        let filter = request.get_ref().filter.as_ref();
        let stream = subscribe(node, request.get_ref(), caller.clone(), self.ending.clone());
        let stream = stream.map_err(Refused::from)?;
        reading::list(&self.node, &caller, ActKind::Followed, filter);
        let stream = stream.map(|item| item.map_err(|error| Refused::from(error).into()));
        Ok(Response::new(Box::pin(stream)))
    }

    type GetPictureAsOfStream = Streamed<GetPictureAsOfResponse>;

    async fn get_picture_as_of(
        &self,
        request: Request<GetPictureAsOfRequest>,
    ) -> Result<Response<Self::GetPictureAsOfStream>, Status> {
        let caller = caller(&request)?;
        let sight = self.sight(&caller);
        let node = Arc::clone(&self.node);
        let request = request.into_inner();
        let filter = request.filter.clone();
        let as_of = {
            let node = Arc::clone(&node);
            blocking(move || Ok(AsOf::open(&node, &request, sight)?)).await?
        };
        reading::list(&self.node, &caller, ActKind::PastRead, filter.as_ref());
        // One message waits while the next is read.
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::task::spawn_blocking(move || {
            let mut as_of = as_of;
            loop {
                let step = as_of.next(&node).and_then(|entries| match entries {
                    Some(entries) => Ok((GetPictureAsOfResponse { entries, summary: None }, false)),
                    None => {
                        let summary = Some(as_of.summary(&node)?);
                        Ok((GetPictureAsOfResponse { entries: Vec::new(), summary }, true))
                    }
                });
                let (message, last) = match step {
                    Ok((message, last)) => (Ok(message), last),
                    Err(error) => (Err(Refused::from(error).into()), true),
                };
                if sender.blocking_send(message).is_err() || last {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Services {
    /// Which scopes somebody may see.
    fn sight(&self, caller: &Caller) -> Sight {
        caller.sight(&self.node.picture.read())
    }
}

pub(super) async fn publish(
    services: &Services,
    mut request: PublishEntriesRequest,
    caller: &Caller,
) -> Result<PublishEntriesResponse, Refused> {
    let request_id = std::mem::take(&mut request.request_id);
    let wait = request.wait.take();
    let key =
        request_key("PublishEntries", caller.author(), &request_id, || request.encode_to_vec())?;
    publish_as(services, PublishEntriesRequest { wait, ..request }, caller, key).await
}

/// The same on behalf of a call that is known by a key of its own.
pub(super) async fn publish_as(
    services: &Services,
    mut request: PublishEntriesRequest,
    caller: &Caller,
    key: Option<RequestKey>,
) -> Result<PublishEntriesResponse, Refused> {
    let node = &services.node;
    let mut check = Checker::new("");
    check.enumeration::<Mode>("expected_mode", request.expected_mode, false);
    let count = request.items.len();
    if count == 0 || count > ITEMS_MAX {
        let sentence = format!("has {count} items, must have 1 to {ITEMS_MAX}");
        check.wrong("items", if count == 0 { "TOO_FEW" } else { "TOO_MANY" }, sentence);
    }
    check.finish()?;

    let wait = request.wait.take();
    let wait = wait.as_ref().map(link::check_wait).transpose()?;
    let party = usual_party(node, caller, &request.items);
    let path = |at: usize| format!("items[{at}]");
    let usual = usual(node, &party);
    let items = request.items.iter().enumerate();
    let mut items: Vec<Item> = items.map(|(at, item)| check_item(item, &path(at), usual)).collect();
    let (scope, incident) = one_scope(services, &mut items, request.expected_mode())?;
    let audience = match scope {
        Some(scope) => {
            let audience = to_audience(services, caller, scope, &request.audience)?;
            items = may_write(services, caller, scope, &audience, items).await?;
            audience
        }
        None => String::new(),
    };
    let urgent = items.iter().flatten().any(|item| item.lane() == Lane::Urgent);
    let lane = if urgent { Lane::Urgent } else { Lane::Routine };
    let weight = items.iter().flatten().map(Checked::weight).sum();
    let receipt = match scope {
        // Nothing in it could be stored: there is nothing to wait for.
        None => refuse_all(node, items),
        Some(scope) => {
            let name = caller.author().to_owned();
            let task = move |items: Vec<Item>| -> Task {
                Box::new(move |desk| {
                    let scope = desk.audience_scope(scope, &audience);
                    let author = |(at, item): (usize, Item)| {
                        let path = path(at);
                        let draft = item?.draft(desk.picture(), scope, &name, &path)?;
                        desk.author(draft).map_err(|refusal| within(refusal, &path))
                    };
                    items.into_iter().enumerate().map(author).collect()
                })
            };
            if items.iter().flatten().any(|item| item.telling.is_some()) {
                let work = Submission { lane, key, weight };
                advice::tell(node, caller, scope, items, work, task).await?
            } else {
                node.submit(lane, key, weight, task(items)).await?
            }
        }
    };
    let results = receipt.results.iter().map(|result| {
        let outcome = match result {
            Ok(accepted) => Outcome::Published(Published {
                name: present::entry_name(&incident, accepted.entry),
                version: present::version(accepted.feed, accepted.sequence),
                received_time: Some(timestamp(receipt.received_ms)),
            }),
            Err(status) => Outcome::Refused(status.clone()),
        };
        PublishResult { outcome: Some(outcome) }
    });
    let results = results.collect();
    let token = resume_token(node, receipt.lsn);
    let mut answer = PublishEntriesResponse { results, token, ..Default::default() };
    if let Some(wait) = wait {
        let accepted: Vec<_> = receipt.results.iter().flatten().copied().collect();
        link::wait_for(&services.links, &wait, &accepted, &mut answer).await;
    }
    Ok(answer)
}

fn refuse_all(node: &Node, items: Vec<Item>) -> Receipt {
    let refused = |item: Item| {
        let refusal = item.err()?;
        node.metrics.refusal(refusal.reason);
        Some(Err(rpc_status(&refusal)))
    };
    let lsn = node.picture.read().lsn();
    Receipt { results: items.into_iter().filter_map(refused).collect(), lsn, received_ms: 0 }
}

/// Puts an item's path before a field that the door found wrong.
fn within(mut refusal: Refusal, path: &str) -> Refusal {
    for field in &mut refusal.fields {
        field.field = format!("{path}.{}", field.field);
    }
    refusal
}

/// The one incident that all sound items belong to. Items of another are refused.
fn one_scope(
    services: &Services,
    items: &mut [Item],
    expected: Mode,
) -> Result<(Option<u32>, String), Refusal> {
    let picture = services.node.picture.read();
    // The first that is known here: a wrong name in one item must not refuse the others.
    let known = items.iter().flatten().find(|item| picture.incident(&item.incident).is_some());
    let Some(first) = known.or(items.iter().flatten().next()) else {
        return Ok((None, String::new()));
    };
    let incident = first.incident.clone();
    for (at, item) in items.iter_mut().enumerate() {
        if item.as_ref().is_ok_and(|item| item.incident != incident) {
            let sentence = format!("is of another incident than incidents/{incident}");
            let field = format!("items[{at}].entry.name");
            *item = Err(Refusal::field(field, "INCIDENTS_DIFFER", sentence));
        }
    }
    let scope = incident::find_id(&picture, &incident)?;
    let mode = picture.scope(scope).mode;
    if expected != Mode::Unspecified && expected != mode {
        let sentence = format!("incidents/{incident} is {}, not {}", word(mode), word(expected));
        return Err(Refusal::new(Class::FailedPrecondition, "MODE_DIFFERS", sentence));
    }
    Ok((Some(scope), incident))
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Unspecified => "of no mode",
        Mode::Actual => "actual",
        Mode::Exercise => "an exercise",
        Mode::Test => "a test",
    }
}

async fn retract(
    services: &Services,
    mut request: RetractEntryRequest,
    caller: &Caller,
) -> Result<Accepted, Refused> {
    let node = &services.node;
    let mut check = Checker::new("");
    check.text("reason", &request.reason, 1..=1_000);
    check.finish()?;
    let request_id = std::mem::take(&mut request.request_id);
    let key =
        request_key("RetractEntry", caller.author(), &request_id, || request.encode_to_vec())?;
    let register = {
        let picture = node.picture.read();
        let register = query::find(&picture, &request.name, &caller.sight(&picture))?;
        caller.require_in(Right::Publish, &picture, register.scope)?;
        register
    };
    let (scope, entry) = (register.scope, register.entry);
    let (reader, by) = (Arc::clone(node), caller.clone());
    let owned = blocking(move || Ok(check_owner(&reader, &by, &register)?)).await;
    owned.map_err(Refused)?;
    let RetractEntryRequest { name, reason, .. } = request;
    let reader = Arc::clone(node);
    let withdrawn = blocking(move || Ok(query::withdrawn(&reader, scope, entry)?)).await;
    let withdrawn = withdrawn.map_err(Refused)?;
    let retraction =
        content::Content::Retraction(Retraction { name, reason, withdrawn, ..Default::default() });
    let content = Content { content: Some(retraction) }.encode_to_vec();
    let weight = content.len() + 256;
    let draft = Draft {
        scope,
        entry,
        act: Act::Retract,
        lane: Lane::Routine,
        sealed: Sealed::new(rand::random(), Bytes::from(content)),
        author: caller.author().to_owned(),
        supersedes: Supersedes::AllHeld,
    };
    let task: Task = Box::new(move |desk| {
        // A withdrawal is as urgent as what it withdraws.
        let picture = desk.picture();
        let shown = picture.entry(scope, entry).and_then(|register| picture.display(register));
        let lane = shown.and_then(|shown| Lane::try_from(i32::from(shown.attributes.lane)).ok());
        vec![desk.author(Draft { lane: lane.unwrap_or(Lane::Routine), ..draft })]
    });
    let receipt = node.submit(Lane::Urgent, key, weight, task).await?;
    match receipt.results.first() {
        Some(Err(status)) => Err(Refused(as_status(status))),
        Some(Ok(accepted)) => Ok(*accepted),
        None => Err(PublishError::Failed("the writer gave no answer".into()).into()),
    }
}
