//! Laws of what comes back, on small worlds and on random ones beside a plain reckoning.

use polder_wire::v1::ReturnState::{self, Back, ComesBack, Spared, StaysDown};

use super::*;

fn repaired(number: u8, service: VitalService, from: i64, until: i64) -> Entry {
    with(outage(number, service, from), as_outage, |body| {
        body.expected_repair_time = Some(timestamp(NOW_MS + until * HOUR_MS));
    })
}

/// Which facility, what becomes of it, and in how many hours.
fn returned(impact: &Impact) -> Vec<(u8, ReturnState, Option<i64>)> {
    let number = |id: Uuid| (id.as_u128() - 1) as u8;
    let hours = |ms: i64| (ms - NOW_MS) / HOUR_MS;
    impact
        .returns
        .iter()
        .map(|one| (number(one.facility), one.state, one.back_ms.map(hours)))
        .collect()
}

#[test]
fn what_hangs_on_a_repair_comes_back_with_it_and_what_lacks_something_else_stays_down() {
    let world = [
        repaired(0, Power, -2, 3),
        outage(9, Telecom, -1),
        facility(1, vec![need(Power, &[], None)]),
        facility(2, vec![need(Pumping, &[1], Some(1))]),
        facility(3, vec![need(Power, &[], Some(0)), need(Telecom, &[], Some(0))]),
        facility(4, vec![need(Telecom, &[], Some(0))]),
        facility(5, vec![need(Power, &[], Some(8))]),
    ];
    let answer = asked(&world);
    let told = returned(&answer);
    assert_eq!(told, [(1, ComesBack, Some(3)), (2, ComesBack, Some(3)), (3, StaysDown, None)]);
    let [first, second, third] = answer.returns.as_slice() else { panic!("three") };
    let chain: Vec<_> = second.steps.iter().map(|step| (step.facility, step.entry)).collect();
    assert_eq!(
        chain,
        [(None, Some(id(0))), (Some(id(1)), Some(id(1))), (Some(id(2)), Some(id(2)))]
    );
    assert_eq!((first.steps[0].service, second.steps[2].service), (Power, Pumping));
    assert_eq!(third.waits_for, [id(9)], "telecom is what it lacks then");
    assert!(third.steps.is_empty());
    // All that is named can be looked up.
    assert!([0, 1, 2, 3, 9].iter().all(|number| answer.at.contains_key(&id(*number))));
    // A repair in time is certain to take nothing down, and may be late.
    assert_eq!(super::told(&answer).last(), Some(&(5, MayFail, 6)));
}

#[test]
fn a_supplier_that_is_back_in_time_takes_nothing_down() {
    let chain = [
        repaired(0, Power, -1, 2),
        facility(1, vec![need(Power, &[], None)]),
        facility(2, vec![need(Pumping, &[1], Some(4))]),
    ];
    let answer = asked(&chain);
    assert_eq!(told(&answer), [(1, Down, -1), (2, MayFail, 3)]);
    assert_eq!(returned(&answer), [(1, ComesBack, Some(2))]);
    let late = [repaired(0, Power, -1, -1), chain[1].clone(), chain[2].clone()];
    assert_eq!(told(&asked(&late)), [(1, Down, -1), (2, WillFail, 3)], "it should have been there");
    assert_eq!(returned(&asked(&late)), []);
}

#[test]
fn what_was_restored_is_back_for_a_day_unless_something_else_keeps_it_down() {
    let restored = |hours: i64| {
        let over = with(outage(0, Power, -60), as_outage, |body| {
            body.state = OutageState::Restored.into();
        });
        let observed = Some(timestamp(NOW_MS + hours * HOUR_MS));
        Entry { times: Some(polder_wire::v1::Times { observed, ..Default::default() }), ..over }
    };
    let fed = facility(1, vec![need(Power, &[], Some(2)), need(Telecom, &[], Some(0))]);
    let answer = asked(&[restored(-3), fed.clone()]);
    assert_eq!((told(&answer), returned(&answer)), (vec![], vec![(1, Back, Some(-3))]));
    assert_eq!(answer.returns[0].down_ms, NOW_MS - 58 * HOUR_MS);
    assert_eq!(returned(&asked(&[restored(-25), fed.clone()])), [], "that is old news");
    let answer = asked(&[restored(-3), outage(9, Telecom, -5), fed.clone()]);
    assert_eq!(told(&answer), [(1, Down, -58)], "down all the time");
    assert_eq!(returned(&answer), [(1, StaysDown, None)]);
    assert_eq!(answer.returns[0].waits_for, [id(9)]);
    let rival = outage(8, Power, -60);
    assert_eq!(told(&asked(&[restored(-3), rival, fed])), [(1, Down, -58)], "who denies it counts");
    let home = with(facility(1, Vec::new()), as_facility, |body| {
        body.r#type = FacilityType::NursingHome.into();
    });
    assert_eq!(asked(&[restored(-3), home]).totals.exposed, 0, "what is over is no danger");
}

