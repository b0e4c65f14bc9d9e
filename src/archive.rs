//! Dropping the records of an incident that was archived: the file is compared with what is held,
//! one row says that the records no longer count, and then their room is given back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::MutexGuard;
use polder_picture::{
    picture::Archived,
    record::{Head, Id},
    refusal::{Class, Refusal},
};

use crate::{
    bundle::{
        archive::Which,
        check::{Checked, Checker, Found},
    },
    node::Node,
    publish::Pen,
    query::citations,
    store::{engine::EngineError, log::Cursor},
};

/// Why an incident is not dropped.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// The file does not hold, or is not what is held here.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] EngineError),
    /// The file did not come to its end.
    #[error("the caller went away")]
    Gone,
    /// Something else rewrites the store.
    #[error("a compaction or the dropping of an archive is under way already")]
    Busy,
}

/// A file that is compared with what is held, as its bytes come.
pub struct Comparison {
    node: Arc<Node>,
    name: Which,
    checker: Checker,
}

/// What was dropped.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// What stays.
    pub archived: Archived,
    /// The file.
    pub checked: Checked,
}

fn differs(sentence: String) -> Refusal {
    Refusal::new(Class::FailedPrecondition, "ARCHIVE_DIFFERS", sentence)
}

impl Comparison {
    /// For an incident that may be dropped.
    pub fn of(node: Arc<Node>, name: Which) -> Result<Self, DropError> {
        may_drop(&node, &name)?;
        Ok(Self { node, name, checker: Checker::default() })
    }

    /// Takes the next bytes of the file.
    pub fn push(&mut self, data: &[u8]) -> Result<(), DropError> {
        let log = self.node.log();
        let mut cursor = Cursor::new(&log);
        let node = &self.node;
        let mut failed = None;
        let mut visit = |found: Found<'_>| compare(node, &mut cursor, found, &mut failed);
        let pushed = self.checker.push(data, &mut visit);
        failed.map_or(Ok(()), Err)?;
        Ok(pushed?)
    }

    /// The file is all there. From when this returns, the records no longer count.
    pub fn finish(self) -> Result<Dropped, DropError> {
        let Self { node, name, checker } = self;
        let log = node.log();
        let mut cursor = Cursor::new(&log);
        let mut failed = None;
        let mut visit = |found: Found<'_>| compare(&node, &mut cursor, found, &mut failed);
        let checked = checker.finish(&mut visit);
        failed.map_or(Ok(()), Err)?;
        let checked = checked?;
        attachments_are_in(&node, &checked)?;
        let pen = node.pen().lock();
        may_drop(&node, &name)?;
        let archived = same_heads(&node, &name, &checked)?;
        if let Err(error) = node.drop_archived(&pen, &archived) {
            node.fail(&error);
            return Err(error.into());
        }
        drop(pen);
        tracing::info!(
            incident = name.incident,
            audience = name.audience,
            records = archived.records(),
            file = hex::encode(checked.hash),
            "an archived incident was dropped"
        );
        Ok(Dropped { archived, checked })
    }
}

fn may_drop(node: &Node, name: &Which) -> Result<(), Refusal> {
    let picture = node.picture.read();
    let index = name.find(&picture)?;
    if picture.feeds_of(index).any(|feed| feed.covered.sequence > 0) {
        // No file of it can be compared with what is not here.
        let sentence = format!(
            "a feed of {name} came here by a checkpoint, and its earlier records, which are still to \
             come, cannot be compared with a file"
        );
        return Err(Refusal::new(Class::FailedPrecondition, "FEED_COVERED", sentence));
    }
    let parted = picture.feeds_of(index).any(|feed| feed.closed.is_some() || feed.branch.is_some());
    if parted {
        let sentence =
            format!("a feed of {name} has forked: its file proves it, but it stays here");
        return Err(Refusal::new(Class::FailedPrecondition, "FEED_FORKED", sentence));
    }
    Ok(())
}

