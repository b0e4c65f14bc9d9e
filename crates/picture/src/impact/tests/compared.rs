//! Laws of scenarios side by side.

use polder_wire::v1::{
    Assessment, AssumptionState, ImpactCriterion, ImpactLevel, ImpactScore, Observation, Scenario,
    ScenarioAssumption, ScenarioType, Times, Verification, VerificationState,
};

use super::*;
use crate::impact::scenarios::compare;

fn scenario(number: u8, party: &str, sort: ScenarioType, levels: &[(i32, i32)]) -> Entry {
    let score = |(criterion, level): &(i32, i32)| ImpactScore {
        criterion: *criterion,
        level: *level,
        ..ImpactScore::default()
    };
    let body = Scenario {
        subject: "Maas, Venlo".into(),
        r#type: sort.into(),
        scores: levels.iter().map(score).collect(),
        ..Scenario::default()
    };
    Entry { party: format!("parties/{party}"), ..entry(number, Body::Scenario(body)) }
}

#[test]
fn who_scores_the_same_scenario_otherwise_shows_and_the_highest_is_no_average() {
    use ScenarioType::{MostLikely, WorstCase};
    let world = [
        scenario(0, "vrln", WorstCase, &[(5, 4), (8, 5)]),
        scenario(1, "rws", WorstCase, &[(5, 6)]),
        scenario(2, "vrln", MostLikely, &[(8, 2)]),
    ];
    let found = compare(&board(&world), "maas VENLO", NOW_MS, |_| true);
    let [one] = found.as_slice() else { panic!("one subject: {found:?}") };
    let columns: Vec<_> = one.columns.iter().map(|column| column.at.entry).collect();
    assert_eq!(columns, [id(2), id(1), id(0)], "most likely, then worst case by party");
    let row = |criterion: ImpactCriterion| {
        let row = one.rows.iter().find(|row| row.criterion == criterion).unwrap();
        (row.highest, row.differs)
    };
    assert_eq!(row(ImpactCriterion::Deaths), (ImpactLevel::Catastrophic, true));
    assert_eq!(row(ImpactCriterion::Costs), (ImpactLevel::VerySerious, false));
    assert_eq!(one.columns[1].highest, ImpactLevel::Catastrophic);
    assert!(compare(&board(&world), "Geul", NOW_MS, |_| true).is_empty());
    assert!(compare(&board(&world), "", NOW_MS, |_| false).is_empty());
    // The same stands among the contradictions.
    let disputes = crate::team::contradictions::contradictions(&board(&world), NOW_MS, |_| true);
    let aspects: Vec<_> =
        disputes.iter().flat_map(|one| &one.subjects).map(|(of, _)| of.aspect).collect();
    assert_eq!(aspects, ["scenario.scores"]);
}

#[test]
fn what_became_of_an_assumption_is_told() {
    let cites = |sequence: u64| {
        let version = match sequence {
            0 => name(9),
            _ => format!("{}/versions/{}-{sequence}", name(9), Id([1; 16])),
        };
        let mut told = scenario(0, "vrln", ScenarioType::WorstCase, &[]);
        if let Some(Body::Scenario(body)) = told.body.as_mut() {
            let text_only = ScenarioAssumption { text: "so".into(), basis: Vec::new() };
            let basis = vec![version];
            body.assumptions = vec![text_only, ScenarioAssumption { text: String::new(), basis }];
        }
        told
    };
    let fact = entry(9, Body::Observation(Observation::default()));
    let became = |fact: Option<&Entry>, sequence: u64| {
        let mut board = board(&[cites(sequence)]);
        if let Some(fact) = fact {
            put(&mut board, fact, 5);
        }
        let found = compare(&board, "", NOW_MS, |_| true);
        let [text, cited] = found[0].columns[0].assumptions[..] else { panic!("two") };
        assert_eq!(text, AssumptionState::TextOnly);
        cited
    };
    assert_eq!(became(None, 5), AssumptionState::Unseen);
    assert_eq!(became(Some(&fact), 5), AssumptionState::Stands);
    assert_eq!(became(Some(&fact), 4), AssumptionState::Superseded);
    assert_eq!(became(Some(&fact), 0), AssumptionState::Stands, "as it was then");
    let mut later = board(&[cites(0)]);
    put_at(&mut later, &fact, 5, NOW_MS + 1);
    let found = compare(&later, "", NOW_MS, |_| true);
    assert_eq!(found[0].columns[0].assumptions[1], AssumptionState::Superseded);
    let mut old = fact.clone();
    let valid_until = Some(timestamp(NOW_MS - 1));
    old.times = Some(Times { valid_until, ..Times::default() });
    assert_eq!(became(Some(&old), 5), AssumptionState::Stale);
    let mut wrong = fact;
    let state = VerificationState::Refuted.into();
    let verification = Some(Verification { state, ..Verification::default() });
    wrong.assessment = Some(Assessment { verification, ..Assessment::default() });
    assert_eq!(became(Some(&wrong), 5), AssumptionState::Refuted);
}
