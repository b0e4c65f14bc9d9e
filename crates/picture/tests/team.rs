//! Views of crisis teams: what each kind claims, and laws that hold in whatever order things came.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use polder_picture::{
    attributes::Attributes,
    kinds::{self, examples::examples},
    names::{EntryName, VersionId},
    record::Id,
    team::{
        advice::{Telling, standing},
        attention::attended,
        board::{Board, EntryRef, Version},
        claims::claims,
        contradictions::{Contradiction, contradictions},
        digest::{Reader, digest},
        handover::{gaps, handover},
        said::Said,
        sitrep::draft,
        situation::{open_contradictions, regional, situation},
        tally::{Gaps, SECTIONS},
    },
};
use polder_wire::v1::{
    Count, CountQualifier, Decision, DecisionState, Entry, Outage, Relation, RelationType,
    Statement, VitalService, entry::Body,
};
use proptest::prelude::*;
use uuid::Uuid;

const NOW_MS: i64 = 1_626_328_800_000;

fn attributes(entry: &Entry) -> Attributes {
    let kind = kinds::of(entry).unwrap();
    let lane = polder_wire::v1::Lane::Routine;
    Attributes::of_entry(entry, &entry.party, kind.field, lane).recorded_at(NOW_MS)
}

fn example(kind: &str) -> Entry {
    examples().into_iter().find(|(name, _)| *name == kind).unwrap().1
}

/// Aspects of which two entries claim figures that exclude each other.
fn differ(one: &Entry, other: &Entry) -> Vec<&'static str> {
    let (ours, theirs) = (claims(one, &attributes(one)), claims(other, &attributes(other)));
    let mut aspects = Vec::new();
    for claim in &ours {
        if theirs.iter().any(|their| claim.contradicts(their)) {
            aspects.push(claim.subject.aspect);
        }
    }
    aspects.dedup();
    aspects
}

macro_rules! body {
    ($entry:ident, $kind:ident, $body:ident => $change:expr) => {{
        match $entry.body.as_mut() {
            Some(Body::$kind($body)) => $change,
            other => panic!("{other:?}"),
        };
    }};
}

