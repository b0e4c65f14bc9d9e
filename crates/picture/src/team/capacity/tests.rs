//! What counting units and people promises.

use proptest::prelude::*;
use prost_types::{Duration, Timestamp};

use super::*;
use crate::{attributes::Attributes, kinds, team::said::Said};

const NOW_MS: i64 = 1_626_328_800_000;
const HOUR_MS: i64 = 3_600_000;
const DUTY_MS: i64 = 12 * HOUR_MS;

fn at(hours: i64) -> Option<Timestamp> {
    Some(crate::attributes::timestamp(NOW_MS + hours * HOUR_MS))
}

fn counted(value: i64) -> Option<Count> {
    Some(Count { value, ..Count::default() })
}

fn told(party: &str, hours: i64, body: Body) -> Entry {
    let times = polder_wire::v1::Times { observed: at(hours), ..<_>::default() };
    Entry {
        statement: polder_wire::v1::Statement::Fact.into(),
        party: format!("parties/{party}"),
        times: Some(times),
        body: Some(body),
        ..Entry::default()
    }
}

fn boats(call_sign: &str, state: ResourceState, count: i64) -> Body {
    Body::Resource(Resource {
        r#type: "Rescue boat".into(),
        call_sign: call_sign.into(),
        state: state.into(),
        quantity: counted(count),
        personnel: counted(count * 4),
        ..Resource::default()
    })
}

fn staff(unit: &str, on_duty: i64) -> Staffing {
    Staffing {
        unit: unit.into(),
        sort: StaffSort::Own.into(),
        present: counted(on_duty + 2),
        on_duty: counted(on_duty),
        ..Staffing::default()
    }
}

fn entry_ref(entry: u8, scope: u8) -> EntryRef {
    EntryRef { entry: Uuid::from_u128(entry.into()), scope: Id([scope; 16]) }
}

fn version(number: u64, entry: &Entry) -> Version {
    let kind = kinds::of(entry).unwrap();
    let lane = polder_wire::v1::Lane::Routine;
    let attributes = Attributes::of_entry(entry, &entry.party, kind.field, lane);
    let said = Said::of(entry, &attributes.recorded_at(NOW_MS), NOW_MS + number as i64);
    let id = VersionId { feed: [number as u8; 16], sequence: number };
    Version { id, said, author: String::new(), received_ms: NOW_MS }
}

/// Each entry with its only version.
fn board(entries: &[(u8, Entry)]) -> Board {
    let mut board = Board::default();
    for (number, (entry, said)) in entries.iter().enumerate() {
        board.update(entry_ref(*entry, 0), vec![version(number as u64 + 1, said)]);
    }
    board
}

fn all(board: &Board) -> Capacity {
    capacity(board, NOW_MS, DUTY_MS, None, |_| true)
}

fn of(row: &UnitRow, state: ResourceState) -> i64 {
    row.states.get(&state.into()).copied().unwrap_or_default()
}

#[test]
fn a_unit_with_a_call_sign_counts_once_as_the_newest_says() {
    use ResourceState::{Available, Deployed, Released};
    let board = board(&[
        (1, told("brandweer", -3, boats("23-8091", Available, 1))),
        (2, told("politie", -1, boats("23 8091", Deployed, 1))),
        (3, told("brandweer", -1, boats("", Available, 3))),
        (4, told("brandweer", -1, boats("23-8092", Released, 1))),
    ]);
    let found = all(&board);
    let rows: Vec<_> = found
        .units
        .iter()
        .map(|row| (&row.party[..], of(row, Available), of(row, Deployed), row.personnel))
        .collect();
    assert_eq!(rows, [("brandweer", 3, 0, 12), ("politie", 0, 1, 4)]);
    // Both are told of by what is past its half hour.
    assert_eq!(found.units.iter().map(|row| row.stale).sum::<i64>(), 4);
    assert!(found.disputed.is_empty(), "what the other said is past its time");
    let one = capacity(&board, NOW_MS, DUTY_MS, Some("politie"), |_| true);
    assert_eq!(one.units.len(), 1);
}

