//! `SignalService`, `CapacityService` and `ReportService`: what is watched for, who is there, and
//! what citizens told.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::Stream;
use polder_picture::refusal::{Class, Refusal};
use polder_wire::v1::{
    ActKind, DisputedSubject, Entry, EntryFilter, ListCapacityRequest, ListCapacityResponse,
    ListReportGroupsRequest, ListReportGroupsResponse, ListSignalsRequest, ListSignalsResponse,
    Signal, SignalState, WatchSignalsRequest, WatchSignalsResponse,
    capacity_service_server::CapacityService, report_service_server::ReportService,
    signal_service_server::SignalService,
};
use prost::Message as _;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{Services, blocking, guard::caller, status::Refused};
use crate::{
    audit::reading,
    node::Node,
    people::Caller,
    team::{self, View},
};

/// So many watch at a time, of all nodes in this process.
const WATCHERS_MAX: usize = 64;
static WATCHING: Semaphore = Semaphore::const_new(WATCHERS_MAX);
/// A watcher looks again no sooner,
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// and no later: what is expected comes, and figures grow old.
const LOOK_SELDOMEST: Duration = Duration::from_secs(15);

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

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

    type WatchSignalsStream = Streamed<WatchSignalsResponse>;

    async fn watch_signals(
        &self,
        request: Request<WatchSignalsRequest>,
    ) -> Result<Response<Self::WatchSignalsStream>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let incidents = [&request.incident].into_iter().filter(|name| !name.is_empty());
        let incidents = incidents.cloned().collect();
        let filter = EntryFilter { incidents, mode: request.mode, ..EntryFilter::default() };
        let stream = watch(self, caller.clone(), request)?;
        reading::list(&self.node, &caller, ActKind::Followed, Some(&filter));
        Ok(Response::new(stream))
    }
}

/// What a watcher was told: of each threshold and subject.
type Known = BTreeMap<(String, String, String, String, bool), (SignalState, DisputedSubject)>;

/// Looks, and says what differs from what is known.
fn changes(
    node: &Arc<Node>,
    by: &Caller,
    request: &WatchSignalsRequest,
    known: &mut Known,
    complete: bool,
) -> Result<WatchSignalsResponse, Refused> {
    let WatchSignalsRequest { incident, mode, region } = request.clone();
    let asked = ListSignalsRequest { incident, mode, region, ..ListSignalsRequest::default() };
    let (answer, _) = team::signals(node, by, &asked)?;
    let mut now = Known::new();
    let mut told = WatchSignalsResponse {
        known_at: answer.known_at,
        complete,
        signals_left_out: answer.signals_left_out,
        ..WatchSignalsResponse::default()
    };
    for signal in answer.signals {
        let threshold = Entry::decode(signal.threshold.clone()).unwrap_or_default().name;
        let subject = signal.subject.clone().unwrap_or_default();
        let DisputedSubject { aspect, detail, place, expected } = subject.clone();
        let key = (threshold, aspect, detail, place, expected);
        let state = signal.state();
        let before = known.remove(&key).map(|(state, _)| state);
        // What was over before anybody watched wakes nobody.
        let news = match before {
            Some(before) => before != state,
            None => state != SignalState::Over,
        };
        now.insert(key, (state, subject));
        if news {
            told.signals.push(signal);
        }
    }
    for (state, subject) in std::mem::take(known).into_values() {
        if state != SignalState::Over {
            let (subject, state) = (Some(subject), SignalState::Over.into());
            let over_time = answer.known_at;
            told.signals.push(Signal { subject, state, over_time, ..Signal::default() });
        }
    }
    *known = now;
    Ok(told)
}

/// Signals as they change, for as long as the caller listens and may.
fn watch(
    services: &Services,
    by: Caller,
    request: WatchSignalsRequest,
) -> Result<Streamed<WatchSignalsResponse>, Refused> {
    let Ok(permit) = WATCHING.try_acquire() else {
        let sentence = format!("{WATCHERS_MAX} are watching signals already: watch fewer");
        return Err(Refusal::new(Class::ResourceExhausted, "WATCHERS_TOO_MANY", sentence).into());
    };
    let node = Arc::clone(&services.node);
    let mut ending = services.ending.clone();
    let mut changed = node.changed.subscribe();
    let (sender, told) = mpsc::channel(1);
    tokio::spawn(async move {
        let _permit = permit;
        let (mut known, mut complete) = (Known::new(), true);
        loop {
            changed.borrow_and_update();
            let version = by.people().version();
            let began = Instant::now();
            let (of, caller, asked, mut held) =
                (Arc::clone(&node), by.clone(), request.clone(), std::mem::take(&mut known));
            let looked = blocking(move || {
                let told = changes(&of, &caller, &asked, &mut held, complete)?;
                Ok((told, held))
            });
            match looked.await {
                Ok((message, held)) => {
                    known = held;
                    let news = complete || !message.signals.is_empty();
                    if news && sender.send(Ok(message)).await.is_err() {
                        return;
                    }
                }
                Err(status) => {
                    let _ = sender.send(Err(status)).await;
                    return;
                }
            }
            complete = false;
            // Whoever watches takes no more than a fifth of a thread.
            let pause = LOOK_EVERY.max(began.elapsed() * 4);
            tokio::select! {
                _ = ending.wait_for(|ending| *ending) => return,
                () = sender.closed() => return,
                () = async {
                    tokio::time::sleep(pause).await;
                    tokio::select! {
                        _ = changed.changed() => {}
                        () = by.changed(version) => {}
                        () = tokio::time::sleep(LOOK_SELDOMEST) => {}
                    }
                } => {}
            }
        }
    });
    Ok(Box::pin(ReceiverStream::new(told)))
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
