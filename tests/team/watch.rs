//! Early signals, units and people, and what citizens told: through the program against real nodes.

use polder_wire::v1::{
    ListSignalsRequest, ListSignalsResponse, Mode, SignalState, WatchSignalsRequest,
    signal_service_client::SignalServiceClient,
};

use crate::{
    harness::*,
    limburg::{golden, played, played_says, says},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_flood_raises_its_signals_by_itself() {
    let (_dir, node) = played().await;
    // Rows 47 and 53 on households without power, 59 on the peak at Sint Pieter, 66 on what it was.
    let ask = ["signals", "-i", "limburg-2021", "--known", "2021-07-15T21:55"];
    golden("signals-15-july-evening.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("signals-15-july-evening.nl.txt", &says(&node, &dutch));
    // At noon the peak was a forecast (59), and nothing had been measured that high.
    let noon = says(&node, &["signals", "--mode", "exercise", "--known", "2021-07-15T15:00"]);
    assert!(noon.contains("[expected]") && noon.contains("expected by 15 Jul 18:00"), "{noon}");
    // Row 103: Venlo expects what its threshold is for.
    let venlo = says(&node, &["signals", "--mode", "exercise", "--known", "2021-07-16T18:00"]);
    let expected = "expected by 17 Jul 03:00 · forecast since 16 Jul 17:30";
    assert!(venlo.contains("Maas at Venlo high") && venlo.contains(expected), "{venlo}");
    // Rows 131 and 141: the water has fallen, and a day later that is no news.
    let over = says(&node, &["signals", "-i", "limburg-2021", "--known", "2021-07-18T20:00"]);
    assert!(over.contains("[over]") && over.contains("no longer since 18 Jul 16:22"), "{over}");
    let raised = ["signals", "-i", "limburg-2021", "--known", "2021-07-18T20:00", "--raised"];
    assert!(!says(&node, &raised).contains("[over]"));
    // The flood is an exercise: nothing of it is a signal in reality.
    let actual = says(&node, &["signals", "--known", "2021-07-15T21:55"]);
    assert!(actual.contains("No threshold watches"), "{actual}");
    let played = played_says();
    for heading in ["Early signals (15 Jul 21:55)", "Units and people (15 Jul 21:55)"] {
        assert!(played.contains(heading), "{heading} is not in what the demo prints");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evening_of_15_july_says_who_can_be_sent_and_who_lacks_rest() {
    let (_dir, node) = played().await;
    let ask = ["capacity", "--known", "2021-07-15T21:55"];
    golden("capacity-15-july-evening.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("capacity-15-july-evening.nl.txt", &says(&node, &dutch));
    let only = ["capacity", "--known", "2021-07-15T21:55", "--party", "rode-kruis"];
    let only = says(&node, &only);
    assert!(only.contains("rode-kruis") && !only.contains("waterschap"), "{only}");
    let long = says(&node, &["capacity", "--known", "2021-07-15T21:55", "--duty-max", "20h"]);
    assert!(!long.contains("On duty for longer"), "{long}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reports_of_15_july_are_grouped() {
    let (_dir, node) = played().await;
    let ask = ["reports", "--known", "2021-07-15T08:30"];
    golden("reports-15-july-morning.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("reports-15-july-morning.nl.txt", &says(&node, &dutch));
}

async fn signals(node: &Running, request: ListSignalsRequest) -> ListSignalsResponse {
    let mut client = SignalServiceClient::new(node.channel.clone());
    client.list_signals(request).await.unwrap().into_inner()
}

fn states(answer: &ListSignalsResponse) -> Vec<SignalState> {
    answer.signals.iter().map(polder_wire::v1::Signal::state).collect()
}

#[tokio::test]
async fn the_daily_watch_hears_what_is_said_in_any_incident_of_its_mode_and_in_no_other() {
    let home = Home::new();
    let node = home.start().await;
    let address = node.address();
    let run = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "en"];
        all.extend(args);
        must(&all)
    };
    for (id, mode) in [("watch", "actual"), ("flood", "actual"), ("drill", "exercise")] {
        run(&["incident", "create", id, "--id", id, "--mode", mode, "--phase", "cold"]);
    }
    let level = |incident: &str, value: &str, observed: &str| {
        let value = format!("discharge_m3_s={value}");
        let publish = ["publish", "-i", incident, "--kind", "water_level", "--set", "gauge=Maas"];
        let told = [&publish[..], &["--set", &value, "--observed", observed]].concat();
        run(&told);
    };
    let watch = ["publish", "Call the team", "-i", "watch", "--kind", "threshold", "--text-lang"];
    let figure = ["--set", "aspect=water_level.discharge_m3_s", "--set", "place=Maas"];
    let above = ["en", "--set", "above=2500", "--urgency", "immediate"];
    run(&[&watch[..], &above[..1], &figure, &above[1..]].concat());
    let all = || signals(&node, ListSignalsRequest::default());
    let answer = all().await;
    assert_eq!((answer.threshold_count, answer.signals.len(), answer.unheard.len()), (1, 0, 1));
    level("drill", "9000", "00:00");
    assert_eq!(all().await.unheard.len(), 1, "an exercise raises nothing in reality");
    let drill = ListSignalsRequest { mode: Mode::Exercise.into(), ..Default::default() };
    assert_eq!(signals(&node, drill).await.threshold_count, 0);

    level("flood", "2000", "00:01");
    let answer = all().await;
    assert_eq!((answer.signals.len(), answer.unheard.len()), (0, 0));
    level("flood", "2600", "00:02");
    level("flood", "3100", "00:03");
    let answer = all().await;
    assert_eq!(states(&answer), [SignalState::Passed]);
    let signal = &answer.signals[0];
    assert_eq!((signal.value, signal.beyond), (3_100.0, 600.0));
    let shown = run(&["signals"]);
    for part in ["[PASSED]", "URGENT", "Call the team", "beyond by 600", "Maas: discharge 2,500"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let only = ListSignalsRequest { incident: "incidents/watch".into(), ..Default::default() };
    assert!(signals(&node, only.clone()).await.signals.is_empty(), "nothing was said in it");
    let wrong = ListSignalsRequest { mode: Mode::Test.into(), ..only };
    let mut client = SignalServiceClient::new(node.channel.clone());
    let refused = client.list_signals(wrong).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused:?}");

    // Who watches is told what is so, and is woken by what changes.
    let watching = client.watch_signals(WatchSignalsRequest::default()).await;
    let mut watching = watching.unwrap().into_inner();
    let first = watching.message().await.unwrap().unwrap();
    assert!(first.complete && first.signals.len() == 1, "{first:?}");
    level("flood", "1000", "00:04");
    assert_eq!(states(&all().await), [SignalState::Over]);
    let told = watching.message().await.unwrap().unwrap();
    assert!(!told.complete && told.signals.len() == 1, "{told:?}");
    assert_eq!(told.signals[0].state(), SignalState::Over);
    level("flood", "2700", "00:05");
    let told = watching.message().await.unwrap().unwrap();
    assert_eq!(told.signals[0].state(), SignalState::Passed);
    let daily = run(&["daily"]);
    for part in ["[PASSED] Maas: Call the team", "new or changed", "Daily watch: national"] {
        assert!(daily.contains(part), "{part} is not in\n{daily}");
    }
    assert!(!daily.contains("drill"), "{daily}");
    let drill = run(&["daily", "--mode", "exercise"]);
    assert!(drill.contains("no figure passes a threshold"), "{drill}");
    run(&["incident", "close", "watch", "--reason", "over"]);
    let told = watching.message().await.unwrap().unwrap();
    assert_eq!(told.signals[0].state(), SignalState::Over);
    assert!(told.signals[0].entry.is_empty(), "its threshold watches no more");
    assert_eq!(all().await.threshold_count, 0, "a closed incident watches nothing");
}

#[tokio::test]
async fn a_signal_began_with_the_first_version_that_passed_now_and_as_it_was_known() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let address = node.address();
    let run = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "en"];
        all.extend(args);
        must(&all)
    };
    let watch = ["publish", "Ask who needs help", "--kind", "threshold"];
    let figure = ["--set", "aspect=outage.customers", "--set", "above=400"];
    run(&[&watch[..], &figure].concat());
    // One entry, version upon version.
    let entry = "6f1c0f7e-6c7b-4b57-9d0c-3f3c1f0a7c11";
    let told = |value: &str, observed: &str| {
        let customers = format!("customers={{\"value\":\"{value}\"}}");
        let publish = ["publish", "--kind", "outage", "--entry", entry, "--place", "Valkenburg"];
        let service = ["--set", "service=VITAL_SERVICE_POWER", "--set", &customers];
        run(&[&publish[..], &service, &["--observed", observed]].concat());
    };
    told("370", "00:01");
    told("500", "00:02");
    told("600", "00:03");
    let answer = signals(&node, ListSignalsRequest::default()).await;
    assert_eq!(states(&answer), [SignalState::Passed]);
    let signal = &answer.signals[0];
    let minutes = |time: &Option<prost_types::Timestamp>| time.as_ref().unwrap().seconds / 60;
    assert_eq!(signal.value, 600.0);
    let entry: polder_wire::v1::Entry = prost::Message::decode(signal.entry.clone()).unwrap();
    let observed = entry.times.unwrap().observed;
    assert_eq!(minutes(&observed) - minutes(&signal.since_time), 1, "since the second version");
    // As it was known before the threshold was there, there is none.
    let past = ListSignalsRequest {
        known_at: Some(prost_types::Timestamp { seconds: 1_000, nanos: 0 }),
        incident: "incidents/flood".into(),
        ..Default::default()
    };
    let past = signals(&node, past).await;
    assert_eq!((past.threshold_count, past.signals.len()), (0, 0));
}

#[tokio::test]
async fn reports_are_promoted_by_a_person_and_cited_by_what_comes_of_them() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let address = node.address();
    let run = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "en"];
        all.extend(args);
        must(&all)
    };
    let fails = |args: &[&str]| {
        let mut all = vec!["--node", &address, "--lang", "en"];
        all.extend(args);
        let output = crate::harness::run(&all);
        assert!(!output.status.success(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(run(&["reports"]).trim(), "Nobody reported anything.");
    let report = |title: &str| -> [String; 8] {
        let spot = "50.8655,5.8255".to_owned();
        let category = "category=REPORT_CATEGORY_FLOODING".to_owned();
        let [publish, kind, set, at] = ["publish", "--kind", "--set", "--at"].map(str::to_owned);
        [publish, title.to_owned(), kind, "citizen_report".into(), set, category, at, spot]
    };
    for title in ["Water in de straat", "Straat staat blank", "Kelder vol"] {
        let args = report(title);
        run(&args.each_ref().map(String::as_str));
    }
    let checked = report("Zeker waar");
    let mut checked: Vec<_> = checked.iter().map(String::as_str).collect();
    checked.extend(["--verified-by", "politie"]);
    let why = fails(&checked);
    assert!(why.contains("REPORT_UNVERIFIED"), "{why}");

    let shown = run(&["reports"]);
    assert!(shown.contains("[3 waiting] flooding: 3 reports"), "{shown}");
    let json = run(&["reports", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let group = json["groups"][0]["name"].as_str().unwrap().rsplit('/').next().unwrap();
    let why = fails(&["reports", "promote", "zzzz"]);
    assert!(why.contains("no group has a report whose name begins with zzzz"), "{why}");
    let promoted = run(&[
        "reports",
        "promote",
        &group[..8],
        "Plenkertstraat is under water",
        "--text-lang",
        "en",
        "--kind",
        "closure",
        "--set",
        "object=CLOSURE_OBJECT_ROAD",
        "--set",
        "state=CLOSURE_STATE_CLOSED",
        "--verified-by",
        "Officer on duty",
        "--party",
        "politie",
    ]);
    assert!(promoted.starts_with("Promoted: incidents/flood/entries/"), "{promoted}");
    let list = run(&["list", "--kind", "closure", "--json"]);
    let entry: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    assert_eq!(entry["party"], "parties/politie");
    assert_eq!(entry["assessment"]["verification"]["verifiedBy"], "Officer on duty");
    assert_eq!(entry["geometry"]["point"]["latitude"], 50.8655);
    let relations = entry["relations"].as_array().unwrap();
    assert_eq!(relations.len(), 3);
    assert!(relations.iter().all(|one| one["type"] == "RELATION_TYPE_BASED_ON"), "{relations:?}");
    let shown = run(&["reports"]);
    assert!(shown.contains("[dealt with]") && shown.contains("promoted:"), "{shown}");
    assert_eq!(run(&["reports", "--waiting"]).trim(), "No report waits.");
    let why = fails(&["reports", "promote", &group[..8]]);
    assert!(why.contains("every report of that group was promoted or refuted"), "{why}");
}