#[test]
fn rival_versions_are_shown_and_counted_once() {
    let mut board = Board::default();
    let first = version(1, &told("brandweer", 0, boats("", ResourceState::Available, 5)));
    let other = version(2, &told("politie", 0, boats("", ResourceState::Deployed, 4)));
    board.update(entry_ref(1, 0), vec![first, other]);
    let found = all(&board);
    let total: i64 = found.units.iter().flat_map(|row| row.states.values()).sum();
    assert_eq!((total, found.disputed.len()), (4, 1));
    assert_eq!(found.disputed[0].versions.len(), 2);
    assert_eq!(found.disputed[0].unit, "Rescue boat");
}

#[test]
fn what_was_made_known_to_another_audience_counts_once_for_who_sees_both() {
    let mut copy = told("brandweer", 0, boats("", ResourceState::Available, 5));
    copy.relations = vec![polder_wire::v1::Relation {
        r#type: polder_wire::v1::RelationType::ReleasedFrom.into(),
        entry: format!("incidents/flood/entries/{}", entry_ref(1, 0).entry),
        ..<_>::default()
    }];
    let mut board = board(&[(1, told("brandweer", 0, boats("", ResourceState::Available, 5)))]);
    board.update(entry_ref(2, 7), vec![version(9, &copy)]);
    for (seen, expected) in [(None, 5), (Some(0), 5), (Some(7), 5)] {
        let seen = |scope: Id| seen.is_none_or(|only| scope == Id([only; 16]));
        let found = capacity(&board, NOW_MS, DUTY_MS, None, seen);
        assert_eq!(of(&found.units[0], ResourceState::Available), expected);
    }
}

#[test]
fn who_is_on_duty_for_too_long_shows_also_while_nobody_says_so_anew() {
    let shift = |begin: i64, end: Option<i64>| Staffing {
        shift_begin: at(begin),
        shift_end: end.and_then(at),
        ..staff("Peloton", 20)
    };
    let word = |hours: i64| Staffing {
        longest_duty: Some(Duration { seconds: hours * 3_600, nanos: 0 }),
        ..staff("Post", 6)
    };
    let duty = |body: Staffing, told_hours: i64| {
        let board = board(&[(1, told("brandweer", told_hours, Body::Staffing(body)))]);
        all(&board).breaches.first().map(|(_, duty)| duty / HOUR_MS)
    };
    assert_eq!(duty(shift(-13, None), -1), Some(13));
    assert_eq!(duty(shift(-12, None), -1), None, "twelve hours are allowed");
    assert_eq!(duty(shift(-14, Some(-4)), -5), None, "they went home");
    assert_eq!(duty(word(11), -2), Some(13), "it grew since");
    assert_eq!(duty(word(11), 0), None);
    assert_eq!(duty(word(1), -30), Some(13), "nobody knows after twelve hours");
    assert_eq!(duty(Staffing { on_duty: counted(0), ..word(40) }, -1), None, "nobody is on duty");
}

#[test]
fn what_ends_without_relief_is_told_until_a_day_after() {
    let shift = |end: i64, relief: Option<i64>| {
        let relief_expected = relief.and_then(at);
        Body::Staffing(Staffing { shift_end: at(end), relief_expected, ..staff("Peloton", 20) })
    };
    let mut boat = Resource { available_until: at(1), ..Resource::default() };
    boat.r#type = "Boat".into();
    let ends = |entries: &[(u8, Entry)]| -> Vec<_> {
        all(&board(entries))
            .ends
            .iter()
            .map(|end| ((end.time_ms - NOW_MS) / HOUR_MS, end.count))
            .collect()
    };
    assert_eq!(
        ends(&[
            (1, told("a", 0, shift(3, None))),
            (2, told("b", 0, shift(2, Some(4)))),
            (3, told("c", 0, shift(2, Some(2)))),
            (4, told("d", 0, shift(-25, None))),
            (5, told("e", 0, shift(-2, None))),
            (6, told("f", 0, Body::Resource(boat))),
        ]),
        [(-2, 20), (1, 1), (2, 20), (3, 20)]
    );
}

