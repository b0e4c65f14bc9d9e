//! The picture: what the records held say now. A pure function of the set of records; the order
//! in which they came changes nothing but the log positions.

use std::{
    collections::{BTreeSet, HashMap},
    hash::BuildHasher as _,
    sync::Arc,
};

use hashbrown::{DefaultHashBuilder, HashSet, HashTable};
use polder_wire::v1::{IncidentData, IncidentState, Lane, Mode};
use uuid::Uuid;

use crate::{
    account,
    admit::NewScope,
    changes::ChangeIndex,
    charter,
    forks::{Branch, Closed, effective},
    live::{Live, RecordRef, Register, recency},
    pages::Pages,
    record::{Head, Id, feed_id, scope_id},
    standing::RecordStanding,
    suffix::FeedName,
};

mod archive;
mod branches;
mod covered;
mod erasures;

pub use archive::{Archived, KeptLive};

/// An incident's audience: the unit of access, completeness and replication.
#[derive(Debug, Clone)]
pub struct Scope {
    /// See [`scope_id`].
    pub id: Id,
    /// Incident, without `incidents/`.
    pub incident: String,
    /// Fixed at creation.
    pub mode: Mode,
    /// Audience.
    pub audience: String,
    /// Register of the incident's own data.
    pub register: Register,
    /// Contents of the live records of `register`, in the same order; without those whose content
    /// is not usable here.
    pub data: Vec<(Live, IncidentData)>,
    /// Entries that are not retracted.
    pub entry_count: u64,
    /// What was dropped of it here, if anything.
    pub archived: Option<Box<Archived>>,
    /// Indices of feeds that may be of this scope.
    feeds: Vec<u32>,
}

impl Scope {
    /// What its id is the hash of.
    pub fn name(&self) -> NewScope {
        let (incident, audience) = (self.incident.clone(), self.audience.clone());
        NewScope { incident, mode: self.mode, audience }
    }

    /// The incident's data that was recorded last, if any is known.
    pub fn current(&self, feed_id: impl Fn(u32) -> Id) -> Option<&(Live, IncidentData)> {
        self.data.iter().max_by_key(|(live, _)| recency(live, &feed_id))
    }

    /// Open or closed. Closed wins over a rival that was written without knowing.
    pub fn state(&self) -> Option<IncidentState> {
        self.data.iter().map(|(_, data)| data.state()).max()
    }
}

/// The log of one origin in one scope and lane.
#[derive(Debug, Clone)]
pub struct Feed {
    /// See [`feed_id`].
    pub id: Id,
    /// Key id of the author's node. `None` while no record of the feed is held: so far it is only
    /// named by the `seen` of others, by its id, which does not tell what it is a hash of.
    pub origin: Option<Id>,
    /// Index of its scope; before `origin` is known, that of the record that named it.
    pub scope: u32,
    /// Its lane, once `origin` is known.
    pub lane: Lane,
    /// Where it ends.
    pub head: Head,
    /// Set when it is one of the branches of a feed that forked.
    pub branch: Option<Box<Branch>>,
    /// Set when it forked: it ends here, and its branches go on.
    pub closed: Option<Closed>,
    /// Records up to here were archived and are no longer held.
    pub base: Head,
    /// Records up to here came as what a checkpoint keeps of them: no others are held yet. It goes
    /// down as these come.
    pub covered: Head,
    /// The last record that leaves no mark on the picture; in an incident's feed that is its last
    /// checkpoint, as far as known programs go. 0: there is none.
    pub apart: u64,
    /// The checkpoint speaks up to `covered`: nothing was filled yet.
    pub is_covered: bool,
}

impl Feed {
    /// A feed that is known by its id only.
    pub(crate) fn named(id: Id, scope: u32) -> Self {
        let (origin, lane) = (None, Lane::Unspecified);
        let (head, base, covered) = Default::default();
        let (branch, closed, apart, is_covered) = (None, None, 0, false);
        Self { id, origin, scope, lane, head, branch, closed, base, covered, apart, is_covered }
    }

    /// What it is the log of, once that is known; never of the account. `scope`: id of its scope.
    pub fn name(&self, scope: Id) -> Option<FeedName> {
        if scope == account::id() {
            return None;
        }
        let branch = self.branch.as_ref().map(|branch| branch.first);
        Some(FeedName { origin: self.origin?, scope, lane: self.lane, branch })
    }
}

