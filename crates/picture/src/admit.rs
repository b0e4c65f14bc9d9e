//! The door. Whatever enters the picture is admitted here first, and [`Admitted`] cannot be made
//! anywhere else.
//!
//! A [`Group`] is what one commit will bring: records are admitted one after the other, each
//! against the picture and those before it in the group, then sealed with one signature a feed.
//! Nothing of it shows in the picture before the store has made it durable and
//! [`Picture::install`] is called.

use std::collections::BTreeMap;

use bytes::Bytes;
use hashbrown::HashMap;
use polder_wire::v1::{Envelope, IncidentData, Lane, Mode, RecordKind};
use uuid::Uuid;

use crate::{
    attributes::Attributes,
    charter::EVERYBODY,
    checkpoint::List,
    clock::{Clock, Hlc},
    live::{Live, RecordRef, Register, recency},
    picture::{Change, Feed, Picture, Scope, keep_live},
    record::{Head, Id, NewHeader, Sealed, Signer, record_hash, scope_id},
    refusal::{Class, Refusal},
    suffix::FeedName,
};

mod bounds;
mod feeds;
mod fill;
mod leap;
mod own;
mod receive;

pub use bounds::{NAMED_FEEDS_MAX, RIVALS_OF_FEED_MAX};
pub use fill::Filled;
pub use receive::ReceiveError;

/// `seen` names at most so many feeds.
pub const SEEN_MAX: usize = 64;

/// A node's own authors leave at most so many versions of an entry undecided: all of them, at the
/// largest size of an entry, fit in one message.
pub const RIVALS_MAX: usize = 12;

/// What an author wants to put on record; contents are checked already.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Index of the scope.
    pub scope: u32,
    /// Entry, or nil for the incident's own data.
    pub entry: Uuid,
    /// What sort of record, and for incident data its content.
    pub act: Act,
    /// Priority.
    pub lane: Lane,
    /// Content under its salt.
    pub sealed: Sealed,
    /// Person or system, by reference.
    pub author: String,
    /// Which versions it replaces.
    pub supersedes: Supersedes,
}

/// What a draft does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Puts a version of an entry.
    Put(Attributes),
    /// Withdraws an entry.
    Retract,
    /// Withdraws an entry for good: what its party said of it is not to be kept.
    Erase,
    /// Puts the incident's own data.
    Incident(Box<IncidentData>),
    /// Puts a statement of a charter: it counts for its feed, and changes no entry.
    Control,
    /// Says what stays of the feed: it changes no entry.
    Checkpoint(List),
}

/// Which versions a draft replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supersedes {
    /// All that this node holds.
    AllHeld,
    /// Exactly these; others stay and contradict.
    Exactly(Vec<RecordRef>),
    /// Exactly these, and they must be all current ones.
    AllCurrent(Vec<RecordRef>),
}

/// A record that went through the door.
#[derive(Debug, Clone)]
pub struct Admitted {
    envelope: Envelope,
    change: Change,
    kind: RecordKind,
    data: Option<Box<IncidentData>>,
}

impl Admitted {
    /// As it is stored and relayed.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// What it does to the picture.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// What sort of record it is.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// The record, by feed and sequence number.
    pub fn record(&self) -> RecordRef {
        self.change.live.record
    }
}

/// What a scope is the hash of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScope {
    /// Incident, without `incidents/`.
    pub incident: String,
    /// Fixed for ever.
    pub mode: Mode,
    /// Audience.
    pub audience: String,
}

/// Records that will be committed together.
#[derive(Debug)]
pub struct Group<'a> {
    picture: &'a Picture,
    signer: &'a Signer,
    clock: &'a mut Clock,
    scopes: Vec<NewScope>,
    feeds: Vec<Feed>,
    new_feeds: HashMap<Id, u32>,
    learned: BTreeMap<u32, Feed>,
    origins: BTreeMap<Id, [u8; 32]>,
    heads: BTreeMap<u32, Head>,
    registers: HashMap<(u32, Uuid), Register>,
    data: HashMap<u32, Vec<(Live, IncidentData)>>,
    jumps: BTreeMap<u32, Head>,
    fills: BTreeMap<u32, Filled>,
    admitted: Vec<Admitted>,
}

