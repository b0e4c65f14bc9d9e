//! What counts, and what does not.

use proptest::prelude::*;

use super::*;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn asked(quantity: i64, accepted: &[(u128, i64)]) -> Asked {
    Asked {
        quantity,
        state: RequestState::Asked,
        needed_by_ms: Some(1_000),
        accepted: accepted.iter().map(|(offer, number)| (id(*offer), *number)).collect(),
        module: 0,
        provided: BTreeSet::new(),
        disputed: false,
    }
}

fn offered(quantity: i64, request: Option<u128>, moved: [i64; 3]) -> Offered {
    let [en_route, arrived, released] = moved;
    Offered {
        quantity,
        request: request.map(id),
        withdrawn: false,
        moved: Moved { en_route, arrived, released },
        expire_ms: Some(500),
        module: 0,
        needed: BTreeSet::new(),
        disputed: false,
    }
}

#[test]
fn what_a_guest_needs_and_nobody_has_is_told_and_changes_no_count() {
    let wants = Asked { module: 1, provided: BTreeSet::from([2, 3]), ..asked(9, &[(11, 4)]) };
    let needs = |module, needed: &[i32]| Offered {
        module,
        needed: needed.iter().copied().collect(),
        ..offered(4, Some(1), [4, 0, 0])
    };
    let told = |offer: Offered| {
        let row = help(vec![(1, wants.clone())], vec![(11, offer)]).rows(400).remove(0);
        let part = row.parts[0].clone();
        (row.accepted, part.troubles, part.lacking)
    };
    assert_eq!(told(needs(1, &[3])), (4, BTreeSet::new(), BTreeSet::new()));
    let lacks = (4, BTreeSet::from([Trouble::Unsupported]), BTreeSet::from([1, 5]));
    assert_eq!(told(needs(0, &[1, 2, 5])), lacks);
    assert_eq!(told(needs(2, &[])).1, BTreeSet::from([Trouble::OtherModule]));
}

fn help(requests: Vec<(u128, Asked)>, offers: Vec<(u128, Offered)>) -> Help {
    Help {
        requests: requests.into_iter().map(|(at, asked)| (id(at), asked)).collect(),
        offers: offers.into_iter().map(|(at, offered)| (id(at), offered)).collect(),
        ..Help::default()
    }
}

#[test]
fn a_request_is_met_in_parts_and_says_what_is_short_and_late() {
    let help = help(
        vec![(1, asked(300, &[(11, 200), (12, 60)]))],
        vec![
            (11, offered(200, Some(1), [50, 100, 0])),
            (12, offered(80, None, [0, 0, 60])),
            (13, offered(40, Some(1), [0, 0, 0])),
        ],
    );
    let row = &help.rows(400)[0];
    assert_eq!((row.asked, row.accepted, row.open, row.short), (300, 260, 60, 40));
    assert_eq!(row.moved, Moved { en_route: 50, arrived: 100, released: 60 });
    assert_eq!((row.state, row.overdue), (RequestState::PartlyMet, false));
    let later = &help.rows(1_000)[0];
    assert!(later.overdue, "it was needed by then");
    assert_eq!(later.open, 0, "offers stand until their time only");
    assert!(later.parts[2].troubles.contains(&Trouble::Expired));
    assert_eq!(later.accepted, 260, "what was accepted stays");
}

#[test]
fn nothing_counts_twice_and_nobody_chooses_in_silence() {
    let help = help(
        vec![(1, asked(10, &[(11, 8), (12, 8), (13, 20)])), (2, asked(10, &[(11, 8), (12, 8)]))],
        vec![
            (11, offered(8, None, [0, 8, 0])),
            (12, offered(8, Some(2), [0, 0, 0])),
            (13, offered(5, None, [0, 0, 0])),
        ],
    );
    let rows = help.rows(0);
    let troubles = |row: usize, part: usize| rows[row].parts[part].troubles.clone();
    assert_eq!(troubles(0, 0), BTreeSet::from([Trouble::Contested]));
    assert_eq!(troubles(1, 0), BTreeSet::from([Trouble::Contested]));
    assert_eq!(troubles(0, 1), BTreeSet::from([Trouble::Elsewhere]));
    assert_eq!(troubles(0, 2), BTreeSet::from([Trouble::TooMuch]));
    assert_eq!((rows[0].accepted, rows[1].accepted), (5, 8));
    assert!(help.free(0).is_empty());
}

