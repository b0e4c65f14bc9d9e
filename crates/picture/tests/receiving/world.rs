//! Nodes in memory: they write, and pass on the ends of feeds.

use std::collections::BTreeMap;

use bytes::Bytes;
use ed25519_dalek::VerifyingKey;
use polder_picture::{
    admit::{Act, Draft, Group, NewScope, ReceiveError, SealedGroup, Supersedes},
    attributes::Attributes,
    clock::Clock,
    judge::{body_field, entry_name},
    kinds::examples::examples,
    picture::{Change, Picture},
    record::{Head, Id, NewHeader, Sealed, Signer, record_hash, scope_id},
    refusal::Refusal,
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::{
    Content, Entry, Envelope, Incident, IncidentData, IncidentState, Lane, Mode, RecordKind,
    Retraction, content::Content as Sort,
};
use prost::Message as _;
use uuid::Uuid;

pub const WALL_MS: i64 = 1_700_000_000_000;

pub fn scope(mode: Mode) -> NewScope {
    NewScope { incident: "flood".into(), mode, audience: "all".into() }
}

pub fn id_of(scope: &NewScope) -> Id {
    scope_id(&scope.incident, scope.mode, &scope.audience)
}

/// A feed as a node holds it.
pub struct Held {
    pub name: FeedName,
    pub key: VerifyingKey,
    pub scope: NewScope,
    pub envelopes: Vec<Envelope>,
}

impl Held {
    /// Where the feed stood after some records.
    pub fn head(&self, sequence: usize) -> Head {
        let Some(last) = sequence.checked_sub(1) else { return Head::default() };
        let hash = record_hash(&self.envelopes[last].header);
        Head { sequence: sequence as u64, hash }
    }

    /// Records after some, up to the first signed one at or after `until`.
    pub fn suffix(&self, after: usize, until: usize) -> Option<Suffix> {
        let from = after.max(until.saturating_sub(1));
        let signed = self.envelopes.iter().skip(from).position(|e| !e.signature.is_empty())?;
        let envelopes = self.envelopes[after..=from + signed].to_vec();
        Some(Suffix::verify(&self.key, self.name, self.head(after), envelopes).unwrap())
    }

    pub fn all(&self) -> Suffix {
        self.suffix(0, self.envelopes.len()).unwrap()
    }
}

pub struct Node {
    pub signer: Signer,
    pub picture: Picture,
    pub clock: Clock,
    pub feeds: BTreeMap<Id, Held>,
    /// What each record that came did, in order.
    pub log: Vec<Change>,
}

impl Node {
    pub fn new(secret: u8) -> Self {
        let signer = Signer::new(&[secret; 32]);
        let (picture, clock, feeds, log) = Default::default();
        Self { signer, picture, clock, feeds, log }
    }

    fn commit(&mut self, sealed: &SealedGroup, keys: &BTreeMap<Id, VerifyingKey>) {
        self.picture.install(sealed);
        for admitted in &sealed.admitted {
            let feed = self.picture.feed(admitted.record().feed);
            let of = self.picture.scope(feed.scope);
            let (incident, audience) = (of.incident.clone(), of.audience.clone());
            let scope = NewScope { incident, mode: of.mode, audience };
            let (origin, lane) = (feed.origin.unwrap(), feed.lane);
            let name = FeedName::new(origin, of.id, lane);
            let held = self.feeds.entry(feed.id).or_insert_with(|| Held {
                name,
                key: keys[&origin],
                scope,
                envelopes: Vec::new(),
            });
            held.envelopes.push(admitted.envelope().clone());
            self.log.push(admitted.change().clone());
            assert_eq!(held.envelopes.len() as u64, admitted.record().sequence);
        }
        for feed in self.picture.held_feeds() {
            let held = &self.feeds[&feed.id];
            assert_eq!(held.head(held.envelopes.len()), feed.head);
        }
    }

    /// Opens a scope with its data, in one commit.
    pub fn open(&mut self, new: NewScope) {
        let mut group = Group::new(&self.picture, &self.signer, &mut self.clock);
        let index = group.open_scope(new.clone()).unwrap();
        group.author(incident_draft(index, &new, 0), WALL_MS).unwrap();
        let sealed = group.seal();
        self.commit(&sealed, &self.own_key());
    }

    fn own_key(&self) -> BTreeMap<Id, VerifyingKey> {
        BTreeMap::from([(self.signer.id(), self.signer.public())])
    }

    /// Writes drafts in one commit; what is refused is left out.
    pub fn write(&mut self, drafts: Vec<Draft>, wall_ms: i64) -> Vec<Refusal> {
        let mut group = Group::new(&self.picture, &self.signer, &mut self.clock);
        let results = drafts.into_iter().map(|draft| group.author(draft, wall_ms).map(|_| ()));
        let refused = results.filter_map(Result::err).collect();
        let sealed = group.seal();
        self.commit(&sealed, &self.own_key());
        refused
    }

    /// Receives suffixes in one commit.
    pub fn receive(
        &mut self,
        suffixes: Vec<(Suffix, NewScope)>,
        wall_ms: i64,
    ) -> Vec<Result<usize, ReceiveError>> {
        let keys = suffixes.iter().map(|(suffix, _)| (suffix.feed().origin, *suffix.key()));
        let keys = keys.collect();
        let mut group = Group::new(&self.picture, &self.signer, &mut self.clock);
        let results = suffixes.into_iter().map(|(s, scope)| group.receive(s, &scope, wall_ms));
        let results = results.collect();
        let sealed = group.seal();
        self.commit(&sealed, &keys);
        results
    }

    pub fn head(&self, feed: Id) -> usize {
        self.feeds.get(&feed).map_or(0, |held| held.envelopes.len())
    }

    /// All that the picture says, without anything that is local to this node.
    pub fn dump(&self) -> String {
        let picture = &self.picture;
        let name = |feed: u32| picture.feed(feed).id;
        let mut lines = Vec::new();
        for feed in picture.held_feeds() {
            lines.push(format!("feed {} {:?}", feed.id, feed.head));
        }
        let register = |register: &polder_picture::live::Register| {
            let live = register.live.iter();
            let live = live.map(|l| (name(l.record.feed), l.record.sequence, l.hlc, l.attributes));
            let mut live: Vec<_> = live.map(|live| format!("{live:?}")).collect();
            live.sort();
            let seen = register.seen();
            let mut seen: Vec<_> = seen.iter().map(|s| (name(s.feed), s.sequence)).collect();
            seen.sort();
            let shown = register.display(name).map(|l| (name(l.record.feed), l.record.sequence));
            let flags =
                [register.is_contradictory(), register.is_retracted(), register.has_history()];
            format!("{live:?} {seen:?} {shown:?} {flags:?}")
        };
        for (index, scope) in picture.scopes().iter().enumerate() {
            let data = scope.data.iter();
            let mut data: Vec<_> = data.map(|(l, d)| (name(l.record.feed), l.hlc, d)).collect();
            data.sort_by_key(|(feed, hlc, _)| (*feed, *hlc));
            lines.push(format!(
                "scope {} {:?} {} {:?} {:?} {} {data:?}",
                scope.id,
                scope.mode,
                scope.entry_count,
                scope.state(),
                picture.current(index as u32).map(|(live, _)| name(live.record.feed)),
                register(&scope.register),
            ));
        }
        for entry in picture.entries().iter() {
            let scope = picture.scope(entry.scope).id;
            lines.push(format!("entry {scope} {} {}", entry.entry, register(entry)));
        }
        let meant = picture.incident("flood").map(|scope| picture.scope(scope).mode);
        lines.push(format!("flood means {meant:?}"));
        lines.sort();
        lines.join("\n")
    }
}

pub fn incident_data(scope: &NewScope, phase: i32) -> IncidentData {
    let incident = Incident {
        name: format!("incidents/{}", scope.incident),
        mode: scope.mode.into(),
        phase,
        ..Default::default()
    };
    IncidentData {
        incident: Some(incident),
        state: IncidentState::Open.into(),
        audience: scope.audience.clone(),
        ..Default::default()
    }
}

pub fn sealed(content: Sort) -> Sealed {
    let bytes = Content { content: Some(content) }.encode_to_vec();
    Sealed::new([5; 16], bytes.into())
}

pub fn incident_draft(index: u32, scope: &NewScope, phase: i32) -> Draft {
    let data = incident_data(scope, phase);
    Draft {
        scope: index,
        entry: Uuid::nil(),
        act: Act::Incident(Box::new(data.clone())),
        lane: Lane::Urgent,
        sealed: sealed(Sort::Incident(data)),
        author: String::new(),
        supersedes: Supersedes::AllHeld,
    }
}

/// An example of some kind as an entry of the incident.
pub fn entry(kind: usize, id: u128) -> (Uuid, Bytes) {
    let examples = examples();
    let (_, example) = &examples[kind % examples.len()];
    let id = Uuid::from_u128(id + 1);
    let entry = Entry { name: entry_name("flood", id), ..example.clone() };
    (id, entry.encode_to_vec().into())
}

pub fn put(index: u32, kind: usize, id: u128, lane: Lane, supersedes: Supersedes) -> Draft {
    let (id, bytes) = entry(kind, id);
    let decoded = Entry::decode(bytes.clone()).unwrap();
    let party = decoded.party.strip_prefix("parties/").unwrap_or_default();
    let attributes = Attributes::of_entry(&decoded, party, body_field(&bytes), lane);
    Draft {
        scope: index,
        entry: id,
        act: Act::Put(attributes),
        lane,
        sealed: sealed(Sort::Entry(bytes)),
        author: "Anna".into(),
        supersedes,
    }
}

pub fn retract(index: u32, kind: usize, id: u128, lane: Lane) -> Draft {
    let (id, withdrawn) = entry(kind, id);
    // Some say what they withdraw, others do not.
    let withdrawn = if kind.is_multiple_of(3) { Bytes::new() } else { withdrawn };
    let name = entry_name("flood", id);
    let reason = "x".into();
    let retraction = Retraction { name, reason, withdrawn, ..Default::default() };
    Draft {
        scope: index,
        entry: id,
        act: Act::Retract,
        lane,
        sealed: sealed(Sort::Retraction(retraction)),
        author: String::new(),
        supersedes: Supersedes::AllHeld,
    }
}

/// A feed that is written by hand, so that it can say anything.
pub struct Stranger {
    pub signer: Signer,
    pub held: Held,
}

/// What a record written by hand says.
pub struct Said<'a> {
    pub kind: RecordKind,
    pub entry: Uuid,
    pub seen: &'a [(Id, u64)],
    pub hlc: u64,
    pub content: Bytes,
}

