//! Bundles, for `NodeService`.

use std::{ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use polder_picture::refusal::Refusal;
use polder_wire::v1::{
    ArchiveIncidentRequest, ArchiveIncidentResponse, DropArchivedIncidentRequest,
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
    bundle::{
        archive,
        export::{self, Plan, Wanted},
        heads,
        import::Importer,
    },
    node::Node,
};

/// Bytes of one message of an export.
const PART_BYTES: usize = 256 * 1024;
/// Largest message of an import.
const DATA_BYTES_MAX: usize = 1 << 20;

pub(super) async fn heads(services: &Services) -> Result<GetHeadsResponse, Status> {
    let node = Arc::clone(&services.node);
    let written = blocking(move || Ok(heads::write(&node))).await?;
    Ok(GetHeadsResponse {
        data: written.data.into(),
        feed_count: written.feeds as i64,
        feeds_left_out: written.left_out as i64,
    })
}

pub(super) async fn export(
    services: &Services,
    request: ExportBundleRequest,
) -> Result<Response<Streamed<ExportBundleResponse>>, Status> {
    let ExportBundleRequest { heads, incidents, include_attachments } = request;
    let wanted = Wanted { heads, incidents, attachments: include_attachments };
    let planner = Arc::clone(&services.node);
    let plan = blocking(move || Ok(Plan::of(&planner, &wanted)?)).await?;
    let node = Arc::clone(&services.node);
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
) -> Result<Response<Streamed<ArchiveIncidentResponse>>, Status> {
    let planner = Arc::clone(&services.node);
    let plan = blocking(move || Ok(archive::plan(&planner, &request.incident)?)).await?;
    let node = Arc::clone(&services.node);
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
) -> Response<Streamed<DropArchivedIncidentResponse>> {
    let node = Arc::clone(&services.node);
    let runtime = tokio::runtime::Handle::current();
    stream(move |sender| {
        let mut data = data;
        let mut next = || runtime.block_on(data.message());
        let first = next()?.unwrap_or_default();
        let comparison = Comparison::of(node, first.incident).map_err(Refused::from)?;
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
) -> Response<Streamed<ImportBundleResponse>> {
    let (sender, receiver) = channel(2);
    let node = Arc::clone(&services.node);
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
