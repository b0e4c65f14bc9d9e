//! What early signals promise.

use polder_wire::v1::{
    Count, CountQualifier, Geometry, Outage, Position, Statement, Threshold, Times, VitalService,
    WaterLevel, geometry::Shape,
};
use proptest::prelude::*;
use prost_types::Timestamp;

use super::*;
use crate::{kinds, team::board::Version};

const NOW_MS: i64 = 1_626_328_800_000;
const HOUR_MS: i64 = 3_600_000;

fn at(hours: i64) -> Option<Timestamp> {
    Some(crate::attributes::timestamp(NOW_MS + hours * HOUR_MS))
}

fn threshold(aspect: &str, place: &str, above: f64) -> Entry {
    let body = Threshold {
        aspect: aspect.into(),
        place: place.into(),
        above: Some(above),
        ..Threshold::default()
    };
    Entry { body: Some(Body::Threshold(body)), ..Entry::default() }
}

fn outage(party: &str, hours: i64, value: i64, qualifier: CountQualifier) -> Entry {
    let customers = Some(Count { value, qualifier: qualifier.into(), ..Count::default() });
    let service = VitalService::Power.into();
    Entry {
        statement: Statement::Fact.into(),
        party: format!("parties/{party}"),
        place: "Valkenburg".into(),
        times: Some(Times { observed: at(hours), ..Times::default() }),
        body: Some(Body::Outage(Outage { service, customers, ..Outage::default() })),
        ..Entry::default()
    }
}

fn peak(party: &str, statement: Statement, peak: i64, value: f64) -> Entry {
    let body = WaterLevel {
        gauge: "Maas, Sint Pieter".into(),
        discharge_m3_s: Some(value),
        peak_time: at(peak),
        ..WaterLevel::default()
    };
    Entry {
        statement: statement.into(),
        party: format!("parties/{party}"),
        times: Some(Times { observed: at(-1), ..Times::default() }),
        body: Some(Body::WaterLevel(body)),
        ..Entry::default()
    }
}

fn said(entry: &Entry, recorded_ms: i64) -> Said {
    let kind = kinds::of(entry).unwrap();
    let lane = polder_wire::v1::Lane::Routine;
    let attributes = Attributes::of_entry(entry, &entry.party, kind.field, lane);
    Said::of(entry, &attributes.recorded_at(recorded_ms), recorded_ms)
}

fn entry_ref(entry: u8) -> EntryRef {
    EntryRef { entry: Uuid::from_u128(entry.into()), scope: Id([entry % 2; 16]) }
}

/// An incident's versions, each by its entry, number and whether it is current.
#[derive(Default)]
struct World {
    watches: Vec<Watch>,
    told: Vec<Told>,
}

impl World {
    fn watch(&mut self, entry: u8, threshold: &Entry) {
        let said = said(threshold, NOW_MS);
        let version = VersionId { feed: [entry; 16], sequence: 1 };
        let limit = *said.limit.unwrap();
        self.watches.push(Watch { mode: Mode::Actual, at: entry_ref(entry), version, limit });
    }

    fn tell(&mut self, entry: u8, number: u64, current: bool, of: &Entry) {
        let version = VersionId { feed: [entry; 16], sequence: number };
        let said = said(of, NOW_MS + number as i64);
        let of = (entry_ref(entry), version, current);
        add_told(&mut self.told, Mode::Actual, of, &said, &self.watches);
    }

    fn all(&self) -> Vec<Signal> {
        signals(&self.watches, &self.told, NOW_MS)
    }

    fn only(&self) -> Signal {
        let mut all = self.all();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }
}

fn power_at(above: f64) -> World {
    let mut world = World::default();
    world.watch(9, &threshold("outage.customers", "valkenburg ", above));
    world
}

