//! The picture as this node knew it at one moment, put together anew from what had arrived by then.

use std::ops::ControlFlow;

use bytes::Bytes;
use polder_picture::{
    attributes::{Attributes, NEVER, millis},
    check::Checker,
    filter::Filter,
    live::Register,
    picture::Picture,
    sight::Sight,
};
use polder_wire::v1::{AsOfSummary, EntryView, GetPictureAsOfRequest, Incident};

use super::{PAGE_BYTES, resume_token};
use crate::{
    incident,
    node::Node,
    present::{self, Mark, Place},
    store::{engine::EngineError, log::Cursor, replay::replay_into},
    subscribe::{ReadEntry, SubscribeError},
    tail,
};

/// The picture as it was known at one moment, perhaps narrowed to what held at another.
pub struct AsOf {
    picture: Picture,
    filter: Filter,
    view: EntryView,
    valid_ms: Option<i64>,
    now_ms: i64,
    next: usize,
    lsn: u64,
    scope: u32,
    entries: i64,
    contradictions: i64,
}

impl AsOf {
    /// Rebuilds the incident's picture from what had arrived by then.
    pub fn open(
        node: &Node,
        request: &GetPictureAsOfRequest,
        sight: Sight,
    ) -> Result<Self, SubscribeError> {
        let mut check = Checker::new("");
        check.enumeration::<EntryView>("view", request.view, false);
        check.time("known_at", request.known_at.as_ref());
        check.time("valid_at", request.valid_at.as_ref());
        let filter = request.filter.clone().unwrap_or_default();
        if filter.incidents.len() != 1 {
            check.within("filter", |check| {
                check.wrong("incidents", "REQUIRED", "must name exactly one incident");
            });
        }
        check.finish()?;
        let (filter, wanted, root) = {
            let picture = node.picture.read();
            let incident = filter.incidents[0].clone();
            let root = incident::find(&picture, &incident, "filter.incidents[0]");
            let filter = Filter::compile(&filter, "filter", &picture, sight)?;
            // The incident's own data tells what is shown, also of a narrower audience.
            let mut wanted: Vec<_> = filter.scopes().iter().map(|s| picture.scope(*s).id).collect();
            let root = root?;
            wanted.push(picture.scope(root).id);
            (filter, wanted, root)
        };
        let now_ms = node.tell_ms();
        let known_ms = request.known_at.as_ref().map_or(i64::MAX, millis);
        let mut picture = Picture::default();
        // Who counts is decided by the charter as it is now, also of what was known then.
        picture.set_standing(node.picture.read().standing().cloned());
        picture.expect_archived(&node.picture.read().archived());
        let mut lsn = 0;
        let mut bad = None;
        let log = node.log();
        let branches = log.branches()?;
        log.arrivals(1, &mut |first, arrival| {
            if arrival.received_ms > known_ms {
                return ControlFlow::Break(());
            }
            let ours = |picture: &Picture, scope: u32| wanted.contains(&picture.scope(scope).id);
            if let Err(problem) = replay_into(&mut picture, &branches, &arrival, ours) {
                bad = Some(EngineError::Damaged(problem));
                return ControlFlow::Break(());
            }
            lsn = first + arrival.records.len() as u64 - 1;
            ControlFlow::Continue(())
        })?;
        if let Some(bad) = bad {
            return Err(bad.into());
        }
        Ok(Self {
            filter,
            view: request.view(),
            valid_ms: request.valid_at.as_ref().map(millis),
            now_ms: request.known_at.as_ref().map_or(now_ms, millis).min(now_ms),
            next: 0,
            lsn,
            scope: root,
            entries: 0,
            contradictions: 0,
            picture,
        })
    }

    fn holds(&self, attributes: &Attributes) -> bool {
        self.valid_ms.is_none_or(|at| {
            attributes.valid_from_ms <= at
                && (attributes.expire_ms == NEVER || attributes.expire_ms > at)
        })
    }

    /// The next entries; `None` when there are no more.
    pub fn next(&mut self, node: &Node) -> Result<Option<Vec<Bytes>>, SubscribeError> {
        let log = node.log();
        let mut cursor = Cursor::new(&log);
        let mut entries = Vec::new();
        let mut bytes = 0;
        while bytes < PAGE_BYTES / 4
            && let Some(register) = self.picture.entries().get(self.next)
        {
            self.next += 1;
            let live = register.live.iter();
            let holds = live.clone().any(|live| self.holds(&live.attributes));
            if !holds || !self.filter.matches(register, self.now_ms) {
                continue;
            }
            let read = self.read(node, &mut cursor, register)?;
            if !read.matches_text(&self.filter) {
                continue;
            }
            self.entries += 1;
            self.contradictions += i64::from(register.is_contradictory());
            bytes += read.change.versions.iter().map(Bytes::len).sum::<usize>();
            entries.extend(read.change.versions);
        }
        Ok((!entries.is_empty()).then_some(entries))
    }

    fn read(
        &self,
        node: &Node,
        cursor: &mut Cursor<'_>,
        register: &Register,
    ) -> Result<ReadEntry, EngineError> {
        let scope = self.picture.scope(register.scope);
        let place = Place::of(scope);
        // What was erased since is not told either.
        let now = node.picture.read().scope_index(scope.id).unwrap_or(u32::MAX);
        let versions = present::rivals(&self.picture, register);
        let mut change = polder_wire::v1::EntryChange::default();
        for live in register.live.iter().filter(|live| self.holds(&live.attributes)) {
            let feed = self.picture.feed(live.record.feed).id;
            let stored = cursor.record(feed, live.record.sequence)?;
            let stored = stored.ok_or_else(|| tail::missing(&versions))?;
            let at = (feed, live.record.sequence);
            let of = (now, register.entry);
            let mark = Mark::of(&node.picture.read(), of, at, &live.attributes);
            let encoded = present::encode(&stored, mark, &place, &versions, self.view);
            change.versions.push(encoded.ok_or_else(|| tail::missing(&versions))?);
        }
        Ok(ReadEntry { change, versions })
    }

    /// What the answer rests on.
    pub fn summary(&mut self, node: &Node) -> Result<AsOfSummary, SubscribeError> {
        Ok(AsOfSummary {
            entry_count: self.entries,
            contradiction_count: self.contradictions,
            token: resume_token(node, self.lsn),
            incident: self.incident(node)?,
        })
    }

    fn incident(&mut self, node: &Node) -> Result<Option<Incident>, EngineError> {
        let id = {
            let picture = node.picture.read();
            let scope = picture.scope(self.scope);
            if scope.archived.is_some() {
                // What it was then is only in the file.
                return Ok(incident::view(&picture, self.scope, self.filter.sight()));
            }
            scope.id
        };
        let Some(index) = self.picture.scope_index(id) else { return Ok(None) };
        let live: Vec<_> = self.picture.scope(index).register.live.iter().cloned().collect();
        let log = node.log();
        for live in live {
            let data = log.incident_data(&self.picture, &live)?;
            self.picture.set_incident_data(index, live.record, data);
        }
        Ok(incident::view(&self.picture, index, self.filter.sight()))
    }
}
