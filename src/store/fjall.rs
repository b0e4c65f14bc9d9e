//! The default engine: fjall, a log-structured merge tree with a journal and checksums.
//!
//! One keyspace a tree; one journal batch a commit, synced before it is applied.

use std::{
    ops::Bound,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use bytes::Bytes;
use fjall::{
    AbstractTree, Database, Error, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode,
    config::{BlockSizePolicy, FilterPolicy},
};
use rustix::fs::StatVfsMountFlags;

use super::{
    engine::{Batch, Engine, EngineError, Range, Tree, Visit, allocated},
    guard::guarded,
    journal,
};

/// Name in the configuration.
pub const NAME: &str = "fjall";

const MIB: u64 = 1024 * 1024;

/// Blocks read from disk, over all trees.
const CACHE_BYTES: u64 = 32 * MIB;

/// The least fjall takes. A journal goes when all trees it covers are flushed; past this they are
/// made to flush.
const JOURNAL_BYTES: u64 = 64 * MIB;

/// Memtables waiting to be flushed before a commit waits. Below fjall's own limit (4), at which
/// it waits without end, also when the thread that flushes has died of a full disk.
const MAX_WAITING_MEMTABLES: usize = 2;

/// As above, for runs that wait to be compacted: fjall slows down at 20 and stops at 30.
const MAX_WAITING_RUNS: usize = 16;

/// Opens (or makes) a store.
///
/// # Errors
///
/// As [`super::engine::open`].
pub fn open(path: &Path) -> Result<Box<dyn Engine>, EngineError> {
    guarded(NAME, path, Fjall::open)
}

struct Fjall {
    trees: [Keyspace; Tree::ALL.len()],
    db: Database,
    path: PathBuf,
}

impl Fjall {
    fn open(path: &Path) -> Result<Self, EngineError> {
        journal::mend(path)?;
        let why = |error| said(error, path);
        let db = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            // With more than one, the first passes a waiting compaction on to itself without end
            // for as long as another compacts, and burns a whole core. Our keys only ever grow,
            // so tables are moved rather than merged and one thread keeps up.
            .worker_threads(1)
            .max_cached_files(Some(200))
            // We sync each batch ourselves; without this it is written once more before.
            .manual_journal_persist(true)
            .open()
            .map_err(why)?;
        let keyspace = |tree: Tree| db.keyspace(tree.name(), || options(tree)).map_err(why);
        let [a, b, c, d] = Tree::ALL;
        let trees = [keyspace(a)?, keyspace(b)?, keyspace(c)?, keyspace(d)?];
        Ok(Self { trees, db, path: path.to_owned() })
    }

    fn tree(&self, tree: Tree) -> &Keyspace {
        &self.trees[tree as usize]
    }

    fn said(&self, error: Error) -> EngineError {
        said(error, &self.path)
    }

    /// Waits until the background threads have caught up, or says what they died of.
    fn wait_for_room(&self) -> Result<(), EngineError> {
        let behind = |tree: &Keyspace| {
            tree.sealed_memtable_count() >= MAX_WAITING_MEMTABLES
                || tree.tree.l0_run_count() >= MAX_WAITING_RUNS
        };
        while self.trees.iter().any(behind) {
            // Persisting nothing is the one way to ask whether a background thread failed.
            self.db.persist(PersistMode::Buffer).map_err(|error| self.said(error))?;
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// How a tree is kept. Fixed when it is made; later changes only reach new stores.
fn options(tree: Tree) -> KeyspaceCreateOptions {
    let options = KeyspaceCreateOptions::default()
        // Rows are found by walking back to the greatest key at or before one: filters only
        // answer whether an exact key exists, and would stay in memory.
        .filter_policy(FilterPolicy::disabled())
        .manual_journal_persist(true);
    match tree {
        // Chunks are of any size up to some 16 kB: blocks of that size keep the index small.
        Tree::Records => options
            .max_memtable_size(16 * MIB)
            .data_block_size_policy(BlockSizePolicy::all(16 * 1024)),
        Tree::Arrivals => options.max_memtable_size(4 * MIB),
        Tree::Heads | Tree::Meta => options.max_memtable_size(MIB),
    }
}

impl Engine for Fjall {
    fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        self.wait_for_room()?;
        let mut writes = self.db.batch().durability(Some(PersistMode::SyncData));
        for (tree, key, value) in batch.writes {
            match value {
                Some(value) => writes.insert(self.tree(tree), key, value),
                None => writes.remove(self.tree(tree), key),
            }
        }
        writes.commit().map_err(|error| self.said(error))
    }

    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let found = self.tree(tree).get(key).map_err(|error| self.said(error))?;
        // A copy: the engine's own slice would keep a whole block in memory.
        Ok(found.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, tree: Tree, range: Range<'_>, visit: &mut Visit<'_>) -> Result<(), EngineError> {
        let until = range.until.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rows = self.tree(tree).range::<&[u8], _>((Bound::Included(range.from), until));
        while let Some(row) = if range.backwards { rows.next_back() } else { rows.next() } {
            let (key, value) = row.into_inner().map_err(|error| self.said(error))?;
            if visit(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64, EngineError> {
        allocated(&self.path)
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn close(self: Box<Self>) -> Result<(), EngineError> {
        self.db.persist(PersistMode::SyncAll).map_err(|error| self.said(error))
    }
}

fn said(error: Error, path: &Path) -> EngineError {
    let words = error.to_string();
    match error {
        Error::Io(error) | Error::Storage(LsmError::Io(error)) => error.into(),
        Error::Locked => EngineError::Locked(words),
        Error::Poisoned => why_poisoned(path),
        Error::KeyspaceDeleted => EngineError::Failed(words),
        _ => EngineError::Damaged(words),
    }
}

/// fjall only says that a background thread failed; the disk tells why.
fn why_poisoned(path: &Path) -> EngineError {
    let words = "a write in the background failed".to_owned();
    match rustix::fs::statvfs(path) {
        Ok(disk) if disk.f_flag.contains(StatVfsMountFlags::RDONLY) => EngineError::ReadOnly(words),
        // What remains is less than the one table that did not fit.
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < 64 * MIB => {
            EngineError::NoSpace(words)
        }
        _ => EngineError::Failed(words),
    }
}