impl Default for Said<'_> {
    fn default() -> Self {
        let (entry, bytes) = entry(0, 0);
        let content = Content { content: Some(Sort::Entry(bytes)) }.encode_to_vec().into();
        Self { kind: RecordKind::Put, entry, seen: &[], hlc: (WALL_MS as u64) << 16, content }
    }
}

impl Stranger {
    pub fn new(secret: u8, scope: NewScope, lane: Lane) -> Self {
        let signer = Signer::new(&[secret; 32]);
        let name = FeedName::new(signer.id(), id_of(&scope), lane);
        let held = Held { name, key: signer.public(), scope, envelopes: Vec::new() };
        Self { signer, held }
    }

    pub fn say(&mut self, said: Said<'_>) -> &mut Self {
        let head = self.held.head(self.held.envelopes.len());
        let sealed = Sealed::new([6; 16], said.content);
        let header = NewHeader {
            origin: &self.held.name.origin,
            scope: &self.held.name.scope,
            lane: self.held.name.lane,
            sequence: head.sequence + 1,
            previous: &head.hash,
            hlc: said.hlc,
            clock_unsynchronised: false,
            kind: said.kind,
            entry: said.entry.as_bytes(),
            seen: said.seen,
            payload_hash: &sealed.hash,
            payload_length: sealed.payload.bytes.len() as u32,
            author: "",
        };
        let header = header.encode();
        let signature = Bytes::copy_from_slice(&self.signer.sign(&header));
        self.held.envelopes.push(Envelope { header, payload: Some(sealed.payload), signature });
        self
    }

    pub fn all(&self) -> (Suffix, NewScope) {
        (self.held.all(), self.held.scope.clone())
    }
}
