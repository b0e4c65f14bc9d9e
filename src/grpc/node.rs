//! `NodeService`.

use std::{ops::ControlFlow, pin::Pin, sync::Arc};

use futures::Stream;
use polder_picture::attributes::timestamp;
use polder_wire::v1::{
    ActKind, ArchiveIncidentRequest, ArchiveIncidentResponse, CompactStoreRequest,
    CompactStoreResponse, DropArchivedIncidentRequest, DropArchivedIncidentResponse,
    ExportBundleRequest, ExportBundleResponse, FeedStatus, GetHeadsRequest, GetHeadsResponse,
    GetNodeStatusRequest, GetNodeStatusResponse, Health, ImportBundleRequest, ImportBundleResponse,
    Lane, ListHoldersRequest, ListHoldersResponse, StoreStatus, StreamBackupRequest,
    StreamBackupResponse, VerifyLogRequest, VerifyLogResponse, WatchLinksRequest,
    WatchLinksResponse, node_service_server::NodeService,
};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{
    Services, blocking, bundle,
    guard::caller,
    link,
    status::{Refused, internal},
};
use crate::{
    audit,
    backup::{self, Pinned},
    disk, maintain,
    node::Node,
    store::{covered::CoveredRow, engine},
};
use polder_picture::{picture::Feed, refusal::Refusal, sight::Sight};

/// Feeds that a status lists.
const FEEDS_MAX: usize = 1_000;
/// Records between two words of progress.
const PROGRESS_RECORDS: u64 = 4_096;

pub(super) type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers with what a blocking worker sends; the worker waits for a slow caller.
pub(super) fn stream<T: Send + 'static>(
    work: impl FnOnce(&Sender<Result<T, Status>>) -> Result<(), Status> + Send + 'static,
) -> Response<Streamed<T>> {
    let (sender, receiver) = channel(2);
    tokio::task::spawn_blocking(move || {
        if let Err(status) = work(&sender) {
            let _ = sender.blocking_send(Err(status));
        }
    });
    Response::new(Box::pin(ReceiverStream::new(receiver)))
}

