//! What grouping reports promises.

use polder_wire::v1::{
    CitizenReport, Count, Geometry, Position, Relation, RelationType, Text, geometry::Shape,
};
use proptest::prelude::*;

use super::*;
use crate::{
    attributes::{Attributes, timestamp},
    kinds,
    names::VersionId,
    team::{board::Version, said::Said},
};

const NOW_MS: i64 = 1_626_328_800_000;
const MINUTE_MS: i64 = 60_000;

fn report(title: &str, place: &str, spot: Option<(f64, f64)>, minutes: i64) -> Entry {
    let body = CitizenReport { category: ReportCategory::Flooding.into(), ..<_>::default() };
    let point = |(latitude, longitude)| {
        let shape = Some(Shape::Point(Position { latitude, longitude }));
        Geometry { shape, ..Geometry::default() }
    };
    let text = Text { language: "nl".into(), title: title.into(), ..Text::default() };
    let observed = Some(timestamp(NOW_MS + minutes * MINUTE_MS));
    Entry {
        statement: polder_wire::v1::Statement::Fact.into(),
        party: "parties/meldkamer".into(),
        place: place.into(),
        geometry: spot.map(point),
        texts: vec![text],
        times: Some(polder_wire::v1::Times { observed, ..<_>::default() }),
        body: Some(Body::CitizenReport(body)),
        ..Entry::default()
    }
}

fn like(one: &Entry, other: &Entry) -> bool {
    let of = |entry: &Entry| {
        let observed = entry.times.as_ref().and_then(|times| times.observed.as_ref()).unwrap();
        (ReportSaid::of(entry).unwrap(), crate::attributes::millis(observed))
    };
    let ((one, one_ms), (other, other_ms)) = (of(one), of(other));
    let is = one.is_like(&other, one_ms - other_ms);
    assert_eq!(is, other.is_like(&one, other_ms - one_ms), "from either side");
    is
}

#[test]
fn reports_are_of_one_thing_when_place_time_and_words_say_so() {
    let street = Some((50.8650, 5.8320));
    let first = report("Water in de kelders aan de Grendelstraat", "Valkenburg", street, 0);
    let near = Some((50.8660, 5.8330));
    let rows = [
        ("Grendelstraat staat blank, kelders vol", "", near, 10, true),
        ("Boom op de weg", "", near, 10, false),
        ("Boom op de weg", "", Some((50.8651, 5.8321)), 10, true),
        ("Kelders aan de Grendelstraat vol water", "", Some((50.9, 5.83)), 10, false),
        ("Kelders aan de Grendelstraat vol water", "", near, 181, false),
        ("Kelders aan de Grendelstraat vol water", "VALKenburg", None, 10, true),
        ("Kelders aan de Grendelstraat vol water", "Meerssen", None, 10, false),
        ("Kelders aan de Grendelstraat vol water", "", None, 10, false),
    ];
    for (title, place, spot, minutes, expected) in rows {
        let other = report(title, place, spot, minutes);
        assert_eq!(like(&first, &other), expected, "{title}, {place} {spot:?} {minutes}");
    }
    let mut other = first.clone();
    if let Some(Body::CitizenReport(body)) = &mut other.body {
        body.category = ReportCategory::Damage.into();
    }
    assert!(!like(&first, &other), "of another category");
}

fn entry_ref(entry: u8) -> EntryRef {
    EntryRef { entry: Uuid::from_u128(u128::from(entry) + 1), scope: Id([entry % 2; 16]) }
}

fn put(board: &mut Board, entry: u8, of: &Entry) {
    let kind = kinds::of(of).unwrap();
    let lane = polder_wire::v1::Lane::Routine;
    let attributes = Attributes::of_entry(of, &of.party, kind.field, lane).recorded_at(NOW_MS);
    let said = Said::of(of, &attributes, NOW_MS);
    let id = VersionId { feed: [entry; 16], sequence: 1 };
    let version = Version { id, said, author: String::new(), received_ms: NOW_MS };
    board.update(entry_ref(entry), vec![version]);
}

fn based_on(entries: &[u8]) -> Entry {
    let relation = |entry: &u8| Relation {
        r#type: RelationType::BasedOn.into(),
        entry: format!("incidents/flood/entries/{}", entry_ref(*entry).entry),
        ..Relation::default()
    };
    Entry {
        party: "parties/brandweer".into(),
        relations: entries.iter().map(relation).collect(),
        body: Some(Body::Observation(polder_wire::v1::Observation::default())),
        ..Entry::default()
    }
}