/// Changes one figure of an example; names the aspects that differ then.
type Rule = (&'static str, fn(&mut Entry), &'static [&'static str]);

const RULES: &[Rule] = &[
    (
        "casualties",
        |e| body!(e, Casualties, b => b.figures[1].count.as_mut().unwrap().value = 9),
        &["casualties.figures"],
    ),
    (
        "water_level",
        |e| {
            body!(e, WaterLevel, b => {
                b.discharge_m3_s = Some(1.0);
                b.discharge_high_m3_s = None;
            })
        },
        &["water_level.discharge_m3_s"],
    ),
    (
        "outage",
        |e| body!(e, Outage, b => b.customers.as_mut().unwrap().value = 370),
        &["outage.customers"],
    ),
    (
        "measurement",
        |e| body!(e, Measurement, b => { b.effect_area = false; b.readings[0].value += 90.0 }),
        &["measurement.readings"],
    ),
    ("closure", |e| body!(e, Closure, b => b.state = 3), &["closure.state"]),
    (
        "evacuation",
        |e| body!(e, Evacuation, b => b.people.as_mut().unwrap().value = 16_000),
        &["evacuation.people"],
    ),
    (
        "care_capacity",
        |e| body!(e, CareCapacity, b => b.patients.as_mut().unwrap().value = 1_000),
        &["care_capacity.patients"],
    ),
    (
        "resource",
        |e| body!(e, Resource, b => b.quantity.as_mut().unwrap().value = 999),
        &["resource.quantity"],
    ),
    ("warning", |e| body!(e, Warning, b => b.responses = vec![1]), &["warning.responses"]),
    (
        "weather",
        |e| {
            body!(e, Weather, b => {
                b.precipitation_mm = Some(1.0);
                b.precipitation_high_mm = None;
            })
        },
        &["weather.precipitation_mm"],
    ),
    ("flood_defence", |e| body!(e, FloodDefence, b => b.state = 1), &["flood_defence.state"]),
    ("reception", |e| body!(e, Reception, b => b.state = 4), &["reception.state"]),
    ("facility", |e| body!(e, Facility, b => b.state = 3), &["facility.state"]),
    ("scenario", |e| body!(e, Scenario, b => b.scores[0].level = 3), &["scenario.scores"]),
    (
        "staffing",
        |e| body!(e, Staffing, b => b.on_duty.as_mut().unwrap().value = 9),
        &["staffing.on_duty"],
    ),
];

#[test]
fn advice_stands_until_it_is_cited_and_only_where_it_is_seen() {
    let advice = |entry: u128, response: i32| {
        let mut told = example("warning");
        body!(told, Warning, b => {
            (b.state, b.responses, b.expires) = (2, vec![response], None);
        });
        told.relations.clear();
        let times = told.times.get_or_insert_default();
        (times.valid_from, times.valid_until) = (None, None);
        told.name = format!("incidents/x/entries/{}", Uuid::from_u128(entry));
        told
    };
    let telling = |entry: &Entry| {
        let name = EntryName::parse(&entry.name).unwrap().entry;
        Telling::of(entry, name, "region", &attributes(entry))
    };
    let (scope, stay) = (Id([7; 16]), advice(1, 1));
    let mut board = Board::default();
    let id = VersionId { feed: [1; 16], sequence: 4 };
    let said = Said::of(&stay, &attributes(&stay), NOW_MS);
    let version = Version { id, said, author: String::new(), received_ms: NOW_MS };
    board.update(EntryRef { entry: Uuid::from_u128(1), scope }, vec![version]);
    let stands = |entry: &Entry, now_ms: i64, sees: bool| {
        standing(&board, &telling(entry).unwrap(), now_ms, |of| sees && of == scope).len()
    };
    let leave = advice(2, 2);
    assert_eq!(stands(&leave, NOW_MS, true), 1);
    assert_eq!(stands(&leave, NOW_MS, false), 0, "what is not seen does not exist");
    assert_eq!(stands(&advice(3, 1), NOW_MS, true), 0, "the same advice");
    assert_eq!(stands(&advice(1, 2), NOW_MS, true), 1, "a new version of the same entry");
    for (sort, version, left) in [
        (RelationType::Withdraws, String::new(), 0),
        (RelationType::Contradicts, format!("{}-4", Id([1; 16])), 0),
        (RelationType::Contradicts, format!("{}-3", Id([1; 16])), 1),
        (RelationType::Supports, String::new(), 1),
    ] {
        let mut cites = leave.clone();
        let entry = stay.name.clone();
        cites.relations = vec![Relation { r#type: sort.into(), entry, version }];
        assert_eq!(stands(&cites, NOW_MS, true), left, "{:?}", cites.relations);
    }
    assert_eq!(telling(&example("evacuation")), None, "how far an evacuation is, is no advice");
    let mut draft = leave;
    body!(draft, Warning, b => b.state = 1);
    assert_eq!(telling(&draft), None, "nobody was told");
}

#[test]
fn every_kind_with_figures_says_what_the_same_subject_is() {
    for (kind, change, aspects) in RULES {
        let mut first = example(kind);
        // Of what is measured no effect area.
        if let Some(Body::Measurement(body)) = first.body.as_mut() {
            body.effect_area = false;
        }
        if let Some(Body::Warning(body)) = first.body.as_mut() {
            (body.state, body.responses) = (2, vec![2]);
        }
        if let Some(Body::WaterLevel(body)) = first.body.as_mut() {
            (body.trend, body.peak_time, body.peak_end_time) = (1, None, None);
        }
        let mut other = first.clone();
        assert!(differ(&first, &other).is_empty(), "{kind} contradicts itself");
        change(&mut other);
        assert_eq!(differ(&first, &other), *aspects, "{kind}");
        other.statement = Statement::Forecast.into();
        if first.statement() != Statement::Forecast {
            assert!(differ(&first, &other).is_empty(), "{kind}: a forecast contradicts a fact");
        }
        other.statement = first.statement;
        let times = other.times.as_mut().unwrap();
        for time in [&mut times.observed, &mut times.valid_from, &mut times.valid_until] {
            time.as_mut().unwrap().seconds += 90 * 86_400;
        }
        let interval = matches!(*kind, "weather" | "casualties" | "scenario");
        assert!(interval || differ(&first, &other).is_empty(), "{kind}: another period");
    }
    let words = [
        "observation",
        "assistance_request",
        "assistance_offer",
        "decision",
        "action",
        "drawing",
        "message",
        "contact",
        "citizen_report",
        "threshold",
    ];
    for (kind, entry) in examples() {
        let has_rule = RULES.iter().any(|(known, ..)| *known == kind);
        assert_ne!(has_rule, words.contains(&kind), "{kind} has a rule, or says it has none");
        // The example of a measurement is an effect area, which has no figure.
        let claims_something = has_rule && kind != "measurement";
        assert_eq!(!claims(&entry, &attributes(&entry)).is_empty(), claims_something, "{kind}");
    }
}

fn at(entry: u8) -> EntryRef {
    EntryRef { entry: Uuid::from_u128(u128::from(entry) + 1), scope: Id([entry % 2; 16]) }
}

fn name(entry: u8) -> String {
    format!("incidents/flood/entries/{}", at(entry).entry)
}

fn version(entry: u8, number: u64) -> VersionId {
    VersionId { feed: [entry; 16], sequence: number }
}

/// A version of an entry: how many are without power somewhere, or a decision about others.
fn entry(party: u8, place: u8, value: i64, opposes: Option<u8>, decides: &[(u8, u64)]) -> Entry {
    let relation = |entry: u8| Relation {
        r#type: RelationType::Contradicts.into(),
        entry: name(entry),
        ..<_>::default()
    };
    let body = if decides.is_empty() {
        let qualifier = CountQualifier::Exact.into();
        let customers = Some(Count { value, qualifier, ..Count::default() });
        let service = VitalService::Power.into();
        Body::Outage(Outage { service, customers, ..Outage::default() })
    } else {
        let basis = decides.iter().map(|(entry, number)| {
            let VersionId { feed, sequence } = version(*entry, *number);
            format!("{}/versions/{}-{sequence}", name(*entry), Id(feed))
        });
        let state = DecisionState::Taken.into();
        Body::Decision(Decision { state, basis: basis.collect(), ..Decision::default() })
    };
    Entry {
        statement: Statement::Fact.into(),
        party: format!("parties/p{party}"),
        place: format!("Place {place}"),
        relations: opposes.into_iter().map(relation).collect(),
        body: Some(body),
        ..Entry::default()
    }
}

fn said(entry: &Entry, recorded_ms: i64) -> Said {
    Said::of(entry, &attributes(entry), recorded_ms)
}

fn made(id: VersionId, said: Said) -> Version {
    let (author, received_ms) = (String::new(), said.recorded_ms);
    Version { id, said, author, received_ms }
}

fn all(board: &Board) -> Vec<Contradiction> {
    contradictions(board, NOW_MS, |_| true)
}

#[test]
fn a_contradiction_is_decided_by_who_rests_on_every_version_and_open_again_with_the_next() {
    let mut board = Board::default();
    let put = |board: &mut Board, at_entry: u8, number: u64, entry: &Entry| {
        let said = said(entry, NOW_MS);
        board.update(at(at_entry), vec![made(version(at_entry, number), said)]);
    };
    put(&mut board, 1, 1, &entry(1, 0, 370, None, &[]));
    assert!(all(&board).is_empty());
    put(&mut board, 2, 1, &entry(2, 0, 400, None, &[]));
    put(&mut board, 3, 1, &entry(3, 0, 400, None, &[]));
    let found = all(&board);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].entries, [at(1), at(2), at(3)]);
    put(&mut board, 9, 1, &entry(4, 0, 0, None, &[(1, 1), (2, 1)]));
    assert!(all(&board)[0].decided_by.is_empty(), "one version was left out");
    put(&mut board, 9, 2, &entry(4, 0, 0, None, &[(1, 1), (2, 1), (3, 1)]));
    assert_eq!(all(&board)[0].decided_by, [at(9)]);
    put(&mut board, 1, 2, &entry(1, 0, 380, None, &[]));
    assert!(all(&board)[0].decided_by.is_empty(), "it rested on an older version");
    put(&mut board, 1, 3, &entry(1, 0, 400, None, &[]));
    assert!(all(&board).is_empty(), "they agree");
}

#[test]
fn versions_of_one_entry_and_relations_contradict_without_figures() {
    let mut board = Board::default();
    let first = made(version(1, 1), said(&entry(1, 0, 5, None, &[]), 1));
    let other = made(version(1, 2), said(&entry(2, 1, 5, None, &[]), 2));
    board.update(at(1), vec![first.clone(), other]);
    board.update(at(4), vec![made(version(4, 1), said(&entry(3, 7, 5, Some(6), &[]), 3))]);
    assert_eq!(all(&board).len(), 1, "whom it contradicts is not here yet");
    board.update(at(6), vec![made(version(6, 1), first.said)]);
    let found = all(&board);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|one| one.subjects.is_empty()));
    assert_eq!(found.iter().map(|one| one.entries.len()).sum::<usize>(), 3);
    // What one may not see is not there, nor is that it contradicts.
    let seen = contradictions(&board, NOW_MS, |scope| scope == at(1).scope);
    assert_eq!(seen.len(), 1);
}

