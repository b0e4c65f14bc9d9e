//! Bundles, for `NodeService`.

use std::{ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use polder_picture::{refusal::Refusal, sight::Sight};
use polder_wire::v1::{
    Act, ActKind, ArchiveIncidentRequest, ArchiveIncidentResponse, DropArchivedIncidentRequest,
    DropArchivedIncidentResponse, ExportBundleRequest, ExportBundleResponse, GetHeadsResponse,
    ImportBundleRequest, ImportBundleResponse,
};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::{
    Services, blocking,
    node::{Streamed, send, stream},
    status::{Refused, internal},
};
use crate::{
    archive::{Comparison, DropError},
    audit::{self, act},
    bundle::{
        archive::{self, Which},
        export::{self, Plan, Wanted},
        heads,
        import::Importer,
    },
    node::Node,
    people::{Caller, rights::Right},
};

/// Bytes of one message of an export.
const PART_BYTES: usize = 256 * 1024;
/// Largest message of an import.
const DATA_BYTES_MAX: usize = 1 << 20;

/// What somebody may take along: what they see, and all of it who looks after the node, since that
/// person has its disk.
pub(super) fn carried(services: &Services, caller: &Caller) -> Sight {
    if caller.may(Right::Administer) {
        return Sight::All;
    }
    caller.sight(&services.node.picture.read())
}

pub(super) async fn heads(
    services: &Services,
    caller: &Caller,
) -> Result<GetHeadsResponse, Status> {
    let node = Arc::clone(&services.node);
    let sight = carried(services, caller);
    let written = blocking(move || Ok(heads::write(&node, &sight))).await?;
    Ok(GetHeadsResponse {
        data: written.data.into(),
        feed_count: written.feeds as i64,
        feeds_left_out: written.left_out as i64,
    })
}

pub(super) async fn export(
    services: &Services,
    request: ExportBundleRequest,
    caller: &Caller,
) -> Result<Response<Streamed<ExportBundleResponse>>, Status> {
    let ExportBundleRequest { heads, incidents, include_attachments } = request;
    let wanted = Wanted { heads, incidents, attachments: include_attachments };
    let planner = Arc::clone(&services.node);
    let sight = carried(services, caller);
    let plan = blocking(move || Ok(Plan::of(&planner, &wanted, &sight)?)).await?;
    let node = Arc::clone(&services.node);
    taken_along(&node, caller, ActKind::Exported, &plan).await?;
    Ok(stream(move |sender| {
        let records_total = plan.records() as i64;
        let mut sink = in_parts(|data, done| {
            let records_done = done as i64;
            send(sender, ExportBundleResponse { data, records_done, records_total, summary: None })
        });
        let summary = export::write(&node, plan, &mut sink).map_err(|error| internal(&error))?;
        let message = ExportBundleResponse {
            records_done: records_total,
            records_total,
            summary: Some(summary),
            ..Default::default()
        };
        let _ = send(sender, message);
        Ok(())
    }))
}

/// Says in the account what goes into a file, before the first byte of it leaves.
async fn taken_along(
    node: &Arc<Node>,
    caller: &Caller,
    kind: ActKind,
    plan: &Plan,
) -> Result<(), Status> {
    let acts = audit::taken_along(&act(caller, kind), plan);
    Ok(node.put_on_record(acts).await.map_err(Refused::from)?)
}

/// A frame may be larger than a message should be.
fn in_parts(
    mut send: impl FnMut(Bytes, u64) -> ControlFlow<()>,
) -> impl FnMut(Bytes, u64) -> ControlFlow<()> {
    move |mut rest, done| {
        while !rest.is_empty() {
            send(rest.split_to(rest.len().min(PART_BYTES)), done)?;
        }
        ControlFlow::Continue(())
    }
}

pub(super) async fn archive(
    services: &Services,
    request: ArchiveIncidentRequest,
    caller: &Caller,
) -> Result<Response<Streamed<ArchiveIncidentResponse>>, Status> {
    let planner = Arc::clone(&services.node);
    let ArchiveIncidentRequest { incident, audience } = request;
    let which = Which { incident, audience };
    let plan = blocking(move || Ok(archive::plan(&planner, &which)?)).await?;
    let node = Arc::clone(&services.node);
    taken_along(&node, caller, ActKind::Archived, &plan).await?;
    Ok(stream(move |sender| {
        let records_total = plan.records() as i64;
        let mut sink = in_parts(|data, done| {
            let records_done = done as i64;
            let message =
                ArchiveIncidentResponse { data, records_done, records_total, summary: None };
            send(sender, message)
        });
        let summary = archive::write(&node, plan, &mut sink).map_err(|error| internal(&error))?;
        let message = ArchiveIncidentResponse {
            records_done: records_total,
            records_total,
            summary: Some(summary),
            ..Default::default()
        };
        let _ = send(sender, message);
        Ok(())
    }))
}

pub(super) fn drop_archived(
    services: &Services,
    data: Streaming<DropArchivedIncidentRequest>,
    caller: &Caller,
) -> Response<Streamed<DropArchivedIncidentResponse>> {
    let node = Arc::clone(&services.node);
    let runtime = tokio::runtime::Handle::current();
    let dropping = act(caller, ActKind::ArchiveDropped);
    stream(move |sender| {
        let mut data = data;
        let mut next = || runtime.block_on(data.message());
        let first = next()?.unwrap_or_default();
        let audiences = std::iter::once(&first.audience).filter(|one| !one.is_empty());
        let dropping = Act {
            incident: first.incident.clone(),
            audiences: audiences.cloned().collect(),
            ..dropping
        };
        let which = Which { incident: first.incident, audience: first.audience };
        let comparison = Comparison::of(Arc::clone(&node), which).map_err(Refused::from)?;
        runtime.block_on(node.put_on_record(vec![dropping])).map_err(Refused::from)?;
        let mut waiting = Some(first.data);
        let mut broken = None;
        let mut pieces = || {
            let piece = match waiting.take() {
                Some(piece) => Ok(Some(piece)),
                None => next().map(|message| message.map(|message| message.data)),
            };
            let piece = piece.map_err(|status| {
                broken = Some(status);
                DropError::Gone
            });
            match piece? {
                Some(piece) if piece.len() > DATA_BYTES_MAX => {
                    let sentence = format!("has {} bytes, at most {DATA_BYTES_MAX}", piece.len());
                    Err(Refusal::field("data", "OUT_OF_RANGE", sentence).into())
                }
                piece => Ok(piece),
            }
        };
        // Whether anybody still listens changes nothing: what was begun is finished.
        let mut progress = |bytes: u64, done: u64, total: u64| {
            let _ = send(
                sender,
                DropArchivedIncidentResponse {
                    bytes_done: bytes as i64,
                    rows_done: done as i64,
                    rows_total: total as i64,
                    ..Default::default()
                },
            );
        };
        let dropped = crate::archive::run(comparison, &mut pieces, &mut progress);
        if let Some(status) = broken {
            return Err(status);
        }
        let (dropped, erased) = dropped.map_err(Refused::from)?;
        let message = DropArchivedIncidentResponse {
            summary: Some(dropped.checked.summary),
            attachments_erased: erased as i64,
            ..Default::default()
        };
        let _ = send(sender, message);
        Ok(())
    })
}

pub(super) fn import(
    services: &Services,
    data: Streaming<ImportBundleRequest>,
    caller: &Caller,
) -> Response<Streamed<ImportBundleResponse>> {
    let (sender, receiver) = channel(2);
    let node = Arc::clone(&services.node);
    node.note(act(caller, ActKind::Imported));
    tokio::spawn(async move {
        if let Err(status) = take(node, data, &sender).await {
            let _ = sender.send(Err(status)).await;
        }
    });
    Response::new(Box::pin(ReceiverStream::new(receiver)))
}

async fn take(
    node: Arc<Node>,
    mut data: Streaming<ImportBundleRequest>,
    sender: &Sender<Result<ImportBundleResponse, Status>>,
) -> Result<(), Status> {
    let mut importer = Importer::new(node);
    let mut bytes_done = 0;
    while let Some(ImportBundleRequest { data }) = data.message().await? {
        if !(1..=DATA_BYTES_MAX).contains(&data.len()) {
            let sentence = format!("has {} bytes, must have 1 to {DATA_BYTES_MAX}", data.len());
            return Err(Refused::from(Refusal::field("data", "OUT_OF_RANGE", sentence)).into());
        }
        importer.push(&data).await.map_err(Refused::from)?;
        bytes_done += data.len() as i64;
        if sender.send(Ok(ImportBundleResponse { bytes_done, report: None })).await.is_err() {
            // Nobody waits for the report any more; what was taken stays.
            return Ok(());
        }
    }
    let report = importer.finish().await.map_err(Refused::from)?;
    let _ = sender.send(Ok(ImportBundleResponse { bytes_done, report: Some(report) })).await;
    Ok(())
}
