//! The seam to the engines that keep bytes on disk: everything above it is the same for all.
//!
//! Rows are written once and (but for heads and meta) never changed, so a position in the log
//! pins a consistent view and no engine snapshot is needed.

use std::{ops::ControlFlow, path::Path};

use bytes::Bytes;

/// Named key spaces of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tree {
    /// feed (16 bytes) + first sequence (8, big-endian) -> a chunk of consecutive envelopes.
    Records,
    /// LSN of the first record (8, big-endian) -> what one commit brought, in arrival order.
    Arrivals,
    /// feed -> last sequence and hash.
    Heads,
    /// Identity, format, origins.
    Meta,
}

impl Tree {
    /// All trees.
    pub const ALL: [Self; 4] = [Self::Records, Self::Arrivals, Self::Heads, Self::Meta];

    /// Name on disk; frozen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Arrivals => "arrivals",
            Self::Heads => "heads",
            Self::Meta => "meta",
        }
    }
}

/// Writes that become durable together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    /// In order; `None` removes the key.
    pub writes: Vec<(Tree, Vec<u8>, Option<Vec<u8>>)>,
}

/// Which keys to walk, and in which direction.
#[derive(Debug, Clone, Copy)]
pub struct Range<'a> {
    /// First key, included.
    pub from: &'a [u8],
    /// End, excluded; `None`: to the end of the tree.
    pub until: Option<&'a [u8]>,
    /// From the end backwards.
    pub backwards: bool,
}

/// What an engine can fail with. Any of these stops the node: nothing is retried on a dirty cache.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No room on the disk.
    #[error("no room left on the disk: {0}")]
    NoSpace(String),
    /// The disk does not take writes.
    #[error("the disk is read-only or not permitted: {0}")]
    ReadOnly(String),
    /// What is on disk does not hold.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Another process has the store open.
    #[error("another process has this store open: {0}")]
    Locked(String),
    /// The engine panicked.
    #[error("the storage engine panicked: {0}")]
    Panicked(String),
    /// Anything else.
    #[error("the disk failed: {0}")]
    Failed(String),
}

/// An open store.
pub trait Engine: Send + Sync {
    /// Makes all writes of the batch durable, atomically over all trees, before it returns.
    fn commit(&self, batch: Batch) -> Result<(), EngineError>;

    /// Reads one value.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Walks keys in order until the visitor breaks.
    fn scan(
        &self,
        tree: Tree,
        range: Range<'_>,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), EngineError>;

    /// Bytes on disk.
    fn size_bytes(&self) -> Result<u64, EngineError>;

    /// Name as in the configuration.
    fn name(&self) -> &'static str;

    /// Leaves the disk in a state that opens fast.
    fn close(self: Box<Self>) -> Result<(), EngineError>;
}

/// Opens (or makes) a store of one engine in a directory of its own.
pub type Open = fn(&Path) -> Result<Box<dyn Engine>, EngineError>;
