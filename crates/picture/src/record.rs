//! Records: how they are hashed, chained and signed. Frozen; a change is a new format version.
//!
//! A record is a header, encoded once and kept as those bytes for ever, and a payload that the
//! header names by a salted hash. Records of one feed form a chain without gaps.

use std::fmt;

use bytes::Bytes;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use polder_wire::v1::{Envelope, Header, Lane, Mode, Payload, RecordKind};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint},
};

/// The only format of headers so far.
pub const FORMAT: u32 = 1;

/// What a signature covers before the header bytes, so that it can mean nothing else.
const SIGNED: &[u8] = b"polder record v1\n";

/// An identifier of 16 bytes, printed as hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// Reads 16 bytes; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 32 {
            return None;
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(bytes.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self(id))
    }

    fn derive(context: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(id)
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Scope of an incident's audience. The mode is part of it, so that an exercise and the real
/// thing never share a feed, whatever they are called.
pub fn scope_id(incident: &str, mode: Mode, audience: &str) -> Id {
    let mode = (mode as i32).to_le_bytes();
    Id::derive("polder 2026 scope", &[incident.as_bytes(), &mode, audience.as_bytes()])
}

/// Feed of an origin in a scope and lane.
pub fn feed_id(origin: Id, scope: Id, lane: Lane) -> Id {
    Id::derive("polder 2026 feed", &[&origin.0, &scope.0, &(lane as i32).to_le_bytes()])
}

/// One of the branches of a feed that forked, by the hash of the branch's first record.
pub fn branch_id(first: &[u8; 32]) -> Id {
    Id::derive("polder 2026 branch", &[first])
}

/// Key id of a public key.
pub fn key_id(key: &VerifyingKey) -> Id {
    Id::derive("polder 2026 key", &[key.as_bytes()])
}

/// Hash of a record: of its header bytes, which in turn name the payload by hash.
pub fn record_hash(header: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"polder header v1\n");
    hasher.update(header);
    *hasher.finalize().as_bytes()
}

/// Hash of a payload under its salt.
pub fn payload_hash(salt: &[u8; 16], bytes: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(salt);
    hasher.update(bytes);
    *hasher.finalize().as_bytes()
}

/// A node's signing key.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    id: Id,
}

impl Signer {
    /// From the 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let id = key_id(&key.verifying_key());
        Self { key, id }
    }

    /// Key id: the origin that this key writes as.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Public half.
    pub fn public(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// Signs a header.
    pub fn sign(&self, header: &[u8]) -> [u8; 64] {
        self.sign_bytes(SIGNED, header)
    }

    /// Signs bytes for one purpose: what is signed for another never verifies.
    pub fn sign_bytes(&self, purpose: &[u8], bytes: &[u8]) -> [u8; 64] {
        self.key.sign(&[purpose, bytes].concat()).to_bytes()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.id)
    }
}

/// Checks a signature over a header.
pub fn verify_signature(key: &VerifyingKey, header: &[u8], signature: &[u8]) -> bool {
    verify_bytes(key, SIGNED, header, signature)
}

/// Checks a signature over bytes for one purpose.
pub fn verify_bytes(key: &VerifyingKey, purpose: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    key.verify_strict(&[purpose, bytes].concat(), &signature).is_ok()
}

/// What a new header says. [`encode`](Self::encode) writes the same bytes as the generated
/// `Header`, without making a copy of each identifier first.
#[derive(Debug)]
pub struct NewHeader<'a> {
    /// Author's node.
    pub origin: &'a Id,
    /// Scope.
    pub scope: &'a Id,
    /// Lane.
    pub lane: Lane,
    /// Number in its feed.
    pub sequence: u64,
    /// Hash of the record before it.
    pub previous: &'a [u8; 32],
    /// Hybrid clock.
    pub hlc: u64,
    /// The clock is in doubt.
    pub clock_unsynchronised: bool,
    /// Kind of record.
    pub kind: RecordKind,
    /// Entry that it changes.
    pub entry: &'a [u8; 16],
    /// What the author held: feeds and sequence numbers.
    pub seen: &'a [(Id, u64)],
    /// Hash of the payload.
    pub payload_hash: &'a [u8; 32],
    /// Length of the payload.
    pub payload_length: u32,
    /// Who wrote it.
    pub author: &'a str,
}