#[test]
fn a_signal_lasts_from_the_first_figure_that_passed_to_the_first_that_did_not() {
    use CountQualifier::{About, AtLeast, Exact};
    let mut world = power_at(400.0);
    assert_eq!(unheard(&world.watches, &world.told), [0]);
    world.tell(1, 1, false, &outage("enexis", -5, 370, About));
    assert!(unheard(&world.watches, &world.told).is_empty());
    assert!(world.all().is_empty(), "about 370 is not 400, whatever room that leaves");
    world.tell(1, 2, false, &outage("enexis", -4, 400, AtLeast));
    world.tell(1, 3, true, &outage("enexis", -2, 900, Exact));
    let signal = world.only();
    assert_eq!((signal.state, signal.value, signal.beyond), (State::Passed, 900.0, 500.0));
    assert_eq!(signal.since_ms, NOW_MS - 4 * HOUR_MS);
    world.told.last_mut().unwrap().current = false;
    world.tell(1, 4, true, &outage("enexis", -1, 20, Exact));
    let signal = world.only();
    assert_eq!((signal.state, signal.beyond), (State::Over, -380.0));
    assert_eq!(signal.since_ms, NOW_MS - 4 * HOUR_MS);
    assert_eq!(signal.over_ms, Some(NOW_MS - HOUR_MS));
    assert!(signals(&world.watches, &world.told, NOW_MS + 25 * HOUR_MS).is_empty());
}

#[test]
fn who_says_otherwise_disputes_a_signal_and_does_not_hide_it() {
    let mut world = power_at(400.0);
    world.tell(1, 1, true, &outage("enexis", -3, 500, CountQualifier::Exact));
    world.tell(2, 1, true, &outage("gemeente", -1, 100, CountQualifier::Exact));
    let signal = world.only();
    assert_eq!((signal.state, signal.disputed, signal.stale), (State::Passed, true, false));
    assert_eq!(signal.told.party, "enexis");
    // Six hours after it was observed a figure of an outage is stale: it is shown, and said to be.
    let later = signals(&world.watches, &world.told, NOW_MS + 3 * HOUR_MS);
    assert_eq!((later[0].stale, later[0].disputed), (true, true));
}

#[test]
fn a_figure_past_its_time_gives_way_to_who_speaks_later() {
    let mut world = power_at(400.0);
    world.tell(1, 1, true, &outage("enexis", -30, 500, CountQualifier::Exact));
    assert_eq!((world.only().state, world.only().stale), (State::Passed, true));
    world.tell(2, 1, true, &outage("gemeente", -2, 100, CountQualifier::Exact));
    let signal = world.only();
    assert_eq!((signal.state, signal.over_ms), (State::Over, Some(NOW_MS - 2 * HOUR_MS)));
    assert_eq!(signal.since_ms, NOW_MS - 30 * HOUR_MS);
}

#[test]
fn what_was_corrected_or_replaced_by_somebody_else_raises_nothing() {
    let mut world = power_at(400.0);
    world.tell(1, 1, false, &outage("enexis", -3, 4_000, CountQualifier::Exact));
    world.tell(1, 2, true, &outage("enexis", -3, 40, CountQualifier::Exact));
    assert!(world.all().is_empty(), "a slip of the pen");
    let mut world = power_at(400.0);
    world.tell(1, 1, false, &outage("enexis", -3, 4_000, CountQualifier::Exact));
    world.tell(1, 2, true, &outage("gemeente", -2, 40, CountQualifier::Exact));
    assert_eq!(world.only().state, State::Over);
}

#[test]
fn a_forecast_is_a_signal_until_what_it_forecasts_is_past() {
    let mut world = World::default();
    world.watch(9, &threshold("water_level.discharge_m3_s", "Maas Sint Pieter", 2_500.0));
    world.tell(1, 1, false, &peak("rws", Statement::Forecast, 8, 1_500.0));
    world.tell(1, 2, false, &peak("rws", Statement::Forecast, 8, 2_900.0));
    world.tell(1, 3, true, &peak("rws", Statement::Forecast, 10, 3_300.0));
    let signal = world.only();
    assert_eq!((signal.state, signal.beyond), (State::Expected, 800.0));
    assert_eq!(signal.expected_ms, Some(NOW_MS + 10 * HOUR_MS));
    assert_eq!(signal.since_ms, NOW_MS + 2);
    // A forecast of another day is one of its own, and what was reported is no forecast.
    world.tell(2, 1, true, &peak("rws", Statement::Forecast, 60, 1_000.0));
    world.tell(3, 1, true, &peak("rws", Statement::Fact, -3, 2_600.0));
    let states: Vec<_> = world.all().iter().map(|one| one.state).collect();
    assert_eq!(states, [State::Passed, State::Expected]);
    let later = signals(&world.watches, &world.told, NOW_MS + 11 * HOUR_MS);
    let states: Vec<_> = later.iter().map(|one| one.state).collect();
    assert_eq!(states, [State::Passed]);
}