/// Contents of the records that are live after `record` was added to their register.
pub(crate) fn keep_live(
    register: &Register,
    mut held: Vec<(Live, IncidentData)>,
    record: RecordRef,
    mut data: Option<IncidentData>,
) -> Vec<(Live, IncidentData)> {
    let keep = |live: &Live| {
        if live.record == record {
            return Some((live.clone(), data.take()?));
        }
        let at = held.iter().position(|(other, _)| other.record == live.record)?;
        Some(held.swap_remove(at))
    };
    register.live.iter().filter_map(keep).collect()
}

/// What one admitted record does to the picture.
#[derive(Debug, Clone)]
pub struct Change {
    /// Index of the scope.
    pub scope: u32,
    /// Entry, or nil for the incident's own data.
    pub entry: Uuid,
    /// The record and its attributes.
    pub live: Live,
    /// What its author had seen.
    pub seen: Vec<RecordRef>,
}

/// Everything that a node knows of the picture, except the contents of records.
#[derive(Debug, Default)]
pub struct Picture {
    scopes: Vec<Scope>,
    scope_by_id: HashMap<Id, u32>,
    /// Scopes of each incident, the one that the name means first.
    scopes_by_incident: HashMap<String, Vec<u32>>,
    feeds: Vec<Feed>,
    feed_by_id: HashMap<Id, u32>,
    /// Of feeds that were archived, known before the feeds are.
    bases: HashMap<Id, Head>,
    /// Feeds that came by a checkpoint and are not whole yet.
    covered: BTreeSet<u32>,
    entries: Pages<Register>,
    by_id: HashTable<u32>,
    hasher: DefaultHashBuilder,
    changes: ChangeIndex,
    lsn: u64,
    /// Feeds that forked.
    forks: u32,
    /// Feeds that are known by their id only.
    named: u32,
    /// Which records count; `None` where no charter decides.
    pub(crate) standing: Option<Arc<RecordStanding>>,
    /// Which nodes said something for which party, or replaced something of it, by its hash.
    pub(crate) said: HashSet<(Id, u64)>,
    /// Which nodes replaced or withdrew what may be another's, and in which scope.
    pub(crate) led: HashSet<(Id, u32)>,
    /// Records that are held and do not count.
    pub(crate) set_aside: u64,
    /// What was erased of entries.
    erasures: HashMap<(u32, Uuid), Vec<erasures::Erasure>>,
    /// Some record holds personal data.
    personal: bool,
}

/// The entries as they were at one position of the log.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Registers of all entries.
    pub entries: Pages<Register>,
    /// The position.
    pub lsn: u64,
}

impl Picture {
    /// Position of the last record.
    pub fn lsn(&self) -> u64 {
        self.lsn
    }

    /// Scopes of incidents; those of a charter and of the account are none.
    pub fn incident_count(&self) -> usize {
        let kept = [charter::INCIDENT, account::INCIDENT];
        let of_incident = |scope: &&Scope| !kept.contains(&&scope.incident[..]);
        self.scopes.iter().filter(of_incident).count()
    }

    /// Incidents and their audiences, in the order in which they became known here.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Feeds of which records are held, without those of the account.
    pub fn held_feeds(&self) -> impl Iterator<Item = &Feed> {
        self.all_held_feeds().filter(|feed| !self.is_account(feed.scope))
    }

    /// Feeds of a scope of which records are held; none of the account.
    pub fn feeds_of(&self, scope: u32) -> impl Iterator<Item = &Feed> {
        let told = !self.is_account(scope);
        self.feed_indices_of(scope).map(|(_, feed)| feed).filter(move |_| told)
    }

    /// Those with their indices.
    pub(crate) fn feed_indices_of(&self, scope: u32) -> impl Iterator<Item = (u32, &Feed)> {
        let feeds = self.scope(scope).feeds.iter().map(|index| (*index, self.feed(*index)));
        feeds.filter(move |(_, feed)| feed.origin.is_some() && feed.scope == scope)
    }

    /// All feeds, in the order in which they became known here; of some nothing is held yet.
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// A scope by its index.
    pub fn scope(&self, index: u32) -> &Scope {
        &self.scopes[index as usize]
    }

    /// A feed by its index.
    pub fn feed(&self, index: u32) -> &Feed {
        &self.feeds[index as usize]
    }

    /// Index of an incident's scope: that for everybody who takes part, where it is known.
    pub fn incident(&self, incident: &str) -> Option<u32> {
        self.scopes_by_incident.get(incident)?.first().copied()
    }

