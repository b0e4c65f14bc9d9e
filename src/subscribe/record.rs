//! One record, for those who follow the log.

use polder_picture::record::Id;
use polder_wire::v1::EntryChange;

use super::Reader;
use crate::{
    present::{self, Mark, Place},
    store::{engine::EngineError, log::Cursor},
    tail,
};

impl Reader {
    pub(super) fn log_record(
        &self,
        cursor: &mut Cursor<'_>,
        arrival: &crate::store::rows::Arrival,
        record: &crate::store::rows::ArrivalRecord,
    ) -> Result<Option<EntryChange>, EngineError> {
        if record.is_dropped() {
            return Ok(None);
        }
        let damaged = || EngineError::Damaged("an arrival row does not hold".into());
        let feed = arrival.feeds.get(record.feed as usize).ok_or_else(damaged)?;
        let scope = Id::from_slice(&feed.scope).ok_or_else(damaged)?;
        let entry = uuid::Uuid::from_slice(&record.entry).map_err(|_| damaged())?;
        let attributes = polder_picture::attributes::Attributes::decode(&record.attributes);
        let attributes = attributes.ok_or_else(damaged)?;
        let (place, mode, scope_index, live) = {
            let picture = self.node.picture.read();
            let index = picture.scope_index(scope).ok_or_else(damaged)?;
            let register = picture.entry(index, entry);
            let live = register.map(|register| present::rivals(&picture, register));
            let scope = picture.scope(index);
            (Place::of(scope), scope.mode, index, live.unwrap_or_default())
        };
        let now_ms = self.node.wall.now_ms();
        if entry.is_nil()
            || attributes.is_apart()
            || !self.filter.covers_scope(scope_index, mode)
            || !self.filter.matches_record(&attributes, now_ms)
        {
            return Ok(None);
        }
        let feed = feed.id().ok_or_else(damaged)?;
        let Some(stored) = cursor.record(feed, record.sequence)? else {
            let gone = self.node.is_archived(feed, record.sequence);
            let missing = || tail::missing(&[present::version(feed, record.sequence)]);
            return if gone { Ok(None) } else { Err(missing()) };
        };
        let name = present::entry_name(&place.incident, entry);
        let of = (scope_index, entry);
        let at = (feed, record.sequence);
        let mark = Mark::of(&self.node.picture.read(), of, at, &attributes);
        let version = present::encode(&stored, mark, &place, &live, self.view);
        let version = version.filter(|bytes| self.filter.matches_text(bytes));
        Ok(version.map(|version| EntryChange { name, versions: vec![version], left: false }))
    }
}