/// A group with its signatures, ready for the store.
#[derive(Debug, Default)]
pub struct SealedGroup {
    /// Records in the order in which they were admitted.
    pub admitted: Vec<Admitted>,
    /// Scopes that the picture did not have before.
    pub scopes: Vec<NewScope>,
    /// Feeds that the picture did not have before.
    pub feeds: Vec<Feed>,
    /// Feeds that the picture knew by id only, and whose records are here now.
    pub learned: BTreeMap<u32, Feed>,
    /// Public keys of the other nodes whose records are here.
    pub origins: BTreeMap<Id, [u8; 32]>,
    /// New heads by feed.
    pub heads: BTreeMap<u32, Head>,
    /// Of feeds that came as a jump: the last record that their checkpoint covers.
    pub jumps: BTreeMap<u32, Head>,
    /// Of feeds that came so before: how far they were filled.
    pub fills: BTreeMap<u32, Filled>,
    /// Reading of the clock after the last record.
    pub hlc: u64,
}

impl<'a> Group<'a> {
    /// An empty group on top of what the picture holds.
    pub fn new(picture: &'a Picture, signer: &'a Signer, clock: &'a mut Clock) -> Self {
        Self {
            picture,
            signer,
            clock,
            scopes: Vec::new(),
            feeds: Vec::new(),
            new_feeds: HashMap::new(),
            learned: BTreeMap::new(),
            origins: BTreeMap::new(),
            heads: BTreeMap::new(),
            registers: HashMap::new(),
            data: HashMap::new(),
            jumps: BTreeMap::new(),
            fills: BTreeMap::new(),
            admitted: Vec::new(),
        }
    }

