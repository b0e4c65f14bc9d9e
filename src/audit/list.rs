//! Answers who did what: from the account of the node and the records of the incidents, in the
//! order in which they were stored, as far as who asks may know.

use std::{collections::HashMap, ops::ControlFlow, sync::Arc};

use polder_picture::{
    account,
    attributes::{Attributes, millis, party_hash, timestamp},
    charter,
    check::Checker,
    names::{EntryName, IncidentName},
    record::Id,
    refusal::Refusal,
};
use polder_wire::v1::{
    Act, ActKind, Entry, Header, IncidentState, ListActsRequest, ListActsResponse, RecordKind,
    RelationType, content,
};
use prost::Message as _;
use uuid::Uuid;

use crate::{
    incident,
    node::Node,
    people::{Caller, rights::Right},
    present,
    query::{find, page, page_size, records_of},
    store::log::{Cursor, StoredRecord},
    subscribe::SubscribeError,
    tail,
    token::{Position, Purpose},
};

/// Records that are looked through for one page.
const RECORDS_MAX: usize = 20_000;
/// Acts of one record, as they count in a token.
const PLACES: u64 = 1 << 12;

/// An entry that is asked about.
struct About {
    name: String,
    incident: String,
    audience: String,
    /// Where its first record stands in the log.
    first_lsn: u64,
}

/// What is asked, and of what the answer may tell.
struct Question<'r> {
    request: &'r ListActsRequest,
    about: Option<About>,
    from_ms: i64,
    until_ms: i64,
    caller: &'r Caller,
    scopes: HashMap<Id, Place>,
}

/// A scope that the caller may be told of.
struct Place {
    incident: String,
    audience: String,
}

/// A record that may answer.
struct Candidate {
    lsn: u64,
    feed: Id,
    sequence: u64,
    scope: Id,
    received_ms: i64,
}

/// Acts, a page of them, and the audience of the entry that was asked about, if one was. What was
/// noted must have been written before.
pub fn acts(
    node: &Arc<Node>,
    caller: &Caller,
    request: &ListActsRequest,
) -> Result<(ListActsResponse, Vec<String>), SubscribeError> {
    let size = page_size(request.page_size, 100, 1_000)?;
    let question = ask(node, caller, request)?;
    let asked = ListActsRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    let asked = format!("acts {} {}", caller.author(), hex::encode(asked.encode_to_vec()));
    let hash = party_hash(&asked);
    let from = page(node, &request.page_token, hash)?;
    let end = from.map_or_else(|| node.picture.read().lsn(), |from| from.lsn);
    let start = from.map_or(PLACES, |from| from.offset);
    let (candidates, looked) = question.candidates(node, start / PLACES, end)?;
    let log = node.log();
    let mut cursor = Cursor::new(&log);
    let mut response = ListActsResponse::default();
    let mut next = (looked < end).then_some((looked + 1) * PLACES);
    'records: for candidate in candidates {
        if node.is_archived(candidate.feed, candidate.sequence) {
            continue;
        }
        let stored = cursor.record(candidate.feed, candidate.sequence)?;
        let version = present::version(candidate.feed, candidate.sequence);
        let stored = stored.ok_or_else(|| tail::missing(std::slice::from_ref(&version)))?;
        let acts = question.acts_of(&candidate, &stored, version);
        for (act, place) in acts.into_iter().zip(candidate.lsn * PLACES..) {
            if place < start {
                continue;
            }
            let Some(act) = question.answers(act, candidate.lsn) else { continue };
            if response.acts.len() >= size {
                next = Some(place);
                break 'records;
            }
            response.acts.push(act);
        }
    }
    if let Some(offset) = next {
        let position = Position { lsn: end, question: hash, offset };
        response.next_page_token = node.tokens.write(Purpose::Page, position);
    }
    let about = question.about.map(|about| about.audience);
    Ok((response, about.into_iter().collect()))
}

