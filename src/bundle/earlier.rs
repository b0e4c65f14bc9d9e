//! What a checkpoint left out of a feed that is held here, as a bundle brings it. A bundle begins
//! with the first record, and a gap is filled from its end: so records wait here until the last of
//! those that are missing has come.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use ed25519_dalek::VerifyingKey;
use polder_picture::{
    admit::{NewScope, ReceiveError},
    fill::{self, Fill, Gap},
    record::Id,
    suffix::Suffix,
};
use polder_wire::v1::Envelope;
use prost::Message as _;

use super::import::Label;
use crate::{
    node::Node,
    publish::PublishError,
    store::{engine::EngineError, log::Log},
};

/// Records that wait, in bytes. Of more the last ones are kept, which come first; the same bundle
/// brings the rest when it is imported again.
pub(super) const WAITING_BYTES_MAX: usize = 64 << 20;
/// Records that are stored in one commit.
const PIECE_BYTES: usize = 512 << 10;

/// Feeds of a bundle that are not held from their first record on.
pub(super) struct Earlier {
    feeds: HashMap<Id, Waiting>,
    bytes: usize,
    bytes_max: usize,
}

/// Records of one feed that wait.
struct Waiting {
    gap: Gap,
    key: VerifyingKey,
    scope: NewScope,
    /// All that the bundle brought of what is missing, for the report.
    label: Label,
    /// The record before the first that waits.
    after: u64,
    records: VecDeque<Envelope>,
    bytes: usize,
    /// Some did not fit.
    cut: bool,
}

/// What became of them.
pub(super) struct Filled {
    pub(super) label: Label,
    /// So many are new here.
    pub(super) taken: u64,
    /// Up to this record nothing was filled, and why.
    pub(super) missing: Option<(u64, &'static str, String)>,
}

fn gap_of(node: &Node, feed: Id) -> Option<Gap> {
    let picture = node.picture.read();
    picture.gaps().find(|gap| gap.feed.id() == feed)
}

/// Of a record, as it waits.
fn size(envelope: &Envelope) -> usize {
    envelope.header.len() + envelope.payload.as_ref().map_or(0, |payload| payload.bytes.len())
}

fn left_out(log: &Log, feed: Id) -> Result<u64, EngineError> {
    Ok(log.covered_of(feed)?.map_or(0, |row| row.left_out()))
}

impl Earlier {
    /// So many bytes wait at most.
    pub(super) fn within(bytes_max: usize) -> Self {
        Self { feeds: HashMap::new(), bytes: 0, bytes_max }
    }

    /// Keeps what a checkpoint left out here. Up to where it did: those records are not counted
    /// before it is known what becomes of them.
    pub(super) fn keep(
        &mut self,
        node: &Node,
        label: &Label,
        suffix: &Suffix,
        scope: &NewScope,
    ) -> Option<u64> {
        let feed = suffix.feed().id();
        let gap =
            self.feeds.get(&feed).map(|waiting| waiting.gap).or_else(|| gap_of(node, feed))?;
        let (after, edge) = (suffix.after().sequence, gap.edge.sequence);
        if after >= edge {
            return Some(edge);
        }
        let waiting = self.feeds.entry(feed).or_insert_with(|| Waiting {
            gap,
            key: *suffix.key(),
            scope: scope.clone(),
            label: label.clone(),
            after,
            records: VecDeque::new(),
            bytes: 0,
            cut: false,
        });
        waiting.label.last = label.last.min(edge);
        if waiting.after + waiting.records.len() as u64 != after {
            // What does not join on to what is held fills nothing.
            self.bytes -= std::mem::take(&mut waiting.bytes);
            waiting.records.clear();
            waiting.after = after;
        }
        for (envelope, _) in suffix.envelopes().take((edge - after) as usize) {
            let bytes = size(envelope);
            while self.bytes + bytes > self.bytes_max
                && let Some(first) = waiting.records.pop_front()
            {
                (waiting.after, waiting.cut) = (waiting.after + 1, true);
                waiting.bytes -= size(&first);
                self.bytes -= size(&first);
            }
            if self.bytes + bytes > self.bytes_max {
                // Others take all of it.
                (waiting.after, waiting.cut) = (waiting.after + 1, true);
                continue;
            }
            waiting.records.push_back(envelope.clone());
            waiting.bytes += bytes;
            self.bytes += bytes;
        }
        Some(edge)
    }

    /// Records of a feed were refused already.
    pub(super) fn forget(&mut self, feed: Id) {
        if let Some(waiting) = self.feeds.remove(&feed) {
            self.bytes -= waiting.bytes;
        }
    }

    /// Stores what joins on to what is held; at the end of the bundle says of the rest why not.
    pub(super) async fn fill(
        &mut self,
        node: &Arc<Node>,
        ended: bool,
    ) -> Result<Vec<Filled>, PublishError> {
        let due = |waiting: &Waiting| {
            ended || waiting.after + waiting.records.len() as u64 == waiting.gap.edge.sequence
        };
        let due = self.feeds.iter().filter(|(_, waiting)| due(waiting)).map(|(feed, _)| *feed);
        let due: Vec<Id> = due.collect();
        let mut all = Vec::new();
        for feed in due {
            let Some(waiting) = self.feeds.remove(&feed) else { continue };
            self.bytes -= waiting.bytes;
            all.push(waiting.fill(node, feed).await?);
        }
        Ok(all)
    }
}

impl Waiting {
    async fn fill(mut self, node: &Arc<Node>, feed: Id) -> Result<Filled, PublishError> {
        let log = node.log();
        let failed = |error: EngineError| PublishError::Failed(error.to_string());
        let before = left_out(&log, feed).map_err(failed)?;
        let sentence = if self.cut {
            "came by a checkpoint, and no more than 64 MB of them wait here: import the bundle \
             again for the rest"
        } else {
            "came by a checkpoint, and what the bundle holds of them does not join on to what is \
             held"
        };
        let mut why = ("FEED_COVERED", sentence.to_owned());
        let mut last = None;
        // Links may fill it meanwhile: asked anew each time.
        let left = loop {
            let Some(gap) = gap_of(node, feed) else { break None };
            let edge = gap.edge.sequence;
            let joins = (edge.saturating_sub(self.after)) as usize;
            if last.replace(edge) == Some(edge) || joins == 0 || joins > self.records.len() {
                break Some(edge);
            }
            self.records.truncate(joins);
            let down = self.records.iter().rev().map(|record| (record.encoded_len(), record));
            let count = fill::piece(down, self.after == 0, PIECE_BYTES);
            if count == 0 {
                break Some(edge);
            }
            let piece = self.records.range(joins - count..).cloned().collect();
            match Fill::verify(&self.key, gap, piece) {
                Ok(fill) => match node.fill(fill, self.scope.clone()).await? {
                    Ok(_) => {}
                    Err(ReceiveError::Refused(refusal)) => {
                        why = (refusal.reason, refusal.sentence);
                        break Some(edge);
                    }
                    Err(error) => {
                        why = ("RECORD_UNSOUND", error.to_string());
                        break Some(edge);
                    }
                },
                Err(error) => {
                    why = ("RECORD_UNSOUND", error.to_string());
                    break Some(edge);
                }
            }
        };
        let taken = before.saturating_sub(left_out(&log, feed).map_err(failed)?);
        let missing = left.filter(|edge| *edge > self.label.after);
        let missing = missing.map(|edge| (edge.min(self.label.last), why.0, why.1));
        Ok(Filled { label: self.label, taken, missing })
    }
}