    /// The key with which its own records are signed.
    pub fn signer(&self) -> &'a Signer {
        self.signer
    }

    /// Number of records admitted so far.
    pub fn len(&self) -> usize {
        self.admitted.len()
    }

    /// True when nothing was admitted yet.
    pub fn is_empty(&self) -> bool {
        self.admitted.is_empty()
    }

    /// True when there is nothing to make durable: no record, and no feed whose records were all
    /// held already.
    pub fn is_idle(&self) -> bool {
        self.admitted.is_empty() && self.fills.is_empty()
    }

    /// The records admitted from a position on.
    pub fn admitted(&self, from: usize) -> &[Admitted] {
        &self.admitted[from..]
    }

    /// The picture below, without what this group adds.
    pub fn picture(&self) -> &'a Picture {
        self.picture
    }

    /// The incident's data as of the last record in this group, or else in the picture, with the
    /// feed and sequence number of that record.
    pub fn incident_data(&self, scope: u32) -> Option<(Id, u64, IncidentData)> {
        let id = |feed: u32| self.feed_entry(feed).map(|feed| feed.id).unwrap_or_default();
        let newest = self.data_of(scope).iter().max_by_key(|(live, _)| recency(live, id));
        let (live, data) = newest?;
        Some((id(live.record.feed), live.record.sequence, data.clone()))
    }

    /// Contents of the incident's own live records, this group included.
    fn data_of(&self, scope: u32) -> &[(Live, IncidentData)] {
        let stored = || self.picture.scopes().get(scope as usize).map(|scope| &scope.data[..]);
        self.data.get(&scope).map(Vec::as_slice).or_else(stored).unwrap_or_default()
    }

    /// An entry's register, this group included; nil for that of the incident's own data.
    fn register(&self, scope: u32, entry: Uuid) -> Register {
        let stored = || match self.picture.scopes().get(scope as usize) {
            Some(scope) if entry.is_nil() => Some(&scope.register),
            Some(_) => self.picture.entry(scope, entry),
            None => None,
        };
        match self.registers.get(&(scope, entry)).or_else(stored) {
            Some(register) => register.clone(),
            None => Register::new(scope, self.scope(scope).1, entry),
        }
    }

    /// Opens the scope of a new incident. Its first record must be its data.
    pub fn open_scope(&mut self, scope: NewScope) -> Result<u32, Refusal> {
        let taken = self.picture.incident(&scope.incident).is_some()
            || self.scopes.iter().any(|other| other.incident == scope.incident);
        if taken {
            let sentence = format!("incidents/{} exists already", scope.incident);
            return Err(Refusal::new(Class::AlreadyExists, "INCIDENT_EXISTS", sentence));
        }
        self.scopes.push(scope);
        Ok((self.picture.scopes().len() + self.scopes.len() - 1) as u32)
    }

    /// The scope of a charter's statements, known or new.
    pub fn charter_scope(&mut self, charter: Id) -> u32 {
        self.known_scope(&crate::charter::scope(charter))
    }

    /// The scope of an audience of the incident that a scope is of, known or new.
    pub fn audience_scope(&mut self, scope: u32, audience: &str) -> u32 {
        let Scope { incident, mode, .. } = self.picture.scope(scope);
        let (incident, audience) = (incident.clone(), audience.to_owned());
        self.known_scope(&NewScope { incident, mode: *mode, audience })
    }

    /// The scope that has the incident's own data; whether it is open stands there.
    fn root(&self, scope: u32) -> u32 {
        if (scope as usize) < self.picture.scopes().len() {
            return self.picture.root(scope);
        }
        let new = &self.scopes[scope as usize - self.picture.scopes().len()];
        let root = scope_id(&new.incident, new.mode, EVERYBODY);
        self.picture.scope_index(root).unwrap_or(scope)
    }

    /// Admits a draft of this node.
    pub fn author(&mut self, draft: Draft, wall_ms: i64) -> Result<&Admitted, Refusal> {
        let key = (draft.scope, draft.entry);
        self.check_open(&draft)?;
        let (scope_id, _) = self.scope(draft.scope);
        let mut register = self.register(draft.scope, draft.entry);
        if matches!(draft.act, Act::Retract) {
            own::check_retractable(&register)?;
        }
        let seen = match &draft.act {
            Act::Checkpoint(list) => self.check_checkpoint(&draft, list).map(|()| Vec::new())?,
            _ => self.seen(&draft.supersedes, &register)?,
        };

        let clock_unsynchronised = self.clock.doubts(wall_ms);
        let hlc = self.clock.tick(wall_ms);
        let origin = self.signer.id();
        let name = FeedName::new(origin, scope_id, draft.lane);
        let attributes = own::attributes(&draft);
        self.check_counts(draft.scope, &name, &attributes)?;
        self.check_owner(&draft, &register, &seen)?;
        let feed = self.feed(draft.scope, name, None);
        let head = self.head(feed);
        let record = RecordRef { feed, sequence: head.sequence + 1 };
        let kind = match &draft.act {
            Act::Retract | Act::Erase => RecordKind::Retract,
            Act::Put(_) | Act::Incident(_) => RecordKind::Put,
            Act::Control => RecordKind::Control,
            Act::Checkpoint(_) => RecordKind::Checkpoint,
        };
        let wire_seen: Vec<_> = seen.iter().map(|seen| self.wire_seen(*seen)).collect();
        let header = NewHeader {
            origin: &origin,
            scope: &scope_id,
            lane: draft.lane,
            sequence: record.sequence,
            previous: &head.hash,
            hlc,
            clock_unsynchronised,
            kind,
            entry: draft.entry.as_bytes(),
            seen: &wire_seen,
            payload_hash: &draft.sealed.hash,
            payload_length: draft.sealed.payload.bytes.len() as u32,
            author: &draft.author,
        };
        let header = header.encode();
        let hash = record_hash(&header);
        self.heads.insert(feed, Head { sequence: record.sequence, hash });

        let live = Live { record, hlc, attributes: attributes.recorded_at(Hlc::millis(hlc)) };
        if !live.attributes.is_apart() {
            let may = |by, replaced: &Live| self.may_replace(draft.scope, by, replaced);
            register.add(live.clone(), &seen, may);
        }
        let data = match draft.act {
            Act::Incident(data) => {
                let held = self.data_of(draft.scope).to_vec();
                let content = Some((*data).clone());
                self.data.insert(draft.scope, keep_live(&register, held, record, content));
                Some(data)
            }
            _ => None,
        };
        if !live.attributes.is_apart() {
            self.registers.insert(key, register);
        }
        let payload = Some(draft.sealed.payload);
        self.admitted.push(Admitted {
            envelope: Envelope { header, payload, signature: Bytes::new() },
            change: Change { scope: draft.scope, entry: draft.entry, live, seen },
            kind,
            data,
        });
        Ok(self.admitted.last().expect("one was just pushed"))
    }

    /// Signs the last record of each feed of this node; those of others are signed already.
    pub fn seal(mut self) -> SealedGroup {
        let own = |feed: &u32| {
            self.feed_entry(*feed).is_some_and(|feed| feed.origin == Some(self.signer.id()))
        };
        let heads: Vec<_> = self.heads.iter().filter(|(feed, _)| own(feed)).collect();
        for (feed, head) in heads {
            let record = RecordRef { feed: *feed, sequence: head.sequence };
            let last = self.admitted.iter_mut().rfind(|admitted| admitted.record() == record);
            let envelope = &mut last.expect("a head is a record of this group").envelope;
            let signature = self.signer.sign(&envelope.header);
            envelope.signature = Bytes::copy_from_slice(&signature);
        }
        SealedGroup {
            admitted: self.admitted,
            scopes: self.scopes,
            feeds: self.feeds,
            learned: self.learned,
            origins: self.origins,
            heads: self.heads,
            jumps: self.jumps,
            fills: self.fills,
            hlc: self.clock.last(),
        }
    }

    /// The incident that a scope is of, by id.
    fn incident(&self, scope: u32) -> &str {
        let known = self.picture.scopes();
        match (scope as usize).checked_sub(known.len()) {
            Some(new) => &self.scopes[new].incident,
            None => &known[scope as usize].incident,
        }
    }

    fn scope(&self, index: u32) -> (Id, Mode) {
        match self.picture.scopes().get(index as usize) {
            Some(scope) => (scope.id, scope.mode),
            None => {
                let new = &self.scopes[index as usize - self.picture.scopes().len()];
                (scope_id(&new.incident, new.mode, &new.audience), new.mode)
            }
        }
    }
}