#[test]
fn a_peak_that_is_told_afterwards_is_of_its_own_moment() {
    let mut world = World::default();
    world.watch(9, &threshold("water_level.discharge_m3_s", "", 2_500.0));
    world.tell(1, 1, true, &peak("rws", Statement::Fact, -30, 3_260.0));
    let mut falling = peak("rws", Statement::Fact, 0, 900.0);
    if let Some(Body::WaterLevel(body)) = &mut falling.body {
        body.peak_time = None;
    }
    world.tell(2, 1, true, &falling);
    let signal = world.only();
    assert_eq!((signal.state, signal.value), (State::Over, 900.0));
}

#[test]
fn a_threshold_watches_only_its_figure_there() {
    let figure = outage("enexis", -1, 500, CountQualifier::Exact);
    let raises = |change: &dyn Fn(&mut Entry)| {
        let mut entry = threshold("outage.customers", "Valkenburg", 400.0);
        change(&mut entry);
        let mut world = World::default();
        world.watch(9, &entry);
        world.tell(1, 1, true, &figure);
        !world.all().is_empty()
    };
    fn body(entry: &mut Entry) -> &mut Threshold {
        match &mut entry.body {
            Some(Body::Threshold(body)) => body,
            other => panic!("{other:?}"),
        }
    }
    let point = |latitude| {
        let point = Position { latitude, longitude: 5.8 };
        Some(Geometry { shape: Some(Shape::Point(point)), accuracy_m: 10.0 })
    };
    assert!(raises(&|_| {}));
    assert!(raises(&|entry| body(entry).detail = "Power".into()));
    assert!(!raises(&|entry| body(entry).detail = "gas".into()));
    assert!(!raises(&|entry| body(entry).place = "Meerssen".into()));
    assert!(!raises(&|entry| body(entry).aspect = "evacuation.people".into()));
    assert!(!raises(&|entry| body(entry).above = Some(501.0)));
    assert!(raises(&|entry| (body(entry).above, body(entry).below) = (None, Some(500.0))));
    assert!(raises(&|entry| entry.geometry = point(50.0)), "a place goes before a geometry");
    let anywhere = |entry: &mut Entry| {
        body(entry).place.clear();
        entry.geometry = point(50.0);
    };
    assert!(!raises(&anywhere), "the figure does not say where it is");
    let mut here = World::default();
    let mut entry = threshold("outage.customers", "", 400.0);
    entry.geometry = point(50.86);
    here.watch(9, &entry);
    for (number, latitude, raised) in [(1, 51.4, 0), (2, 50.86, 1)] {
        here.tell(number, 1, true, &Entry { geometry: point(latitude), ..figure.clone() });
        assert_eq!(here.all().len(), raised);
    }
}

#[test]
fn who_may_not_see_a_threshold_or_a_figure_hears_of_neither() {
    let mut board = Board::default();
    let put = |board: &mut Board, entry: u8, of: &Entry| {
        let id = VersionId { feed: [entry; 16], sequence: 1 };
        let version =
            Version { id, said: said(of, NOW_MS), author: String::new(), received_ms: NOW_MS };
        board.update(entry_ref(entry), vec![version]);
    };
    put(&mut board, 1, &outage("enexis", -1, 500, CountQualifier::Exact));
    put(&mut board, 2, &threshold("outage.customers", "", 400.0));
    put(&mut board, 3, &outage("politie", -1, 900, CountQualifier::Exact));
    put(&mut board, 5, &threshold("outage.customers", "", 100.0));
    let hears = |seen: &dyn Fn(Id) -> bool| {
        let watches = watches(&board, Mode::Actual, NOW_MS, seen);
        let told = told(&board, Mode::Actual, &watches, seen);
        let mut heard: Vec<_> = signals(&watches, &told, NOW_MS)
            .iter()
            .map(|one| (watches[one.watch].at.entry.as_u128(), one.told.at.entry.as_u128()))
            .collect();
        heard.sort_unstable();
        heard
    };
    assert_eq!(hears(&|_| true), [(2, 3), (5, 3)]);
    assert_eq!(hears(&|scope| scope == Id([1; 16])), [(5, 3)]);
    assert_eq!(hears(&|scope| scope == Id([0; 16])), [], "a threshold alone says nothing");
}