/// Byte for byte: a file whose payloads were erased has the same hashes.
fn compare(
    node: &Node,
    cursor: &mut Cursor<'_>,
    found: Found<'_>,
    failed: &mut Option<EngineError>,
) -> Result<(), Refusal> {
    let Found { feed, sequence, envelope } = found;
    if node.is_archived(feed, sequence) {
        return Ok(());
    }
    match cursor.record(feed, sequence) {
        Ok(Some(held)) if held.envelope == *envelope => Ok(()),
        Ok(Some(_)) => Err(differs(format!(
            "record {sequence} of feed {feed} in the file is not the one that is held here"
        ))),
        Ok(None) => Err(differs(format!(
            "record {sequence} of feed {feed} in the file is not held here: import the file first"
        ))),
        Err(error) => {
            *failed = Some(error);
            Err(differs(format!("record {sequence} of feed {feed} cannot be read here")))
        }
    }
}

fn attachments_are_in(node: &Node, checked: &Checked) -> Result<(), DropError> {
    for sha256 in checked.cited.difference(&checked.attachments) {
        if node.attachments.get(sha256).is_some() {
            let sha256 = hex::encode(sha256);
            let sentence = format!("attachment {sha256} is held here and not in the file");
            return Err(differs(sentence).into());
        }
    }
    Ok(())
}

/// What is to stay, if the file ends where the feeds end here.
fn same_heads(node: &Node, name: &Which, checked: &Checked) -> Result<Archived, Refusal> {
    let picture = node.picture.read();
    let index = name.find(&picture)?;
    if picture.scope(index).id != checked.scope {
        return Err(differs(format!("the file is not of {name}")));
    }
    let mut file: BTreeMap<Id, (Head, Head)> =
        checked.feeds.iter().map(|(feed, after, last)| (*feed, (*after, *last))).collect();
    for feed in picture.feeds_of(index).filter(|feed| feed.head.sequence > 0) {
        let (id, head, base) = (feed.id, feed.head, feed.base);
        let Some((after, last)) = file.remove(&id) else {
            if head == base {
                continue;
            }
            let sentence = format!("feed {id} with {} records is not in the file", head.sequence);
            return Err(differs(format!("{sentence}: archive the incident again")));
        };
        if after.sequence > base.sequence || (after.sequence == base.sequence && after != base) {
            let (first, needed) = (after.sequence + 1, base.sequence + 1);
            return Err(differs(format!(
                "the file begins feed {id} at record {first}, what is held begins at {needed}"
            )));
        }
        if last != head {
            let (theirs, ours) = (last.sequence, head.sequence);
            return Err(differs(format!(
                "the file ends feed {id} at record {theirs}, here it ends at {ours}: archive the \
                 incident again"
            )));
        }
    }
    if let Some(feed) = file.keys().next() {
        return Err(differs(format!("feed {feed} of the file is not held here: import it first")));
    }
    Ok(picture.to_archive(index, node.wall.now_ms(), checked.hash))
}

impl Node {
    /// Whether a record is no longer here because it was archived.
    pub fn is_archived(&self, feed: Id, sequence: u64) -> bool {
        let picture = self.picture.read();
        let feed = picture.feed_index(feed).map(|index| picture.feed(index));
        feed.is_some_and(|feed| sequence <= feed.base.sequence)
    }

    fn drop_archived(
        &self,
        pen: &MutexGuard<'_, Pen>,
        archived: &Archived,
    ) -> Result<(), EngineError> {
        let lsn = self.picture.read().lsn();
        self.log().drop_archived(archived, lsn)?;
        self.rebuild(pen, |picture| picture.expect_archived(std::slice::from_ref(archived)))
    }
}

