//! Attachments in a bundle: written in parts, and taken through the door of an upload.

use std::collections::BTreeSet;

use bytes::Bytes;
use polder_picture::refusal::{Class, Refusal};
use polder_wire::v1::Lane;
use sha2::{Digest as _, Sha256};

use super::{Frame, Part, export::Writer};
use crate::{
    attachments::{AttachmentError, Attachments, Stored},
    node::Node,
};

const PART_BYTES: usize = 256 << 10;

/// Writes those of the cited attachments that are held here and sound. Says how many.
pub(super) fn write(
    attachments: &Attachments,
    cited: &BTreeSet<[u8; 32]>,
    writer: &mut Writer<'_>,
) -> anyhow::Result<i64> {
    let mut count = 0;
    for stored in cited.iter().filter_map(|sha256| attachments.get(sha256)) {
        if !is_sound(attachments, &stored)? {
            tracing::warn!(
                attachment = hex::encode(stored.sha256),
                "an attachment is damaged and does not go into the bundle"
            );
            continue;
        }
        let mut offset = 0;
        while offset < stored.size_bytes {
            let data = attachments.read(&stored.sha256, offset, PART_BYTES)?;
            anyhow::ensure!(!data.is_empty(), "an attachment is shorter than it was");
            let part = Part {
                sha256: Bytes::copy_from_slice(&stored.sha256),
                media_type: stored.media_type.clone(),
                size_bytes: stored.size_bytes,
                offset,
                data: data.into(),
            };
            offset += part.data.len() as u64;
            writer.frame(&Frame { part: Some(part), ..Default::default() })?;
        }
        count += 1;
    }
    Ok(count)
}

fn is_sound(attachments: &Attachments, stored: &Stored) -> std::io::Result<bool> {
    let (mut hasher, mut offset) = (Sha256::new(), 0);
    while offset < stored.size_bytes {
        let data = attachments.read(&stored.sha256, offset, PART_BYTES)?;
        if data.is_empty() {
            return Ok(false);
        }
        hasher.update(&data);
        offset += data.len() as u64;
    }
    Ok(hasher.finalize()[..] == stored.sha256)
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// More is needed.
    Part,
    /// It was the last one.
    All,
    /// The attachment was held already.
    Held,
}

/// Takes a part. One that was taken before changes nothing, so an import can be done again.
pub(super) fn take(node: &Node, part: &Part) -> Result<Taken, AttachmentError> {
    let Ok(sha256) = part.sha256[..].try_into() else {
        let sentence = "must be a SHA-256 of 32 bytes";
        return Err(Refusal::field("part.sha256", "WRONG_LENGTH", sentence).into());
    };
    if node.attachments.get(&sha256).is_some() || node.attachments.is_erased(&sha256) {
        return Ok(Taken::Held);
    }
    if !node.disk.accepts(Lane::Bulk) {
        let sentence = "the disk of this node is nearly full: no attachments are taken";
        return Err(Refusal::new(Class::ResourceExhausted, "DISK_RESERVE", sentence).into());
    }
    let at = node.attachments.start(sha256, &part.media_type, part.size_bytes)?;
    if at < part.offset {
        let sentence = format!("is {}, the node expects {at}", part.offset);
        return Err(Refusal::field("part.offset", "OFFSET_UNEXPECTED", sentence).into());
    }
    let known = usize::try_from(at - part.offset).unwrap_or(usize::MAX);
    let Some(fresh) = part.data.get(known..).filter(|fresh| !fresh.is_empty()) else {
        return Ok(Taken::Part);
    };
    let (_, stored) = node.attachments.append(sha256, at, fresh, node.wall.now_ms())?;
    Ok(if stored.is_some() { Taken::All } else { Taken::Part })
}
