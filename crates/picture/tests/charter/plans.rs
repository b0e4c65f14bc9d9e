//! Plans of regions, and whom calls on them bring in.

use polder_picture::charter::{Charter, Standing};
use polder_wire::v1::{CharterStatement, GripLevel};

use crate::{
    made::{call, member, node_cut, party, plan, power, replacing, signed, withdraw},
    region, say,
};

/// The charter of `region()`, in which the plan of the fire service brings in medical at GRIP 2 and
/// the army at GRIP 4; and the statements of both.
fn planned() -> (Charter, CharterStatement, CharterStatement) {
    let (mut charter, first) = region();
    let levels: [(GripLevel, &[&str]); 2] =
        [(GripLevel::GripLevel2, &["medical"]), (GripLevel::GripLevel4, &["army"])];
    let changes = vec![party("army"), plan("fire", &levels)];
    let statement = signed(Some(charter.id()), 50, changes, &[(1, 3)]);
    say(&mut charter, &statement);
    (charter, first, statement)
}

#[test]
fn scaling_up_brings_in_whom_the_plan_of_the_region_names_up_to_that_level() {
    let (mut charter, ..) = planned();
    let id = Some(charter.id());
    assert!(!charter.may_see("medical", "flood", "all"));
    let two = signed(id, 60, vec![call("flood", "fire", GripLevel::GripLevel2, 10)], &[(10, 1)]);
    assert_eq!(say(&mut charter, &two), Some(Standing::Counts));
    assert!(charter.may_see("medical", "flood", "all"));
    assert!(charter.may_see("medical", "flood", "responders"));
    assert!(!charter.may_see("army", "flood", "all"));
    assert_eq!(charter.called("flood", "fire"), i32::from(GripLevel::GripLevel2));
    let four = signed(id, 61, vec![call("flood", "fire", GripLevel::GripLevel4, 10)], &[(10, 2)]);
    say(&mut charter, &four);
    assert!(charter.may_see("army", "flood", "all"));
    // Somebody with a key of the charter takes it back, and it is known that it was called.
    say(&mut charter, &signed(id, 62, vec![withdraw(&four, 0)], &[(1, 4)]));
    assert!(!charter.may_see("army", "flood", "all"));
    assert_eq!(charter.called("flood", "fire"), i32::from(GripLevel::GripLevel4));
}

#[test]
fn a_call_brings_in_nobody_where_the_region_takes_no_part_or_by_a_node_that_is_not_its_own() {
    let (mut charter, first, _) = planned();
    let id = Some(charter.id());
    let sees = |charter: &Charter, incident| charter.may_see("medical", incident, "all");
    let level = GripLevel::GripLevel4;
    // Another incident; the node of the water board; a node that signs with another's key.
    for (nonce, change, by) in [
        (60, call("storm", "fire", level, 10), (10, 1)),
        (61, call("flood", "fire", level, 11), (11, 1)),
        (62, call("flood", "fire", level, 10), (11, 2)),
    ] {
        say(&mut charter, &signed(id, nonce, vec![change], &[by]));
        assert!(!sees(&charter, "flood") && !sees(&charter, "storm"));
    }
    say(&mut charter, &signed(id, 63, vec![call("flood", "fire", level, 10)], &[(10, 2)]));
    assert!(sees(&charter, "flood"));
    // The region leaves; then its node is cut off.
    say(&mut charter, &signed(id, 64, vec![withdraw(&first, 6)], &[(1, 4)]));
    assert!(!sees(&charter, "flood"));
    say(&mut charter, &signed(id, 65, vec![member("flood", "fire")], &[(1, 5)]));
    assert!(sees(&charter, "flood"));
    say(&mut charter, &signed(id, 66, vec![node_cut(10, &[])], &[(1, 6)]));
    assert!(!sees(&charter, "flood"));
    assert_eq!(charter.called("flood", "fire"), 0, "another node may call anew");
}

#[test]
fn only_who_may_say_who_takes_part_makes_a_plan_and_two_made_apart_count_as_the_narrower() {
    let (mut charter, _, statement) = planned();
    let id = Some(charter.id());
    let grant = signed(id, 60, vec![power(2, false, &["fire"], &[])], &[(1, 4)]);
    say(&mut charter, &grant);
    let levels: [(GripLevel, &[&str]); 1] = [(GripLevel::GripLevel2, &["water", "medical"])];
    let by_region = signed(id, 61, vec![plan("fire", &levels)], &[(2, 1)]);
    assert_eq!(say(&mut charter, &by_region), Some(Standing::CountsForNothing));
    let apart = signed(id, 62, vec![plan("fire", &levels)], &[(1, 5)]);
    say(&mut charter, &apart);
    let row = charter.plan("fire").expect("there is a plan");
    assert_eq!(row.parties(i32::from(GripLevel::GripLevel5)).collect::<Vec<_>>(), ["medical"]);
    let newer = replacing(replacing(plan("fire", &levels), &statement, 1), &apart, 0);
    say(&mut charter, &signed(id, 63, vec![newer], &[(1, 6)]));
    let row = charter.plan("fire").expect("there is a plan");
    assert_eq!(row.parties(3).collect::<Vec<_>>(), ["medical", "water"]);
}
