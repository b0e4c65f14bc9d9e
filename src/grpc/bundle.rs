//! Bundles, for `NodeService`.

use std::{ops::ControlFlow, sync::Arc};

use polder_picture::refusal::Refusal;
use polder_wire::v1::{
    ExportBundleRequest, ExportBundleResponse, GetHeadsResponse, ImportBundleRequest,
    ImportBundleResponse,
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
    bundle::{
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
        let mut sink = |bytes: bytes::Bytes, done: u64| {
            let mut rest = bytes;
            while !rest.is_empty() {
                let data = rest.split_to(rest.len().min(PART_BYTES));
                let records_done = done as i64;
                let message =
                    ExportBundleResponse { data, records_done, records_total, summary: None };
                if send(sender, message).is_break() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
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
