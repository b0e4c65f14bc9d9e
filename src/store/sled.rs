//! The other engine: sled 0.34, a log of tree pages.
//!
//! Its flush on Linux does not reach the disk's own cache, so each commit ends with our own
//! `fdatasync`; and large rows are cut up, because it would put them in files of their own that
//! nothing syncs.

use std::{
    fs::{self, File},
    io,
    ops::Bound,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sled::{
    Config, Db, IVec,
    transaction::{
        ConflictableTransactionError, TransactionError, Transactional, TransactionalTree,
    },
};

use super::{
    engine::{Batch, Engine, EngineError, Range, Tree, Visit, allocated},
    guard::guarded,
};

/// Name in the configuration.
pub const NAME: &str = "sled";

/// Pages kept in memory.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// sled puts a page of more than 128 kB in a file of its own, and a page holds up to 20 rows.
const PIECE_BYTES: usize = 6_000;

/// First byte of a stored value: the value follows.
const WHOLE: u8 = 0;
/// First byte of a stored value: the first piece follows, the others are in the overflow tree.
const CUT: u8 = 1;

/// Opens (or makes) a store.
///
/// # Errors
///
/// As [`super::engine::open`].
pub fn open(path: &Path) -> Result<Box<dyn Engine>, EngineError> {
    guarded(NAME, path, Sled::open)
}

struct Sled {
    db: Db,
    /// Those of [`Tree::ALL`], and the overflow tree last.
    trees: [sled::Tree; Tree::ALL.len() + 1],
    /// Our own handle on the file that holds everything: sled does not lend out its own.
    file: File,
    path: PathBuf,
}

impl Sled {
    fn open(path: &Path) -> Result<Self, EngineError> {
        drop_drafts(path)?;
        // The mode (low space, high throughput) is not set: this version reads it nowhere.
        let db = Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .use_compression(false)
            .open()
            .map_err(said)?;
        let file = File::options().read(true).write(true).open(path.join("db"))?;
        let tree = |name: &str| db.open_tree(name).map_err(said);
        let [a, b, c, d] = Tree::ALL.map(Tree::name);
        let trees = [tree(a)?, tree(b)?, tree(c)?, tree(d)?, tree("overflow")?];
        Ok(Self { db, trees, file, path: path.to_owned() })
    }

    fn overflow(&self) -> &sled::Tree {
        &self.trees[Tree::ALL.len()]
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.db.flush().map_err(said)?;
        Ok(self.file.sync_data()?)
    }

    /// Puts a value together again.
    fn whole(&self, tree: Tree, key: &[u8], stored: &[u8]) -> Result<Bytes, EngineError> {
        let damaged = || EngineError::Damaged(format!("a row of {} is not whole", tree.name()));
        match stored.split_first() {
            Some((&WHOLE, value)) => Ok(Bytes::copy_from_slice(value)),
            Some((&CUT, rest)) => {
                let (len, first) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
                let len = u32::from_be_bytes(*len) as usize;
                let mut value = first.to_vec();
                let mut piece = 1;
                while value.len() < len {
                    let key = piece_key(tree, key, piece);
                    let found = self.overflow().get(key).map_err(said)?;
                    value.extend_from_slice(&found.ok_or_else(damaged)?);
                    piece += 1;
                }
                if value.len() == len { Ok(value.into()) } else { Err(damaged()) }
            }
            _ => Err(damaged()),
        }
    }
}

/// Removes summaries that an opening was still writing when the process died. sled renames one when
/// it is whole, but takes what it finds under the first name for the newest, and calls the store
/// damaged: of a store that was killed while it opened, one in some hundreds.
fn drop_drafts(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The length of the row's key stands in front, so that no two rows share a piece's key.
fn piece_key(tree: Tree, key: &[u8], piece: u32) -> Vec<u8> {
    let mut out = vec![tree as u8];
    out.extend_from_slice(&(key.len() as u32).to_be_bytes());
    out.extend_from_slice(key);
    out.extend_from_slice(&piece.to_be_bytes());
    out
}

/// How many pieces a stored value has in the overflow tree.
fn overflow_pieces(stored: &[u8]) -> u32 {
    match stored {
        [CUT, a, b, c, d, ..] => {
            u32::from_be_bytes([*a, *b, *c, *d]).div_ceil(PIECE_BYTES as u32) - 1
        }
        _ => 0,
    }
}

type Step = Result<(), ConflictableTransactionError<()>>;

/// Writes one row and removes the pieces of the one it replaces.
fn write(trees: &[TransactionalTree], tree: Tree, key: &[u8], value: Option<&[u8]>) -> Step {
    let overflow = &trees[Tree::ALL.len()];
    let rows = &trees[tree as usize];
    let mut pieces = 0;
    let replaced = match value {
        None => rows.remove(key)?,
        Some(value) if value.len() <= PIECE_BYTES => {
            rows.insert(key, [&[WHOLE], value].concat())?
        }
        Some(value) => {
            let mut cut = value.chunks(PIECE_BYTES);
            let first = cut.next().unwrap_or_default();
            for piece in cut {
                pieces += 1;
                overflow.insert(piece_key(tree, key, pieces), piece)?;
            }
            let len = (value.len() as u32).to_be_bytes();
            rows.insert(key, [&[CUT], &len[..], first].concat())?
        }
    };
    let left_over = overflow_pieces(replaced.as_ref().map_or(&[], IVec::as_ref));
    for piece in pieces + 1..=left_over {
        overflow.remove(piece_key(tree, key, piece))?;
    }
    Ok(())
}

impl Engine for Sled {
    fn commit(&self, batch: Batch) -> Result<(), EngineError> {
        // Only a transaction over the trees is atomic over them; `apply_batch` is for one.
        let done = self.trees[..].transaction(|trees| {
            for (tree, key, value) in &batch.writes {
                write(trees, *tree, key, value.as_deref())?;
            }
            Ok(())
        });
        match done {
            Ok(()) => self.sync(),
            Err(TransactionError::Storage(error)) => Err(said(error)),
            Err(TransactionError::Abort(())) => {
                Err(EngineError::Failed("the transaction was aborted".to_owned()))
            }
        }
    }

    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let found = self.trees[tree as usize].get(key).map_err(said)?;
        found.map(|stored| self.whole(tree, key, &stored)).transpose()
    }

    fn scan(&self, tree: Tree, range: Range<'_>, visit: &mut Visit<'_>) -> Result<(), EngineError> {
        let until = range.until.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rows =
            self.trees[tree as usize].range::<&[u8], _>((Bound::Included(range.from), until));
        while let Some(row) = if range.backwards { rows.next_back() } else { rows.next() } {
            let (key, stored) = row.map_err(said)?;
            if visit(&key, &self.whole(tree, &key, &stored)?).is_break() {
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
        self.sync()
    }
}

fn said(error: sled::Error) -> EngineError {
    let words = error.to_string();
    match error {
        sled::Error::Corruption { .. } => EngineError::Damaged(words),
        // sled says this of its own lock, which a tool that is not Polder may hold.
        sled::Error::Io(error)
            if error.kind() == io::ErrorKind::Other && words.contains("could not acquire lock") =>
        {
            EngineError::Locked(words)
        }
        sled::Error::Io(error) => error.into(),
        _ => EngineError::Failed(words),
    }
}
