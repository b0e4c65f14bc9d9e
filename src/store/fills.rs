//! What a checkpoint left out, as the store takes it later and gives it to others.

use std::{collections::BTreeMap, ops::ControlFlow};

use bytes::Bytes;
use polder_picture::{
    fill,
    record::{Id, record_hash},
};
use polder_wire::v1::Envelope;
use prost::Message as _;

use super::{
    engine::{EngineError, Range, Tree},
    log::{Log, damaged},
    rows::{Chunk, parse_record_key, record_key},
};

impl Log {
    /// Numbers and hashes of the records of a feed that are held between two numbers, both
    /// included.
    pub fn held_between(
        &self,
        feed: Id,
        first: u64,
        last: u64,
    ) -> Result<BTreeMap<u64, [u8; 32]>, EngineError> {
        let mut held = BTreeMap::new();
        self.down(feed, first, last, &mut |sequence, _, envelope| {
            held.insert(sequence, record_hash(&envelope.header));
            ControlFlow::Continue(())
        })?;
        Ok(held)
    }

    /// Records of a feed, or of a branch, up to a number: about so many bytes of them, with the
    /// signed record before them, or from the first of the feed on. `after`: records up to there are
    /// not held, or not of this feed; `before`: the one with that number, if it is held. Empty: none
    /// fit together so.
    pub fn read_before(
        &self,
        feed: Id,
        end: u64,
        (after, before): (u64, Option<Envelope>),
        bytes_max: usize,
    ) -> Result<Vec<Envelope>, EngineError> {
        let (mut records, mut bytes, mut next) = (Vec::new(), 0, end);
        self.down(feed, after + 1, end, &mut |sequence, size, envelope| {
            if sequence != next {
                return ControlFlow::Break(());
            }
            let enough =
                bytes >= bytes_max && !records.is_empty() && !envelope.signature.is_empty();
            next -= 1;
            bytes += size;
            records.push((size, envelope));
            if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(before) = before.filter(|_| next == after) {
            records.push((before.encoded_len(), before));
        }
        let down = records.iter().map(|(size, envelope)| (*size, envelope));
        let count = fill::piece(down, next == 0, bytes_max);
        records.truncate(count);
        Ok(records.into_iter().rev().map(|(_, envelope)| envelope).collect())
    }

    /// Visits the records of a feed that are held, from a number down to another.
    fn down(
        &self,
        feed: Id,
        first: u64,
        last: u64,
        visit: &mut dyn FnMut(u64, usize, Envelope) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let under = self.branches()?.lies_under(feed);
        // A chunk that begins before the first may hold it.
        let from = self.chunk(feed, first)?.map_or(first, |(begins, _)| begins);
        let (from, until) = (record_key(under, from), record_key(under, last.saturating_add(1)));
        let range = Range { from: &from, until: Some(&until), backwards: true };
        let mut bad = None;
        self.engine().scan(Tree::Records, range, &mut |key, value| {
            let chunk = Chunk::decode(Bytes::copy_from_slice(value)).ok();
            let (Some((_, begins)), Some(chunk)) = (parse_record_key(key), chunk) else {
                bad = Some(damaged("a chunk of records"));
                return ControlFlow::Break(());
            };
            let of_chunk: Vec<_> = (begins..).zip(chunk.envelopes).collect();
            for (sequence, encoded) in of_chunk.into_iter().rev() {
                if !(first..=last).contains(&sequence) {
                    continue;
                }
                let size = encoded.len();
                let Ok(envelope) = Envelope::decode(encoded) else {
                    bad = Some(damaged(&format!("record {sequence} of feed {feed}")));
                    return ControlFlow::Break(());
                };
                if visit(sequence, size, envelope).is_break() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(()), Err)
    }
}