    /// Scopes of an incident, one for each audience: that for everybody first, then in an order
    /// that is the same everywhere. None of another mode that took the same name.
    pub fn audiences(&self, incident: &str) -> impl Iterator<Item = u32> + '_ {
        let scopes = self.scopes_by_incident.get(incident).map(Vec::as_slice).unwrap_or_default();
        let mode = scopes.first().map(|first| self.scope(*first).mode);
        scopes.iter().copied().filter(move |index| Some(self.scope(*index).mode) == mode)
    }

    /// The scope for everybody of the incident that a scope is of: it has the incident's own data.
    pub fn root(&self, scope: u32) -> u32 {
        let Scope { incident, mode, .. } = self.scope(scope);
        let id = scope_id(incident, *mode, charter::EVERYBODY);
        self.scope_index(id).unwrap_or(scope)
    }

    /// Index of a scope.
    pub fn scope_index(&self, id: Id) -> Option<u32> {
        self.scope_by_id.get(&id).copied()
    }

    /// Index of a feed.
    pub fn feed_index(&self, id: Id) -> Option<u32> {
        self.feed_by_id.get(&id).copied()
    }

    /// Registers of all entries.
    pub fn entries(&self) -> &Pages<Register> {
        &self.entries
    }

    /// Which entries changed when.
    pub fn changes(&self) -> &ChangeIndex {
        &self.changes
    }

    /// An entry's register.
    pub fn entry(&self, scope: u32, entry: Uuid) -> Option<&Register> {
        self.slot(scope, entry).and_then(|slot| self.entries.get(slot as usize))
    }

    /// The version of an entry to show first.
    pub fn display<'r>(&self, register: &'r Register) -> Option<&'r Live> {
        register.display(|feed| self.feed(feed).id)
    }

    /// An incident's data that was recorded last.
    pub fn current(&self, scope: u32) -> Option<&(Live, IncidentData)> {
        self.scope(scope).current(|feed| self.feed(feed).id)
    }

    /// Pins the entries as they are now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { entries: self.entries.clone(), lsn: self.lsn }
    }

    /// Makes a scope known; the same scope twice is one.
    pub fn add_scope(&mut self, incident: &str, mode: Mode, audience: &str) -> u32 {
        let id = scope_id(incident, mode, audience);
        if let Some(index) = self.scope_by_id.get(&id) {
            return *index;
        }
        let index = self.scopes.len() as u32;
        self.scopes.push(Scope {
            id,
            incident: incident.to_owned(),
            mode,
            audience: audience.to_owned(),
            register: Register::new(index, mode, Uuid::nil()),
            data: Vec::new(),
            entry_count: 0,
            archived: None,
            feeds: Vec::new(),
        });
        self.scope_by_id.insert(id, index);
        // A name may be taken twice on nodes that did not know of each other. What it means must
        // not depend on which came first: the real thing before an exercise, before a test.
        let rank = |index: &u32| {
            let scope = &self.scopes[*index as usize];
            (scope.mode as i32, scope.audience != charter::EVERYBODY, scope.id)
        };
        let all = self.scopes_by_incident.entry(incident.to_owned()).or_default();
        let at = all.partition_point(|known| rank(known) < rank(&index));
        all.insert(at, index);
        index
    }

    /// Makes a feed known; the same feed twice is one.
    pub fn add_feed(&mut self, origin: Id, scope: u32, lane: Lane) -> u32 {
        let id = feed_id(origin, self.scope(scope).id, lane);
        let index = self.name_feed(id, scope);
        let feed = &mut self.feeds[index as usize];
        if feed.origin.is_none() {
            if feed.scope != scope {
                // A record of another scope claimed to have seen it.
                self.scopes[scope as usize].feeds.push(index);
            }
            (feed.origin, feed.scope, feed.lane) = (Some(origin), scope, lane);
            self.named -= 1;
        }
        index
    }

    /// The same scopes and feeds, with the same indices, and no record.
    pub fn emptied(&self) -> Self {
        let mut scopes = self.scopes.clone();
        for (index, scope) in scopes.iter_mut().enumerate() {
            scope.register = Register::new(index as u32, scope.mode, Uuid::nil());
            (scope.data, scope.entry_count) = (Vec::new(), 0);
        }
        Self {
            scopes,
            scope_by_id: self.scope_by_id.clone(),
            scopes_by_incident: self.scopes_by_incident.clone(),
            feeds: self.feeds.clone(),
            feed_by_id: self.feed_by_id.clone(),
            bases: self.bases.clone(),
            covered: self.covered.clone(),
            forks: self.forks,
            named: self.named,
            standing: self.standing.clone(),
            ..Self::default()
        }
    }

    /// Makes a feed known by its id only, because a record of `scope` has seen it.
    pub fn name_feed(&mut self, id: Id, scope: u32) -> u32 {
        *self.feed_by_id.entry(id).or_insert_with(|| {
            let base = self.bases.get(&id).copied().unwrap_or_default();
            self.feeds.push(Feed { head: base, base, ..Feed::named(id, scope) });
            self.named += 1;
            let index = (self.feeds.len() - 1) as u32;
            self.scopes[scope as usize].feeds.push(index);
            index
        })
    }

    /// Moves a feed's head.
    pub fn set_head(&mut self, feed: u32, head: Head) {
        self.feeds[feed as usize].head = head;
    }

    /// Adds a record. Adding it again changes nothing but its entry's log position.
    pub fn apply(&mut self, change: &Change) {
        self.lsn += 1;
        self.note_apart(change);
        if change.live.attributes.is_apart() || self.is_archived(change.live.record) {
            return;
        }
        let RecordRef { feed, sequence } = change.live.record;
        // What came after its successors may change nothing, and then is no news.
        let late = sequence <= self.feed(feed).head.sequence;
        self.note_said(feed, &change.live.attributes);
        let aside = self.set_aside(self.feed(feed), sequence, &change.live.attributes).is_some();
        self.set_aside += u64::from(aside);
        self.personal |= change.live.attributes.is_personal();
        let seen = effective(|feed| self.feeds.get(feed as usize), self.forks, change);
        if change.entry.is_nil() {
            let register = &mut self.scopes[change.scope as usize].register;
            if !aside {
                let before = late.then(|| register.clone());
                // It is nobody's.
                register.add(change.live.clone(), &seen, |_, _| true);
                if before.is_none_or(|before| !before.says_the_same(register)) {
                    register.lsn = self.lsn;
                }
            }
            return;
        }
        let slot = self.slot(change.scope, change.entry);
        let (mut register, counted) = match slot.and_then(|slot| self.entries.get(slot as usize)) {
            Some(register) => (register.clone(), !register.is_retracted()),
            None => {
                let mode = self.scope(change.scope).mode;
                (Register::new(change.scope, mode, change.entry), false)
            }
        };
        if !aside {
            let apart = register.apart_count();
            self.add_to(&mut register, change.live.clone(), &seen);
            self.set_aside = self.set_aside + register.apart_count() - apart;
            self.note_erasure(change, &seen);
        }
        let before = slot.filter(|_| late).and_then(|slot| self.entries.get(slot as usize));
        if before.is_some_and(|before| before.says_the_same(&register)) {
            return;
        }
        register.lsn = self.lsn;
        let counts = !register.is_retracted();
        let scope = &mut self.scopes[change.scope as usize];
        scope.entry_count = scope.entry_count + u64::from(counts) - u64::from(counted);
        let slot = match slot {
            Some(slot) => {
                self.entries.set(slot as usize, register);
                slot
            }
            None => self.insert(register),
        };
        self.changes.push(self.lsn, slot);
        if self.changes.len() > 2 * self.entries.len() + 1024 {
            let entries = &self.entries;
            self.changes.compact(|lsn, slot| {
                entries.get(slot as usize).is_some_and(|register| register.lsn == lsn)
            });
        }
    }

    /// Keeps the content of an incident-data record for as long as it is live. `None`: it has
    /// none that is usable.
    pub fn set_incident_data(&mut self, scope: u32, record: RecordRef, data: Option<IncidentData>) {
        let scope = &mut self.scopes[scope as usize];
        let held = std::mem::take(&mut scope.data);
        scope.data = keep_live(&scope.register, held, record, data);
    }

    fn insert(&mut self, register: Register) -> u32 {
        let hash = self.hasher.hash_one((register.scope, register.entry));
        let slot = self.entries.push(register) as u32;
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.by_id.insert_unique(hash, slot, |slot| {
            let register = entries.get(*slot as usize).expect("slots are never removed");
            hasher.hash_one((register.scope, register.entry))
        });
        slot
    }

    fn slot(&self, scope: u32, entry: Uuid) -> Option<u32> {
        let hash = self.hasher.hash_one((scope, entry));
        let is_it = |slot: &u32| {
            let register = self.entries.get(*slot as usize);
            register.is_some_and(|register| register.entry == entry && register.scope == scope)
        };
        self.by_id.find(hash, is_it).copied()
    }
}