impl NewHeader<'_> {
    /// The header's bytes, for ever.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(192 + self.author.len() + 40 * self.seen.len());
        let bytes = |out: &mut Vec<u8>, tag: u32, value: &[u8]| {
            encode_key(tag, WireType::LengthDelimited, out);
            encode_varint(value.len() as u64, out);
            out.extend_from_slice(value);
        };
        let number = |out: &mut Vec<u8>, tag: u32, value: u64| {
            if value != 0 {
                encode_key(tag, WireType::Varint, out);
                encode_varint(value, out);
            }
        };
        number(&mut out, 1, u64::from(FORMAT));
        bytes(&mut out, 2, &self.origin.0);
        bytes(&mut out, 3, &self.scope.0);
        number(&mut out, 4, self.lane as u64);
        number(&mut out, 5, self.sequence);
        bytes(&mut out, 6, self.previous);
        encode_key(7, WireType::SixtyFourBit, &mut out);
        out.extend_from_slice(&self.hlc.to_le_bytes());
        number(&mut out, 8, u64::from(self.clock_unsynchronised));
        number(&mut out, 9, self.kind as u64);
        bytes(&mut out, 10, self.entry);
        for (feed, sequence) in self.seen {
            let mut seen = Vec::with_capacity(32);
            bytes(&mut seen, 1, &feed.0);
            number(&mut seen, 2, *sequence);
            bytes(&mut out, 11, &seen);
        }
        bytes(&mut out, 12, self.payload_hash);
        number(&mut out, 13, u64::from(self.payload_length));
        if !self.author.is_empty() {
            bytes(&mut out, 14, self.author.as_bytes());
        }
        out.into()
    }
}

/// A payload under its salt, hashed once.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// As it goes into the envelope.
    pub payload: Payload,
    /// [`payload_hash`] of it.
    pub hash: [u8; 32],
}

impl Sealed {
    /// Seals content bytes under a random salt.
    pub fn new(salt: [u8; 16], bytes: Bytes) -> Self {
        let hash = payload_hash(&salt, &bytes);
        Self { payload: Payload { salt: Bytes::copy_from_slice(&salt), bytes }, hash }
    }
}

/// What is wrong with a record by itself, without its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The header bytes are not a header.
    #[error("the header cannot be decoded")]
    Header,
    /// A header of a format that this program does not know.
    #[error("the header has an unknown format")]
    Format,
    /// An id or hash of the wrong length.
    #[error("an identifier or hash in the header has the wrong length")]
    Length,
    /// The payload is not what the header says.
    #[error("the payload does not match its hash")]
    Payload,
    /// Not the next record of its feed.
    #[error("the sequence number is not the next of its feed")]
    Sequence,
    /// Does not follow the record before it.
    #[error("the hash of the record before it does not match")]
    Previous,
    /// Signed by another key, or changed since.
    #[error("the signature does not hold")]
    Signature,
    /// The feed ends on a record without a signature.
    #[error("the last record of the feed is not signed")]
    Unsigned,
    /// No key is known for the origin.
    #[error("the public key of the origin is not known")]
    UnknownOrigin,
    /// Of another origin or scope than its feed.
    #[error("the record belongs to another feed")]
    Feed,
    /// A lane that does not exist, or another than its feed's.
    #[error("the record is of another lane, or of none that is known")]
    Lane,
    /// More feeds in `seen` than an author may name.
    #[error("the record names more than 64 feeds that its author had seen")]
    Seen,
}

/// A decoded header with its identifiers in their own types.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// All fields.
    pub header: Header,
    /// Author's node.
    pub origin: Id,
    /// Scope.
    pub scope: Id,
    /// Feed: origin, scope and lane.
    pub feed: Id,
    /// Hash of this record.
    pub hash: [u8; 32],
}