/// Current versions of some entries.
fn states() -> impl Strategy<Value = Vec<(u8, Vec<Version>)>> {
    let decides = proptest::collection::vec((0..6_u8, 1..3_u64), 0..3);
    let expires = proptest::option::of(-2..3_i64);
    let opposes = proptest::option::of(0..6_u8);
    let one = (0..4_u8, 0..3_u8, 0..4_i64, opposes, decides, expires, 0..8_u8);
    let versions = proptest::collection::vec(one, 0..3);
    let state = (0..6_u8, versions).prop_map(|(at_entry, versions)| {
        let versions = versions.into_iter().enumerate().map(|(number, drawn)| {
            let (party, place, value, opposes, decides, expires, taken_back) = drawn;
            let entry = entry(party, place, value, opposes, &decides);
            let id = version(at_entry, number as u64 + 1);
            let mut said = said(&entry, NOW_MS + value);
            said.expire_ms = expires.map(|ms| NOW_MS + ms);
            said.retracted = taken_back == 0;
            made(id, said)
        });
        (at_entry, versions.collect())
    });
    proptest::collection::vec(state, 0..12)
}

proptest! {
    #[test]
    fn no_view_depends_on_the_order_of_arrival_or_on_what_was_there_before(
        states in states(),
        seed in any::<u64>(),
    ) {
        let mut board = Board::default();
        for (entry, versions) in &states {
            board.update(at(*entry), versions.clone());
        }
        // The last state of each entry, in another order, each with its versions turned round.
        let mut last: std::collections::BTreeMap<u8, Vec<Version>> = states.into_iter().collect();
        let mut other = Board::default();
        let mut order: Vec<_> = last.keys().copied().collect();
        order.sort_by_key(|entry| shuffled(seed, *entry));
        for entry in order {
            let mut versions = last.remove(&entry).unwrap();
            versions.reverse();
            other.update(at(entry), versions);
        }
        prop_assert_eq!(&board, &other);
        prop_assert_eq!(all(&board), all(&other));
        prop_assert_eq!(views(&board), views(&other));
        prop_assert_eq!(gaps(&board, NOW_MS, |_| true), counted(&board));
        nothing_is_told_twice(&board);
        let half = |board: &Board| contradictions(board, NOW_MS, |scope| scope == Id([0; 16]));
        prop_assert_eq!(half(&board), half(&other));
        // And what may not be seen changes nothing of what is told.
        let mut seen_only = Board::default();
        for entry in (0..6_u8).filter(|entry| entry % 2 == 0) {
            seen_only.update(at(entry), board.versions(at(entry)).to_vec());
        }
        prop_assert_eq!(half(&board), all(&seen_only));
    }
}