#[test]
fn a_facility_says_itself_when_it_is_back_and_may_go_down_again() {
    let shut = with(facility(1, Vec::new()), as_facility, |body| {
        body.state = FacilityState::Out.into();
        body.state_time = Some(timestamp(NOW_MS - HOUR_MS));
        body.expected_back_time = Some(timestamp(NOW_MS + 5 * HOUR_MS));
    });
    let fed = facility(2, vec![need(Pumping, &[1], Some(0)), need(Power, &[], Some(0))]);
    let answer = asked(&[shut, fed, outage(0, Power, 9)]);
    assert_eq!(returned(&answer), [(1, ComesBack, Some(5)), (2, ComesBack, Some(5))]);
    assert_eq!(answer.returns[1].again_ms, Some(NOW_MS + 9 * HOUR_MS));
    assert_eq!(answer.returns[0].steps.len(), 1);
}

#[test]
fn a_supposed_repair_tells_what_it_brings_back_or_spares() {
    let world = [
        outage(0, Power, -2),
        facility(1, vec![need(Power, &[], None)]),
        facility(2, vec![need(Pumping, &[1], Some(10))]),
        facility(3, vec![need(Telecom, &[], None)]),
        outage(9, Telecom, -2),
    ];
    let suppose = |entry: u8, hours: i64| {
        let repair = RepairIf { entry: id(entry), ms: NOW_MS + hours * HOUR_MS };
        ask(&world, Ask { repair_if: Some(repair), ..Ask::default() })
    };
    let answer = suppose(0, 3);
    assert_eq!(returned(&answer), [(1, ComesBack, Some(3)), (2, Spared, None)]);
    assert!(answer.returns.iter().all(|one| one.by_repair_if && one.otherwise_ms.is_none()));
    assert_eq!(answer.returns[1].down_ms, NOW_MS + 8 * HOUR_MS, "it would go down then");
    assert_eq!(told(&answer), [(1, Down, -2), (3, Down, -2)]);
    assert_eq!(returned(&suppose(0, 9)), [(1, ComesBack, Some(9)), (2, ComesBack, Some(9))]);
    // A facility works then, whatever it lacks.
    let answer = suppose(1, 3);
    assert_eq!(returned(&answer), [(1, ComesBack, Some(3)), (2, Spared, None)]);
    assert_eq!(answer.returns[0].steps[0].entry, None, "that is supposed");
    // What is not there changes nothing.
    assert_eq!(returned(&suppose(77, 3)), []);
    let only = Ask { only: Some(id(9)), ..Ask::default() };
    assert_eq!(returned(&ask(&world, only)), []);
}

#[test]
fn circles_that_wait_for_each_other_stay_down_and_say_so() {
    let round = [
        facility(1, vec![need(Telecom, &[2], Some(2)), need(Power, &[], Some(0))]),
        facility(2, vec![need(Pumping, &[1], Some(1))]),
    ];
    let world = [round[0].clone(), round[1].clone(), repaired(0, Power, -9, 2)];
    let answer = asked(&world);
    assert_eq!(returned(&answer), [(1, StaysDown, None)]);
    assert_eq!(answer.returns[0].waits_for, [id(2)]);
    let soon = [round[0].clone(), round[1].clone(), repaired(0, Power, -1, 1)];
    assert_eq!(returned(&asked(&soon)), [(1, ComesBack, Some(1)), (2, ComesBack, Some(1))]);
}

/// Facilities with needs, and outages of services, from and until which hour; until 60 is for good.
type Timed = (Vec<Vec<(u8, Vec<u8>, i64)>>, Vec<(u8, i64, i64)>);
/// From and until when each facility is down.
type Spells = Vec<Vec<(i64, Option<i64>)>>;

const FOR_GOOD: i64 = 60;