/// Takes the whole file of `pieces`, drops and gives the room back. `progress`: bytes of the file
/// verified, rows looked at, rows in all. Returns what was dropped and how many attachments were
/// erased.
pub fn run(
    comparison: Comparison,
    pieces: &mut dyn FnMut() -> Result<Option<bytes::Bytes>, DropError>,
    progress: &mut dyn FnMut(u64, u64, u64),
) -> Result<(Dropped, usize), DropError> {
    let node = Arc::clone(&comparison.node);
    let (mut comparison, mut bytes) = (comparison, 0);
    while let Some(data) = pieces()? {
        comparison.push(&data)?;
        bytes += data.len() as u64;
        progress(bytes, 0, 0);
    }
    let _only_one = node.maintenance.try_lock().ok_or(DropError::Busy)?;
    let dropped = comparison.finish()?;
    let erased = erase(&node, &dropped.checked.attachments, false);
    clear(&node, &dropped.archived, &mut |done, total| progress(bytes, done, total))?;
    Ok((dropped, erased))
}

/// Erases those attachments that nothing cites any more.
pub(crate) fn erase(node: &Node, archived: &BTreeSet<[u8; 32]>, for_good: bool) -> usize {
    let looked = || -> Result<_, EngineError> { Ok((node.picture.read().lsn(), citations(node)?)) };
    let erased = looked().and_then(|(lsn, mut cited)| {
        // Nobody may come to cite one of them between the look and the erasing.
        let _paused = node.pen().lock();
        if node.picture.read().lsn() != lsn {
            cited = citations(node)?;
        }
        let mut erased = 0;
        for sha256 in archived.iter().filter(|sha256| !cited.contains_key(*sha256)) {
            erased += usize::from(match for_good {
                true => node.attachments.erase_for_good(sha256)?,
                false => node.attachments.erase(sha256)?,
            });
        }
        Ok(erased)
    });
    erased.unwrap_or_else(|error| {
        // They are cited by nothing, so the look for such finds them again.
        tracing::warn!(%error, "attachments that nothing cites could not be erased yet");
        0
    })
}

/// Gives the room of a dropped incident back, in small commits between those of others. It may be
/// cut off at any of them and begun anew.
pub fn clear(
    node: &Node,
    archived: &Archived,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), EngineError> {
    let cleared = clear_steps(node, archived, progress);
    cleared.inspect_err(|error| node.fail(error))
}

fn clear_steps(
    node: &Node,
    archived: &Archived,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), EngineError> {
    let bases: BTreeMap<_, _> =
        archived.bases.iter().map(|(name, base)| (name.id(), base.sequence)).collect();
    let lsn = node.picture.read().lsn();
    let (mut done, total) = (0, archived.records() + lsn);
    for (feed, base) in &bases {
        loop {
            let paused = node.pen().lock();
            if node.is_ending() {
                return Ok(());
            }
            let more = node.log().clear_records(*feed, *base)?;
            drop(paused);
            progress(done, total);
            if !more {
                break;
            }
        }
        done += base;
    }
    let is_dropped =
        |feed: Id, sequence: u64| bases.get(&feed).is_some_and(|base| sequence <= *base);
    let mut from = 1;
    loop {
        let paused = node.pen().lock();
        if node.is_ending() {
            return Ok(());
        }
        let next = node.log().clear_arrivals(from, &is_dropped)?;
        drop(paused);
        let Some(next) = next else { break };
        progress(done + next.min(lsn), total);
        from = next;
    }
    let paused = node.pen().lock();
    node.log().set_archived(&Archived { cleared: true, ..archived.clone() })?;
    node.picture.write().set_cleared(archived.scope.id());
    drop(paused);
    progress(total, total);
    Ok(())
}

/// Goes on where a drop was cut off.
pub fn resume(node: &Node) {
    let left = node.picture.read().archived().into_iter().filter(|archived| !archived.cleared);
    for archived in left.collect::<Vec<_>>() {
        let _only_one = node.maintenance.lock();
        let incident = &archived.scope.incident;
        tracing::info!(incident, "the room of an archived incident is given back");
        if clear(node, &archived, &mut |_, _| ()).is_err() {
            return;
        }
    }
}
