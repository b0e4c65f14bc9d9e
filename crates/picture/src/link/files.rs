//! Attachments: last of all, one at a time, from any byte on.

use std::collections::VecDeque;

use bytes::Bytes;
use polder_wire::v1::{Lane, LinkFilePart, LinkFileWant, LinkFrame, link_frame::Kind};

use super::{
    Event, Fault, World,
    session::{Session, Shared, frame},
};
use crate::record::Id;

/// Wants of the peer that wait.
const SERVING_MAX: usize = 16;
/// A file that does not move for so long is given up here and tried elsewhere.
const STUCK_US: u64 = 60_000_000;

/// Part of a file, as the node reads it.
#[derive(Debug, Clone)]
pub struct FilePiece {
    /// Type as its uploader said.
    pub media_type: String,
    /// Size of the whole.
    pub size_bytes: u64,
    /// From the offset that was asked for; empty at the end.
    pub data: Bytes,
}

/// What a session has under way.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// What the peer wants, and from where on.
    serving: VecDeque<([u8; 32], u64)>,
    /// What is wanted from the peer, and when it moved last.
    fetching: Option<([u8; 32], u64)>,
}

/// Claims of files stand beside those of feeds; both are hashes.
fn claim_of(sha256: &[u8; 32]) -> Id {
    let mut id = [0; 16];
    id.copy_from_slice(&sha256[..16]);
    Id(id)
}

impl Session {
    /// Wants a file from a byte on, if none is under way here and no other link brings it.
    pub fn want_file(
        &mut self,
        sha256: [u8; 32],
        offset: u64,
        now_us: u64,
        shared: &mut Shared,
    ) -> bool {
        if let Some((other, moved_us)) = self.files.fetching {
            if now_us.saturating_sub(moved_us) < STUCK_US {
                return false;
            }
            self.file_ended(other, shared);
        }
        let (link, cost) = (self.local.link, self.local.cost);
        let claim = claim_of(&sha256);
        // Files are bulk.
        let travels = self.is_open() && self.lanes.contains(&Lane::Bulk);
        if !travels || !shared.wants.claim(claim, link, cost, offset, now_us / 1_000) {
            return false;
        }
        self.files.fetching = Some((sha256, now_us));
        let want = LinkFileWant { sha256: Bytes::copy_from_slice(&sha256), offset };
        self.say(frame(Kind::FileWant(want)));
        true
    }

    /// A file is whole, or cannot be had here.
    pub fn file_ended(&mut self, sha256: [u8; 32], shared: &mut Shared) {
        if self.files.fetching.is_some_and(|(other, _)| other == sha256) {
            self.files.fetching = None;
        }
        shared.wants.release(claim_of(&sha256), self.local.link);
    }

    pub(super) fn on_file_want(&mut self, want: &LinkFileWant) {
        let Ok(sha256) = want.sha256[..].try_into() else {
            self.refuse("WANT_MALFORMED", "a want of a file has no hash", None, 0);
            return;
        };
        if !self.lanes.contains(&Lane::Bulk) {
            self.refuse("FILE_NOT_ALLOWED", "files are bulk, which does not travel here", None, 0);
            return;
        }
        self.files.serving.retain(|(other, _)| *other != sha256);
        if self.files.serving.len() < SERVING_MAX {
            self.files.serving.push_back((sha256, want.offset));
        }
    }

    pub(super) fn on_file_part(
        &mut self,
        part: LinkFilePart,
        now_us: u64,
        shared: &mut Shared,
    ) -> Result<Vec<Event>, Fault> {
        let malformed =
            |what: &str| Fault::new("PART_MALFORMED", format!("a piece of a file {what}"));
        let sha256: [u8; 32] = part.sha256[..].try_into().map_err(|_| malformed("has no hash"))?;
        if part.data.len() > super::receive::PART_BYTES_MAX {
            return Err(malformed("is larger than 128 KiB"));
        }
        let Some((wanted, moved_us)) = self.files.fetching.as_mut() else { return Ok(Vec::new()) };
        if *wanted != sha256 {
            // Of one that was given up.
            return Ok(Vec::new());
        }
        *moved_us = now_us;
        shared.wants.came(claim_of(&sha256), self.local.link, now_us / 1_000);
        self.undelivered += part.data.len();
        Ok(vec![Event::File { sha256, part }])
    }

    /// Bytes of a file that were written, or dropped.
    pub fn file_written(&mut self, bytes: usize) {
        self.undelivered = self.undelivered.saturating_sub(bytes);
    }

    /// The next piece for the peer.
    pub(super) fn file_piece(&mut self, room: usize, world: &dyn World) -> Option<LinkFrame> {
        let peer = self.peer().map(|peer| peer.node)?;
        let (sha256, offset) = self.files.serving.pop_front()?;
        let piece = world.file(peer, &sha256, offset, room);
        let mut part =
            LinkFilePart { sha256: Bytes::copy_from_slice(&sha256), offset, ..Default::default() };
        if let Some(piece) = piece {
            let next = offset + piece.data.len() as u64;
            if next < piece.size_bytes && !piece.data.is_empty() {
                self.files.serving.push_front((sha256, next));
            }
            part.media_type = piece.media_type;
            part.size_bytes = piece.size_bytes;
            part.data = piece.data;
        }
        Some(frame(Kind::FilePart(part)))
    }
}
