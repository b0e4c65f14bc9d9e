//! Feeds that forked, as the store remembers them: a row for each branch. What a node held of a
//! feed before it learned of the fork stays where it lies; the row says that it counts as a branch.

use std::{collections::HashMap, ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use polder_picture::{
    forks::Fork,
    picture::{Feed, Picture},
    record::{Head, Id, branch_id},
};
use prost::Message;

use super::{
    engine::{Batch, Engine, EngineError, Range, Tree},
    log::{Log, damaged},
    rows::HeadRow,
};

/// Start of the keys of these rows in the meta tree; the branch's id follows.
const BRANCH: &[u8] = b"branch/";

/// Key, in the meta tree, of the position until which the picture was built anew.
const REBUILT: &[u8] = b"rebuilt";
const STANDING: &[u8] = b"standing";

/// The row that says so.
pub fn rebuilt(lsn: u64) -> Write {
    (Tree::Meta, REBUILT.to_vec(), Some(lsn.to_be_bytes().to_vec()))
}

/// A branch of a feed that forked.
#[derive(Clone, PartialEq, Message)]
pub struct BranchRow {
    /// Id of the feed that forked, 16 bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub parent: Bytes,
    /// Hash of the branch's first record, 32 bytes.
    #[prost(bytes = "bytes", tag = "2")]
    pub first: Bytes,
    /// The last record before it.
    #[prost(message, optional, tag = "3")]
    pub after: Option<HeadRow>,
    /// It is what this node held as the feed itself.
    #[prost(bool, tag = "4")]
    pub own: bool,
}

impl BranchRow {
    /// The feed that forked.
    pub fn parent(&self) -> Option<Id> {
        Id::from_slice(&self.parent)
    }

    fn first(&self) -> Option<[u8; 32]> {
        self.first[..].try_into().ok()
    }

    /// The last record before the branch.
    pub fn after(&self) -> Option<Head> {
        let row = self.after.as_ref()?;
        Some(Head { sequence: row.sequence, hash: row.hash[..].try_into().ok()? })
    }
}

/// All branches of a store.
#[derive(Debug, Default)]
pub struct Branches {
    rows: HashMap<Id, BranchRow>,
    /// By the feed that forked: the branch that this node held as the feed itself.
    own: HashMap<Id, Id>,
}

impl Branches {
    fn load(engine: &dyn Engine) -> Result<Self, EngineError> {
        let until = [&BRANCH[..BRANCH.len() - 1], &[BRANCH[BRANCH.len() - 1] + 1]].concat();
        let range = Range { from: BRANCH, until: Some(&until), backwards: false };
        let (mut branches, mut sound) = (Self::default(), true);
        engine.scan(Tree::Meta, range, &mut |key, value| {
            let id = Id::from_slice(&key[BRANCH.len()..]);
            match (id, BranchRow::decode(Bytes::copy_from_slice(value))) {
                (Some(id), Ok(row)) if row.first().is_some_and(|f| branch_id(&f) == id) => {
                    branches.insert(id, row);
                }
                _ => sound = false,
            }
            ControlFlow::Continue(())
        })?;
        if sound { Ok(branches) } else { Err(damaged("the row of a branch")) }
    }

    fn insert(&mut self, id: Id, row: BranchRow) {
        if let Some(parent) = row.parent().filter(|_| row.own) {
            self.own.insert(parent, id);
        }
        self.rows.insert(id, row);
    }

    /// Under which id the records of a feed lie.
    pub fn lies_under(&self, mut feed: Id) -> Id {
        while let Some(row) = self.rows.get(&feed)
            && row.own
            && let Some(parent) = row.parent()
        {
            feed = parent;
        }
        feed
    }

    /// Which feed a record counts to that lies under another.
    pub fn place(&self, mut feed: Id, sequence: u64) -> Id {
        while let Some(own) = self.own.get(&feed)
            && let Some(after) = self.rows.get(own).and_then(BranchRow::after)
            && sequence > after.sequence
        {
            feed = *own;
        }
        feed
    }

    /// A branch's row; `None` for a feed that begins with its first record.
    pub fn get(&self, feed: Id) -> Option<&BranchRow> {
        self.rows.get(&feed)
    }

    /// The feed that records of a branch name in their headers.
    pub fn root(&self, mut feed: Id) -> Id {
        while let Some(parent) = self.rows.get(&feed).and_then(BranchRow::parent) {
            feed = parent;
        }
        feed
    }

    /// The rows, to be put into another store.
    pub fn rows(&self) -> impl Iterator<Item = (&Id, &BranchRow)> {
        self.rows.iter()
    }

    /// Splits a feed that was just made known to a picture, if it forked.
    pub fn split(&self, picture: &mut Picture, mut feed: u32) {
        while picture.feed(feed).closed.is_none()
            && let Some(own) = self.own.get(&picture.feed(feed).id)
            && let Some(row) = self.rows.get(own)
            && let (Some(last), Some(first)) = (row.after(), row.first())
        {
            let own = picture.split(feed, last, first);
            // How far each is held, the records tell.
            picture.set_head(feed, Head::default());
            feed = own;
        }
    }
}

/// Tree, key and value.
pub type Write = (Tree, Vec<u8>, Option<Vec<u8>>);

fn write(id: Id, row: &BranchRow) -> Write {
    (Tree::Meta, [BRANCH, &id.0].concat(), Some(row.encode_to_vec()))
}

/// The row of a branch that came from elsewhere. `parent`: the closed feed before it.
pub(super) fn row_of(branch: &Feed, parent: &Feed) -> Option<(Id, BranchRow, Write)> {
    let first = Bytes::copy_from_slice(&branch.branch.as_ref()?.first);
    let row = BranchRow { parent: copy(parent.id), first, after: head(parent.head), own: false };
    let write = write(branch.id, &row);
    Some((branch.id, row, write))
}

fn copy(id: Id) -> Bytes {
    Bytes::copy_from_slice(&id.0)
}

fn head(head: Head) -> Option<HeadRow> {
    let hash = Bytes::copy_from_slice(&head.hash);
    Some(HeadRow { sequence: head.sequence, hash })
}

impl Log {
    /// The branches of this store.
    pub fn branches(&self) -> Result<Arc<Branches>, EngineError> {
        let mut cached = self.branches.lock();
        if cached.is_none() {
            *cached = Some(Arc::new(Branches::load(self.engine())?));
        }
        Ok(Arc::clone(cached.as_ref().expect("it was just loaded")))
    }

    /// Closes a feed before a fork. `end`: where it ended until now, which is where the branch
    /// that was held as the feed itself ends.
    /// `lsn`: what the picture was up to there, it is not any more.
    pub fn split(&self, fork: &Fork, end: Head, lsn: u64) -> Result<(), EngineError> {
        let own = branch_id(&fork.first);
        let first = Bytes::copy_from_slice(&fork.first);
        let row = BranchRow { parent: copy(fork.feed), first, after: head(fork.last), own: true };
        let heads = [(fork.feed, fork.last), (own, end)].map(|(feed, at)| {
            let row = head(at).map(|row| row.encode_to_vec());
            (Tree::Heads, feed.0.to_vec(), row)
        });
        let branches = self.branches()?;
        // It may have forked further on before: those branches go on from the new one.
        let further = branches.rows.iter().filter(|(_, row)| row.parent() == Some(fork.feed));
        let further = further.map(|(id, row)| {
            let row = BranchRow { parent: copy(own), ..row.clone() };
            write(*id, &row)
        });
        let writes = heads.into_iter().chain(further).chain([write(own, &row), rebuilt(lsn)]);
        let writes = writes.collect();
        self.engine().commit(Batch { writes })?;
        self.forget_branches();
        Ok(())
    }

    /// Until which position the picture was built anew: what was told of it before does not fit.
    pub fn rebuilt_lsn(&self) -> Result<u64, EngineError> {
        let row = self.engine().get(Tree::Meta, REBUILT)?;
        let lsn = row.map(|row| row[..].try_into().map(u64::from_be_bytes));
        lsn.transpose().map(Option::unwrap_or_default).map_err(|_| damaged("the row of rebuilding"))
    }

    /// Notes that the picture was built anew at a position.
    pub fn note_rebuilt(&self, lsn: u64) -> Result<(), EngineError> {
        self.engine().commit(Batch { writes: vec![rebuilt(lsn)] })
    }

    /// Tells apart what decided which records count when the picture was last built.
    pub fn standing_hash(&self) -> Result<Option<Bytes>, EngineError> {
        Ok(self.engine().get(Tree::Meta, STANDING)?.map(|row| Bytes::copy_from_slice(&row)))
    }

    /// Notes what decides from now on which records count; `lsn`: what the picture was up to there
    /// it is not any more, if that changes what some record says.
    pub fn set_standing_hash(&self, hash: [u8; 32], lsn: Option<u64>) -> Result<(), EngineError> {
        let row = (Tree::Meta, STANDING.to_vec(), Some(hash.to_vec()));
        let writes = std::iter::once(row).chain(lsn.map(rebuilt)).collect();
        self.engine().commit(Batch { writes })
    }

    pub(super) fn forget_branches(&self) {
        *self.branches.lock() = None;
    }

    /// Writes branches into a store that is filled from another.
    pub fn set_branches<'r>(
        &self,
        rows: impl Iterator<Item = (&'r Id, &'r BranchRow)>,
    ) -> Result<(), EngineError> {
        let writes: Vec<_> = rows.map(|(id, row)| write(*id, row)).collect();
        if writes.is_empty() {
            return Ok(());
        }
        self.engine().commit(Batch { writes })?;
        self.forget_branches();
        Ok(())
    }
}
