//! `LinkService`, and what `NodeService` tells of links.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _};
use polder_picture::{attributes::timestamp, record::Id, refusal::Refusal};
use polder_wire::v1::{
    Holder, ListHoldersRequest, ListHoldersResponse, PublishEntriesResponse, SessionRequest,
    SessionResponse, WaitForHolders, WatchLinksRequest, WatchLinksResponse,
    link_service_server::LinkService,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{Services, status::Refused};
use crate::{links::Links, people::Caller, present, publish::Accepted, query, tls::peer::Peer};

/// Reports of links follow each other no quicker.
const REPORT_EVERY: Duration = Duration::from_millis(500);
/// And no slower: ages grow though nothing happens.
const REPORT_SELDOMEST: Duration = Duration::from_secs(5);
const WAIT_USUAL: Duration = Duration::from_secs(10);
const WAIT_MAX: Duration = Duration::from_secs(25);

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl LinkService for Services {
    type SessionStream = Streamed<SessionResponse>;

    async fn session(
        &self,
        request: Request<Streaming<SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let proven = match request.extensions().get::<Peer>() {
            Some(Peer::Node(node)) => Some(*node),
            Some(Peer::Local) => None,
            _ => return Err(Status::permission_denied("links are for nodes that prove their key")),
        };
        let incoming = request.into_inner().filter_map(|message| {
            std::future::ready(match message {
                Ok(message) => message.frame.map(Ok),
                Err(status) => Some(Err(status)),
            })
        });
        let frames = self.links.accept(proven, incoming);
        let frames = ReceiverStream::new(frames);
        let answers = frames.map(|frame| Ok(SessionResponse { frame: Some(frame) }));
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Reports of links, for as long as the caller listens.
pub(super) fn watch(
    services: &Services,
    request: WatchLinksRequest,
) -> Streamed<WatchLinksResponse> {
    let links = Arc::clone(&services.links);
    let mut ending = services.ending.clone();
    let (sender, reports) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut changed = links.board.watch();
        loop {
            if sender.send(Ok(links.report())).await.is_err() || request.once {
                return;
            }
            tokio::select! {
                _ = ending.wait_for(|ending| *ending) => return,
                () = sender.closed() => return,
                () = async {
                    tokio::time::sleep(REPORT_EVERY).await;
                    let _ = tokio::time::timeout(REPORT_SELDOMEST, changed.changed()).await;
                } => {}
            }
        }
    });
    Box::pin(ReceiverStream::new(reports))
}

/// Which nodes hold the current versions of an entry.
pub(super) fn holders(
    services: &Services,
    request: &ListHoldersRequest,
    caller: &Caller,
) -> Result<ListHoldersResponse, Refusal> {
    let picture = services.node.picture.read();
    let register = query::find(&picture, &request.name, &caller.sight(&picture))?;
    let versions: Vec<_> = register
        .live
        .iter()
        .map(|live| (picture.feed(live.record.feed).id, live.record.sequence))
        .collect();
    drop(picture);
    let mut answer = ListHoldersResponse::default();
    for (feed, sequence) in versions {
        for (node, at_ms) in services.links.holders.of(feed, sequence) {
            answer.holders.push(Holder {
                version: present::version(feed, sequence),
                node: format!("nodes/{node}"),
                time: Some(timestamp(at_ms)),
            });
        }
    }
    Ok(answer)
}

/// What a publisher waits for, checked.
pub(super) struct Wait {
    count: usize,
    nodes: Vec<Id>,
    timeout: Duration,
}

pub(super) fn check_wait(wait: &WaitForHolders) -> Result<Wait, Refusal> {
    let count = usize::try_from(wait.node_count).ok().filter(|count| *count <= 1_000);
    let count = count
        .ok_or_else(|| Refusal::field("wait.node_count", "OUT_OF_RANGE", "must be 0 to 1,000"))?;
    if wait.nodes.len() > 64 {
        return Err(Refusal::field("wait.nodes", "TOO_MANY", "at most 64 are allowed"));
    }
    let node = |(at, name): (usize, &String)| {
        name.strip_prefix("nodes/").and_then(Id::parse).ok_or_else(|| {
            let field = format!("wait.nodes[{at}]");
            Refusal::field(field, "MALFORMED_NAME", "must be nodes/{32 hex digits}")
        })
    };
    let nodes = wait.nodes.iter().enumerate().map(node).collect::<Result<_, _>>()?;
    let timeout = match &wait.timeout {
        None => WAIT_USUAL,
        Some(timeout) => match Duration::try_from(*timeout) {
            Ok(timeout) if timeout <= WAIT_MAX => timeout,
            _ => {
                let sentence = "must be 0 to 25 seconds";
                return Err(Refusal::field("wait.timeout", "OUT_OF_RANGE", sentence));
            }
        },
    };
    Ok(Wait { count, nodes, timeout })
}

/// Waits until enough nodes hold what was published, or the time is over, and says which do.
pub(super) async fn wait_for(
    links: &Links,
    wait: &Wait,
    accepted: &[Accepted],
    answer: &mut PublishEntriesResponse,
) {
    // Of each feed the last record speaks for those before it.
    let mut last: Vec<(Id, u64)> = Vec::new();
    for accepted in accepted {
        match last.iter_mut().find(|(feed, _)| *feed == accepted.feed) {
            Some((_, sequence)) => *sequence = accepted.sequence.max(*sequence),
            None => last.push((accepted.feed, accepted.sequence)),
        }
    }
    let until = Instant::now() + wait.timeout;
    let mut changed = links.holders.changed();
    loop {
        changed.mark_unchanged();
        let mut holders: Option<Vec<Id>> = None;
        for (feed, sequence) in &last {
            let of: Vec<Id> = links.holders.of(*feed, *sequence).into_iter().map(|h| h.0).collect();
            holders = Some(match holders {
                None => of,
                Some(before) => before.into_iter().filter(|node| of.contains(node)).collect(),
            });
        }
        let holders = holders.unwrap_or_default();
        answer.wait_satisfied = !last.is_empty()
            && holders.len() >= wait.count
            && wait.nodes.iter().all(|node| holders.contains(node));
        answer.holders = holders.iter().map(|node| format!("nodes/{node}")).collect();
        let over = last.is_empty() || answer.wait_satisfied;
        if over || tokio::time::timeout_at(until, changed.changed()).await.is_err() {
            return;
        }
    }
}

/// A refusal as a status.
pub(super) fn refuse(refusal: Refusal) -> Status {
    Refused::from(refusal).into()
}
