//! What one caller sees of an incident's board: as it is, or as it was known at a moment.

use std::{collections::HashSet, ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use polder_picture::{
    attributes::millis,
    charter::EVERYBODY,
    check::Checker,
    names::{AudienceName, VersionId},
    picture::Picture,
    record::Id,
    refusal::Refusal,
    team::board::{Board, EntryRef},
};
use polder_wire::v1::{EntryView, Incident, Mode};
use prost_types::Timestamp;
use uuid::Uuid;

use super::{
    planned,
    read::{Plan, past_versions, shown},
    root_of,
};
use crate::{
    incident,
    node::Node,
    people::{Caller, rights::Right},
    store::{engine::EngineError, log::Cursor, replay::replay_into},
    subscribe::SubscribeError,
};

/// Versions of an entry as they are shown, the one recorded last at the end.
pub(super) type Shown = Vec<(VersionId, Bytes)>;

/// An incident as one caller sees it.
pub(crate) struct View {
    node: Arc<Node>,
    root: Id,
    seen: HashSet<Id>,
    past: Option<(Picture, Board)>,
    /// The moment that it is looked at from.
    pub(crate) now_ms: i64,
    /// Name of the incident, without `incidents/`.
    pub(crate) incident: String,
    /// Its mode.
    pub(crate) mode: Mode,
    /// Only what was known here at this moment is told.
    known_ms: Option<i64>,
}

impl View {
    /// Opens an incident for a caller. What they may see nothing of does not exist for them.
    pub(crate) fn open(
        node: &Arc<Node>,
        caller: &Caller,
        name: &str,
        known_at: Option<&Timestamp>,
    ) -> Result<Self, SubscribeError> {
        let mut check = Checker::new("");
        check.time("known_at", known_at);
        check.finish()?;
        let (root, seen, incident, mode) = {
            let picture = node.picture.read();
            let scope = incident::find(&picture, name, "incident")?;
            caller.require_in(Right::Read, &picture, scope)?;
            let sight = caller.sight(&picture);
            let id = picture.scope(scope).incident.clone();
            let seen = picture.audiences(&id).filter(|scope| sight.covers(*scope));
            let seen: HashSet<_> = seen.map(|scope| picture.scope(scope).id).collect();
            (root_of(picture.scope(scope)), seen, id, picture.scope(scope).mode)
        };
        let told_ms = node.tell_ms();
        let known_ms = known_at.map(millis);
        let past = known_ms.map(|known_ms| past(node, &seen, known_ms)).transpose()?;
        let now_ms = known_ms.unwrap_or(told_ms).min(told_ms);
        let node = Arc::clone(node);
        Ok(Self { node, root, seen, past, now_ms, incident, mode, known_ms })
    }

    /// Whether the caller sees a scope.
    pub(crate) fn sees(&self, scope: Id) -> bool {
        self.seen.contains(&scope)
    }

    /// The node that is asked.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// The moment at which what is told was known here; `None`: now.
    pub(super) fn known_ms(&self) -> Option<i64> {
        self.known_ms
    }

    /// A current version of an entry, as it is shown.
    pub(super) fn version(
        &self,
        at: EntryRef,
        version: VersionId,
    ) -> Result<Option<Bytes>, EngineError> {
        let read = self.entries(&[at], EntryView::Full)?;
        let mut versions = read.into_iter().flat_map(|(_, versions)| versions);
        Ok(versions.find(|(id, _)| *id == version).map(|(_, bytes)| bytes))
    }

    /// Whether it is looked at as it is now.
    pub(crate) fn is_present(&self) -> bool {
        self.past.is_none()
    }

    /// Scopes that an audience, by name, and the caller may both see: what is said to everybody, and
    /// to them.
    pub(super) fn readable(&self, audience: &str) -> Result<HashSet<Id>, SubscribeError> {
        let id = match audience {
            "" => EVERYBODY,
            name => AudienceName::parse(name)
                .ok_or_else(|| {
                    Refusal::field("audience", "MALFORMED_NAME", "must be audiences/{audience}")
                })?
                .id(),
        };
        let picture = self.node.picture.read();
        let of = |scope: &u32| [EVERYBODY, id].contains(&picture.scope(*scope).audience.as_str());
        let scopes = picture.audiences(&self.incident).filter(of);
        let scopes = scopes.map(|scope| picture.scope(scope).id);
        let scopes: HashSet<_> = scopes.filter(|scope| self.sees(*scope)).collect();
        if id != EVERYBODY && scopes.len() < 2 {
            let sentence =
                format!("{audience} is no audience to which you belong in this incident");
            return Err(Refusal::field("audience", "AUDIENCE_NOT_FOUND", sentence).into());
        }
        Ok(scopes)
    }

    /// Whether a version of an entry is held in one of some scopes.
    pub(super) fn holds(&self, entry: Uuid, version: VersionId, scopes: &HashSet<Id>) -> bool {
        let picture = self.node.picture.read();
        let Some(feed) = picture.feed_index(Id(version.feed)) else { return false };
        let feed = picture.feed(feed);
        let scope = picture.scope(feed.scope);
        let known = picture.entry(feed.scope, entry).is_some();
        known && scopes.contains(&scope.id) && (1..=feed.head.sequence).contains(&version.sequence)
    }

    /// Scaling of the regions, each in words.
    pub(super) fn scalings(&self) -> Result<Vec<String>, EngineError> {
        let words = self.data()?.scalings.into_iter().map(|one| {
            let region = one.region.trim_start_matches("parties/");
            let level = one.grip().as_str_name().trim_start_matches("GRIP_LEVEL_");
            format!("{region} GRIP {level}")
        });
        Ok(words.take(64).collect())
    }

    /// The scope for everybody of the incident.
    pub(super) fn root(&self) -> Id {
        self.root
    }

    /// The incident's own data, as it was at the moment that is looked at.
    pub(super) fn data(&self) -> Result<Incident, EngineError> {
        let incident = match &self.past {
            Some((picture, _)) => self.data_of(picture)?,
            None => {
                let picture = self.node.picture.read();
                let root = picture.scope_index(self.root);
                let current = root.and_then(|root| picture.current(root));
                current.and_then(|(_, data)| data.incident.clone())
            }
        };
        Ok(incident.unwrap_or_default())
    }

    fn data_of(&self, picture: &Picture) -> Result<Option<Incident>, EngineError> {
        let Some(root) = picture.scope_index(self.root) else { return Ok(None) };
        let log = self.node.log();
        let live = &picture.scope(root).register.live;
        let newest = live
            .iter()
            .max_by_key(|live| (live.hlc, picture.feed(live.record.feed).id, live.record.sequence));
        let Some(newest) = newest else { return Ok(None) };
        Ok(log.incident_data(picture, newest)?.and_then(|data| data.incident))
    }

    /// Whether some versions are not here, because their feed came by a checkpoint.
    pub(super) fn lacks_versions(&self) -> bool {
        let picture = self.node.picture.read();
        let scopes = picture.audiences(&self.incident);
        let mut scopes = scopes.filter(|scope| self.sees(picture.scope(*scope).id));
        scopes.any(|scope| picture.feeds_of(scope).any(|feed| feed.covered.sequence > 0))
    }

    /// Parties that take part: by the charter, and regions that were scaled up.
    pub(super) fn expected_parties(&self) -> Result<Vec<String>, EngineError> {
        let charter = self.node.charter.read();
        let mut parties = Vec::new();
        if let Some(charter) = charter.as_ref() {
            let takes_part = |party: &&str| charter.may_see(party, &self.incident, EVERYBODY);
            let named = charter.parties().map(|(party, _)| party).filter(takes_part);
            parties.extend(named.map(str::to_owned));
        }
        drop(charter);
        let regions = self.data()?.scalings;
        parties.extend(regions.iter().map(|one| one.region.trim_start_matches("parties/").into()));
        Ok(parties)
    }

    /// Asks the board.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Board) -> T) -> Result<T, EngineError> {
        match &self.past {
            Some((_, board)) => Ok(question(board)),
            None => self.node.boards.ask(&self.node, self.root, question),
        }
    }

    /// Current versions of entries, as they are shown: those of each entry together, the one
    /// recorded last at the end. An entry that is gone meanwhile has none.
    pub(crate) fn entries(
        &self,
        entries: &[EntryRef],
        view: EntryView,
    ) -> Result<Vec<(EntryRef, Shown)>, EngineError> {
        let log = self.node.log();
        let mut cursor = Cursor::new(&log);
        let mut found = Vec::with_capacity(entries.len());
        for at in entries.iter().filter(|at| self.sees(at.scope)) {
            let plan = match &self.past {
                Some((picture, _)) => plan(picture, *at, &self.node.picture.read()),
                None => {
                    let now = self.node.picture.read();
                    plan(&now, *at, &now)
                }
            };
            let Some(plan) = plan else { continue };
            found.push((*at, shown(&mut cursor, &plan, view)?));
        }
        Ok(found)
    }
}

