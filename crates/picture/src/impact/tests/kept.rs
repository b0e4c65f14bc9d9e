//! What is kept of grounds is what is found by comparing every facility with every danger.

use super::*;
use crate::entry::meets;

/// Where a facility or danger is, and what it is.
#[derive(Debug, Clone)]
enum Thing {
    /// At a place by name, in an area, or both.
    Danger(Option<u8>, Option<(i8, u16)>, bool),
    Station(Option<u8>, Option<i8>),
    /// No version of it is left.
    Gone,
}

fn things() -> impl Strategy<Value = Vec<(u8, Thing)>> {
    let place = || prop::option::of(0..3_u8);
    let area = prop::option::of((-9..9_i8, 200..3_000_u16));
    let thing = prop_oneof![
        3 => (place(), area, any::<bool>()).prop_map(|(at, area, out)| Thing::Danger(at, area, out)),
        3 => (place(), prop::option::of(-9..9_i8)).prop_map(|(at, east)| Thing::Station(at, east)),
        1 => Just(Thing::Gone),
    ];
    prop::collection::vec((0..12_u8, thing), 0..40)
}

fn entry_of(number: u8, thing: &Thing) -> Option<Entry> {
    let east = |east: i8| f64::from(east) / 100.0;
    let place = |place: &Option<u8>| match place {
        Some(place) => format!("Place {place}"),
        None => String::new(),
    };
    Some(match thing {
        Thing::Gone => return None,
        Thing::Danger(at, area, out) => Entry {
            place: place(at),
            geometry: area.map(|(at, radius_m)| around(east(at), radius_m.into())),
            ..with(outage(number, Power, -1), as_outage, |body| {
                let state = if *out { OutageState::Out } else { OutageState::Restored };
                body.state = state.into();
            })
        },
        Thing::Station(at, point) => Entry {
            place: place(at),
            geometry: point.map(|at| self::point(east(at))),
            ..facility(number, vec![need(Power, &[], Some(0))])
        },
    })
}

/// Which facility each danger touches, one by one.
fn plainly(entries: &BTreeMap<u8, Entry>) -> BTreeMap<(u8, u8), ImpactMatch> {
    let mut found = BTreeMap::new();
    let is_station = |entry: &Entry| matches!(entry.body, Some(Body::Facility(_)));
    for (danger, told) in entries.iter().filter(|(_, entry)| !is_station(entry)) {
        for (station, at) in entries.iter().filter(|(_, entry)| is_station(entry)) {
            let touches = match (&told.geometry, &at.geometry) {
                (Some(area), Some(point)) => meets(area, point).then_some(ImpactMatch::Area),
                _ => {
                    (!told.place.is_empty() && told.place == at.place).then_some(ImpactMatch::Place)
                }
            };
            found.extend(touches.map(|touches| ((*danger, *station), touches)));
        }
    }
    found
}

proptest! {
    #[test]
    fn what_is_kept_is_what_is_reckoned_anew_whatever_came_before_and_in_which_order(
        said in things(),
    ) {
        let mut kept = Board::default();
        let mut last: BTreeMap<u8, Entry> = BTreeMap::new();
        for (sequence, (number, thing)) in said.iter().enumerate() {
            match entry_of(*number, thing) {
                Some(entry) => {
                    put(&mut kept, &entry, sequence as u64 + 1);
                    last.insert(*number, entry);
                }
                None => {
                    kept.update(EntryRef { entry: id(*number), scope: SCOPE }, Vec::new());
                    last.remove(number);
                }
            }
        }
        // The same versions, the last one first.
        let mut anew = Board::default();
        for (number, entry) in last.iter().rev() {
            let sequence = said.iter().rposition(|(of, _)| of == number).unwrap() as u64 + 1;
            put(&mut anew, entry, sequence);
        }
        prop_assert_eq!(&kept, &anew);
        let asked = |board: &Board| impact(board, &Ask { most: 99, ..Ask::default() }, NOW_MS, |_| true);
        prop_assert_eq!(asked(&kept), asked(&anew));
        let number = |at: EntryRef| (at.entry.as_u128() - 1) as u8;
        let touching = kept.grounds().touching().flat_map(|(danger, touches)| {
            touches.iter().map(move |((_, at), found)| ((number(danger), number(*at)), *found))
        });
        let touching: BTreeMap<_, _> = touching.collect();
        prop_assert_eq!(touching, plainly(&last));
    }
}
