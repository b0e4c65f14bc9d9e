//! Answers the measures of an incident, for whoever evaluates it.

use std::{collections::HashMap, ops::ControlFlow};

use polder_picture::{
    attributes::{Attributes, millis, timestamp},
    names::VersionId,
    record::Id,
    team::{
        matters::section,
        review::{Handled, Spread as FoundSpread, Word, Words, handled},
    },
};
use polder_wire::v1::{
    Entry, GetReviewResponse, Header, PartyShare, RelationType, Section, Spread,
    content::Content as Said,
};
use prost::Message as _;
use uuid::Uuid;

use super::View;
use crate::{
    present::{self, Mark},
    store::{engine::EngineError, log::Cursor},
};

const PARTIES_MAX: usize = 1_000;
/// So many records of the log are looked at before what was found is read.
const RECORDS_MAX: usize = 4_096;

/// One version, where it stands.
struct Found {
    scope: u32,
    entry: Uuid,
    version: VersionId,
    attributes: Attributes,
}

/// Measures of an incident, by what a caller sees.
pub(crate) fn review(view: &View) -> Result<GetReviewResponse, EngineError> {
    let spoken = words(view)?.tell();
    let handled = view.ask(|board| handled(board, view.now_ms, |scope| view.sees(scope)))?;
    let opened_ms = view.data()?.create_time.as_ref().map(millis);
    let since = |ms: Option<i64>| ms.zip(opened_ms).map(|(ms, opened)| duration(ms - opened));
    let share = |(party, count): &(String, usize)| PartyShare {
        party: if party.is_empty() { String::new() } else { format!("parties/{party}") },
        version_count: *count as i32,
    };
    let parties = spoken.parties.iter().take(PARTIES_MAX).map(share).collect();
    Ok(GetReviewResponse {
        first_after: since(spoken.first_ms),
        described_after: since(spoken.described_ms),
        version_count: spoken.versions as i32,
        entry_count: spoken.entries as i32,
        busiest_hour: spoken.busiest.map(|(hour_ms, _)| timestamp(hour_ms)),
        busiest_count: spoken.busiest.map_or(0, |(_, count)| count as i32),
        parties,
        parties_left_out: spoken.parties.len().saturating_sub(PARTIES_MAX) as i32,
        written_after: Some(spread(spoken.written)),
        arrived_after: Some(spread(spoken.arrived)),
        people_count: spoken.people as i32,
        people_hours: spoken.people_hours as i32,
        people_version_count: spoken.by_people as i32,
        earlier_versions_left_out: view.lacks_versions(),
        ..of_handled(&handled)
    })
}

fn of_handled(handled: &Handled) -> GetReviewResponse {
    GetReviewResponse {
        asked_count: handled.asked as i32,
        read_count: handled.read as i32,
        overdue_count: handled.overdue as i32,
        read_after: Some(spread(handled.read_after)),
        contradiction_count: handled.contradictions as i32,
        decided_count: handled.decided as i32,
        decided_after: Some(spread(handled.decided_after)),
        oldest_open_time: handled.oldest_open_ms.map(timestamp),
        middle_open_time: handled.middle_open_ms.map(timestamp),
        unanswered_count: handled.unanswered as i32,
        figure_count: handled.figures as i32,
        stale_count: handled.stale as i32,
        ..GetReviewResponse::default()
    }
}

fn duration(ms: i64) -> prost_types::Duration {
    prost_types::Duration { seconds: ms / 1_000, nanos: (ms % 1_000 * 1_000_000) as i32 }
}

fn spread(found: Option<FoundSpread>) -> Spread {
    found.map_or_else(Spread::default, |found| Spread {
        count: found.count as i32,
        half_within: Some(duration(found.half_ms)),
        tenth_above: Some(duration(found.tenth_ms)),
    })
}

