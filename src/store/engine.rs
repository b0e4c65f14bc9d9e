//! The seam to the engines that keep bytes on disk: everything above it is the same for all.
//!
//! Rows are written once and (but for heads and meta) never changed, so a position in the log
//! pins a consistent view and no engine snapshot is needed.

use std::{fs, io, ops::ControlFlow, os::unix::fs::MetadataExt, path::Path};

use bytes::Bytes;

use super::{fjall, sled};

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
    /// In order; `None` removes the key. Keys are never empty.
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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

/// Is shown a key and its value, and says whether to go on.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// An open store.
pub trait Engine: Send + Sync {
    /// Makes all writes of the batch durable, atomically over all trees, before it returns.
    fn commit(&self, batch: Batch) -> Result<(), EngineError>;

    /// Reads one value.
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Walks keys in order until the visitor breaks.
    fn scan(&self, tree: Tree, range: Range<'_>, visit: &mut Visit<'_>) -> Result<(), EngineError>;

    /// Bytes on disk.
    fn size_bytes(&self) -> Result<u64, EngineError>;

    /// Name as in the configuration.
    fn name(&self) -> &'static str;

    /// Leaves the disk in a state that opens fast.
    fn close(self: Box<Self>) -> Result<(), EngineError>;
}

/// Opens (or makes) a store of one engine in a directory of its own.
pub type Open = fn(&Path) -> Result<Box<dyn Engine>, EngineError>;

/// The engines that keep bytes on disk, by their name in the configuration; the default first.
pub const ENGINES: [(&str, Open); 2] = [(fjall::NAME, fjall::open), (sled::NAME, sled::open)];

/// Opens (or makes) the store in a directory with the engine of that name.
///
/// # Errors
///
/// When no engine has that name, the directory holds a store of another engine or is open
/// elsewhere, or the disk fails.
pub fn open(name: &str, path: &Path) -> Result<Box<dyn Engine>, EngineError> {
    let Some((_, open)) = ENGINES.iter().find(|(known, _)| *known == name) else {
        let known = ENGINES.map(|(known, _)| known).join(", ");
        return Err(EngineError::Failed(format!(
            "no engine is called {name:?}; there are {known}"
        )));
    };
    for (other, _) in ENGINES.iter().filter(|(other, _)| *other != name) {
        // A store that is silently begun anew would look to its owner like one that lost all.
        if path.join(other).exists() {
            return Err(EngineError::Failed(format!(
                "{} holds a store of the engine {other}, not {name}",
                path.display()
            )));
        }
    }
    open(path)
}

/// The greatest key at or before `key` that shares its first `prefix_len` bytes, and its value.
///
/// # Errors
///
/// Whatever the engine's scan fails with.
pub fn last_at_or_before(
    engine: &dyn Engine,
    tree: Tree,
    prefix_len: usize,
    key: &[u8],
) -> Result<Option<(Vec<u8>, Bytes)>, EngineError> {
    // The smallest key above `key` is `key` with a zero byte behind it.
    let until = [key, &[0]].concat();
    let from = &key[..prefix_len.min(key.len())];
    let range = Range { from, until: Some(&until), backwards: true };
    let mut found = None;
    engine.scan(tree, range, &mut |key, value| {
        found = Some((key.to_vec(), Bytes::copy_from_slice(value)));
        ControlFlow::Break(())
    })?;
    Ok(found)
}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        let said = error.to_string();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace(said),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly(said)
            }
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged(said),
            io::ErrorKind::WouldBlock => Self::Locked(said),
            _ => Self::Failed(said),
        }
    }
}

/// Bytes that the files below a directory take on disk.
///
/// Counts blocks, not lengths: engines allocate ahead with holes that take no room.
pub(super) fn allocated(path: &Path) -> Result<u64, EngineError> {
    let mut sum = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // Engines remove files in the background while we look.
        let found = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        sum += if found.is_dir() { allocated(&entry.path())? } else { found.blocks() * 512 };
    }
    Ok(sum)
}
