//! Attachments that current entries cite: which scopes do, and which of them are not here yet.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use polder_picture::admit::NewScope;
use polder_wire::v1::{Lane, LinkFilePart};
use tokio::sync::mpsc;

use crate::{node::Node, query};

/// Citations are looked through no oftener.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is known of citations.
#[derive(Debug, Default)]
pub struct Files {
    cited: Mutex<HashMap<[u8; 32], Vec<NewScope>>>,
    missing: Mutex<Vec<[u8; 32]>>,
    looked_at: AtomicU64,
}

impl Files {
    /// Scopes whose current entries cite a file.
    pub(super) fn cited_by(&self, sha256: &[u8; 32]) -> Vec<NewScope> {
        self.cited.lock().get(sha256).cloned().unwrap_or_default()
    }

    /// Files that are cited and not here.
    pub(super) fn missing(&self, node: &Node) -> Vec<[u8; 32]> {
        let mut missing = self.missing.lock();
        missing.retain(|sha256| node.attachments.get(sha256).is_none());
        missing.clone()
    }

    /// Looks through the citations again whenever records came, for as long as the node lives.
    pub(super) async fn look(self: Arc<Self>, node: Arc<Node>) {
        loop {
            let lsn = node.picture.read().lsn();
            if self.looked_at.swap(lsn, Ordering::Relaxed) != lsn {
                let (files, reader) = (Arc::clone(&self), Arc::clone(&node));
                let looked = tokio::task::spawn_blocking(move || files.look_through(&reader)).await;
                match looked {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "citations could not be looked through")
                    }
                    Err(error) => tracing::warn!(%error, "the search for citations stopped"),
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn look_through(&self, node: &Node) -> Result<(), crate::store::engine::EngineError> {
        let cited = query::citing_scopes(node)?;
        let missing: Vec<_> =
            cited.keys().filter(|sha256| node.attachments.get(sha256).is_none()).copied().collect();
        *self.missing.lock() = missing;
        *self.cited.lock() = cited;
        Ok(())
    }
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// More follows.
    Some,
    /// The file is whole.
    Whole,
    /// It cannot be had over this link now.
    Not,
}

/// Writes a piece; on a thread that may wait.
pub(super) fn write(node: &Node, sha256: [u8; 32], part: &LinkFilePart) -> Written {
    if part.data.is_empty() {
        return Written::Not;
    }
    if !node.disk.accepts(Lane::Bulk) {
        tracing::warn!("an attachment waits: the disk of this node is nearly full");
        return Written::Not;
    }
    let attachments = &node.attachments;
    let started = attachments.start(sha256, &part.media_type, part.size_bytes);
    let written = started
        .and_then(|_| attachments.append(sha256, part.offset, &part.data, node.wall.now_ms()));
    match written {
        Ok((_, Some(_))) => Written::Whole,
        Ok((_, None)) => Written::Some,
        Err(error) => {
            tracing::warn!(%error, "a piece of an attachment was refused");
            Written::Not
        }
    }
}

/// A file, and a piece of it.
pub(super) type Piece = ([u8; 32], LinkFilePart);
/// A file, the bytes of the piece, and what became of it.
pub(super) type WrittenPiece = ([u8; 32], usize, Written);

/// Writes pieces of files, one after the other, beside the session.
pub(super) fn write_all(
    node: Arc<Node>,
) -> (mpsc::UnboundedSender<Piece>, mpsc::UnboundedReceiver<WrittenPiece>) {
    let (pieces, mut incoming) = mpsc::unbounded_channel::<Piece>();
    let (done, written) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some((sha256, part)) = incoming.recv().await {
            let (node, bytes) = (Arc::clone(&node), part.data.len());
            let write = tokio::task::spawn_blocking(move || write(&node, sha256, &part));
            let result = write.await.unwrap_or(Written::Not);
            if done.send((sha256, bytes, result)).is_err() {
                return;
            }
        }
    });
    (pieces, written)
}
