//! Verifies an archive by itself, while it is read: every chain, hash and signature, the seal,
//! the attachments, and that nothing that it lists is missing. It stops at the first byte or
//! record that does not hold, and says where that is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_picture::{
    attributes::timestamp,
    record::{Decoded, Head, Id, key_id},
    refusal::{Class, Refusal},
    suffix::Suffix,
};
use polder_wire::v1::{ArchiveSummary, Content, Envelope, IncidentData, content};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::{
    Frame, Header, Packet, Part,
    archive::{Contents, Row},
    export::cite,
    frames::{NoBundle, Read, Reader},
    import,
};

/// A record as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Its feed, or the branch that it is of.
    pub feed: Id,
    /// Its number.
    pub sequence: u64,
    /// All of it.
    pub envelope: &'a Envelope,
}

/// Looks at each record after it was verified; may refuse it.
pub type Visit<'a> = dyn FnMut(Found<'_>) -> Result<(), Refusal> + 'a;

/// A check under way; holds one frame at most.
#[derive(Debug, Default)]
pub struct Checker {
    reader: Reader,
    header: Option<Header>,
    contents: Option<Contents>,
    /// How far each row of the list has come.
    ends: Vec<Head>,
    /// Rows by the feed that their records name.
    rows: HashMap<Id, Vec<usize>>,
    closings_found: BTreeSet<(Id, u64)>,
    cited: BTreeSet<[u8; 32]>,
    attachments: BTreeMap<[u8; 32], Attachment>,
    signatures: i64,
}

#[derive(Debug, Default)]
struct Attachment {
    hasher: Sha256,
    offset: u64,
    whole: bool,
}

/// An archive that holds.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What is in it.
    pub summary: ArchiveSummary,
    /// BLAKE3 of the whole file.
    pub hash: [u8; 32],
    /// Its feeds: id, the head before the first record, the last head.
    pub feeds: Vec<(Id, Head, Head)>,
    /// Id of its scope.
    pub scope: Id,
    /// Attachments that its records cite.
    pub cited: BTreeSet<[u8; 32]>,
    /// Attachments that are in it.
    pub attachments: BTreeSet<[u8; 32]>,
}

fn damaged(at: u64, what: impl std::fmt::Display) -> Refusal {
    let sentence = format!("the archive is damaged at byte {at}: {what}");
    Refusal::new(Class::InvalidArgument, "BUNDLE_DAMAGED", sentence)
}

fn unknown(why: &str) -> Refusal {
    let sentence = format!("this is no archive: {why}");
    Refusal::new(Class::InvalidArgument, "BUNDLE_UNKNOWN", sentence)
}

impl Checker {
    /// Takes the next bytes of the file.
    pub fn push(&mut self, data: &[u8], visit: &mut Visit<'_>) -> Result<(), Refusal> {
        self.reader.push(data);
        self.read(false, visit)
    }

    /// The file ends here: all that it lists must have come.
    pub fn finish(mut self, visit: &mut Visit<'_>) -> Result<Checked, Refusal> {
        self.read(true, visit)?;
        let at = self.reader.position();
        if !self.reader.has_ended() {
            return Err(damaged(at, "it ends there, and its end is missing"));
        }
        if !self.reader.is_whole() {
            return Err(damaged(at, "its closing hash is not that of its bytes"));
        }
        let contents = self.contents.ok_or_else(|| unknown("it lists nothing"))?;
        for (row, end) in contents.feeds.iter().zip(&self.ends) {
            if *end != row.last {
                let (feed, first, last) = (row.name.id(), end.sequence + 1, row.last.sequence);
                let what = format!("records {first} to {last} of feed {feed} are missing");
                return Err(damaged(at, what));
            }
        }
        for (feed, sequence, _) in &contents.closings {
            let here = |row: &&Row| {
                row.name.id() == *feed
                    && (row.after.sequence + 1..=row.last.sequence).contains(sequence)
            };
            let due = contents.feeds.iter().find(here).is_some();
            if due && !self.closings_found.contains(&(*feed, *sequence)) {
                let what = format!("record {sequence} of feed {feed} does not close the incident");
                return Err(damaged(at, what));
            }
        }
        if let Some((sha256, _)) = self.attachments.iter().find(|(_, held)| !held.whole) {
            let sha256 = hex::encode(sha256);
            return Err(damaged(at, format!("the rest of attachment {sha256} is missing")));
        }
        let header = self.header.unwrap_or_default();
        let key = header.public_key[..].try_into().ok();
        let key = key.and_then(|key| VerifyingKey::from_bytes(key).ok());
        let attachments: BTreeSet<_> = self.attachments.into_keys().collect();
        let hash = self.reader.hash();
        let summary = ArchiveSummary {
            node: key.map(|key| format!("nodes/{}", key_id(&key))).unwrap_or_default(),
            create_time: Some(timestamp(header.create_ms)),
            hash: Bytes::copy_from_slice(&hash),
            attachment_count: attachments.len() as i64,
            attachments_missing: self.cited.difference(&attachments).count() as i64,
            signatures_checked: self.signatures,
            ..contents.summary()
        };
        let feed = |row: &Row| (row.name.id(), row.after, row.last);
        Ok(Checked {
            summary,
            hash,
            feeds: contents.feeds.iter().map(feed).collect(),
            scope: contents.id,
            cited: self.cited,
            attachments,
        })
    }