/// Checks a question, and finds what may be told of.
fn ask<'r>(
    node: &Node,
    caller: &'r Caller,
    request: &'r ListActsRequest,
) -> Result<Question<'r>, SubscribeError> {
    let mut check = Checker::new("");
    check.time("from_time", request.from_time.as_ref());
    check.time("until_time", request.until_time.as_ref());
    check.line("person", &request.person, 0..=1_000);
    if !request.incident.is_empty() && IncidentName::parse(&request.incident).is_none() {
        check.wrong("incident", "MALFORMED_NAME", "must be incidents/{incident}");
    }
    if !request.entry.is_empty() && EntryName::parse(&request.entry).is_none() {
        let sentence = "must be incidents/{incident}/entries/{lower-case UUID}";
        check.wrong("entry", "MALFORMED_NAME", sentence);
    }
    check.finish()?;
    let (scopes, held) = {
        let picture = node.picture.read();
        if !request.incident.is_empty() {
            let scope = incident::find(&picture, &request.incident, "incident")?;
            caller.require_in(Right::Audit, &picture, scope)?;
        }
        let held = about(caller, &picture, &request.entry)?;
        let told = picture.scopes().iter().filter(|scope| {
            scope.incident != charter::INCIDENT
                && scope.incident != account::INCIDENT
                && caller.audits(&scope.incident, &scope.audience)
        });
        let place = |scope: &polder_picture::picture::Scope| {
            let (incident, audience) = (scope.incident.clone(), scope.audience.clone());
            (scope.id, Place { incident, audience })
        };
        (told.map(place).collect(), held)
    };
    let about = match held {
        Some((scope, entry, about)) => {
            let found = records_of(&node.log(), scope, entry)?;
            let first_lsn = found.first().map_or(0, |(lsn, ..)| *lsn);
            Some(About { first_lsn, ..about })
        }
        None => None,
    };
    Ok(Question {
        from_ms: request.from_time.as_ref().map_or(i64::MIN, millis),
        until_ms: request.until_time.as_ref().map_or(i64::MAX, millis),
        request,
        about,
        caller,
        scopes,
    })
}

type Held = (Id, Uuid, About);

fn about(
    caller: &Caller,
    picture: &polder_picture::picture::Picture,
    name: &str,
) -> Result<Option<Held>, Refusal> {
    if name.is_empty() {
        return Ok(None);
    }
    let register = find(picture, name, &caller.sight(picture))?;
    caller.require_in(Right::Audit, picture, register.scope)?;
    let scope = picture.scope(register.scope);
    let about = About {
        name: name.to_owned(),
        incident: format!("incidents/{}", scope.incident),
        audience: format!("audiences/{}", scope.audience),
        first_lsn: 0,
    };
    Ok(Some((scope.id, register.entry, about)))
}

