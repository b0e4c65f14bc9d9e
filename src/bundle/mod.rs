//! Bundles: records for a node that no link reaches, carried as a file.
//!
//! ```text
//! "polder bundle 1\n", then frames: mark (8 bytes), length of the body (4, big-endian),
//!                                   BLAKE3 of the body (32), body
//! header, suffixes of urgent feeds, of routine, of bulk, parts of attachments, end
//! ```
//!
//! Each frame can be read and judged by itself: a damaged one is passed over, up to the next mark,
//! and what is left of a bundle that was cut off is taken. Nothing in it is believed. Records go
//! through the same door as those of a link, attachments through that of an upload.
//!
//! An archive is a bundle of one closed incident that lists behind its header all that must be in
//! it, so that it can be verified by itself.

pub mod archive;
pub mod check;
mod earlier;
pub mod export;
mod frames;
pub mod heads;
pub mod import;
mod parts;

use bytes::Bytes;
use polder_picture::link::LANES;
use polder_wire::v1::{BundleLane, IncidentData, Lane};
use prost::Message;

/// First bytes of every bundle of this format.
const MAGIC: &[u8; 16] = b"polder bundle 1\n";

/// Whether a file begins as a bundle does, its first line perhaps damaged.
pub fn is_bundle(start: &[u8]) -> bool {
    let marked = start.get(MAGIC.len()..).is_some_and(|rest| rest.starts_with(frames::MARK));
    start.starts_with(b"polder bundle ") || marked
}

/// The body of a frame.
#[derive(Clone, PartialEq, Message)]
struct Frame {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(message, optional, tag = "2")]
    suffix: Option<Packet>,
    #[prost(message, optional, tag = "3")]
    part: Option<Part>,
    #[prost(message, optional, tag = "4")]
    end: Option<End>,
    /// In an archive, before all suffixes.
    #[prost(message, optional, tag = "5")]
    manifest: Option<Manifest>,
}

/// What an archive holds, so that what is missing shows.
#[derive(Clone, PartialEq, Message)]
struct Manifest {
    #[prost(string, tag = "1")]
    incident: String,
    #[prost(int32, tag = "2")]
    mode: i32,
    #[prost(string, tag = "3")]
    audience: String,
    #[prost(message, repeated, tag = "4")]
    feeds: Vec<Listed>,
    /// Records that closed it. The ones that are in the file must be these.
    #[prost(message, repeated, tag = "5")]
    closings: Vec<ListedClosing>,
    /// Hash of the archive that this one follows; empty for one that begins at the beginning.
    #[prost(bytes = "bytes", tag = "6")]
    follows: Bytes,
}

/// A feed of an archive, or a branch of one.
#[derive(Clone, PartialEq, Message)]
struct Listed {
    #[prost(bytes = "bytes", tag = "1")]
    origin_key: Bytes,
    #[prost(int32, tag = "2")]
    lane: i32,
    /// Record before the first one, and its hash.
    #[prost(uint64, tag = "3")]
    after: u64,
    #[prost(bytes = "bytes", tag = "4")]
    after_hash: Bytes,
    /// The last record, and its hash.
    #[prost(uint64, tag = "5")]
    last: u64,
    #[prost(bytes = "bytes", tag = "6")]
    last_hash: Bytes,
    /// Hash of a branch's first record.
    #[prost(bytes = "bytes", tag = "7")]
    branch: Bytes,
}

/// A record that closed an incident.
#[derive(Clone, PartialEq, Message)]
struct ListedClosing {
    /// Id of its feed.
    #[prost(bytes = "bytes", tag = "1")]
    feed: Bytes,
    #[prost(uint64, tag = "2")]
    sequence: u64,
    #[prost(message, optional, tag = "3")]
    data: Option<IncidentData>,
}

/// What the bundle is. Only for people, and to tell how much is missing.
#[derive(Clone, PartialEq, Message)]
struct Header {
    /// Public key of the node that wrote it.
    #[prost(bytes = "bytes", tag = "1")]
    public_key: Bytes,
    #[prost(int64, tag = "2")]
    create_ms: i64,
    /// Records of the urgent, routine and bulk lane.
    #[prost(uint64, repeated, tag = "3")]
    records: Vec<u64>,
}

/// Consecutive records of one feed.
#[derive(Clone, PartialEq, Message)]
struct Packet {
    #[prost(string, tag = "1")]
    incident: String,
    #[prost(int32, tag = "2")]
    mode: i32,
    #[prost(string, tag = "3")]
    audience: String,
    #[prost(bytes = "bytes", tag = "4")]
    origin_key: Bytes,
    #[prost(int32, tag = "5")]
    lane: i32,
    /// Record before the first one, and its hash.
    #[prost(uint64, tag = "6")]
    after: u64,
    #[prost(bytes = "bytes", tag = "7")]
    after_hash: Bytes,
    #[prost(uint64, tag = "8")]
    last: u64,
    /// As in a transfer of a link.
    #[prost(bytes = "bytes", tag = "9")]
    packed: Bytes,
    #[prost(uint32, tag = "10")]
    unpacked_bytes: u32,
}

/// A piece of an attachment.
#[derive(Clone, PartialEq, Message)]
struct Part {
    #[prost(bytes = "bytes", tag = "1")]
    sha256: Bytes,
    #[prost(string, tag = "2")]
    media_type: String,
    #[prost(uint64, tag = "3")]
    size_bytes: u64,
    #[prost(uint64, tag = "4")]
    offset: u64,
    #[prost(bytes = "bytes", tag = "5")]
    data: Bytes,
}

/// Nothing follows.
#[derive(Clone, PartialEq, Message)]
struct End {
    /// BLAKE3 of all bytes before this frame.
    #[prost(bytes = "bytes", tag = "1")]
    hash: Bytes,
    /// As in the header, which may be damaged.
    #[prost(uint64, repeated, tag = "2")]
    records: Vec<u64>,
}

/// One row for each lane.
fn lanes() -> Vec<BundleLane> {
    let row = |lane: &Lane| BundleLane { lane: (*lane).into(), ..Default::default() };
    LANES.iter().map(row).collect()
}

/// Place of a lane in these rows.
fn place(lane: Lane) -> Option<usize> {
    LANES.iter().position(|known| *known == lane)
}
