//! Feeds as links read them: the end of one, and the public keys of their origins.

use std::ops::ControlFlow;

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_picture::{
    account,
    record::{Id, key_id},
};
use polder_wire::v1::{Envelope, Header};
use prost::Message as _;

use super::{
    engine::{Batch, EngineError, Range, Tree},
    log::{Log, damaged},
    rows::{Chunk, ORIGIN, origin_key, parse_record_key, record_key},
};

impl Log {
    /// Reads consecutive envelopes of a feed after a number: as many as fit, but at least up to
    /// the next one that is signed, on which it always ends. Empty when there is none, or when
    /// some of them are covered by a checkpoint and not held yet.
    pub fn read_suffix(
        &self,
        feed: Id,
        after: u64,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>, EngineError> {
        let mut next = after.saturating_add(1);
        let edge = self.covered_of(feed)?.and_then(|covered| covered.edge());
        if edge.is_some_and(|edge| after < edge.sequence) {
            return Ok(Vec::new());
        }
        let Some((start, chunk)) = self.chunk(feed, next)? else { return Ok(Vec::new()) };
        if is_account(&chunk) {
            tracing::error!(%feed, "the account was asked for to be told to others: refused");
            return Ok(Vec::new());
        }
        let feed = self.branches()?.lies_under(feed);
        let (from, until) = (record_key(feed, start), record_key(feed, u64::MAX));
        let range = Range { from: &from, until: Some(&until), backwards: false };
        let (mut envelopes, mut signed, mut bytes) = (Vec::new(), 0, 0);
        let mut bad = None;
        self.engine().scan(Tree::Records, range, &mut |key, value| {
            let chunk = Chunk::decode(Bytes::copy_from_slice(value)).ok();
            let (Some((_, first)), Some(chunk)) = (parse_record_key(key), chunk) else {
                bad = Some(damaged("a chunk of records"));
                return ControlFlow::Break(());
            };
            for (sequence, encoded) in (first..).zip(chunk.envelopes) {
                if sequence < next {
                    continue;
                }
                bytes += encoded.len();
                let envelope = Envelope::decode(encoded).ok().filter(|_| sequence == next);
                let Some(envelope) = envelope else {
                    bad = Some(damaged(&format!("record {next} of feed {feed}")));
                    return ControlFlow::Break(());
                };
                if bytes > bytes_max && signed > 0 {
                    return ControlFlow::Break(());
                }
                next += 1;
                let ends = !envelope.signature.is_empty();
                envelopes.push(envelope);
                if ends {
                    signed = envelopes.len();
                }
            }
            if bytes > bytes_max && signed > 0 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        envelopes.truncate(signed);
        bad.map_or(Ok(envelopes), Err)
    }

    /// Public key of an origin whose records are held; `None` for this node's own.
    pub fn origin_key(&self, origin: Id) -> Result<Option<VerifyingKey>, EngineError> {
        let row = self.engine().get(Tree::Meta, &origin_key(origin))?;
        row.map(|row| parse_origin(origin, &row)).transpose()
    }

    /// Public keys of all other nodes whose records are held.
    pub fn origins(&self) -> Result<Vec<(Id, VerifyingKey)>, EngineError> {
        let until = [&ORIGIN[..ORIGIN.len() - 1], &[ORIGIN[ORIGIN.len() - 1] + 1]].concat();
        let range = Range { from: ORIGIN, until: Some(&until), backwards: false };
        let mut origins = Vec::new();
        self.engine().scan(Tree::Meta, range, &mut |key, value| {
            let id = Id::from_slice(&key[ORIGIN.len()..]);
            let id = id.ok_or_else(|| damaged("the key of an origin's row"));
            origins.push(id.and_then(|id| Ok((id, parse_origin(id, value)?))));
            ControlFlow::Continue(())
        })?;
        origins.into_iter().collect()
    }

    /// Writes public keys of other nodes into a store that is filled from another.
    pub fn set_origins<'k>(
        &self,
        keys: impl Iterator<Item = &'k VerifyingKey>,
    ) -> Result<(), EngineError> {
        let row = |key: &VerifyingKey| {
            (Tree::Meta, origin_key(key_id(key)), Some(key.as_bytes().to_vec()))
        };
        let writes: Vec<_> = keys.map(row).collect();
        if writes.is_empty() { Ok(()) } else { self.engine().commit(Batch { writes }) }
    }
}

/// Whether a chunk, which is of one feed, is of the account.
fn is_account(chunk: &Chunk) -> bool {
    let first = chunk.envelopes.first().and_then(|first| Envelope::decode(first.clone()).ok());
    let header = first.and_then(|first| Header::decode(first.header).ok());
    header.is_some_and(|header| header.scope[..] == account::id().0)
}

fn parse_origin(origin: Id, row: &[u8]) -> Result<VerifyingKey, EngineError> {
    let key = row.try_into().ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    let key = key.filter(|key| key_id(key) == origin);
    key.ok_or_else(|| damaged(&format!("the public key of nodes/{origin}")))
}