/// What is there, by looking at every entry: each is in a section once, and stale when all of its
/// versions are.
fn counted(board: &Board) -> Gaps {
    let mut gaps = Gaps::default();
    for (number, section) in SECTIONS.into_iter().enumerate() {
        gaps.sections[number].0 = section;
        let filled = &mut gaps.sections[number].1;
        for (_, versions) in board.entries() {
            let fills = |one: &&Version| one.said.section == section && !one.said.retracted;
            if let Some(last) = versions.iter().filter(fills).map(|one| one.said.recorded_ms).max()
            {
                filled.entries += 1;
                let stale = versions.iter().all(|one| one.said.is_stale(NOW_MS));
                filled.stale += usize::from(stale);
                filled.last_ms = filled.last_ms.max(Some(last));
            }
        }
    }
    for version in board.entries().flat_map(|(_, versions)| versions) {
        let said = &version.said;
        let filled = gaps.parties.entry(said.party.clone()).or_default();
        filled.last_ms = filled.last_ms.max(Some(said.recorded_ms));
        filled.entries += usize::from(!said.retracted);
        filled.stale += usize::from(!said.retracted && said.is_stale(NOW_MS));
    }
    gaps
}

/// All other views, as text.
fn views(board: &Board) -> String {
    let seen = |_| true;
    let (_, contradicting) = open_contradictions(board, NOW_MS, seen);
    let region = |version: &Version| version.said.party.clone();
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        situation(board, NOW_MS, &contradicting, usize::MAX, |_| true, seen),
        regional(board, NOW_MS, &contradicting, region, seen),
        digest(board, &reader(), NOW_MS, usize::MAX, seen),
        attended(board, NOW_MS, seen),
        handover(board, NOW_MS - 10, NOW_MS + 10, seen),
        gaps(board, NOW_MS, seen),
        draft(board, NOW_MS, |_| true, seen),
    )
}

