//! Laws of what fails next, on small worlds and on random ones beside a plain reckoning.

use polder_wire::v1::{
    Circle, Count, Dependency, Entry, Facility, FacilityState, FacilityType, Geometry, Lane,
    Outage, OutageState, Position, Relation, RelationType, Statement, VitalService, entry::Body,
    geometry::Shape,
};
use proptest::prelude::*;
use prost_types::Duration;

use super::{said::Ground, *};
use crate::{
    attributes::{Attributes, timestamp},
    kinds,
    names::VersionId,
    team::said::Said,
};

mod compared;
mod kept;
mod returning;

const NOW_MS: i64 = 1_626_328_800_000;
const HOUR_MS: i64 = 3_600_000;
const SCOPE: Id = Id([7; 16]);

fn id(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn name(number: u8) -> String {
    format!("incidents/x/entries/{}", id(number))
}

fn point(east: f64) -> Geometry {
    let position = Position { latitude: 50.86, longitude: 5.8 + east };
    Geometry { shape: Some(Shape::Point(position)), accuracy_m: 0.0 }
}

fn around(east: f64, radius_m: f64) -> Geometry {
    let center = Some(Position { latitude: 50.86, longitude: 5.8 + east });
    Geometry { shape: Some(Shape::Circle(Circle { center, radius_m })), accuracy_m: 0.0 }
}

fn need(service: VitalService, suppliers: &[u8], hours: Option<i64>) -> Dependency {
    let suppliers = suppliers.iter().map(|number| name(*number)).collect();
    let holds_out = hours.map(|hours| Duration { seconds: hours * 3_600, nanos: 0 });
    Dependency { service: service.into(), suppliers, holds_out, ..Dependency::default() }
}

fn facility(number: u8, needs: Vec<Dependency>) -> Entry {
    let body = Facility {
        designation: format!("facility {number}"),
        r#type: FacilityType::PumpingStation.into(),
        dependencies: needs,
        ..Facility::default()
    };
    entry(number, Body::Facility(body))
}

fn entry(number: u8, body: Body) -> Entry {
    Entry {
        name: name(number),
        statement: Statement::Fact.into(),
        party: "parties/one".into(),
        geometry: Some(point(0.0)),
        body: Some(body),
        ..Entry::default()
    }
}

fn outage(number: u8, service: VitalService, hours: i64) -> Entry {
    let body = Outage {
        service: service.into(),
        state: OutageState::Out.into(),
        start_time: Some(timestamp(NOW_MS + hours * HOUR_MS)),
        ..Outage::default()
    };
    Entry { geometry: Some(around(0.0, 2_000.0)), ..entry(number, Body::Outage(body)) }
}

fn with<B>(
    mut entry: Entry,
    body: fn(&mut Body) -> Option<&mut B>,
    change: impl FnOnce(&mut B),
) -> Entry {
    change(entry.body.as_mut().and_then(body).unwrap());
    entry
}

fn as_facility(body: &mut Body) -> Option<&mut Facility> {
    match body {
        Body::Facility(body) => Some(body),
        _ => None,
    }
}

fn as_outage(body: &mut Body) -> Option<&mut Outage> {
    match body {
        Body::Outage(body) => Some(body),
        _ => None,
    }
}

fn put(board: &mut Board, entry: &Entry, sequence: u64) {
    put_at(board, entry, sequence, NOW_MS);
}

fn put_at(board: &mut Board, entry: &Entry, sequence: u64, recorded_ms: i64) {
    let number = kinds::of(entry).map_or(0, |kind| kind.field);
    let attributes = Attributes::of_entry(entry, &entry.party, number, Lane::Routine);
    let said = Said::of(entry, &attributes.recorded_at(recorded_ms), recorded_ms);
    let id = VersionId { feed: [1; 16], sequence };
    let version = Version { id, said, author: String::new(), received_ms: NOW_MS };
    let entry = crate::names::EntryName::parse(&entry.name).unwrap().entry;
    board.update(EntryRef { entry, scope: SCOPE }, vec![version]);
}

fn board(entries: &[Entry]) -> Board {
    let mut board = Board::default();
    for (number, entry) in entries.iter().enumerate() {
        put(&mut board, entry, number as u64 + 1);
    }
    board
}

fn ask(entries: &[Entry], ask: Ask) -> Impact {
    impact(&board(entries), &Ask { most: 100, ..ask }, NOW_MS, |scope| scope == SCOPE)
}

fn asked(entries: &[Entry]) -> Impact {
    ask(entries, Ask::default())
}

/// Which facility, how sure, and hours from now.
fn told(impact: &Impact) -> Vec<(u8, EffectState, i64)> {
    let number = |id: Uuid| (id.as_u128() - 1) as u8;
    let hours = |effect: &Effect| (effect.down_ms - NOW_MS) / HOUR_MS;
    impact.effects.iter().map(|one| (number(one.facility), one.state, hours(one))).collect()
}

use EffectState::{Down, MayFail, WillFail};
use VitalService::{Power, Pumping, Telecom};

#[test]
fn a_facility_goes_down_when_it_no_longer_holds_out_and_those_that_hang_on_it_follow() {
    let world = [
        outage(0, Power, -2),
        facility(1, vec![need(Power, &[], None)]),
        facility(2, vec![need(Power, &[], Some(72))]),
        facility(3, vec![need(Pumping, &[2], Some(4))]),
        facility(4, vec![need(Telecom, &[], None)]),
    ];
    let answer = asked(&world);
    assert_eq!(told(&answer), [(1, Down, -2), (2, WillFail, 70), (3, WillFail, 74)]);
    let steps = &answer.effects[2].steps;
    let chain: Vec<_> = steps.iter().map(|step| (step.facility, step.entry, step.found)).collect();
    assert_eq!(
        chain,
        [
            (None, Some(id(0)), ImpactMatch::Unspecified),
            (Some(id(2)), Some(id(2)), ImpactMatch::Area),
            (Some(id(3)), Some(id(3)), ImpactMatch::Supplier),
        ]
    );
    assert!(answer.effects[0].steps[1].holds_out_unknown && !steps[1].holds_out_unknown);
    assert_eq!((answer.totals.down, answer.totals.will_fail, answer.totals.may_fail), (1, 2, 0));
    // All that is named can be looked up.
    let named: Vec<_> = answer.at.keys().copied().collect();
    assert_eq!(named, [id(0), id(1), id(2), id(3)]);
}

#[test]
fn a_service_with_several_suppliers_fails_with_the_last_of_them() {
    let down = |number: u8, hours: i64| {
        with(facility(number, Vec::new()), as_facility, |body| {
            body.state = FacilityState::Out.into();
            body.state_time = Some(timestamp(NOW_MS + hours * HOUR_MS));
        })
    };
    let fed = facility(3, vec![need(Power, &[1, 2], Some(1))]);
    let answer = asked(&[down(1, -3), facility(2, Vec::new()), fed.clone()]);
    assert_eq!(told(&answer), [(1, Down, -3)], "one of two is left");
    let answer = asked(&[down(1, -3), down(2, 5), fed.clone()]);
    assert_eq!(told(&answer), [(1, Down, -3), (2, WillFail, 5), (3, WillFail, 6)]);
    let answer = asked(&[down(1, -3), fed]);
    assert_eq!((told(&answer), answer.unseen), (vec![(1, Down, -3)], 1), "one is not seen");
}

#[test]
fn who_names_no_supplier_hangs_on_all_in_whose_service_area_it_lies() {
    let station = |number: u8, east: f64, state: FacilityState| {
        let entry = with(facility(number, Vec::new()), as_facility, |body| {
            body.provides = vec![Power.into()];
            body.service_area = Some(around(east, 3_000.0));
            body.state = state.into();
        });
        Entry { geometry: Some(point(0.5)), ..entry }
    };
    let fed = facility(3, vec![need(Power, &[], Some(0))]);
    let world = [station(1, 0.0, FacilityState::Out), fed.clone()];
    let answer = asked(&world);
    assert_eq!(told(&answer), [(1, Down, 0), (3, Down, 0)]);
    assert_eq!(answer.effects[1].steps[1].found, ImpactMatch::ServiceArea);
    assert_eq!(answer.effects[0].services, [Power]);
    let both = [station(1, 0.0, FacilityState::Out), station(2, 0.0, FacilityState::InUse), fed];
    assert_eq!(told(&asked(&both)), [(1, Down, 0)], "another one covers it");
    let far = Entry { geometry: Some(point(0.2)), ..world[1].clone() };
    assert_eq!(told(&asked(&[world[0].clone(), far])), [(1, Down, 0)]);
}

#[test]
fn circles_of_facilities_that_need_each_other_end() {
    let round = [
        facility(1, vec![need(Power, &[2], Some(1))]),
        facility(2, vec![need(Telecom, &[1], Some(1)), need(Pumping, &[2], Some(1))]),
    ];
    assert_eq!(told(&asked(&round)), [], "nothing fails by itself");
    let world = [round[0].clone(), round[1].clone(), outage(3, Power, 0)];
    assert_eq!(told(&asked(&world)), [(1, WillFail, 1), (2, WillFail, 2)]);
}

#[test]
fn a_repair_in_time_takes_nothing_down_unless_it_is_late_and_threats_may() {
    let holds = facility(1, vec![need(Power, &[], Some(8))]);
    let repaired = |hours: i64| {
        with(outage(0, Power, -2), as_outage, |body| {
            body.expected_repair_time = Some(timestamp(NOW_MS + hours * HOUR_MS));
        })
    };
    assert_eq!(told(&asked(&[repaired(3), holds.clone()])), [(1, MayFail, 6)]);
    assert_eq!(told(&asked(&[repaired(7), holds.clone()])), [(1, WillFail, 6)]);
    assert_eq!(told(&asked(&[repaired(-1), holds.clone()])), [(1, WillFail, 6)], "it is late");
    let stated = |state: OutageState| {
        let told = with(outage(0, Power, -2), as_outage, |body| body.state = state.into());
        self::told(&asked(&[told, holds.clone()]))
    };
    assert_eq!(stated(OutageState::Threatened), [(1, MayFail, 6)]);
    assert_eq!(stated(OutageState::Restored), []);
    let sure = outage(2, Power, 10);
    let threat = with(outage(0, Power, -2), as_outage, |body| {
        body.state = OutageState::Threatened.into();
    });
    let answer = asked(&[threat, sure, holds]);
    assert_eq!(told(&answer), [(1, WillFail, 18)]);
    assert_eq!(answer.effects[0].possible_ms, Some(NOW_MS + 6 * HOUR_MS));
}

#[test]
fn what_is_supposed_is_told_apart_from_what_is_so() {
    let world = [
        outage(0, Power, 0),
        facility(1, vec![need(Power, &[], Some(10)), need(Telecom, &[], Some(2))]),
        facility(2, vec![need(Power, &[], Some(1))]),
    ];
    let ground = Ground { shape: Some(around(0.0, 500.0)), places: Vec::new() };
    let what = Supposed::Service(Telecom, ground);
    let what_if = Some(WhatIf { what, start_ms: NOW_MS, repair_ms: None });
    let answer = ask(&world, Ask { what_if, ..Ask::default() });
    assert_eq!(told(&answer), [(1, WillFail, 2), (2, WillFail, 1)], "what it changes comes first");
    let [first, second] = answer.effects.as_slice() else { panic!("two") };
    assert!(first.by_what_if && !second.by_what_if);
    assert_eq!((first.otherwise_ms, second.otherwise_ms), (Some(NOW_MS + 10 * HOUR_MS), None));
    assert_eq!(first.steps[0].entry, None);
    let what_if =
        Some(WhatIf { what: Supposed::Facility(id(2)), start_ms: NOW_MS, repair_ms: None });
    let answer = ask(&world, Ask { what_if, ..Ask::default() });
    assert_eq!(told(&answer)[0], (2, Down, 0));
    assert_eq!(told(&ask(&world, Ask { only: Some(id(9)), ..Ask::default() })), []);
}

#[test]
fn people_who_are_less_self_reliant_count_once_however_many_dangers_there_are() {
    let home = |number: u8| {
        with(facility(number, Vec::new()), as_facility, |body| {
            body.r#type = FacilityType::NursingHome.into();
            body.people = Some(Count { value: 80, ..Count::default() });
            body.less_self_reliant = Some(Count { value: 60, ..Count::default() });
        })
    };
    let cleared = with(home(4), as_facility, |body| body.state = FacilityState::Cleared.into());
    let school = with(facility(5, Vec::new()), as_facility, |body| {
        body.r#type = FacilityType::School.into();
    });
    let mut copy = home(6);
    let entry = name(3);
    copy.relations =
        vec![Relation { r#type: RelationType::ReleasedFrom.into(), entry, ..Relation::default() }];
    let world = [
        outage(0, Power, 0),
        outage(1, Telecom, 0),
        home(3),
        cleared,
        school,
        copy,
        facility(7, Vec::new()),
    ];
    let answer = asked(&world);
    let exposed: Vec<_> = answer.exposures.iter().map(|one| one.facility).collect();
    assert_eq!(exposed, [id(3), id(5)]);
    assert_eq!(answer.exposures[0].dangers.len(), 2);
    let totals = answer.totals;
    assert_eq!((totals.exposed, totals.uncounted), (2, 1));
    assert_eq!((totals.exposed_people, totals.exposed_less_self_reliant), (80, 60));
}

#[test]
fn names_count_where_no_area_is_known_and_what_is_not_seen_does_not_exist() {
    let named = |mut entry: Entry, place: &str| {
        (entry.place, entry.geometry) = (place.into(), None);
        entry
    };
    let world = [
        named(outage(0, Power, 0), "Valkenburg en Houthem"),
        named(facility(1, vec![need(Power, &[], Some(1))]), "Houthem"),
        named(facility(2, vec![need(Power, &[], Some(1))]), "Meerssen"),
    ];
    let answer = asked(&world);
    assert_eq!(told(&answer), [(1, WillFail, 1)]);
    assert_eq!(answer.effects[0].steps[1].found, ImpactMatch::Place);
    let nothing = impact(&board(&world), &Ask { most: 9, ..Ask::default() }, NOW_MS, |_| false);
    assert_eq!(nothing, Impact::default());
}

/// Facilities with needs of named suppliers, and outages of services that begin at some hour.
type World = (Vec<Vec<(u8, Vec<u8>, i64)>>, Vec<(u8, i64)>);

const SERVICES: [VitalService; 3] = [Power, Telecom, Pumping];

fn worlds() -> impl Strategy<Value = World> {
    let need = (0..3_u8, prop::collection::vec(0..9_u8, 0..3), 0..30_i64);
    let facilities = prop::collection::vec(prop::collection::vec(need, 0..3), 1..9);
    (facilities, prop::collection::vec((0..3_u8, -20..20_i64), 0..3))
}

fn entries((facilities, outages): &World) -> Vec<Entry> {
    let facilities = facilities.iter().enumerate().map(|(number, needs)| {
        let need = |(service, suppliers, hours): &(u8, Vec<u8>, i64)| {
            need(SERVICES[usize::from(*service)], suppliers, Some(*hours))
        };
        facility(number as u8, needs.iter().map(need).collect())
    });
    let outages = outages.iter().enumerate().map(|(number, (service, hours))| {
        outage(100 + number as u8, SERVICES[usize::from(*service)], *hours)
    });
    facilities.chain(outages).collect()
}

/// When each goes down, by reckoning again and again until nothing changes.
fn plainly((facilities, outages): &World) -> Vec<Option<i64>> {
    let mut down: Vec<Option<i64>> = vec![None; facilities.len()];
    loop {
        let next = facilities.iter().enumerate().map(|(number, needs)| {
            let fails = |(service, suppliers, hours): &(u8, Vec<u8>, i64)| {
                let outage = outages.iter().filter(|(of, _)| of == service).map(|(_, at)| *at);
                let known = suppliers.iter().all(|one| usize::from(*one) < facilities.len());
                let alone = suppliers.contains(&(number as u8));
                let all =
                    suppliers.iter().map(|one| down.get(usize::from(*one)).copied().flatten());
                let last = all.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
                let last = last.filter(|_| known && !alone);
                outage.chain(last).min().map(|at| at + hours)
            };
            needs.iter().filter_map(fails).min()
        });
        let next: Vec<_> = next.collect();
        if next == down {
            return down;
        }
        down = next;
    }
}

proptest! {
    #[test]
    fn every_facility_counts_once_at_its_earliest_time_whatever_the_order(
        world in worlds(),
        seed in any::<u64>(),
    ) {
        let all = entries(&world);
        let answer = asked(&all);
        let mut found: BTreeMap<Uuid, i64> = BTreeMap::new();
        for effect in &answer.effects {
            let hours = (effect.down_ms - NOW_MS) / HOUR_MS;
            prop_assert_eq!(found.insert(effect.facility, hours), None);
            prop_assert_eq!(effect.state == Down, hours <= 0);
            let times: Vec<_> = effect.steps.iter().map(|step| step.ms).collect();
            prop_assert!(times.is_sorted());
            prop_assert_eq!(times.last(), Some(&effect.down_ms));
            prop_assert_eq!(effect.steps.last().unwrap().facility, Some(effect.facility));
            prop_assert!(effect.steps[0].facility.is_none(), "an outage begins each chain");
        }
        let plainly = plainly(&world).into_iter().enumerate();
        let expected: BTreeMap<_, _> =
            plainly.filter_map(|(number, hours)| Some((id(number as u8), hours?))).collect();
        prop_assert_eq!(found, expected);
        let mut other = Board::default();
        let mut order: Vec<_> = (0..all.len()).collect();
        order.sort_by_key(|number| (seed ^ *number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // A version of before does not stay behind.
        for number in order.iter().chain(&order) {
            put(&mut other, &all[*number], *number as u64 + 1);
        }
        let again = impact(&other, &Ask { most: 100, ..Ask::default() }, NOW_MS, |_| true);
        prop_assert_eq!(answer, again);
    }

    #[test]
    fn who_holds_out_longer_never_goes_down_earlier(
        world in worlds(),
        (facility, need, more) in (0..9_usize, 0..3_usize, 1..40_i64),
    ) {
        let before = asked(&entries(&world));
        let mut longer = world;
        let needs = longer.0.get_mut(facility).and_then(|needs| needs.get_mut(need));
        if let Some((_, _, hours)) = needs {
            *hours += more;
        }
        let after = asked(&entries(&longer));
        for effect in &after.effects {
            let earlier = before.effects.iter().find(|one| one.facility == effect.facility);
            prop_assert!(earlier.is_some_and(|earlier| earlier.down_ms <= effect.down_ms));
        }
    }
}