#[test]
fn of_what_was_withdrawn_only_that_counts_which_has_left() {
    let withdrawn = Offered { withdrawn: true, ..offered(10, Some(1), [1, 2, 0]) };
    let help = help(vec![(1, asked(10, &[(11, 10), (99, 4)]))], vec![(11, withdrawn)]);
    let row = &help.rows(0)[0];
    assert_eq!(row.parts[0].troubles, BTreeSet::from([Trouble::Withdrawn]));
    assert_eq!(row.parts[1].troubles, BTreeSet::from([Trouble::Unseen]));
    assert_eq!((row.parts[0].accepted, row.parts[1].accepted, row.short), (3, 4, 3));
}

#[test]
fn without_offers_the_author_is_believed_and_what_is_over_lacks_nothing() {
    let says = |state| Asked { state, ..asked(10, &[]) };
    let help = help(
        vec![(1, says(RequestState::Met)), (2, says(RequestState::Refused))],
        vec![(12, offered(10, Some(2), [0; 3])), (13, offered(3, None, [0; 3]))],
    );
    let rows = help.rows(2_000);
    let told = |row: &Row| (row.state, row.short, row.overdue);
    assert_eq!(told(&rows[0]), (RequestState::Met, 0, false));
    assert_eq!(told(&rows[1]), (RequestState::Refused, 0, false));
    assert_eq!((help.free(0), help.free(500)), (vec![id(13)], vec![]));
}

#[test]
fn what_was_released_to_others_counts_once_for_who_sees_both() {
    let said = |sort, from: Option<u128>| HelpSaid { sort, released_from: from.map(id) };
    let asks = said(HelpSort::Asked(asked(10, &[(12, 6)])), None);
    let offers = said(HelpSort::Offered(offered(6, Some(3), [0; 3])), None);
    let copies = [
        (1, asks.clone()),
        (2, offers.clone()),
        (3, HelpSaid { released_from: Some(id(1)), ..asks }),
        (12, HelpSaid { released_from: Some(id(2)), ..offers }),
    ];
    let at = |entry: u128| EntryRef { entry: id(entry), scope: Default::default() };
    let both = Help::of(copies.iter().map(|(entry, said)| (at(*entry), said, false)));
    let rows = both.rows(0);
    assert_eq!((rows.len(), rows[0].request, rows[0].accepted), (1, id(1), 6));
    assert!(rows[0].parts[0].troubles.is_empty());
    let far = Help::of(copies[2..].iter().map(|(entry, said)| (at(*entry), said, false)));
    let rows = far.rows(0);
    assert_eq!((rows.len(), rows[0].request, rows[0].accepted), (1, id(3), 6));
}

fn any_help() -> impl Strategy<Value = Help> {
    let accepted = prop::collection::btree_map((10..16_u128).prop_map(id), 1..30_i64, 0..4);
    let request = (0..40_i64, accepted, any::<bool>()).prop_map(|(quantity, accepted, over)| {
        let state = if over { RequestState::Withdrawn } else { RequestState::Asked };
        Asked { state, accepted, ..asked(quantity, &[]) }
    });
    let moved = (0..10_i64, 0..10_i64, 0..10_i64);
    let offer = (0..10_i64, prop::option::of(1..5_u128), moved, any::<bool>());
    let offer = offer.prop_map(|(left, request, (a, b, c), withdrawn)| Offered {
        withdrawn,
        ..offered(left + a + b + c, request, [a, b, c])
    });
    let requests = prop::collection::btree_map((1..5_u128).prop_map(id), request, 0..5);
    let offers = prop::collection::btree_map((10..16_u128).prop_map(id), offer, 0..6);
    (requests, offers).prop_map(|(requests, offers)| Help { requests, offers, ..Help::default() })
}

proptest! {
    #[test]
    fn sums_never_count_a_unit_twice(help in any_help(), now in 0..1_000_i64) {
        let rows = help.rows(now);
        let mut counted: BTreeMap<Uuid, i64> = BTreeMap::new();
        for row in &rows {
            prop_assert!(row.moved.total() <= row.accepted);
            for part in row.parts.iter().filter(|p| !p.troubles.contains(&Trouble::Unseen)) {
                *counted.entry(part.offer).or_default() += part.accepted + part.open;
                prop_assert!(part.moved.total() <= part.accepted);
            }
        }
        for (offer, counted) in counted {
            prop_assert!(counted <= help.offers[&offer].quantity);
        }
        prop_assert!(rows.iter().all(|row| row.short <= row.asked && row.short >= 0));
    }
}
