//! Forecasts beside what came true.

use polder_wire::v1::{Count, Outage, OutageState, Times, VitalService};
use proptest::prelude::*;
use prost_types::Timestamp;

use super::*;

fn at(hours: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: 1_626_000_000 + hours * 3_600, nanos: 0 })
}

/// A version of an entry, some hours after the first.
fn version(number: u8, hours: i64, statement: Statement, body: WaterLevel) -> Entry {
    Entry {
        name: format!("entries/{}", number % 4),
        version: number.to_string(),
        statement: statement.into(),
        party: "parties/water".into(),
        times: Some(Times { observed: at(hours), ..Times::default() }),
        recorded_time: at(hours),
        body: Some(Body::WaterLevel(body)),
        ..Entry::default()
    }
}

fn level(value: f64, peak: Option<i64>) -> WaterLevel {
    WaterLevel {
        gauge: "Maas, Venlo".into(),
        discharge_m3_s: Some(value),
        peak_time: peak.and_then(at),
        ..WaterLevel::default()
    }
}

#[test]
fn a_forecast_is_compared_with_highest_points_about_its_moment_and_moves_from_the_one_before() {
    let first = version(1, 0, Statement::Forecast, level(1_000.0, Some(10)));
    let mut second = version(5, 4, Statement::Forecast, level(1_400.0, Some(12)));
    second.supersedes = vec!["1".into()];
    let early = version(2, -20, Statement::Fact, level(2_000.0, Some(-20)));
    let reading = version(3, 9, Statement::Fact, level(900.0, None));
    let top = version(6, 13, Statement::Fact, level(1_200.0, Some(13)));
    let all = [first, second, early, reading, top];
    let tracks = forecasts(&all);
    assert_eq!(tracks.len(), 2, "discharge, and when");
    let told = &tracks[0].forecasts;
    assert_eq!((told[0].moved, told[1].moved), (None, Some(400.0)));
    assert_eq!((told[0].replaced, told[1].replaced), (true, false));
    let errors = |one: &Forecast<'_>| one.outcomes.iter().map(|o| o.error).collect::<Vec<_>>();
    assert_eq!((errors(&told[0]), errors(&told[1])), (vec![-200.0], vec![200.0]));
    assert_eq!(errors(&tracks[1].forecasts[0]), [-3.0 * 3_600_000.0]);
}

#[test]
fn what_was_corrected_or_withdrawn_did_not_come_true() {
    let forecast = version(0, 0, Statement::Forecast, level(1_000.0, Some(10)));
    let wrong = version(1, 10, Statement::Fact, level(5_000.0, Some(10)));
    let mut right = version(5, 11, Statement::Fact, level(1_000.0, Some(10)));
    right.supersedes = vec!["1".into()];
    let all = [forecast.clone(), wrong.clone(), right];
    let outcomes = &forecasts(&all)[0].forecasts[0].outcomes;
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].error, 0.0);
    let gone = Entry {
        retracted: true,
        version: "9".into(),
        supersedes: vec!["1".into()],
        body: None,
        ..wrong.clone()
    };
    assert!(forecasts(&[forecast, wrong, gone])[0].forecasts[0].outcomes.is_empty());
}

fn outage(number: u8, hours: i64, statement: Statement, body: Outage) -> Entry {
    let service = VitalService::Power.into();
    let body = Some(Body::Outage(Outage { service, ..body }));
    let made = version(number, hours, statement, WaterLevel::default());
    Entry { body, place: "Valkenburg".into(), ..made }
}

fn customers(count: i64) -> Outage {
    let customers = Some(Count { value: count, ..Count::default() });
    Outage { customers, ..Outage::default() }
}

