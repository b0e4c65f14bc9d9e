//! What a task may do while a commit is put together.

use std::collections::BTreeMap;

use polder_picture::{
    admit::{Draft, Group, NewScope, ReceiveError},
    fill::Fill,
    jump::Jump,
    picture::Picture,
    record::{Head, Id, Signer},
    refusal::{Class, Refusal},
    suffix::{FeedName, Suffix},
};
use polder_wire::v1::Lane;

use crate::node::Node;

/// What a task may do.
pub struct Desk<'a, 'g> {
    pub(super) group: &'a mut Group<'g>,
    pub(super) node: &'a Node,
    pub(super) wall_ms: i64,
}

impl<'a> Desk<'a, '_> {
    /// The node.
    pub(crate) fn node(&self) -> &'a Node {
        self.node
    }

    /// Admits a record, if the disk has room for its lane.
    pub fn author(&mut self, draft: Draft) -> Result<(), Refusal> {
        if !self.node.disk.accepts(draft.lane) {
            return Err(disk_full(draft.lane));
        }
        self.group.author(draft, self.wall_ms).map(|_| ())
    }

    /// Opens a new incident's scope.
    pub fn open_scope(&mut self, scope: NewScope) -> Result<u32, Refusal> {
        if !self.node.disk.accepts(Lane::Routine) {
            return Err(disk_full(Lane::Routine));
        }
        self.group.open_scope(scope)
    }

    /// The scope of an audience of the incident that a scope is of, known or new.
    pub fn audience_scope(&mut self, scope: u32, audience: &str) -> u32 {
        self.group.audience_scope(scope, audience)
    }

    /// The scope of a charter's statements, known or new.
    pub fn charter_scope(&mut self, charter: Id) -> u32 {
        self.group.charter_scope(charter)
    }

    /// The scope of the node's account, known or new.
    pub fn account_scope(&mut self) -> u32 {
        self.group.account_scope()
    }

    /// Takes the records of another node that are not held yet, if the disk has room for their
    /// lane, and says how many.
    pub fn receive(&mut self, suffix: Suffix, scope: &NewScope) -> Result<usize, ReceiveError> {
        let (feed, head) = (*suffix.feed(), suffix.head());
        self.node.may_take(scope)?;
        let ours = self.group.head_of(feed.id()).sequence;
        if head.sequence < ours {
            // The door knows our last record only; for older ones the log is asked.
            let held = self.node.log().hash_at(feed.id(), head.sequence);
            if held.ok().flatten().is_some_and(|held| held != head.hash) {
                let parted = Box::new((suffix, scope.clone()));
                return Err(ReceiveError::Fork { sequence: head.sequence, parted });
            }
        }
        if let Some(sequence) = self.differs_from_kept(&suffix) {
            let parted = Box::new((suffix, scope.clone()));
            return Err(ReceiveError::Fork { sequence, parted });
        }
        if head.sequence > ours && !self.node.disk.accepts(feed.lane) {
            return Err(disk_full(feed.lane).into());
        }
        self.group.receive(suffix, scope, self.wall_ms)
    }

    /// Number of the first record that is not the one which a checkpoint keeps here.
    fn differs_from_kept(&self, suffix: &Suffix) -> Option<u64> {
        let feed = suffix.feed().root().id();
        let picture = self.group.picture();
        let covered = picture.feed(picture.feed_index(feed)?).covered.sequence;
        let log = self.node.log();
        let records = suffix.envelopes().map(|(_, record)| record);
        let below = records.take_while(|record| record.header.sequence <= covered);
        let mut differs = below.filter(|record| {
            let held = log.hash_at(feed, record.header.sequence);
            held.ok().flatten().is_some_and(|held| held != record.hash)
        });
        differs.next().map(|record| record.header.sequence)
    }

    /// Takes a feed of another node by a checkpoint, if the disk has room for its lane, and says
    /// how many records. Of a feed of which records are held the jump's last records are taken
    /// like any.
    pub fn leap(&mut self, jump: Jump, scope: &NewScope) -> Result<usize, ReceiveError> {
        let feed = *jump.feed();
        self.node.may_take(scope)?;
        if self.group.head_of(feed.id()).sequence > 0 {
            let log = self.node.log();
            let differs = jump.known().into_iter().find(|(number, hash)| {
                let held = log.hash_at(feed.id(), *number);
                held.ok().flatten().is_some_and(|held| held != *hash)
            });
            let tail = jump.into_tail();
            return match differs {
                Some((sequence, _)) => {
                    let parted = Box::new((tail, scope.clone()));
                    Err(ReceiveError::Fork { sequence, parted })
                }
                None => self.receive(tail, scope),
            };
        }
        if !self.node.disk.accepts(feed.lane) {
            return Err(disk_full(feed.lane).into());
        }
        self.group.leap(jump, scope, self.wall_ms)
    }

    /// Takes records that a checkpoint left out, if the disk has room for what is least urgent.
    /// Where all later records of the feed are held from, then.
    pub fn fill(
        &mut self,
        fill: Fill,
        held: &BTreeMap<u64, [u8; 32]>,
        scope: &NewScope,
    ) -> Result<Head, ReceiveError> {
        let feed = fill.feed().id();
        self.node.may_take(scope)?;
        if !self.node.disk.accepts(Lane::Bulk) {
            return Err(disk_full(Lane::Bulk).into());
        }
        let filled = self.group.fill(fill, held, scope, self.wall_ms);
        if let Err(ReceiveError::Refused(refusal)) = &filled {
            self.node.metrics.refusal(refusal.reason);
        }
        filled.map(|_| self.group.edge_of(feed))
    }

    /// The picture below, without what this commit adds. Tasks use this one: taking the lock again
    /// inside the writer could wait for itself.
    pub fn picture(&self) -> &Picture {
        self.group.picture()
    }

    /// The incident's data as the writer sees it, changes of this very commit included, and the
    /// feed and sequence number that it stands at.
    pub fn incident_data(&self, scope: u32) -> Option<(Id, u64, polder_wire::v1::IncidentData)> {
        self.group.incident_data(scope)
    }

    /// Feeds of a scope and where they end, this very commit included.
    pub fn heads_of(&self, scope: u32) -> Vec<(FeedName, Head)> {
        self.group.heads_of(scope)
    }

    /// The node's key.
    pub(crate) fn signer(&self) -> &Signer {
        self.group.signer()
    }

    /// The node's clock.
    pub fn wall_ms(&self) -> i64 {
        self.wall_ms
    }
}

fn disk_full(lane: Lane) -> Refusal {
    let lane = format!("{lane:?}").to_lowercase();
    let sentence =
        format!("the disk of this node is nearly full: {lane} records are refused to keep room");
    Refusal::new(Class::ResourceExhausted, "DISK_RESERVE", sentence)
}
