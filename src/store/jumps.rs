//! Feeds as a newcomer may take them: what a checkpoint keeps, and what follows. Read from a store
//! that holds all of the feed, or one that took it by that checkpoint itself.

use std::ops::ControlFlow;

use bytes::Bytes;
use polder_picture::{
    checkpoint::{Keeping, List},
    record::{Decoded, Head, decode},
    suffix::FeedName,
};
use polder_wire::v1::{Envelope, RecordKind};
use prost::Message as _;

use super::{
    engine::{EngineError, Range, Tree},
    log::{Cursor, Log, damaged},
    rows::{Chunk, parse_record_key, record_key},
};

/// What makes a [`Jump`](polder_picture::jump::Jump).
#[derive(Debug, Clone)]
pub struct JumpParts {
    /// The last record that the checkpoint speaks of.
    pub covered: Head,
    /// What it keeps, in ascending order.
    pub kept: Vec<Envelope>,
    /// All records after it, up to the first signed one that is the checkpoint or follows it.
    pub tail: Vec<Envelope>,
}

impl Log {
    /// A feed by its newest checkpoint, or by the one that it came by. `None`: it has none, one
    /// that does not keep what it must, or one that comes to more than so many bytes of records;
    /// or the feed forked before it.
    pub fn read_jump(
        &self,
        feed: &FeedName,
        bytes_max: usize,
    ) -> Result<Option<JumpParts>, EngineError> {
        let id = feed.id();
        if feed.branch.is_some() {
            return Ok(None);
        }
        let found = match self.covered_of(id)? {
            // Some records are missing: others cannot be judged from what is here.
            Some(row) => self.list_in(feed, row.said)?,
            None => self.newest_list(feed)?,
        };
        let Some((said, list)) = found else { return Ok(None) };
        if self.branches()?.place(id, said) != id {
            return Ok(None);
        }
        let (mut kept, mut tail, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut cursor = Cursor::new(self);
        for number in list.kept().keys() {
            let stored = cursor.record(id, *number)?;
            let stored = stored.ok_or_else(|| damaged(&format!("record {number} of feed {id}")))?;
            bytes += stored.envelope.encoded_len();
            if bytes > bytes_max {
                return Ok(None);
            }
            kept.push(stored.envelope);
        }
        let base = list.base().sequence;
        while base + (tail.len() as u64) < said {
            let read = self.read_suffix(id, base + tail.len() as u64, 1)?;
            bytes += read.iter().map(Envelope::encoded_len).sum::<usize>();
            if bytes > bytes_max || read.is_empty() {
                return Ok(None);
            }
            tail.extend(read);
        }
        Ok(Some(JumpParts { covered: list.base(), kept, tail }))
    }

    /// What must stay of a feed that is held from its first record on, of all records up to a
    /// number.
    pub fn what_stays(&self, feed: &FeedName, until: u64) -> Result<List, EngineError> {
        let (mut keeping, mut last) = (Keeping::default(), Head::default());
        self.each_record(feed, until, &mut |record| {
            last = Head { sequence: record.header.sequence, hash: record.hash };
            keeping.add(record);
        })?;
        Ok(List::new(last, keeping.kept(feed.id())))
    }

    fn list_in(&self, feed: &FeedName, said: u64) -> Result<Option<(u64, List)>, EngineError> {
        let Some(stored) = self.record(feed.id(), said)? else { return Ok(None) };
        let record = decode(&stored.envelope).ok();
        let list = record.and_then(|record| List::of(&record, stored.envelope.payload.as_ref()));
        Ok(list.and_then(Result::ok).map(|list| (said, list)))
    }

    /// The newest checkpoint of a feed that is held from its first record on, if it is fair. Of
    /// several that speak up to the same record whoever takes it goes by the first.
    fn newest_list(&self, feed: &FeedName) -> Result<Option<(u64, List)>, EngineError> {
        let mut said = Vec::new();
        self.each_record(feed, u64::MAX, &mut |record| {
            if record.header.kind() == RecordKind::Checkpoint {
                said.push(record.header.sequence);
            }
        })?;
        let Some(newest) = said.pop() else { return Ok(None) };
        let Some(mut found) = self.list_in(feed, newest)? else { return Ok(None) };
        let base = found.1.base();
        for earlier in said.into_iter().rev().take_while(|said| *said > base.sequence) {
            if let Some(same) = self.list_in(feed, earlier)?.filter(|(_, l)| l.base() == base) {
                found = same;
            }
        }
        let (said, list) = found;
        let fair = self.what_stays(feed, base.sequence)? == list;
        if !fair {
            tracing::warn!(
                origin = %feed.origin, said,
                "a checkpoint does not keep what it must: the feed is passed on whole"
            );
        }
        Ok(fair.then_some((said, list)))
    }

    /// Reads all records of a feed up to a number, which follow one another from the first on.
    fn each_record(
        &self,
        feed: &FeedName,
        until: u64,
        visit: &mut dyn FnMut(&Decoded),
    ) -> Result<(), EngineError> {
        let id = feed.id();
        let (from, end) = (record_key(id, 0), record_key(id, until.saturating_add(1)));
        let range = Range { from: &from, until: Some(&end), backwards: false };
        let (mut next, mut bad) = (1, None);
        self.engine().scan(Tree::Records, range, &mut |key, value| {
            let chunk = Chunk::decode(Bytes::copy_from_slice(value)).ok();
            let (Some((_, first)), Some(chunk)) = (parse_record_key(key), chunk) else {
                bad = Some(damaged("a chunk of records"));
                return ControlFlow::Break(());
            };
            for (sequence, encoded) in (first..=until).zip(chunk.envelopes) {
                let envelope = Envelope::decode(encoded).ok().filter(|_| sequence == next);
                let Some(record) = envelope.and_then(|envelope| decode(&envelope).ok()) else {
                    bad = Some(damaged(&format!("record {next} of feed {id}")));
                    return ControlFlow::Break(());
                };
                next += 1;
                visit(&record);
            }
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(()), Err)
    }
}
