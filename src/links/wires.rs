//! The two directions of a session, and how it ends.

use std::{pin::Pin, time::Duration};

use futures::Stream;
use polder_picture::record::Id;
use polder_wire::v1::LinkFrame;
use tokio::sync::mpsc;

/// The two directions of a session.
pub(super) struct Wires {
    pub(super) incoming: Pin<Box<dyn Stream<Item = Result<LinkFrame, tonic::Status>> + Send>>,
    pub(super) outgoing: mpsc::Sender<LinkFrame>,
    /// The key that the connection proved, where it is encrypted.
    pub(super) proven: Option<Id>,
}

/// How a session ended.
pub(super) struct Ending {
    /// In words.
    pub(super) problem: String,
    /// The peer asks not to be dialled before.
    pub(super) retry_after: Option<Duration>,
}

impl Ending {
    pub(super) fn because(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), retry_after: None }
    }
}