impl Question<'_> {
    /// Records that may answer, from a position on, and up to which position was looked.
    fn candidates(
        &self,
        node: &Node,
        start: u64,
        end: u64,
    ) -> Result<(Vec<Candidate>, u64), SubscribeError> {
        let log = node.log();
        let branches = log.branches()?;
        let (mut found, mut looked) = (Vec::new(), start.saturating_sub(1));
        log.arrivals(start, &mut |first, arrival| {
            for (record, lsn) in arrival.records.iter().zip(first..) {
                if lsn < start {
                    continue;
                }
                if lsn > end || (lsn - start) as usize >= RECORDS_MAX {
                    return ControlFlow::Break(());
                }
                looked = lsn;
                let feed = arrival.feeds.get(record.feed as usize);
                let scope = feed.and_then(|feed| Id::from_slice(&feed.scope));
                let (Some(feed), Some(scope)) = (feed.and_then(|feed| feed.id()), scope) else {
                    continue;
                };
                let apart = Attributes::decode(&record.attributes).map(|a| a.is_apart());
                if apart.is_none_or(|apart| apart != (scope == account::id())) {
                    continue;
                }
                if scope == account::id() || self.scopes.contains_key(&scope) {
                    let feed = branches.place(feed, record.sequence);
                    let (sequence, received_ms) = (record.sequence, arrival.received_ms);
                    found.push(Candidate { lsn, feed, sequence, scope, received_ms });
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok((found, looked))
    }

    /// What a record says was done.
    fn acts_of(&self, candidate: &Candidate, stored: &StoredRecord, version: String) -> Vec<Act> {
        let content = stored.content();
        if candidate.scope == account::id() {
            return match content {
                Some(content::Content::Acts(acts)) => acts.acts,
                _ => Vec::new(),
            };
        }
        let header = Header::decode(stored.envelope.header.clone()).ok();
        let (Some(header), Some(place)) = (header, self.scopes.get(&candidate.scope)) else {
            return Vec::new();
        };
        let first = header.seen.is_empty();
        let entry = Uuid::from_slice(&header.entry).unwrap_or_default();
        let (kind, subject) = match (header.kind(), content) {
            (RecordKind::Retract, _) => (ActKind::Retracted, String::new()),
            (RecordKind::Put, Some(content::Content::Incident(data))) => {
                let closed = data.state() == IncidentState::Closed;
                let changed =
                    if first { ActKind::IncidentOpened } else { ActKind::IncidentChanged };
                (if closed { ActKind::IncidentClosed } else { changed }, String::new())
            }
            (RecordKind::Put, Some(content::Content::Entry(bytes))) if first => {
                match released_from(bytes) {
                    Some(source) => (ActKind::Released, source),
                    None => (ActKind::Published, String::new()),
                }
            }
            (RecordKind::Put, _) if entry.is_nil() => (ActKind::IncidentChanged, String::new()),
            (RecordKind::Put, _) if first => (ActKind::Published, String::new()),
            (RecordKind::Put, _) => (ActKind::Changed, String::new()),
            _ => return Vec::new(),
        };
        let name = match entry.is_nil() {
            true => String::new(),
            false => present::entry_name(&place.incident, entry),
        };
        let node = Id::from_slice(&header.origin).map(|id| format!("nodes/{id}"));
        vec![Act {
            time: Some(timestamp(candidate.received_ms)),
            kind: kind.into(),
            person: header.author,
            incident: format!("incidents/{}", place.incident),
            entry: name,
            version,
            subject,
            audiences: vec![format!("audiences/{}", place.audience)],
            node: node.unwrap_or_default(),
            ..Default::default()
        }]
    }

    /// The act as it may be told, if it answers what was asked.
    fn answers(&self, act: Act, lsn: u64) -> Option<Act> {
        let at = act.time.as_ref().map_or(0, millis);
        let asked = self.request;
        let wanted = (self.from_ms..self.until_ms).contains(&at)
            && (asked.person.is_empty() || asked.person == act.person)
            && (asked.incident.is_empty() || asked.incident == act.incident);
        let mut act = self.told(act).filter(|_| wanted)?;
        let Some(about) = &self.about else { return Some(act) };
        if act.entry == about.name || act.subject == about.name {
            return Some(act);
        }
        act.perhaps = true;
        about.may_be_in(&act, lsn).then_some(act)
    }

    /// Without what the caller may not know; `None` when that is all of it.
    fn told(&self, mut act: Act) -> Option<Act> {
        let Some(incident) = act.incident.strip_prefix("incidents/") else {
            return self.caller.audits_node().then_some(act);
        };
        let audits = |audience: &str| self.caller.audits(incident, audience);
        let seen = |name: &String| name.strip_prefix("audiences/").is_some_and(audits);
        if act.audiences.is_empty() {
            let mut places = self.scopes.values();
            return places.any(|place| place.incident == incident).then_some(act);
        }
        let audiences: Vec<_> = act.audiences.iter().filter(|name| seen(name)).cloned().collect();
        if audiences.is_empty() {
            return None;
        }
        if audiences.len() < act.audiences.len() {
            // It may count records of audiences that are not theirs.
            act.count = 0;
        }
        act.audiences = audiences;
        Some(act)
    }
}

impl About {
    /// Whether an act that does not name the entry may have shown it.
    fn may_be_in(&self, act: &Act, lsn: u64) -> bool {
        let reached = act.audiences.is_empty() || act.audiences.contains(&self.audience);
        let of_incident = act.incident == self.incident && reached;
        match act.kind() {
            // What was begun before the entry came goes on.
            ActKind::Followed => of_incident,
            ActKind::ListRead | ActKind::PastRead | ActKind::Exported | ActKind::Archived => {
                of_incident && lsn > self.first_lsn
            }
            ActKind::BackedUp => lsn > self.first_lsn,
            _ => false,
        }
    }
}

fn released_from(bytes: bytes::Bytes) -> Option<String> {
    let entry = Entry::decode(bytes).ok()?;
    let from = entry.relations.into_iter().find(|r| r.r#type() == RelationType::ReleasedFrom)?;
    Some(from.entry)
}
