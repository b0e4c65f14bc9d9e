//! Looking after a store: verifying it, copying it to a backup, rewriting it into a new one.

use std::{collections::HashMap, ops::ControlFlow, path::Path, sync::Arc};

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_picture::{
    checkpoint::List,
    record::{Chain, Damage, Head, Id, decode, key_id, verify_signature},
};
use polder_wire::v1::{BadRecord, Envelope, VerifyVerdict};
use prost::Message as _;

use crate::store::{
    branches::{BranchRow, Branches, rebuilt},
    covered::CoveredRow,
    engine::{Batch, Engine, EngineError, Range, Tree},
    log::Log,
    rows::{Arrival, Chunk, HeadRow, Identity, parse_record_key, record_key},
};

/// Public keys by key id: the store's own, now and before, and those of the nodes whose records
/// it holds.
pub fn keys(log: &Log, identity: &Identity) -> Result<HashMap<Id, VerifyingKey>, EngineError> {
    let own = std::iter::once(&identity.public_key).chain(&identity.retired_keys);
    let own = own.filter_map(|key| {
        let key = VerifyingKey::from_bytes(key[..].try_into().ok()?).ok()?;
        Some((key_id(&key), key))
    });
    Ok(log.origins()?.into_iter().chain(own).collect())
}

/// Where each feed ends, as the store's own rows say.
pub fn stored_heads(log: &Log) -> Result<Vec<(Id, Head)>, EngineError> {
    let mut heads = Vec::new();
    let mut bad = None;
    let range = Range { from: &[], until: None, backwards: false };
    log.engine().scan(Tree::Heads, range, &mut |key, value| {
        let head = HeadRow::decode(Bytes::copy_from_slice(value)).ok().and_then(|row| {
            let hash = row.hash[..].try_into().ok()?;
            Some((Id::from_slice(key)?, Head { sequence: row.sequence, hash }))
        });
        match head {
            Some(head) => heads.push(head),
            None => bad = Some(hex::encode(key)),
        }
        ControlFlow::Continue(())
    })?;
    match bad {
        Some(feed) => Err(EngineError::Damaged(format!("the head of feed {feed} does not hold"))),
        None => Ok(heads),
    }
}