    fn read(&mut self, last: bool, visit: &mut Visit<'_>) -> Result<(), Refusal> {
        loop {
            let at = self.reader.position();
            match self.reader.next(last).map_err(|NoBundle(why)| unknown(why))? {
                None => return Ok(()),
                Some(Read::Damaged { at, bytes }) => {
                    return Err(damaged(at, format!("{bytes} bytes from there on do not hold")));
                }
                Some(Read::Frame(frame)) => self.frame(*frame, at, visit)?,
            }
        }
    }

    fn frame(&mut self, frame: Frame, at: u64, visit: &mut Visit<'_>) -> Result<(), Refusal> {
        if let Some(header) = frame.header {
            if self.header.replace(header).is_some() {
                return Err(damaged(at, "a second header stands there"));
            }
        } else if let Some(manifest) = frame.manifest {
            let contents = Contents::of(&manifest);
            let contents = contents.ok_or_else(|| damaged(at, "its list cannot be read"))?;
            if self.contents.is_some() {
                return Err(damaged(at, "a second list stands there"));
            }
            self.ends = contents.feeds.iter().map(|row| row.after).collect();
            for (place, row) in contents.feeds.iter().enumerate() {
                self.rows.entry(row.name.root().id()).or_default().push(place);
            }
            self.contents = Some(contents);
        } else if self.contents.is_none() && frame.end.is_none() {
            return Err(unknown("it is a bundle that is not of one closed incident"));
        } else if let Some(packet) = frame.suffix {
            self.suffix(packet, at, visit)?;
        } else if let Some(part) = frame.part {
            self.part(&part, at)?;
        }
        Ok(())
    }

    fn suffix(&mut self, packet: Packet, at: u64, visit: &mut Visit<'_>) -> Result<(), Refusal> {
        let (feed, suffix, scope) = import::verify(packet).map_err(|why| damaged(at, why))?;
        let Some(contents) = &self.contents else { return Ok(()) };
        if scope != contents.scope {
            return Err(damaged(at, "records of another incident stand there"));
        }
        let places = self.rows.get(&feed).map(Vec::as_slice).unwrap_or_default();
        let goes_on = |place: &&usize| {
            let (end, row) = (self.ends[**place], &contents.feeds[**place]);
            end == suffix.after() && end != row.last
        };
        let Some(place) = places.iter().copied().find(|place| goes_on(&place)) else {
            let (after, feed) = (suffix.after().sequence, feed);
            let what = format!("records after {after} of feed {feed} do not belong there");
            return Err(damaged(at, what));
        };
        let row = contents.feeds[place];
        let id = row.name.id();
        if suffix.head().sequence > row.last.sequence {
            return Err(damaged(at, format!("feed {id} is longer than the list says")));
        }
        if let Some(sealed) = contents.seals.as_ref().and_then(|seals| seals.heads.get(&id))
            && sealed.sequence > suffix.after().sequence
            && suffix.hash(sealed.sequence).is_some_and(|hash| hash != sealed.hash)
        {
            let sequence = sealed.sequence;
            let what = format!("the seal names another record {sequence} of feed {id}");
            return Err(damaged(at, what));
        }
        for (envelope, record) in suffix.envelopes() {
            self.signatures += i64::from(!envelope.signature.is_empty());
            cite(envelope, &mut self.cited);
            let sequence = record.header.sequence;
            let listed = contents.closings.iter().find(|(of, n, _)| (*of, *n) == (id, sequence));
            if let Some((_, _, listed)) = listed {
                if incident_data(envelope, record).as_ref() != Some(listed) {
                    let what = format!("record {sequence} of feed {id} is not the one listed");
                    return Err(damaged(at, what));
                }
                self.closings_found.insert((id, sequence));
            }
            visit(Found { feed: id, sequence, envelope })?;
        }
        self.ends[place] = suffix.head();
        Ok(())
    }

    fn part(&mut self, part: &Part, at: u64) -> Result<(), Refusal> {
        let sha256: [u8; 32] =
            part.sha256[..].try_into().map_err(|_| damaged(at, "an attachment has no hash"))?;
        let name = hex::encode(sha256);
        let held = self.attachments.entry(sha256).or_default();
        if held.whole || held.offset != part.offset || part.data.is_empty() {
            return Err(damaged(at, format!("a part of attachment {name} is out of place")));
        }
        held.hasher.update(&part.data);
        held.offset += part.data.len() as u64;
        if held.offset < part.size_bytes {
            return Ok(());
        }
        held.whole = true;
        if held.offset > part.size_bytes || held.hasher.finalize_reset()[..] != sha256 {
            return Err(damaged(at, format!("attachment {name} does not have its hash")));
        }
        Ok(())
    }
}

fn incident_data(envelope: &Envelope, record: &Decoded) -> Option<IncidentData> {
    if record.header.entry.iter().any(|byte| *byte != 0) {
        return None;
    }
    let content = Content::decode(envelope.payload.as_ref()?.bytes.clone()).ok()?;
    match content.content? {
        content::Content::Incident(data) => Some(data),
        _ => None,
    }
}

/// Verified records, as [`import::verify`] gives them.
pub(super) type Verified = (Id, Suffix, polder_picture::admit::NewScope);