#[test]
fn a_forecast_of_any_figure_is_compared_with_what_was_said_of_the_same_subject_for_that_time() {
    let mut first = outage(0, 0, Statement::Forecast, customers(4_000));
    let window = |entry: &mut Entry, from, until| {
        let times = entry.times.as_mut().unwrap();
        (times.valid_from, times.valid_until) = (at(from), at(until));
    };
    window(&mut first, 10, 14);
    let mut second = outage(4, 2, Statement::Forecast, customers(3_000));
    window(&mut second, 10, 14);
    second.supersedes = vec!["0".into()];
    let too_early = outage(1, 1, Statement::Fact, customers(500));
    let came = outage(2, 11, Statement::Fact, customers(3_500));
    // It went on, and was no mistake.
    let mut later = outage(6, 13, Statement::Fact, customers(1_000));
    later.supersedes = vec!["2".into()];
    // Somebody mistook it, and says so of the same moment.
    let mistaken = outage(3, 12, Statement::Fact, customers(90_000));
    let mut corrected = outage(7, 12, Statement::Fact, customers(3_400));
    corrected.supersedes = vec!["3".into()];
    let elsewhere =
        Entry { place: "Houthem".into(), ..outage(8, 12, Statement::Fact, customers(7)) };
    let all = [first, second, too_early, came, later, mistaken, corrected, elsewhere];
    let tracks = forecasts(&all);
    assert_eq!(tracks.len(), 1, "{tracks:?}");
    assert_eq!(tracks[0].quantity.named(), ("outage.customers", VitalService::Power.as_str_name()));
    assert_eq!(tracks[0].place, "Valkenburg");
    let told = &tracks[0].forecasts;
    assert_eq!((told[0].moved, told[1].moved), (None, Some(-1_000.0)));
    assert_eq!((told[0].replaced, told[1].replaced), (true, false));
    let errors: Vec<_> = told[1].outcomes.iter().map(|one| one.error).collect();
    assert_eq!(errors, [-500.0, -400.0, 2_000.0]);
}

#[test]
fn when_an_outage_was_to_end_is_compared_with_when_it_ended() {
    let state = |state: OutageState, repair: Option<i64>| Outage {
        state: state.into(),
        expected_repair_time: repair.and_then(at),
        ..Outage::default()
    };
    let out = outage(0, 0, Statement::Fact, state(OutageState::Out, Some(4)));
    let mut longer = outage(4, 3, Statement::Fact, state(OutageState::Out, Some(9)));
    longer.supersedes = vec!["0".into()];
    let mut restored = outage(8, 7, Statement::Fact, state(OutageState::Restored, None));
    restored.supersedes = vec!["4".into()];
    let all = [out, longer, restored];
    let tracks = forecasts(&all);
    assert_eq!(tracks.len(), 1, "{tracks:?}");
    assert!(tracks[0].quantity.is_time());
    let hour = 3_600_000.0;
    let told: Vec<_> = tracks[0]
        .forecasts
        .iter()
        .map(|one| {
            (one.moved, one.outcomes.iter().map(|outcome| outcome.error).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(told, [(None, vec![-3.0 * hour]), (Some(5.0 * hour), vec![2.0 * hour])]);
}

proptest! {
    #[test]
    fn no_track_depends_on_the_order_of_arrival(
        drawn in prop::collection::vec((-9..9_i64, 0..3_u8, 0..4_i64, prop::option::of(0..20_i64)), 0..12),
        seed in any::<u64>(),
    ) {
        let one = |(number, (hours, sort, value, peak)): (usize, (i64, u8, i64, Option<i64>))| {
            let statement = if sort == 0 { Statement::Fact } else { Statement::Forecast };
            let mut made = version(number as u8, hours, statement, level(value as f64, peak));
            if sort == 2 {
                made.supersedes = vec![(number % 4).to_string()];
            }
            made
        };
        let all: Vec<_> = drawn.into_iter().enumerate().map(one).collect();
        let mut other = all.clone();
        other.sort_by_key(|entry| {
            let number: u64 = entry.version.parse().expect("a number");
            (seed ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        prop_assert_eq!(format!("{:?}", forecasts(&all)), format!("{:?}", forecasts(&other)));
    }
}