/// Figures and thresholds of three parties at two places in two modes.
fn worlds() -> impl Strategy<Value = (Vec<Watch>, Vec<Told>)> {
    let watched = (0..2_u8, 0..2_u8, 1..9_i64, any::<bool>());
    let figure = (0..6_u8, 1..4_u64, 0..3_u8, 0..2_u8, -9..3_i64, 0..9_i64, 0..8_u8);
    let thresholds = prop::collection::vec(watched, 1..4);
    (thresholds, prop::collection::vec(figure, 0..14)).prop_map(|(thresholds, figures)| {
        let mode = |exercise: bool| if exercise { Mode::Exercise } else { Mode::Actual };
        let mut world = World::default();
        for (number, (of, place, above, exercise)) in thresholds.into_iter().enumerate() {
            let aspect = ["outage.customers", "water_level.discharge_m3_s"][usize::from(of)];
            let place = ["", "Maas, Sint Pieter"][usize::from(place)];
            world.watch(100 + number as u8, &threshold(aspect, place, above as f64 * 100.0));
            world.watches.last_mut().unwrap().mode = mode(exercise);
        }
        let mut told = Vec::new();
        for (entry, number, party, of, hours, value, flags) in figures {
            let party = ["a", "b", "c"][usize::from(party)];
            let statement = if flags & 4 == 0 { Statement::Fact } else { Statement::Forecast };
            let made = match of {
                0 => outage(party, hours, value * 100, CountQualifier::Exact),
                _ => peak(party, statement, hours, value as f64 * 100.0),
            };
            let version = VersionId { feed: [entry; 16], sequence: number };
            let of = (entry_ref(entry), version, flags & 1 == 0);
            let said = said(&made, NOW_MS + number as i64);
            add_told(&mut told, mode(flags & 2 == 0), of, &said, &world.watches);
        }
        (world.watches, told)
    })
}

proptest! {
    #[test]
    fn signals_do_not_depend_on_the_order_of_arrival_nor_on_hearing_twice(
        (watches, told) in worlds(),
        seed in any::<u64>(),
    ) {
        let mut other = told.clone();
        other.extend(told.iter().take(3).cloned());
        let mix = |one: &Told| {
            let id = one.at.entry.as_u128() as u64 * 31 + one.version.sequence;
            (seed ^ id).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        };
        // Of one version all figures stay in their order, as they come from one entry.
        other.sort_by_key(mix);
        prop_assert_eq!(signals(&watches, &told, NOW_MS), signals(&watches, &other, NOW_MS));
    }

    #[test]
    fn a_signal_is_of_its_own_mode_and_says_what_was_told((watches, told) in worlds()) {
        for signal in signals(&watches, &told, NOW_MS) {
            let watch = &watches[signal.watch];
            prop_assert_eq!(watch.mode, signal.told.mode);
            prop_assert!(told.contains(&signal.told) && signal.told.current);
            prop_assert_eq!(signal.beyond >= 0.0, signal.state != State::Over);
            prop_assert_eq!(signal.value - signal.beyond, watch.limit.above.unwrap());
        }
        // What is told in another mode changes nothing of what is told in this one.
        for mode in [Mode::Actual, Mode::Exercise] {
            let own: Vec<_> = told.iter().filter(|one| one.mode == mode).cloned().collect();
            let of = |all: &[Told]| {
                let found = signals(&watches, all, NOW_MS);
                found.into_iter().filter(|one| watches[one.watch].mode == mode).collect::<Vec<_>>()
            };
            prop_assert_eq!(of(&told), of(&own));
        }
    }

    #[test]
    fn a_figure_that_passes_now_is_never_silent((watches, told) in worlds()) {
        let found = signals(&watches, &told, NOW_MS);
        for (index, watch) in watches.iter().enumerate() {
            for one in told.iter().filter(|one| heard(watch, one) && one.current) {
                let range = range(one).unwrap();
                let expected = one.claim.subject.stance == Stance::Expected;
                let newest = !told.iter().any(|other| {
                    heard(watch, other)
                        && (other.party == one.party || other.at == one.at)
                        && other != one
                        && (expected || other.claim.subject.place == one.claim.subject.place)
                });
                // Who speaks after a figure was past its time takes its place.
                let replaced = told.iter().any(|other| {
                    heard(watch, other) && !expected && one.is_stale(other.moment_ms())
                });
                let counts = newest && !replaced && (!expected || one.ends_ms() >= NOW_MS);
                if counts && watch.limit.beyond(range).1 >= 0.0 {
                    let is = |signal: &Signal| {
                        signal.watch == index
                            && signal.state != State::Over
                            && signal.told.claim.subject == one.claim.subject
                    };
                    prop_assert!(found.iter().any(is), "{:?} is silent", one);
                }
            }
        }
    }
}