/// Decodes an envelope's header and checks its form and its payload's hash.
pub fn decode(envelope: &Envelope) -> Result<Decoded, Damage> {
    let header = Header::decode(envelope.header.clone()).map_err(|_| Damage::Header)?;
    if header.format != FORMAT {
        return Err(Damage::Format);
    }
    let origin = Id::from_slice(&header.origin).ok_or(Damage::Length)?;
    let scope = Id::from_slice(&header.scope).ok_or(Damage::Length)?;
    if header.previous.len() != 32
        || header.payload_hash.len() != 32
        || header.entry.len() != 16
        || header.seen.iter().any(|seen| seen.feed.len() != 16)
    {
        return Err(Damage::Length);
    }
    if let Some(payload) = &envelope.payload {
        let salt = payload.salt.as_ref().try_into().map_err(|_| Damage::Length)?;
        if payload.bytes.len() != header.payload_length as usize
            || payload_hash(salt, &payload.bytes) != header.payload_hash[..]
        {
            return Err(Damage::Payload);
        }
    }
    let feed = feed_id(origin, scope, header.lane());
    let hash = record_hash(&envelope.header);
    Ok(Decoded { header, origin, scope, feed, hash })
}

/// Walks one feed's chain from its start, record by record.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    sequence: u64,
    hash: [u8; 32],
    unsigned: u64,
    /// Signatures that were checked.
    pub signatures: u64,
}

impl Chain {
    /// A chain that goes on after a record.
    pub fn after(head: Head) -> Self {
        Self { sequence: head.sequence, hash: head.hash, ..Self::default() }
    }

    /// Checks the next record of the feed against those before it.
    pub fn next(
        &mut self,
        envelope: &Envelope,
        record: &Decoded,
        key: &VerifyingKey,
    ) -> Result<(), Damage> {
        if record.header.sequence != self.sequence + 1 {
            return Err(Damage::Sequence);
        }
        if record.header.previous[..] != self.hash {
            return Err(Damage::Previous);
        }
        if envelope.signature.is_empty() {
            self.unsigned += 1;
        } else {
            if !verify_signature(key, &envelope.header, &envelope.signature) {
                return Err(Damage::Signature);
            }
            self.signatures += 1;
            self.unsigned = 0;
        }
        self.sequence = record.header.sequence;
        self.hash = record.hash;
        Ok(())
    }

    /// Checks that the chain ends on a signed record and where the head says.
    pub fn end(&self, head: &Head) -> Result<(), Damage> {
        if self.unsigned > 0 {
            return Err(Damage::Unsigned);
        }
        if self.sequence != head.sequence {
            return Err(Damage::Sequence);
        }
        if self.hash != head.hash {
            return Err(Damage::Previous);
        }
        Ok(())
    }

    /// Sequence number of the last record that was walked.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// Where a feed ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Sequence number of the last record; 0 for an empty feed.
    pub sequence: u64,
    /// Hash of the last record; zeroes for an empty feed.
    pub hash: [u8; 32],
}

#[cfg(test)]
mod tests {
    use polder_wire::v1::Seen;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_new_header_has_the_bytes_of_the_contract(
            ids in any::<[[u8; 16]; 4]>(),
            hashes in any::<[[u8; 32]; 2]>(),
            numbers in any::<[u64; 3]>(),
            doubt in any::<bool>(),
            author in ".{0,20}",
            seen in 0..3_usize,
        ) {
            let (origin, scope, feed) = (Id(ids[0]), Id(ids[1]), Id(ids[2]));
            let hlc = numbers[1].max(1);
            let new = NewHeader {
                origin: &origin,
                scope: &scope,
                lane: Lane::Routine,
                sequence: numbers[0],
                previous: &hashes[0],
                hlc,
                clock_unsynchronised: doubt,
                kind: RecordKind::Put,
                entry: &ids[3],
                seen: &vec![(feed, numbers[2]); seen],
                payload_hash: &hashes[1],
                payload_length: 7,
                author: &author,
            };
            let header = Header {
                format: FORMAT,
                origin: origin.0.to_vec().into(),
                scope: scope.0.to_vec().into(),
                lane: Lane::Routine.into(),
                sequence: numbers[0],
                previous: hashes[0].to_vec().into(),
                hlc,
                clock_unsynchronised: doubt,
                kind: RecordKind::Put.into(),
                entry: ids[3].to_vec().into(),
                seen: vec![Seen { feed: feed.0.to_vec().into(), sequence: numbers[2] }; seen],
                payload_hash: hashes[1].to_vec().into(),
                payload_length: 7,
                author: author.clone(),
            };
            prop_assert_eq!(&new.encode()[..], &header.encode_to_vec()[..]);
        }
    }
}