/// From when to when each facility is down, by going through every hour.
fn plainly((facilities, outages): &Timed) -> Spells {
    let count = facilities.len();
    let mut spells: Spells = vec![Vec::new(); count];
    let mut since: Vec<Vec<Option<i64>>> =
        facilities.iter().map(|needs| vec![None; needs.len()]).collect();
    let down = |spells: &[Vec<(i64, Option<i64>)>], one: usize| {
        spells[one].last().is_some_and(|(_, back)| back.is_none())
    };
    for hour in -25..400_i64 {
        // First what ends, then what begins.
        for begins in [false, true] {
            loop {
                let before = (spells.clone(), since.clone());
                for (one, needs) in facilities.iter().enumerate() {
                    for (at, (service, suppliers, _)) in needs.iter().enumerate() {
                        let out = outages.iter().any(|(of, from, until)| {
                            let runs = *until == FOR_GOOD || hour < *until;
                            of == service && runs && (*from < hour || (begins && *from == hour))
                        });
                        let known = suppliers.iter().all(|one| usize::from(*one) < count);
                        let counts = known && !suppliers.is_empty();
                        let counts = counts && !suppliers.contains(&(one as u8));
                        let none =
                            counts && suppliers.iter().all(|one| down(&spells, usize::from(*one)));
                        match out || none {
                            true => since[one][at] = since[one][at].or(begins.then_some(hour)),
                            false if begins => {}
                            false => since[one][at] = None,
                        }
                    }
                    let lacks = needs.iter().zip(&since[one]);
                    let mut lacks = lacks.map(|((_, _, hold), since)| {
                        since.is_some_and(|since| since + hold <= hour)
                    });
                    let fails = lacks.any(|fails| fails);
                    match (down(&spells, one), fails) {
                        (true, false) if !begins => {
                            spells[one].last_mut().unwrap().1 = Some(hour);
                        }
                        (false, true) if begins => match spells[one].last_mut() {
                            Some(last) if last.1 == Some(hour) => last.1 = None,
                            _ => spells[one].push((hour, None)),
                        },
                        _ => {}
                    }
                }
                if before == (spells.clone(), since.clone()) {
                    break;
                }
            }
        }
    }
    spells
}

/// The same by the cascade.
fn played((facilities, outages): &Timed) -> Spells {
    let stations = entries(&(facilities.clone(), Vec::new())).into_iter();
    let outages = outages.iter().enumerate().map(|(number, (service, from, until))| {
        let (number, service) = (100 + number as u8, SERVICES[usize::from(*service)]);
        match *until {
            FOR_GOOD => outage(number, service, *from),
            until => repaired(number, service, *from, until),
        }
    });
    let board = board(&stations.chain(outages).collect::<Vec<_>>());
    let (nodes, aliases) = super::super::facilities(&board, NOW_MS, &|_| true);
    let grounds = nodes.iter().map(|node| (node.at, &node.said.ground)).collect();
    let map = Around::of(board.grounds(), grounds);
    let told = dangers(&board, &map, NOW_MS, |_| true);
    let network = Network::of(nodes, &map, |entry| aliases.get(&entry).copied());
    let roots = roots(&network, &told);
    let now_ms = NOW_MS - 1_000 * HOUR_MS;
    let by = Reckoning { possible: false, supposed: true, now_ms, free: None };
    let hours = |ms: i64| (ms - NOW_MS) / HOUR_MS;
    let spells = |course: &Course| {
        let spells = course.spells.iter();
        spells.map(|one| (hours(one.ms), one.back.map(|(ms, _)| hours(ms)))).collect()
    };
    network.run(&roots, by).iter().map(spells).collect()
}

proptest! {
    #[test]
    fn facilities_go_down_and_come_back_as_hour_by_hour(
        (facilities, _) in worlds(),
        outages in prop::collection::vec((0..3_u8, -20..20_i64, -20..=FOR_GOOD), 0..5),
    ) {
        let world = (facilities, outages);
        prop_assert_eq!(played(&world), plainly(&world));
    }

    #[test]
    fn a_repair_that_is_supposed_earlier_takes_nothing_more_down(
        world in worlds(),
        hours in 1..40_i64,
    ) {
        let entries = entries(&world);
        let suppose = |hours: i64| {
            let repair = RepairIf { entry: id(100), ms: NOW_MS + hours * HOUR_MS };
            let answer = ask(&entries, Ask { repair_if: Some(repair), ..Ask::default() });
            let (effects, returns) = (answer.effects, answer.returns);
            let down: BTreeMap<_, _> =
                effects.iter().map(|one| (one.facility, one.down_ms)).collect();
            let back: BTreeSet<_> = returns.iter().filter_map(|one| one.back_ms).collect();
            (down, back)
        };
        let ((soon, back), (late, _)) = (suppose(hours), suppose(hours + 5));
        for (facility, down_ms) in &soon {
            prop_assert!(late.get(facility).is_some_and(|late| late <= down_ms));
        }
        // Nothing else is repaired: so all that comes back does so then.
        prop_assert!(back.iter().all(|ms| *ms == NOW_MS + hours * HOUR_MS));
    }
}
