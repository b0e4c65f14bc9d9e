//! Takes a bundle: what can be stored is stored, of the rest it is said why.

use std::{collections::HashMap, sync::Arc};

use ed25519_dalek::VerifyingKey;
use polder_picture::{
    admit::{NewScope, ReceiveError},
    attributes::timestamp,
    link::{LANES, codec},
    names::IncidentName,
    record::{Head, Id, key_id, record_hash, scope_id},
    refusal::{Class, Refusal},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::{BundleRefusal, BundleReport, Lane, Mode};

use super::{
    Header, Packet, Part,
    check::Verified,
    earlier::{Earlier, Filled, WAITING_BYTES_MAX},
    frames::{NoBundle, Read, Reader},
    lanes, parts,
    parts::Taken,
    place,
};
use crate::{attachments::AttachmentError, node::Node, publish::PublishError};

/// Packets that are stored in one commit: so many bytes, unpacked.
const TOGETHER_BYTES: usize = 2 << 20;
const TOGETHER_MAX: usize = 64;
/// Refusals that a report lists.
const REFUSALS_MAX: usize = 1_000;

/// Why an import cannot go on. What was taken before it stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no bundle.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The node cannot write.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The disk of the attachments failed.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// A worker stopped.
    #[error("a reader stopped: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

/// An import under way.
pub struct Importer {
    node: Arc<Node>,
    reader: Reader,
    report: BundleReport,
    /// Records that the bundle says it holds, for each lane.
    promised: Vec<u64>,
    waiting: Vec<Packet>,
    waiting_bytes: usize,
    earlier: Earlier,
    /// The attachment that was refused last: one refusal for all its parts.
    refused_part: Option<[u8; 32]>,
}

/// A packet whose records were verified.
struct Sound {
    suffix: Suffix,
    scope: NewScope,
}

/// What a packet says that it is: for the report.
#[derive(Debug, Clone, Default)]
pub(super) struct Label {
    lane: Lane,
    incident: String,
    origin: Option<Id>,
    feed: Option<Id>,
    pub(super) after: u64,
    pub(super) last: u64,
}

type Checked = Result<Box<Sound>, String>;

impl Importer {
    /// Nothing is read yet.
    pub fn new(node: Arc<Node>) -> Self {
        Self::within(node, WAITING_BYTES_MAX)
    }

    /// So many bytes wait at most for what joins them to what is held.
    pub fn within(node: Arc<Node>, waiting_bytes_max: usize) -> Self {
        Self {
            node,
            reader: Reader::default(),
            report: BundleReport { lanes: lanes(), ..Default::default() },
            promised: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            earlier: Earlier::within(waiting_bytes_max),
            refused_part: None,
        }
    }

    /// Takes the next bytes of the file.
    pub async fn push(&mut self, data: &[u8]) -> Result<(), ImportError> {
        self.reader.push(data);
        self.read(false).await
    }

    /// Takes what is left and says what became of everything.
    pub async fn finish(mut self) -> Result<BundleReport, ImportError> {
        self.read(true).await?;
        self.store().await?;
        self.fill(true).await?;
        self.report.complete = self.reader.is_whole();
        if !self.reader.has_ended() {
            self.damaged("the bundle was cut off: its end is missing".into());
        } else if !self.report.complete && self.report.refusals.is_empty() {
            self.damaged("frames of the bundle are missing or stand elsewhere".into());
        }
        for (row, promised) in self.report.lanes.iter_mut().zip(&self.promised) {
            let found = row.records_taken + row.records_held + row.records_refused;
            row.records_missing = i64::try_from(*promised).unwrap_or(i64::MAX).max(found) - found;
        }
        Ok(self.report)
    }

    async fn read(&mut self, last: bool) -> Result<(), ImportError> {
        let no_bundle = |NoBundle(why)| {
            let sentence = format!("this is no bundle: {why}");
            Refusal::new(Class::InvalidArgument, "BUNDLE_UNKNOWN", sentence)
        };
        while let Some(read) = self.reader.next(last).map_err(no_bundle)? {
            let frame = match read {
                Read::Frame(frame) => frame,
                Read::Damaged { at, bytes } => {
                    // In the order of the file, so that a gap stands behind its cause.
                    self.store().await?;
                    self.damaged(format!("{bytes} bytes from byte {at} on do not hold"));
                    continue;
                }
            };
            if let Some(header) = frame.header {
                self.header(header);
            }
            if let Some(packet) = frame.suffix {
                // Small bytes may unpack to large ones.
                self.waiting_bytes += packet.packed.len().max(packet.unpacked_bytes as usize);
                self.waiting.push(packet);
            }
            if self.waiting_bytes > TOGETHER_BYTES || self.waiting.len() >= TOGETHER_MAX {
                self.store().await?;
            }
            if let Some(part) = frame.part {
                self.part(part).await?;
            }
            if let Some(end) = frame.end {
                self.promise(end.records);
            }
        }
        Ok(())
    }

    fn header(&mut self, header: Header) {
        let key = header.public_key[..].try_into().ok();
        let key = key.and_then(|key| VerifyingKey::from_bytes(key).ok());
        self.report.node = key.map(|key| format!("nodes/{}", key_id(&key))).unwrap_or_default();
        self.report.create_time = Some(timestamp(header.create_ms));
        self.promise(header.records);
    }

    fn promise(&mut self, records: Vec<u64>) {
        self.promised = records.into_iter().take(LANES.len()).collect();
    }

    async fn part(&mut self, part: Part) -> Result<(), ImportError> {
        let sha256 = part.sha256[..].try_into().unwrap_or_default();
        if self.refused_part == Some(sha256) {
            return Ok(());
        }
        let (node, starts) = (Arc::clone(&self.node), part.offset == 0);
        match tokio::task::spawn_blocking(move || parts::take(&node, &part)).await? {
            Ok(Taken::Part) => {}
            Ok(Taken::All) => self.report.attachments_taken += 1,
            Ok(Taken::Held) => self.report.attachments_held += i64::from(starts),
            Err(AttachmentError::Refused(refusal)) => {
                self.refused_part = Some(sha256);
                self.report.attachments_refused += 1;
                self.note(BundleRefusal {
                    reason: refusal.reason.into(),
                    sentence: format!("attachments/{}: {}", hex::encode(sha256), refusal.sentence),
                    ..Default::default()
                });
            }
            Err(error @ AttachmentError::Io(_)) => return Err(error.into()),
        }
        Ok(())
    }

    /// Verifies and stores what waits.
    async fn store(&mut self) -> Result<(), ImportError> {
        let packets = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if packets.is_empty() {
            return Ok(());
        }
        let verify = || packets.into_iter().map(check).collect::<Vec<_>>();
        let (mut labels, mut sound) = (Vec::new(), Vec::new());
        for (label, checked) in tokio::task::spawn_blocking(verify).await? {
            match checked {
                Ok(found) => {
                    labels.push(label);
                    sound.push((found.suffix, found.scope));
                }
                Err(why) => self.refuse(&label, "RECORD_UNSOUND", why),
            }
        }
        if sound.is_empty() {
            return Ok(());
        }
        let mut ends: HashMap<Id, u64> = HashMap::new();
        for (suffix, _) in &sound {
            let feed = suffix.feed().id();
            ends.entry(feed).or_insert_with(|| self.head(feed).sequence);
        }
        let (mut heads, mut edges) = (Vec::new(), Vec::new());
        for ((suffix, scope), label) in sound.iter().zip(&labels) {
            heads.push(suffix.head());
            edges.push(self.earlier.keep(&self.node, label, suffix, scope).unwrap_or_default());
        }
        let received = self.node.receive(sound).await?;
        for (((label, head), edge), received) in labels.iter().zip(heads).zip(edges).zip(received) {
            let Some(feed) = label.feed else { continue };
            let Some(end) = ends.get_mut(&feed) else { continue };
            match received {
                Ok(_) => {
                    // Those up to the edge are counted when it is known what became of them.
                    let after = label.after.max(edge.min(label.last));
                    self.count(&Label { after, ..label.clone() }, *end);
                    *end = label.last.max(*end);
                }
                Err(error) => {
                    self.earlier.forget(feed);
                    self.not_received(label, head, error);
                }
            }
        }
        self.fill(false).await
    }

    /// Stores what checkpoints left out here, as far as it came.
    async fn fill(&mut self, ended: bool) -> Result<(), ImportError> {
        for Filled { label, taken, missing } in self.earlier.fill(&self.node, ended).await? {
            let after = missing.as_ref().map_or(label.after, |(edge, ..)| *edge);
            let here = label.last.saturating_sub(after);
            let taken = taken.min(here);
            if let Some(at) = place(label.lane) {
                self.report.lanes[at].records_taken += taken as i64;
                self.report.lanes[at].records_held += (here - taken) as i64;
            }
            if let Some((last, reason, sentence)) = missing {
                self.refuse(&Label { last, ..label }, reason, sentence);
            }
        }
        Ok(())
    }

    fn head(&self, feed: Id) -> Head {
        let picture = self.node.picture.read();
        picture.feed_index(feed).map_or_else(Head::default, |index| picture.feed(index).head)
    }

    /// Counts records that are on disk now, of which those up to `held` were there before.
    fn count(&mut self, label: &Label, held: u64) {
        let Some(at) = place(label.lane) else { return };
        let taken = label.last.saturating_sub(held.max(label.after));
        self.report.lanes[at].records_taken += taken as i64;
        self.report.lanes[at].records_held += (label.records() - taken) as i64;
    }

    fn not_received(&mut self, label: &Label, head: Head, error: ReceiveError) {
        let sentence = error.to_string();
        match error {
            ReceiveError::Gap { ours }
                if label.feed.is_some_and(|feed| self.node.is_archived(feed, label.after + 1)) =>
            {
                let held = ours.sequence;
                let sentence = format!(
                    "they are others than those that were archived here, up to record {held}"
                );
                self.refuse(label, "FEED_ARCHIVED", sentence);
            }
            ReceiveError::Gap { ours } => {
                let (first, last) = (ours.sequence + 1, label.after);
                let sentence = format!("needs records {first} to {last} first");
                let gap = BundleRefusal {
                    needed_first_sequence: first as i64,
                    needed_last_sequence: last as i64,
                    ..label.refusal("FEED_GAP", sentence)
                };
                self.refuse_as(label, gap);
            }
            ReceiveError::Own => {
                // Our own records come home: that they are here is no refusal.
                let held = label
                    .feed
                    .and_then(|feed| self.node.log().record(feed, head.sequence).ok().flatten());
                if held.is_some_and(|held| record_hash(&held.envelope.header) == head.hash) {
                    self.count(label, label.last);
                } else {
                    let sentence = "records of this node's own feed that it does not hold: its \
                                    store was set back, or its key is used twice";
                    self.refuse(label, "OWN_FEED", sentence.into());
                }
            }
            ReceiveError::Fork { .. } => self.refuse(label, "FEED_FORKED", sentence),
            ReceiveError::Scope => self.refuse(label, "RECORD_UNSOUND", sentence),
            ReceiveError::Refused(refusal) => {
                self.refuse(label, refusal.reason, refusal.sentence);
            }
        }
    }

    fn refuse(&mut self, label: &Label, reason: &'static str, sentence: String) {
        self.refuse_as(label, label.refusal(reason, sentence));
    }

    fn refuse_as(&mut self, label: &Label, refusal: BundleRefusal) {
        if let Some(at) = place(label.lane) {
            self.report.lanes[at].records_refused += label.records() as i64;
        }
        self.note(refusal);
    }

    fn damaged(&mut self, sentence: String) {
        let reason = "BUNDLE_DAMAGED".into();
        self.note(BundleRefusal { reason, sentence, ..Default::default() });
    }

    fn note(&mut self, refusal: BundleRefusal) {
        if let Some(before) = self.report.refusals.last_mut()
            && !refusal.feed.is_empty()
            && (&before.feed, &before.reason) == (&refusal.feed, &refusal.reason)
            && before.last_sequence + 1 == refusal.first_sequence
        {
            before.last_sequence = refusal.last_sequence;
        } else if self.report.refusals.len() < REFUSALS_MAX {
            self.report.refusals.push(refusal);
        } else {
            self.report.refusals_left_out += 1;
        }
    }
}

impl Label {
    fn records(&self) -> u64 {
        self.last.saturating_sub(self.after)
    }

    fn refusal(&self, reason: &str, sentence: String) -> BundleRefusal {
        let number = |sequence: u64| i64::try_from(sequence).unwrap_or(i64::MAX);
        let named = |collection: &str, id: Option<String>| {
            id.map(|id| format!("{collection}/{id}")).unwrap_or_default()
        };
        BundleRefusal {
            reason: reason.into(),
            sentence,
            lane: self.lane.into(),
            incident: named("incidents", Some(self.incident.clone()).filter(|id| !id.is_empty())),
            node: named("nodes", self.origin.map(|id| id.to_string())),
            feed: self.feed.map(|id| id.to_string()).unwrap_or_default(),
            first_sequence: number(self.after.saturating_add(1)),
            last_sequence: number(self.last),
            ..Default::default()
        }
    }
}

/// The records of a packet, their feed and scope; or why they are not sound.
pub(super) fn verify(packet: Packet) -> Result<Verified, String> {
    let (_, checked) = check(packet);
    checked.map(|sound| (sound.suffix.feed().id(), sound.suffix, sound.scope))
}

/// Verifies a packet by itself.
fn check(packet: Packet) -> (Label, Checked) {
    let lane = Lane::try_from(packet.lane).ok().filter(|lane| LANES.contains(lane));
    let key = packet.origin_key[..].try_into().ok();
    let key = key.and_then(|key| VerifyingKey::from_bytes(key).ok());
    let named = IncidentName::parse(&format!("incidents/{}", packet.incident)).is_some();
    let mode = Mode::try_from(packet.mode).unwrap_or_default();
    let scope = NewScope { incident: packet.incident, mode, audience: packet.audience };
    let id = scope_id(&scope.incident, scope.mode, &scope.audience);
    let feed = lane.zip(key.as_ref()).map(|(lane, key)| FeedName::new(key_id(key), id, lane));
    let mut label = Label {
        lane: lane.unwrap_or_default(),
        incident: if named { scope.incident.clone() } else { String::new() },
        origin: key.as_ref().map(key_id),
        feed: feed.as_ref().map(FeedName::id),
        after: packet.after,
        // What it claims is not believed before it was counted.
        last: packet.last.min(packet.after.saturating_add(u64::from(u32::MAX))),
    };
    let after_hash = packet.after_hash[..].try_into().ok();
    let (Some(key), Some(feed), Some(hash)) = (key, feed, after_hash) else {
        return (label, Err("the records are not said to be of a feed that can be".into()));
    };
    let packed = codec::Packed { bytes: packet.packed, unpacked_bytes: packet.unpacked_bytes };
    let envelopes = match codec::unpack(&packed) {
        Ok(envelopes) => envelopes,
        Err(error) => return (label, Err(error.to_string())),
    };
    label.last = packet.after.saturating_add(envelopes.len() as u64);
    let after = Head { sequence: packet.after, hash };
    match Suffix::verify(&key, feed, after, envelopes) {
        Ok(suffix) => (label, Ok(Box::new(Sound { suffix, scope }))),
        Err((sequence, damage)) => (label, Err(format!("record {sequence}: {damage}"))),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use polder_picture::record::{NewHeader, Sealed, Signer};
    use polder_wire::v1::{Envelope, RecordKind};

    use super::*;

    fn packet() -> Packet {
        let signer = Signer::new(&[9; 32]);
        let scope = scope_id("flood", Mode::Exercise, "all");
        let sealed = Sealed::new([1; 16], Bytes::from_static(b"whatever"));
        let header = NewHeader {
            origin: &signer.id(),
            scope: &scope,
            lane: Lane::Routine,
            sequence: 1,
            previous: &[0; 32],
            hlc: 1 << 16,
            clock_unsynchronised: false,
            kind: RecordKind::Put,
            entry: &[5; 16],
            seen: &[],
            payload_hash: &sealed.hash,
            payload_length: sealed.payload.bytes.len() as u32,
            author: "",
        };
        let header = header.encode();
        let signature = signer.sign(&header).to_vec().into();
        let packed =
            codec::pack(vec![Envelope { header, payload: Some(sealed.payload), signature }]);
        Packet {
            incident: "flood".into(),
            mode: Mode::Exercise.into(),
            audience: "all".into(),
            origin_key: Bytes::copy_from_slice(signer.public().as_bytes()),
            lane: Lane::Routine.into(),
            after: 0,
            after_hash: vec![0; 32].into(),
            last: 1,
            packed: packed.bytes,
            unpacked_bytes: packed.unpacked_bytes,
        }
    }

    #[test]
    fn records_are_of_the_feed_that_a_packet_names_or_refused() {
        assert!(check(packet()).1.is_ok());
        let other = Signer::new(&[8; 32]).public();
        let lies: [fn(&mut Packet); 11] = [
            |packet| packet.mode = Mode::Actual.into(),
            |packet| packet.mode = 77,
            |packet| packet.incident = "other".into(),
            |packet| packet.audience = "few".into(),
            |packet| packet.lane = Lane::Urgent.into(),
            |packet| packet.lane = 0,
            |packet| packet.after = u64::MAX,
            |packet| packet.after_hash = vec![1; 32].into(),
            |packet| packet.after_hash = vec![0; 3].into(),
            |packet| packet.origin_key = vec![2; 31].into(),
            |packet| packet.unpacked_bytes = u32::MAX,
        ];
        let all = lies.into_iter().map(|lie| {
            let mut packet = packet();
            lie(&mut packet);
            packet
        });
        let stranger = Packet { origin_key: Bytes::copy_from_slice(other.as_bytes()), ..packet() };
        let empty = Packet { packed: Bytes::new(), ..packet() };
        for (number, packet) in all.chain([stranger, empty]).enumerate() {
            assert!(check(packet).1.is_err(), "{number}");
        }
        // What is shown to people holds no name that cannot be one, and no number without end.
        let odd = Packet { incident: "\u{1b}[2J".into(), last: u64::MAX, ..packet() };
        let (label, checked) = check(odd);
        assert!(checked.is_err() && label.incident.is_empty() && label.last < 1 << 40);
    }
}