fn plan(picture: &Picture, at: EntryRef, now: &Picture) -> Option<Plan> {
    let register = picture.entry(picture.scope_index(at.scope)?, at.entry)?;
    Some(Plan::of(picture, register, now))
}

/// The picture of some scopes, and its board, from what had arrived by a moment.
fn past(node: &Node, seen: &HashSet<Id>, known_ms: i64) -> Result<(Picture, Board), EngineError> {
    let mut picture = Picture::default();
    // Who counts is decided by the charter as it is now, also of what was known then.
    picture.set_standing(node.picture.read().standing().cloned());
    picture.expect_archived(&node.picture.read().archived());
    let log = node.log();
    let branches = log.branches()?;
    let mut bad = None;
    log.arrivals(1, &mut |_, arrival| {
        if arrival.received_ms > known_ms {
            return ControlFlow::Break(());
        }
        let ours = |picture: &Picture, scope: u32| seen.contains(&picture.scope(scope).id);
        if let Err(problem) = replay_into(&mut picture, &branches, &arrival, ours) {
            bad = Some(EngineError::Damaged(problem));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if let Some(bad) = bad {
        return Err(bad);
    }
    let mut cursor = Cursor::new(&log);
    let mut board = Board::default();
    for register in picture.entries().iter() {
        let (_, at, plan) = planned(&picture, register, &node.picture.read());
        board.update(at, past_versions(&mut cursor, &plan)?);
    }
    Ok((picture, board))
}
