//! `AttachmentService`.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use polder_picture::{
    admit::NewScope,
    attributes::timestamp,
    names::AttachmentName,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    Attachment, DownloadRequest, DownloadResponse, GetAttachmentRequest, GetAttachmentResponse,
    Lane, StartUploadRequest, StartUploadResponse, UploadChunkRequest, UploadChunkResponse,
    attachment_service_server::AttachmentService,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{Services, blocking, guard::caller, status::Refused};
use crate::{
    attachments::{AttachmentError, Stored},
    audit::reading,
    people::Caller,
    query::{citations, citing_scopes},
};

/// Bytes of one message of a download.
const PART_BYTES: usize = 64 * 1024;

fn parse(name: &str, field: &str) -> Result<[u8; 32], Refusal> {
    let parsed = AttachmentName::parse(name).map(|name| name.sha256);
    parsed.ok_or_else(|| {
        let sentence = "must be attachments/{SHA-256 in 64 lower-case hex digits}";
        Refusal::field(field, "MALFORMED_NAME", sentence)
    })
}

fn shown(stored: &Stored, citation_count: u32) -> Attachment {
    Attachment {
        name: AttachmentName { sha256: stored.sha256 }.to_string(),
        media_type: stored.media_type.clone(),
        size_bytes: stored.size_bytes as i64,
        create_time: Some(timestamp(stored.create_ms)),
        citation_count: citation_count as i32,
    }
}

fn not_found(name: &str) -> Refusal {
    let sentence = format!("{name} is not held here");
    Refusal::new(Class::NotFound, "ATTACHMENT_NOT_FOUND", sentence)
}

impl Services {
    /// Whether somebody may have an attachment: they see an entry that cites it.
    async fn shown_to(&self, caller: &Caller, name: &str) -> Result<Stored, Status> {
        let sha256 = parse(name, "name").map_err(Refused::from)?;
        let missing = || Refused::from(not_found(name));
        let stored = self.node.attachments.get(&sha256).ok_or_else(missing)?;
        let sees = |scopes: &[NewScope]| {
            scopes.iter().any(|scope| caller.sees_audience(&scope.incident, &scope.audience))
        };
        let citing = self.links.citing(&sha256);
        if sees(&citing) {
            reading::attachment(&self.node, caller, name, &citing);
            return Ok(stored);
        }
        // It may be cited since a moment only.
        let node = Arc::clone(&self.node);
        let cited = blocking(move || Ok(citing_scopes(&node)?)).await?;
        match cited.get(&sha256) {
            Some(scopes) if sees(scopes) => {
                reading::attachment(&self.node, caller, name, scopes);
                Ok(stored)
            }
            _ if caller.is_operator() => Ok(stored),
            _ => Err(missing().into()),
        }
    }
}

#[tonic::async_trait]
impl AttachmentService for Services {
    async fn start_upload(
        &self,
        request: Request<StartUploadRequest>,
    ) -> Result<Response<StartUploadResponse>, Status> {
        let attachment = request.into_inner().attachment.unwrap_or_default();
        let sha256 = parse(&attachment.name, "attachment.name").map_err(Refused::from)?;
        let node = Arc::clone(&self.node);
        let offset = blocking(move || {
            if !node.disk.accepts(Lane::Bulk) {
                let sentence = "the disk of this node is nearly full: no attachments are taken";
                let class = Class::ResourceExhausted;
                return Err(Refusal::new(class, "DISK_RESERVE", sentence).into());
            }
            let size = u64::try_from(attachment.size_bytes).unwrap_or(0);
            Ok(node.attachments.start(sha256, &attachment.media_type, size)?)
        });
        Ok(Response::new(StartUploadResponse { offset: offset.await? as i64 }))
    }

    async fn upload_chunk(
        &self,
        request: Request<UploadChunkRequest>,
    ) -> Result<Response<UploadChunkResponse>, Status> {
        let request = request.into_inner();
        let sha256 = parse(&request.name, "name").map_err(Refused::from)?;
        let offset = u64::try_from(request.offset)
            .map_err(|_| Refusal::field("offset", "OUT_OF_RANGE", "must not be negative"))
            .map_err(Refused::from)?;
        let node = Arc::clone(&self.node);
        let answer = blocking(move || {
            let now_ms = node.wall.now_ms();
            Ok(node.attachments.append(sha256, offset, &request.data, now_ms)?)
        });
        let (offset, stored) = answer.await?;
        let attachment = stored.map(|stored| shown(&stored, 0));
        Ok(Response::new(UploadChunkResponse { offset: offset as i64, attachment }))
    }

    type DownloadStream = Pin<Box<dyn Stream<Item = Result<DownloadResponse, Status>> + Send>>;

    async fn download(
        &self,
        request: Request<DownloadRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let stored = self.shown_to(&caller, &request.name).await?;
        let sha256 = stored.sha256;
        let offset = u64::try_from(request.offset).ok().filter(|at| *at <= stored.size_bytes);
        let offset = offset.ok_or_else(|| {
            let sentence = format!("must be 0 to {}", stored.size_bytes);
            Refused::from(Refusal::field("offset", "OUT_OF_RANGE", sentence))
        })?;
        let node = Arc::clone(&self.node);
        let (sender, receiver) = tokio::sync::mpsc::channel(2);
        tokio::task::spawn_blocking(move || {
            let mut offset = offset;
            while offset < stored.size_bytes {
                let read = node.attachments.read(&sha256, offset, PART_BYTES);
                let message = match read {
                    Ok(data) if data.is_empty() => return,
                    Ok(data) => DownloadResponse { offset: offset as i64, data: data.into() },
                    Err(error) => {
                        let status = Refused::from(AttachmentError::from(error)).into();
                        let _ = sender.blocking_send(Err(status));
                        return;
                    }
                };
                offset += message.data.len() as u64;
                if sender.blocking_send(Ok(message)).is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn get_attachment(
        &self,
        request: Request<GetAttachmentRequest>,
    ) -> Result<Response<GetAttachmentResponse>, Status> {
        let caller = caller(&request)?;
        let name = request.into_inner().name;
        let stored = self.shown_to(&caller, &name).await?;
        let sha256 = stored.sha256;
        let node = Arc::clone(&self.node);
        let cited = blocking(move || Ok(citations(&node)?)).await?;
        let count = cited.get(&sha256).copied().unwrap_or(0);
        Ok(Response::new(GetAttachmentResponse { attachment: Some(shown(&stored, count)) }))
    }
}