pub(super) fn send<T>(sender: &Sender<Result<T, Status>>, message: T) -> ControlFlow<()> {
    match sender.blocking_send(Ok(message)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

#[tonic::async_trait]
impl NodeService for Services {
    async fn get_node_status(
        &self,
        request: Request<GetNodeStatusRequest>,
    ) -> Result<Response<GetNodeStatusResponse>, Status> {
        let sight = bundle::carried(self, &caller(&request)?);
        let node = Arc::clone(&self.node);
        Ok(Response::new(blocking(move || status(&node, &sight)).await?))
    }

    type VerifyLogStream = Streamed<VerifyLogResponse>;

    async fn verify_log(
        &self,
        _: Request<VerifyLogRequest>,
    ) -> Result<Response<Self::VerifyLogStream>, Status> {
        let node = Arc::clone(&self.node);
        Ok(stream(move |sender| verify(&node, sender)))
    }

    type StreamBackupStream = Streamed<StreamBackupResponse>;

    async fn stream_backup(
        &self,
        request: Request<StreamBackupRequest>,
    ) -> Result<Response<Self::StreamBackupStream>, Status> {
        let caller = caller(&request)?;
        let node = Arc::clone(&self.node);
        let attachments = request.into_inner().include_attachments;
        let act = audit::act(&caller, ActKind::BackedUp);
        node.put_on_record(vec![act]).await.map_err(Refused::from)?;
        Ok(stream(move |sender| {
            let pinned = Pinned::of(&node).map_err(|error| internal(&error.into()))?;
            let lsn = pinned.lsn;
            let mut sink = |bytes: bytes::Bytes, done: u64| {
                // A frame may be larger than a message should be.
                let mut rest = bytes;
                while !rest.is_empty() {
                    let data = rest.split_to(rest.len().min(256 * 1024));
                    let message = StreamBackupResponse {
                        data,
                        records_done: done as i64,
                        records_total: lsn as i64,
                    };
                    if send(sender, message).is_break() {
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            };
            let attachments = attachments.then_some(&node.attachments);
            let log = node.log();
            backup::write(&log, node.identity(), pinned, attachments, &mut sink)
                .map_err(|error| internal(&error))
        }))
    }

    type WatchLinksStream = Streamed<WatchLinksResponse>;

    async fn watch_links(
        &self,
        request: Request<WatchLinksRequest>,
    ) -> Result<Response<Self::WatchLinksStream>, Status> {
        Ok(Response::new(link::watch(self, request.into_inner())))
    }

    async fn list_holders(
        &self,
        request: Request<ListHoldersRequest>,
    ) -> Result<Response<ListHoldersResponse>, Status> {
        let caller = caller(&request)?;
        link::holders(self, request.get_ref(), &caller).map(Response::new).map_err(link::refuse)
    }

    async fn get_heads(
        &self,
        request: Request<GetHeadsRequest>,
    ) -> Result<Response<GetHeadsResponse>, Status> {
        bundle::heads(self, &caller(&request)?).await.map(Response::new)
    }

    type ExportBundleStream = Streamed<ExportBundleResponse>;

    async fn export_bundle(
        &self,
        request: Request<ExportBundleRequest>,
    ) -> Result<Response<Self::ExportBundleStream>, Status> {
        let caller = caller(&request)?;
        bundle::export(self, request.into_inner(), &caller).await
    }

    type ImportBundleStream = Streamed<ImportBundleResponse>;

    async fn import_bundle(
        &self,
        request: Request<Streaming<ImportBundleRequest>>,
    ) -> Result<Response<Self::ImportBundleStream>, Status> {
        let caller = caller(&request)?;
        Ok(bundle::import(self, request.into_inner(), &caller))
    }

    type ArchiveIncidentStream = Streamed<ArchiveIncidentResponse>;

    async fn archive_incident(
        &self,
        request: Request<ArchiveIncidentRequest>,
    ) -> Result<Response<Self::ArchiveIncidentStream>, Status> {
        let caller = caller(&request)?;
        bundle::archive(self, request.into_inner(), &caller).await
    }

    type DropArchivedIncidentStream = Streamed<DropArchivedIncidentResponse>;

    async fn drop_archived_incident(
        &self,
        request: Request<Streaming<DropArchivedIncidentRequest>>,
    ) -> Result<Response<Self::DropArchivedIncidentStream>, Status> {
        let caller = caller(&request)?;
        Ok(bundle::drop_archived(self, request.into_inner(), &caller))
    }

    type CompactStoreStream = Streamed<CompactStoreResponse>;

    async fn compact_store(
        &self,
        request: Request<CompactStoreRequest>,
    ) -> Result<Response<Self::CompactStoreStream>, Status> {
        let node = Arc::clone(&self.node);
        let mut name = request.into_inner().engine;
        if name.is_empty() {
            name = node.log().engine().name().to_owned();
        }
        if !engine::ENGINES.iter().any(|(known, _)| *known == name) {
            let sentence = format!("must be one of: {}", engine::ENGINES.map(|e| e.0).join(", "));
            return Err(Refused::from(Refusal::field("engine", "UNKNOWN_ENGINE", sentence)).into());
        }
        Ok(stream(move |sender| {
            let mut last = 0;
            let compacted = maintain::compact(&node, &name, &mut |progress| {
                if progress.done < last + PROGRESS_RECORDS && progress.done < progress.total {
                    return ControlFlow::Continue(());
                }
                last = progress.done;
                let message = CompactStoreResponse {
                    rows_done: progress.done as i64,
                    rows_total: progress.total as i64,
                    ..Default::default()
                };
                send(sender, message)
            });
            let (before, after) = compacted.map_err(|error| internal(&error))?;
            let message = CompactStoreResponse {
                rows_done: last as i64,
                rows_total: last as i64,
                finished: true,
                size_before_bytes: before as i64,
                size_after_bytes: after as i64,
            };
            let _ = send(sender, message);
            Ok(())
        }))
    }
}

fn verify(node: &Node, sender: &Sender<Result<VerifyLogResponse, Status>>) -> Result<(), Status> {
    // Heads as they are now; records that come meanwhile are left for the next time.
    let (heads, total) = {
        let picture = node.picture.read();
        let heads: Vec<_> = picture.all_held_feeds().map(|feed| (feed.id, feed.head)).collect();
        (heads, picture.lsn() as i64)
    };
    let mut last = 0;
    let mut progress = |done: u64| {
        if done < last + PROGRESS_RECORDS {
            return ControlFlow::Continue(());
        }
        last = done;
        let records_checked = done as i64;
        send(sender, VerifyLogResponse { records_checked, records_total: total, verdict: None })
    };
    let verdict = loop {
        let epoch = node.epoch();
        let verdict = maintain::verify(&node.log(), &heads, node.identity(), &mut progress);
        let verdict = verdict.map_err(Refused::from)?;
        // Records that were archived meanwhile are no damage.
        if verdict.sound || epoch == node.epoch() {
            break verdict;
        }
    };
    let checked = if verdict.sound { total } else { last as i64 };
    let message = VerifyLogResponse {
        records_checked: checked,
        records_total: total,
        verdict: Some(verdict),
    };
    let _ = send(sender, message);
    Ok(())
}

/// What the node says of itself, and of its feeds to who may see them.
pub fn status(node: &Node, sight: &Sight) -> Result<GetNodeStatusResponse, Refused> {
    let identity = node.identity();
    let now_ms = node.tell_ms();
    let log = node.log();
    let (free, size) = disk::space(node.directory.path()).unwrap_or_default();
    let accepting = node.disk.accepting();
    let mut problems: Vec<String> = node.failure().into_iter().collect();
    let failed = !problems.is_empty();
    if accepting.len() < 3 {
        let refused = [Lane::Urgent, Lane::Routine, Lane::Bulk];
        let refused = refused.into_iter().filter(|lane| !accepting.contains(lane));
        let refused: Vec<_> = refused.map(|lane| format!("{lane:?}").to_lowercase()).collect();
        problems.push(format!("the disk is nearly full: {} is refused", refused.join(" and ")));
    }
    let health = match (failed, problems.is_empty()) {
        (true, _) => Health::Failed,
        (false, false) => Health::Degraded,
        (false, true) => Health::Ok,
    };
    let store = StoreStatus {
        engine: log.engine().name().to_owned(),
        size_bytes: log.engine().size_bytes()? as i64,
        attachment_bytes: node.attachments.size_bytes() as i64,
        disk_free_bytes: free as i64,
        disk_size_bytes: size as i64,
        accepting: accepting.into_iter().map(Into::into).collect(),
    };
    let picture = node.picture.read();
    let seen = |feed: &&Feed| sight.covers(feed.scope);
    let feeds = picture.held_feeds().filter(seen).take(FEEDS_MAX).map(|feed| FeedStatus {
        feed: feed.id.to_string(),
        node: feed.origin.map(|origin| format!("nodes/{origin}")).unwrap_or_default(),
        incident: format!("incidents/{}", picture.scope(feed.scope).incident),
        lane: feed.lane.into(),
        sequence: feed.head.sequence as i64,
        head: feed.head.hash.to_vec().into(),
        forked: feed.closed.is_some(),
        branch_of: match &feed.branch {
            Some(branch) => picture.feed(branch.parent).id.to_string(),
            None => String::new(),
        },
        covered_sequence: feed.covered.sequence as i64,
    });
    let covered = log.covered()?;
    let uptime_ms = now_ms - node.start_ms();
    Ok(GetNodeStatusResponse {
        node: format!("nodes/{}", node.key_id()),
        display_name: identity.display_name.clone(),
        party: format!("parties/{}", identity.party),
        store_id: hex::encode(&identity.store_id),
        public_key: identity.public_key.clone(),
        program_version: env!("CARGO_PKG_VERSION").into(),
        start_time: Some(timestamp(node.start_ms())),
        uptime: Some(prost_types::Duration {
            seconds: uptime_ms / 1000,
            nanos: (uptime_ms % 1000 * 1_000_000) as i32,
        }),
        lsn: picture.lsn() as i64,
        record_count: picture.lsn() as i64,
        entry_count: picture.entries().len() as i64,
        incident_count: picture.incident_count() as i64,
        feeds: feeds.collect(),
        feeds_left_out: picture.held_feeds().filter(seen).count().saturating_sub(FEEDS_MAX) as i64,
        store: Some(store),
        health: health.into(),
        problems,
        subscriber_count: node.metrics.subscribers.get() as i32,
        node_time: Some(timestamp(now_ms)),
        covered_record_count: covered.values().map(CoveredRow::left_out).sum::<u64>() as i64,
        set_aside_record_count: picture.set_aside_count() as i64,
    })
}