/// Walks all chains up to their heads. `progress` is told how many records were checked, and may
/// stop the walk.
pub fn verify(
    log: &Log,
    heads: &[(Id, Head)],
    identity: &Identity,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<VerifyVerdict, EngineError> {
    let keys = keys(log, identity)?;
    let mut verdict = VerifyVerdict { sound: true, ..Default::default() };
    let mut done = 0;
    let branches = log.branches()?;
    let bases = log.bases()?;
    let covered = log.covered()?;
    for (feed, head) in heads {
        // What was archived is vouched for by its file, and up to there by its last hash.
        let base = bases.get(feed).copied();
        // What a checkpoint keeps no chain vouches for, but its list does; up to where what it left
        // out has come since.
        let covered = covered.get(feed);
        let base = covered.and_then(CoveredRow::edge).or(base);
        let after = branches.get(*feed).and_then(BranchRow::after).or(base).unwrap_or_default();
        if let Some(row) = covered {
            if let Some(bad_record) = check_kept(log, *feed, row, &keys, &mut verdict)? {
                (verdict.sound, verdict.bad_record) = (false, Some(bad_record));
                return Ok(verdict);
            }
            done += row.kept;
        }
        let mut chain = Chain::after(after);
        let mut problem = None;
        let under = branches.lies_under(*feed);
        let root = branches.root(*feed);
        // A fork may lie within a chunk.
        let from = log.chunk(*feed, after.sequence + 1)?.map_or(0, |(first, _)| first);
        let (from, until) = (record_key(under, from), record_key(under, head.sequence + 1));
        let range = Range { from: &from, until: Some(&until), backwards: false };
        let mut stopped = false;
        let scanned = log.engine().scan(Tree::Records, range, &mut |row, value| {
            let before = chain.sequence();
            let step = check_chunk(row, value, root, head.sequence, &keys, &mut chain);
            done += chain.sequence() - before;
            if let Err(damage) = step {
                problem = Some(damage.to_string());
                return ControlFlow::Break(());
            }
            let next = progress(done);
            stopped = next.is_break();
            next
        });
        if stopped {
            return Err(EngineError::Failed("the caller went away".into()));
        }
        let unread = scanned.err().map(|error| error.to_string());
        let unended = || chain.end(head).err().map(|damage| damage.to_string());
        verdict.signatures_checked += chain.signatures as i64;
        if let Some(problem) = problem.or(unread).or_else(unended) {
            let sequence = (chain.sequence() + 1) as i64;
            verdict.sound = false;
            verdict.bad_record = Some(BadRecord { feed: feed.to_string(), sequence, problem });
            return Ok(verdict);
        }
    }
    Ok(verdict)
}

/// Checks the records of a feed that its checkpoint keeps: these are held, as they are listed, and
/// no others. The checkpoint itself stands in the chain of what follows.
fn check_kept(
    log: &Log,
    feed: Id,
    row: &CoveredRow,
    keys: &HashMap<Id, VerifyingKey>,
    verdict: &mut VerifyVerdict,
) -> Result<Option<BadRecord>, EngineError> {
    let bad = |sequence: u64, problem: String| {
        Ok(Some(BadRecord { feed: feed.to_string(), sequence: sequence as i64, problem }))
    };
    let said = log.record(feed, row.said)?;
    let list = said.and_then(|said| {
        let record = decode(&said.envelope).ok()?;
        List::of(&record, said.envelope.payload.as_ref())?.ok()
    });
    let is_it = |list: &List| Some(list.base()) == row.head();
    let Some(list) = list.filter(is_it) else {
        return bad(
            row.said,
            format!("it is no checkpoint of what is up to record {}", row.sequence),
        );
    };
    let edge = row.edge().unwrap_or_default().sequence;
    let below = list.kept().range(..=edge);
    let count = below.clone().count() as u64;
    let mut kept = below.peekable();
    let (from, until) = (record_key(feed, 0), record_key(feed, edge + 1));
    let range = Range { from: &from, until: Some(&until), backwards: false };
    let mut problem = None;
    log.engine().scan(Tree::Records, range, &mut |key, value| {
        let first = parse_record_key(key).map_or(0, |(_, first)| first);
        let mut check = |at: u64, envelope: Bytes| -> Result<bool, Damage> {
            let due = kept.next_if(|(number, _)| **number == at).ok_or(Damage::Sequence)?;
            let envelope = Envelope::decode(envelope).map_err(|_| Damage::Header)?;
            let record = decode(&envelope)?;
            if record.feed != feed || record.header.sequence != at {
                return Err(Damage::Sequence);
            }
            if record.hash != *due.1 {
                return Err(Damage::Previous);
            }
            let key = keys.get(&record.origin).ok_or(Damage::UnknownOrigin)?;
            let signed = !envelope.signature.is_empty();
            if signed && !verify_signature(key, &envelope.header, &envelope.signature) {
                return Err(Damage::Signature);
            }
            Ok(signed)
        };
        let Ok(chunk) = Chunk::decode(Bytes::copy_from_slice(value)) else {
            problem = Some((first, Damage::Header));
            return ControlFlow::Break(());
        };
        for (at, envelope) in (first..=edge).zip(chunk.envelopes) {
            match check(at, envelope) {
                Ok(signed) => verdict.signatures_checked += i64::from(signed),
                Err(damage) => {
                    problem = Some((at, damage));
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    let found = problem.as_ref().map_or(u64::MAX, |(at, _)| *at);
    if let Some((missing, _)) = kept.next_if(|(number, _)| **number < found) {
        return bad(*missing, "the checkpoint keeps it, and it is not here".to_owned());
    }
    if let Some((at, damage)) = problem {
        return bad(at, format!("it is not as the checkpoint keeps it: {damage}"));
    }
    if row.kept != count {
        return bad(row.said, "the row of the covered feed counts other records".to_owned());
    }
    Ok(None)
}

fn check_chunk(
    row: &[u8],
    value: &[u8],
    feed: Id,
    last: u64,
    keys: &HashMap<Id, VerifyingKey>,
    chain: &mut Chain,
) -> Result<(), Damage> {
    let (_, first) = parse_record_key(row).ok_or(Damage::Header)?;
    let chunk = Chunk::decode(Bytes::copy_from_slice(value)).map_err(|_| Damage::Header)?;
    let held = chain.sequence() + 1;
    if first > held {
        return Err(Damage::Sequence);
    }
    let ours = (first..).zip(chunk.envelopes).filter(|(at, _)| (held..=last).contains(at));
    for (_, envelope) in ours {
        let envelope = Envelope::decode(envelope).map_err(|_| Damage::Header)?;
        let record = decode(&envelope)?;
        if record.feed != feed {
            return Err(Damage::Sequence);
        }
        let key = keys.get(&record.origin).ok_or(Damage::UnknownOrigin)?;
        chain.next(&envelope, &record, key)?;
    }
    Ok(())
}

/// A row on its way to another store: tree, key and value.
pub type CopiedRow = (Tree, Vec<u8>, Vec<u8>);

/// Copies the rows of all commits after `after` and up to `until` into a sink, in log order.
/// Rows are never changed once written, so a position pins a consistent copy. Returns the last
/// position copied.
pub fn copy(
    from: &Log,
    after: u64,
    until: u64,
    sink: &mut dyn FnMut(u64, Vec<CopiedRow>) -> Result<(), EngineError>,
) -> Result<u64, EngineError> {
    let mut last = after;
    let mut failed = None;
    from.arrivals(after + 1, &mut |lsn, arrival| {
        if lsn <= after {
            return ControlFlow::Continue(());
        }
        if lsn > until {
            return ControlFlow::Break(());
        }
        let rows = rows_of(from, lsn, &arrival);
        last = lsn + arrival.records.len() as u64 - 1;
        match rows.and_then(|rows| sink(last, rows)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(last), Err)
}

/// The arrival row and the chunks of one commit.
fn rows_of(log: &Log, lsn: u64, arrival: &Arrival) -> Result<Vec<CopiedRow>, EngineError> {
    let mut rows = Vec::new();
    for (feed, first, last) in spans(&*log.branches()?, arrival) {
        let (from, until) = (record_key(feed, first), record_key(feed, last + 1));
        let range = Range { from: &from, until: Some(&until), backwards: false };
        log.engine().scan(Tree::Records, range, &mut |key, value| {
            rows.push((Tree::Records, key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })?;
    }
    rows.push((Tree::Arrivals, lsn.to_be_bytes().to_vec(), arrival.encode_to_vec()));
    Ok(rows)
}

/// First and last of the records of each feed in one commit that follow one another. What lies in
/// between came with other commits: a checkpoint left it out.
fn spans(branches: &Branches, arrival: &Arrival) -> Vec<(Id, u64, u64)> {
    let mut spans: Vec<(u32, u64, u64)> = Vec::new();
    let mut open: HashMap<u32, usize> = HashMap::new();
    for record in &arrival.records {
        let at = open.get(&record.feed).copied();
        match at.map(|at| &mut spans[at]).filter(|(_, _, last)| last + 1 == record.sequence) {
            Some((_, _, last)) => *last = record.sequence,
            None => {
                open.insert(record.feed, spans.len());
                spans.push((record.feed, record.sequence, record.sequence));
            }
        }
    }
    let id = |feed: u32| Some(branches.lies_under(arrival.feeds.get(feed as usize)?.id()?));
    spans.into_iter().filter_map(|(feed, first, last)| Some((id(feed)?, first, last))).collect()
}

/// Writes the heads of a picture.
pub fn head_rows(heads: impl Iterator<Item = (Id, Head)>) -> Batch {
    let row = |(id, head): (Id, Head)| {
        let row = HeadRow { sequence: head.sequence, hash: Bytes::copy_from_slice(&head.hash) };
        (Tree::Heads, id.0.to_vec(), Some(row.encode_to_vec()))
    };
    Batch { writes: heads.map(row).collect() }
}

/// A commit of the copy takes about so many bytes.
const COPY_BYTES: usize = 1 << 20;

/// Collects copied rows into commits of a megabyte.
pub struct Filler<'a> {
    engine: &'a dyn Engine,
    batch: Batch,
    bytes: usize,
    /// Rows written or waiting.
    pub rows: u64,
}

impl<'a> Filler<'a> {
    /// Fills an engine.
    pub fn new(engine: &'a dyn Engine) -> Self {
        Self { engine, batch: Batch::default(), bytes: 0, rows: 0 }
    }

    /// Takes rows.
    pub fn push(&mut self, rows: Vec<CopiedRow>) -> Result<(), EngineError> {
        for (tree, key, value) in rows {
            self.bytes += key.len() + value.len();
            self.rows += 1;
            self.batch.writes.push((tree, key, Some(value)));
        }
        if self.bytes >= COPY_BYTES { self.flush() } else { Ok(()) }
    }

    /// Commits what waits.
    pub fn flush(&mut self) -> Result<(), EngineError> {
        self.bytes = 0;
        self.engine.commit(std::mem::take(&mut self.batch))
    }
}

/// Progress of a compaction.
#[derive(Debug, Clone, Copy)]
pub struct Compaction {
    /// Positions copied.
    pub done: u64,
    /// Positions to copy.
    pub total: u64,
}

/// Rewrites the store of a running node into a new one and switches to it. Publishing goes on,
/// but for the last moment.
pub fn compact(
    node: &Arc<crate::node::Node>,
    engine: &str,
    progress: &mut dyn FnMut(Compaction) -> ControlFlow<()>,
) -> anyhow::Result<(u64, u64)> {
    let _only_one = node
        .maintenance
        .try_lock()
        .ok_or_else(|| anyhow::Error::from(crate::archive::DropError::Busy))?;
    let (number, _) = node.directory.current()?;
    let compacted = rewrite(node, engine, number + 1, progress);
    if compacted.is_err() && node.directory.current().is_ok_and(|(current, _)| current == number) {
        // Half a store takes room that the store in use may need.
        node.directory.discard(number + 1);
    }
    compacted
}

fn rewrite(
    node: &Arc<crate::node::Node>,
    engine: &str,
    number: u32,
    progress: &mut dyn FnMut(Compaction) -> ControlFlow<()>,
) -> anyhow::Result<(u64, u64)> {
    let before = node.log().engine().size_bytes()?;
    let target = node.directory.new_engine(number, engine)?;
    let mut copied = 0;
    let mut filler = Filler::new(&*target);
    // Each round copies what came during the one before; a few records are left for the end.
    loop {
        let total = node.picture.read().lsn();
        let log = node.log();
        let mut stopped = false;
        copied = copy(&log, copied, total, &mut |done, rows| {
            stopped |= progress(Compaction { done, total }).is_break();
            if stopped {
                return Err(EngineError::Failed("the caller went away".into()));
            }
            filler.push(rows)
        })?;
        filler.flush()?;
        if node.picture.read().lsn() - copied < 1_000 {
            break;
        }
    }
    let paused = node.pen().lock();
    let total = node.picture.read().lsn();
    copy(&node.log(), copied, total, &mut |_, rows| filler.push(rows))?;
    filler.flush()?;
    let heads = node.picture.read().all_held_feeds().map(|f| (f.id, f.head)).collect::<Vec<_>>();
    target.commit(head_rows(heads.into_iter()))?;
    let log = Log::new(target);
    log.set_origins(node.log().origins()?.iter().map(|(_, key)| key))?;
    log.set_branches(node.log().branches()?.rows())?;
    log.engine().commit(Batch { writes: vec![rebuilt(node.rebuilt_lsn())] })?;
    log.set_covered(node.log().covered()?.iter())?;
    if let Some(standing) = node.picture.read().standing() {
        log.set_standing_hash(standing.hash(), None)?;
    }
    for archived in node.log().archived()? {
        log.set_archived(&archived)?;
    }
    log.set_identity(node.identity())?;
    let after = log.engine().size_bytes()?;
    node.directory.switch(number, engine)?;
    let old = node.replace_log(log);
    drop(paused);
    // Readers of the old log may go on for a moment; its files go when nobody holds it.
    retire(old, node, number);
    Ok((before, after))
}

/// Readers of the old log end soon, as a rule.
const RETIRE_TRIES: u32 = 400;
const RETIRE_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

fn retire(mut old: Arc<Log>, node: &crate::node::Node, current: u32) {
    for _ in 0..RETIRE_TRIES {
        match Arc::try_unwrap(old) {
            Ok(log) => {
                if let Err(error) = log.close() {
                    tracing::warn!(%error, "the old store did not close in good order");
                }
                node.directory.clear_others(current);
                return;
            }
            Err(read) => old = read,
        }
        std::thread::sleep(RETIRE_PAUSE);
    }
    tracing::warn!("the old store is still being read; the next start removes it");
}

/// Opens the log of a directory that no node runs on.
pub fn open_offline(
    path: &Path,
) -> anyhow::Result<(crate::store::directory::Directory, Log, Identity)> {
    let directory = crate::store::directory::Directory::open(path)?;
    let log = Log::new(directory.open_engine()?);
    let identity = log.identity()?;
    let identity = identity.ok_or_else(|| anyhow::anyhow!("the store has no identity"))?;
    Ok((directory, log, identity))
}