/// Entries of a few parties about a few units, some of them the same.
fn worlds() -> impl Strategy<Value = Vec<(u8, Entry)>> {
    let one = (0..8_u8, 0..3_u8, 0..4_u8, -5..1_i64, 1..9_i64, 0..8_i32, any::<bool>());
    prop::collection::vec(one, 0..14).prop_map(|drawn| {
        let made = |(entry, party, unit, hours, count, state, people)| {
            let party = ["a", "b", "c"][usize::from(party)];
            let unit = ["", "one", "two", "three"][usize::from(unit)];
            let state = ResourceState::try_from(state).unwrap();
            let body = match people {
                true => Body::Staffing(staff(if unit.is_empty() { "none" } else { unit }, count)),
                false => boats(unit, state, count),
            };
            (entry, told(party, hours, body))
        };
        drawn.into_iter().map(made).collect()
    })
}

proptest! {
    #[test]
    fn no_unit_counts_twice_whatever_came_first(entries in worlds(), seed in any::<u64>()) {
        // The last word on an entry is what is current of it.
        let last: BTreeMap<u8, (u64, Entry)> = entries
            .into_iter()
            .enumerate()
            .map(|(number, (entry, said))| (entry, (number as u64 + 1, said)))
            .collect();
        let put = |order: &[u8]| {
            let mut board = Board::default();
            for entry in order {
                let (number, said) = &last[entry];
                board.update(entry_ref(*entry, entry % 2), vec![version(*number, said)]);
            }
            board
        };
        let order: Vec<_> = last.keys().copied().collect();
        let mut other = order.clone();
        other.sort_by_key(|entry| (seed ^ u64::from(*entry)).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let found = all(&put(&order));
        prop_assert_eq!(&found, &all(&put(&other)));

        // The same in plain words: of each unit the newest.
        let mut newest: BTreeMap<(bool, String), (i64, u64, i64)> = BTreeMap::new();
        for (entry, (number, said)) in &last {
            let when = said.times.as_ref().unwrap().observed.as_ref().map(millis).unwrap();
            let (key, count) = match said.body.as_ref().unwrap() {
                Body::Resource(body) => {
                    let own = format!("entry {entry}");
                    let sign = if body.call_sign.is_empty() { own } else { body.call_sign.clone() };
                    let gone = body.state() == ResourceState::Released;
                    ((false, sign), if gone { 0 } else { body.quantity.as_ref().unwrap().value })
                }
                Body::Staffing(body) => {
                    let unit = format!("{} {}", said.party, body.unit);
                    ((true, unit), body.on_duty.as_ref().unwrap().value)
                }
                other => panic!("{other:?}"),
            };
            let held = newest.entry(key).or_insert((when, *number, count));
            *held = (*held).max((when, *number, count));
        }
        let sum = |people: bool| -> i64 {
            let of = newest.iter().filter(|((staff, _), _)| *staff == people);
            of.map(|(_, (.., count))| count).sum()
        };
        let units: i64 = found.units.iter().flat_map(|row| row.states.values()).sum();
        let people: i64 = found.staff.iter().map(|row| row.heads.on_duty).sum();
        prop_assert_eq!((units, people), (sum(false), sum(true)));
        // What may not be seen changes nothing of what is told.
        let half: Vec<_> = order.iter().copied().filter(|entry| entry % 2 == 0).collect();
        let seen = capacity(&put(&order), NOW_MS, DUTY_MS, None, |scope| scope == Id([0; 16]));
        prop_assert_eq!(seen, all(&put(&half)));
    }
}