/// Every version that counts and that the caller sees: the log is passed over once, and no more of
/// it is held than one part.
fn words(view: &View) -> Result<Words, EngineError> {
    let scopes: HashMap<Id, u32> = {
        let picture = view.node().picture.read();
        let known = picture.audiences(&view.incident).map(|scope| (picture.scope(scope).id, scope));
        known.filter(|(id, _)| view.sees(*id)).collect()
    };
    let mut words = Words::default();
    let mut next = Some(1);
    while let Some(from) = next {
        let found;
        (found, next) = part(view, &scopes, from)?;
        let log = view.node().log();
        let mut cursor = Cursor::new(&log);
        for one in found {
            count(view, &mut cursor, &one, &mut words)?;
        }
    }
    Ok(words)
}

/// Versions of a part of the log, and where the next part begins.
fn part(
    view: &View,
    scopes: &HashMap<Id, u32>,
    from: u64,
) -> Result<(Vec<Found>, Option<u64>), EngineError> {
    let log = view.node().log();
    let branches = log.branches()?;
    let (mut found, mut looked, mut next) = (Vec::new(), 0, None);
    log.arrivals(from, &mut |lsn, arrival| {
        if view.known_ms().is_some_and(|known| arrival.received_ms > known) {
            return ControlFlow::Break(());
        }
        if looked >= RECORDS_MAX {
            next = Some(lsn);
            return ControlFlow::Break(());
        }
        looked += arrival.records.len();
        for record in &arrival.records {
            let feed = arrival.feeds.get(record.feed as usize);
            let scope = feed.and_then(|feed| Some((Id::from_slice(&feed.scope)?, feed.id()?)));
            let known = scope.and_then(|(scope, feed)| Some((*scopes.get(&scope)?, feed)));
            let entry = Uuid::from_slice(&record.entry).ok().filter(|entry| !entry.is_nil());
            let attributes = Attributes::decode(&record.attributes);
            let Some((((scope, feed), entry), attributes)) = known.zip(entry).zip(attributes)
            else {
                continue;
            };
            if attributes.is_apart() {
                continue;
            }
            let feed = branches.place(feed, record.sequence);
            let version = VersionId { feed: feed.0, sequence: record.sequence };
            found.push(Found { scope, entry, version, attributes });
        }
        ControlFlow::Continue(())
    })?;
    Ok((found, next))
}

/// Counts a version, unless it does not count, cannot be read, or only says that something was read.
fn count(
    view: &View,
    cursor: &mut Cursor<'_>,
    one: &Found,
    words: &mut Words,
) -> Result<(), EngineError> {
    let (feed, sequence) = (Id(one.version.feed), one.version.sequence);
    if view.node().is_archived(feed, sequence) {
        return Ok(());
    }
    let mark = {
        let picture = view.node().picture.read();
        Mark::of(&picture, (one.scope, one.entry), (feed, sequence), &one.attributes)
    };
    if mark.is_aside() || mark.hides() {
        return Ok(());
    }
    // What was erased meanwhile is not measured.
    let Some(stored) = cursor.record(feed, sequence)? else { return Ok(()) };
    let header = Header::decode(stored.envelope.header.clone()).unwrap_or_default();
    let (party, observed_ms, describes) = match stored.content() {
        Some(Said::Entry(bytes)) => {
            let Ok(entry) = Entry::decode(bytes) else { return Ok(()) };
            let read = |one: &polder_wire::v1::Relation| one.r#type() == RelationType::Acknowledges;
            if entry.relations.iter().any(read) {
                return Ok(());
            }
            let observed = entry.times.as_ref().and_then(|times| times.observed.as_ref());
            let party = entry.party.trim_start_matches("parties/").to_owned();
            (party, observed.map(millis), section(&entry) == Section::Incident)
        }
        Some(Said::Retraction(retraction)) => {
            (present::party_of(&retraction.withdrawn).unwrap_or_default(), None, false)
        }
        _ => return Ok(()),
    };
    words.add(&Word {
        entry: one.entry,
        party: &party,
        author: &header.author,
        received_ms: stored.received_ms,
        recorded_ms: polder_picture::clock::Hlc::millis(header.hlc),
        observed_ms,
        describes,
    });
    Ok(())
}