#[test]
fn a_group_waits_until_each_of_its_reports_was_promoted_or_refuted() {
    let mut board = Board::default();
    let at = Some((50.865, 5.832));
    let mut many = report("Straat blank", "", at, 5);
    if let Some(Body::CitizenReport(body)) = &mut many.body {
        body.reports = Some(Count { value: 7, ..Count::default() });
    }
    put(&mut board, 0, &report("Water in de straat", "", at, 0));
    put(&mut board, 1, &many);
    put(&mut board, 2, &report("Kelder vol", "", at, 9));
    let only = |board: &Board| {
        let (mut groups, left_out) = groups(board, |_| true);
        assert_eq!((groups.len(), left_out), (1, 0));
        groups.remove(0)
    };
    let group = only(&board);
    assert_eq!((group.count, group.waiting, group.id), (9, 9, entry_ref(0).entry));
    assert_eq!(group.told_ms, (NOW_MS, NOW_MS + 9 * MINUTE_MS));
    put(&mut board, 10, &based_on(&[0, 1]));
    let group = only(&board);
    assert_eq!((group.waiting, group.waiting_entries, group.promoted.len()), (1, 1, 1));
    assert_eq!(group.reports, [entry_ref(2), entry_ref(0), entry_ref(1)], "what waits is first");
    let mut refuted = report("Kelder vol", "", at, 9);
    let verification = polder_wire::v1::Verification {
        state: VerificationState::Refuted.into(),
        ..<_>::default()
    };
    refuted.assessment =
        Some(polder_wire::v1::Assessment { verification: Some(verification), ..<_>::default() });
    put(&mut board, 2, &refuted);
    assert_eq!(only(&board).waiting, 0);
    // Who may not see what was made of them is not told that it was.
    let (seen, _) = groups(&board, |scope| scope == Id([1; 16]));
    assert_eq!((seen[0].reports.len(), seen[0].promoted.len(), seen[0].waiting), (1, 0, 7));
}

/// Reports here and there.
fn drawn() -> impl Strategy<Value = Vec<(u8, Entry)>> {
    let words = ["water kelder", "water straat", "boom dak", "straat boom"];
    let one = (0..20_u8, 0..4_usize, 0..4_u8, 0..3_u8, -400..1_i64, 0..3_i32, 1..5_i64);
    prop::collection::vec(one, 0..20).prop_map(move |drawn| {
        let made = |(entry, title, spot, place, minutes, category, count)| {
            let place = ["", "Arcen", "Well"][usize::from(place)];
            let spot = (spot > 0).then(|| (51.0 + f64::from(spot) * 0.002, 6.0));
            let mut made = report(words[title], place, spot, minutes);
            if let Some(Body::CitizenReport(body)) = &mut made.body {
                body.category = category + 1;
                body.reports = Some(Count { value: count, ..Count::default() });
            }
            (entry, made)
        };
        drawn.into_iter().map(made).collect()
    })
}

proptest! {
    #[test]
    fn every_report_is_in_one_group_whatever_came_first(drawn in drawn(), seed in any::<u64>()) {
        let last: BTreeMap<u8, Entry> = drawn.into_iter().collect();
        let of = |order: &[u8]| {
            let mut board = Board::default();
            order.iter().for_each(|entry| put(&mut board, *entry, &last[entry]));
            board
        };
        let order: Vec<_> = last.keys().copied().collect();
        let mut other = order.clone();
        other.sort_by_key(|entry| (seed ^ u64::from(*entry)).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (found, _) = groups(&of(&order), |_| true);
        prop_assert_eq!(&found, &groups(&of(&other), |_| true).0);

        let mut grouped: Vec<_> = found.iter().flat_map(|group| &group.reports).copied().collect();
        grouped.sort_unstable();
        let mut all: Vec<_> = order.iter().map(|entry| entry_ref(*entry)).collect();
        all.sort_unstable();
        prop_assert_eq!(grouped, all);
        let total: i64 = last.values().map(|entry| ReportSaid::of(entry).unwrap().count).sum();
        prop_assert_eq!(found.iter().map(|group| group.count).sum::<i64>(), total);
        // Two that are like each other are never apart.
        let group_of = |entry: u8| {
            found.iter().position(|group| group.reports.contains(&entry_ref(entry)))
        };
        for (one, first) in &last {
            for (two, second) in &last {
                prop_assert!(!like(first, second) || group_of(*one) == group_of(*two));
            }
        }
        let half: Vec<_> = order.iter().copied().filter(|entry| entry % 2 == 0).collect();
        let seen = groups(&of(&order), |scope| scope == Id([0; 16]));
        prop_assert_eq!(seen, groups(&of(&half), |_| true));
    }
}
