//! What nodes write during a run.

use std::sync::OnceLock;

use bytes::Bytes;
use polder_picture::{
    checkpoint::{Keeping, List},
    judge::entry_name,
    kinds::examples::examples,
    link::{LANES, id_of},
    record::{Head, Id, NewHeader, Sealed, decode, record_hash},
    suffix::FeedName,
};
use polder_wire::v1::{
    Content, Entry, Envelope, Incident, IncidentData, IncidentState, Lane, RecordKind, Retraction,
    content::Content as Sort,
};
use prost::Message as _;
use uuid::Uuid;

use crate::{after::Written, hostile::Trick, plan::scope, sim::Sim};

/// What a record says.
pub struct Said {
    pub kind: RecordKind,
    pub entry: Uuid,
    pub seen: Vec<(Id, u64)>,
    pub content: Bytes,
}

/// Entries are few, so that nodes contradict one another.
const ENTRIES: u64 = 4;

fn sound(number: usize, entry: Uuid, which: usize, kind: RecordKind) -> Bytes {
    static EXAMPLES: OnceLock<Vec<(&'static str, Entry)>> = OnceLock::new();
    let examples = EXAMPLES.get_or_init(examples);
    let scope = scope(number);
    let name = entry_name(&scope.incident, entry);
    let content = if entry.is_nil() {
        let incident = Incident {
            name: format!("incidents/{}", scope.incident),
            mode: scope.mode.into(),
            phase: which as i32 % 4,
            ..Default::default()
        };
        let (incident, state) = (Some(incident), IncidentState::Open.into());
        let audience = scope.audience;
        Sort::Incident(IncidentData { incident, state, audience, ..Default::default() })
    } else if kind == RecordKind::Retract {
        Sort::Retraction(Retraction { name, reason: "over".into(), ..Default::default() })
    } else {
        let (_, example) = &examples[which % examples.len()];
        Sort::Entry(Entry { name, ..example.clone() }.encode_to_vec().into())
    };
    Content { content: Some(content) }.encode_to_vec().into()
}

impl Sim<'_> {
    /// A node commits a few records of its own, signed together.
    pub(crate) fn author(&mut self) {
        self.authored += 1;
        let at = self.random.below(self.nodes.len() as u64) as usize;
        let scopes: Vec<_> = self.rights[at].iter().copied().collect();
        if scopes.is_empty() {
            return;
        }
        let number = scopes[self.random.below(scopes.len() as u64) as usize];
        let lane = LANES[self.random.below(3) as usize];
        let count = 1 + self.random.below(4);
        let mut said: Vec<_> = (0..count).map(|_| self.something(at, number)).collect();
        if self.plan.checkpoints && self.random.chance(40) {
            said.extend(self.checkpoint(at, number, lane));
        }
        self.write_all(at, number, lane, said);
        self.pump_all();
    }

    /// What must stay of a feed of its own, up to some record; now and then not all of it.
    fn checkpoint(&mut self, at: usize, number: usize, lane: Lane) -> Option<Said> {
        let feed = FeedName::new(self.nodes[at].signer.id(), id_of(&scope(number)), lane).id();
        let records = self.nodes[at].disk.feeds.get(&feed)?.1.len() as u64;
        let (until, unfair) = (1 + self.random.below(records), self.random.chance(10));
        Some(self.what_stays(at, feed, until as usize, unfair))
    }

    /// A checkpoint of a feed up to a record.
    fn what_stays(&self, at: usize, feed: Id, until: usize, unfair: bool) -> Said {
        let (_, records) = &self.nodes[at].disk.feeds[&feed];
        let mut keeping = Keeping::default();
        for (envelope, _) in &records[..until] {
            keeping.add(&decode(envelope).expect("its own record"));
        }
        let mut kept = keeping.kept(feed);
        if unfair {
            kept.pop_first();
        }
        let base = Head { sequence: until as u64, hash: records[until - 1].1 };
        let content = Sort::Checkpoint(List::new(base, kept).message());
        let content = Content { content: Some(content) }.encode_to_vec().into();
        Said { kind: RecordKind::Checkpoint, entry: Uuid::nil(), seen: Vec::new(), content }
    }

    /// Versions of one entry, a commit each, and a checkpoint of all of them; the feed.
    pub(crate) fn history(&mut self, at: usize, lane: Lane, versions: u64) -> Id {
        let feed = FeedName::new(self.nodes[at].signer.id(), id_of(&scope(0)), lane).id();
        for version in 0..versions {
            let content = (0..300).map(|_| self.random.next() as u8).collect();
            let (entry, seen) = (Uuid::from_u128(7), vec![(feed, version)]);
            let said = Said { kind: RecordKind::Put, entry, seen, content };
            self.write_all(at, 0, lane, vec![said]);
        }
        let said = self.what_stays(at, feed, versions as usize, false);
        self.write_all(at, 0, lane, vec![said]);
        feed
    }

    /// An entry, a retraction, the incident itself, or something that nobody can read; having
    /// seen some of what the node holds.
    fn something(&mut self, at: usize, number: usize) -> Said {
        let random = &mut self.random;
        let kind = if random.chance(15) { RecordKind::Retract } else { RecordKind::Put };
        let entry = Uuid::from_u128(u128::from(random.below(ENTRIES + 1)));
        let id = id_of(&scope(number));
        let feeds = &self.nodes[at].disk.feeds;
        let of_scope = feeds.iter().filter(|(_, (name, _))| name.scope == id);
        let mut seen = Vec::new();
        for (feed, (_, records)) in of_scope {
            if random.chance(50) {
                seen.push((*feed, 1 + random.below(records.len() as u64)));
            }
        }
        let content = if random.chance(20) {
            let longest = if random.chance(10) { 8_000 } else { 500 };
            let length = 1 + random.below(longest);
            (0..length).map(|_| random.next() as u8).collect()
        } else {
            sound(number, entry, random.below(1_000) as usize, kind)
        };
        Said { kind, entry, seen, content }
    }

    /// A node commits records of these lengths; the last one, by feed and number.
    pub(crate) fn write(
        &mut self,
        at: usize,
        number: usize,
        lane: Lane,
        lengths: &[usize],
    ) -> (Id, u64) {
        let said = lengths.iter().map(|length| Said {
            kind: RecordKind::Put,
            entry: Uuid::from_bytes(self.random.id()),
            seen: Vec::new(),
            content: (0..*length).map(|_| self.random.next() as u8).collect(),
        });
        let said = said.collect();
        self.write_all(at, number, lane, said)
    }

    fn write_all(&mut self, at: usize, number: usize, lane: Lane, said: Vec<Said>) -> (Id, u64) {
        let scope = scope(number);
        let mut hlc = (self.wall_ms(at).max(0) as u64) << 16;
        if self.has(at, Trick::FutureClock) {
            hlc = u64::MAX - 100;
        }
        let hostile = self.is_hostile(at);
        let node = &mut self.nodes[at];
        let feed = FeedName::new(node.signer.id(), id_of(&scope), lane);
        let before = node.disk.end(feed.id());
        let mut head = before;
        let mut records = Vec::new();
        let count = said.len();
        let written = self.written.entry(feed.id()).or_insert_with(|| Written {
            name: feed,
            scope: number,
            hashes: Vec::new(),
            due: 0,
        });
        for (at, said) in said.into_iter().enumerate() {
            let sealed = Sealed::new(self.random.id(), said.content);
            let header = NewHeader {
                origin: &feed.origin,
                scope: &feed.scope,
                lane,
                sequence: head.sequence + 1,
                previous: &head.hash,
                hlc: hlc + at as u64,
                clock_unsynchronised: false,
                kind: said.kind,
                entry: said.entry.as_bytes(),
                seen: &said.seen,
                payload_hash: &sealed.hash,
                payload_length: sealed.payload.bytes.len() as u32,
                author: "",
            };
            let header = header.encode();
            head = Head { sequence: head.sequence + 1, hash: record_hash(&header) };
            let signature = if at + 1 == count {
                Bytes::copy_from_slice(&node.signer.sign(&header))
            } else {
                Bytes::new()
            };
            written.hashes.push((head.hash, sealed.hash));
            let payload = Some(sealed.payload);
            records.push((Envelope { header, payload, signature }, head.hash));
        }
        // What a hostile node writes it may also withhold.
        written.due = if hostile { 0 } else { head.sequence };
        node.disk.scopes.insert(feed.scope, scope.clone());
        node.disk.keys.insert(feed.origin, *node.signer.public().as_bytes());
        node.disk.feeds.entry(feed.id()).or_insert((feed, Vec::new())).1.extend(records);
        self.committed(at, feed, &scope, before.sequence, head);
        (feed.id(), head.sequence)
    }
}