fn reader() -> Reader {
    Reader { party: "p0".into(), discipline: 2, since_ms: 0 }
}

/// No entry stands in two sections, or in one twice; those of all regions together are all there
/// are; and a digest names each once.
fn nothing_is_told_twice(board: &Board) {
    let seen = |_| true;
    let (_, contradicting) = open_contradictions(board, NOW_MS, seen);
    let sections = situation(board, NOW_MS, &contradicting, usize::MAX, |_| true, seen);
    let mut told = std::collections::BTreeSet::new();
    for line in sections.iter().flat_map(|section| &section.entries) {
        assert!(told.insert(line.at), "{:?} stands twice", line.at);
    }
    let region = |version: &Version| version.said.party.clone();
    let regions = regional(board, NOW_MS, &contradicting, region, seen);
    let current = board.entries().filter(|(_, versions)| {
        versions.last().is_some_and(|last| !last.said.retracted && last.said.sitrep.is_none())
    });
    let entries: usize = regions.values().map(|one| one.filled.entries).sum();
    assert_eq!(entries, current.count());
    let mut told = std::collections::BTreeSet::new();
    for line in digest(board, &reader(), NOW_MS, usize::MAX, seen) {
        assert!(told.insert(line.at), "{:?} is in the digest twice", line.at);
    }
}

/// A number that looks like chance.
fn shuffled(seed: u64, entry: u8) -> u64 {
    (seed ^ u64::from(entry)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
}
