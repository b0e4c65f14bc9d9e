//! What the arrival rows say, told to a picture again.

use polder_picture::{
    attributes::Attributes,
    live::{Live, RecordRef},
    picture::{Change, Picture},
    record::{Head, Id},
};
use polder_wire::v1::{Lane, Mode};
use uuid::Uuid;

use super::{
    branches::{BranchRow, Branches},
    log::Opened,
    requests::Stored,
    rows::{Arrival, ArrivalRecord, ArrivalRequest},
};

/// Adds what one commit brought to a picture.
pub fn replay_into(
    picture: &mut Picture,
    branches: &Branches,
    arrival: &Arrival,
    wanted: impl Fn(&Picture, u32) -> bool,
) -> Result<(), String> {
    for scope in &arrival.scopes {
        let mode = Mode::try_from(scope.mode).map_err(|_| "an arrival row's mode".to_owned())?;
        picture.add_scope(&scope.incident, mode, &scope.audience);
    }
    let mut feeds = Vec::with_capacity(arrival.feeds.len());
    for feed in &arrival.feeds {
        let scope = Id::from_slice(&feed.scope).and_then(|id| picture.scope_index(id));
        if !feed.id.is_empty() {
            let (Some(scope), Some(id)) = (scope, feed.id()) else {
                return Err("a feed in an arrival row".to_owned());
            };
            feeds.push(picture.name_feed(id, scope));
            continue;
        }
        let origin = Id::from_slice(&feed.origin);
        let lane = Lane::try_from(feed.lane).ok();
        let (Some(scope), Some(origin), Some(lane)) = (scope, origin, lane) else {
            return Err("a feed in an arrival row".to_owned());
        };
        if feed.branch.is_empty() {
            feeds.push(picture.add_feed(origin, scope, lane));
        } else {
            // Which feed it goes on from may have changed since, when that one forked before.
            let row = feed.id().and_then(|id| branches.get(id));
            let parent = row.and_then(BranchRow::parent).and_then(|id| picture.feed_index(id));
            let (Some(parent), Ok(first)) = (parent, feed.branch[..].try_into()) else {
                return Err("a branch in an arrival row".to_owned());
            };
            feeds.push(picture.add_branch(parent, first));
        }
        branches.split(picture, feeds[feeds.len() - 1]);
    }
    for record in &arrival.records {
        if record.is_dropped() {
            picture.pass();
            continue;
        }
        let change = change(record, &feeds, picture).ok_or("a record in an arrival row")?;
        if wanted(picture, change.scope) {
            let record = change.live.record;
            picture.apply(&change);
            // What a checkpoint left out came after what follows on it.
            let ends = picture.feed(record.feed).head.sequence;
            if record.sequence > ends && !picture.is_archived(record) {
                picture.set_head(record.feed, Head { sequence: record.sequence, hash: [0; 32] });
            }
        }
    }
    Ok(())
}

fn change(record: &ArrivalRecord, feeds: &[u32], picture: &Picture) -> Option<Change> {
    let feed = *feeds.get(record.feed as usize)?;
    let attributes = Attributes::decode(&record.attributes)?;
    let reference = picture.place(RecordRef { feed, sequence: record.sequence });
    let mut seen = Vec::with_capacity(record.seen.len());
    for pair in &record.seen {
        seen.push(RecordRef { feed: *feeds.get(pair.feed as usize)?, sequence: pair.sequence });
    }
    Some(Change {
        scope: picture.feed(feed).scope,
        entry: Uuid::from_slice(&record.entry).ok()?,
        live: Live { record: reference, hlc: record.hlc, attributes },
        seen,
    })
}

pub(super) fn replay(
    opened: &mut Opened,
    branches: &Branches,
    lsn: u64,
    arrival: &Arrival,
) -> Result<(), String> {
    if lsn != opened.picture.lsn() + 1 {
        let expected = opened.picture.lsn() + 1;
        return Err(format!("the log: it goes on at position {lsn} instead of {expected}, and"));
    }
    replay_into(&mut opened.picture, branches, arrival, |_, _| true)?;
    opened.hlc = opened.hlc.max(arrival.hlc);
    opened.received_ms = opened.received_ms.max(arrival.received_ms);
    for request in &arrival.requests {
        let id = request.id[..].try_into().map_err(|_| "a request in an arrival row")?;
        let digest = request.digest[..].try_into().map_err(|_| "a request in an arrival row")?;
        opened
            .requests
            .insert(id, Stored { digest, lsn, position: arrival_position(arrival, request) });
    }
    Ok(())
}

fn arrival_position(arrival: &Arrival, request: &ArrivalRequest) -> u32 {
    let at = arrival.requests.iter().position(|other| std::ptr::eq(other, request));
    at.unwrap_or_default() as u32
}