impl SealedGroup {
    /// A feed that the group's records are in or have seen. `picture`: the one below the group.
    pub fn feed<'f>(&'f self, picture: &'f Picture, index: u32) -> &'f Feed {
        feeds::feed_in(picture, &self.learned, &self.feeds, index).expect("a group knows its feeds")
    }
}

impl Picture {
    /// Shows a durable group. Must be the group that was built on this very picture.
    pub fn install(&mut self, group: &SealedGroup) {
        for scope in &group.scopes {
            self.add_scope(&scope.incident, scope.mode, &scope.audience);
        }
        for feed in group.feeds.iter().chain(group.learned.values()) {
            match (feed.origin, &feed.branch) {
                (Some(_), Some(branch)) => self.add_branch(branch.parent, branch.first),
                (Some(origin), None) => self.add_feed(origin, feed.scope, feed.lane),
                (None, _) => self.name_feed(feed.id, feed.scope),
            };
        }
        for admitted in &group.admitted {
            let change = &admitted.change;
            self.apply(change);
            if change.entry.is_nil() && !change.live.attributes.is_apart() {
                let data = admitted.data.as_deref().cloned();
                self.set_incident_data(change.scope, admitted.record(), data);
            }
        }
        for (feed, head) in &group.heads {
            self.set_head(*feed, *head);
        }
        for (feed, covered) in &group.jumps {
            self.set_covered(*feed, *covered, true);
        }
        for (feed, filled) in &group.fills {
            self.set_covered(*feed, filled.edge, false);
        }
    }
}
