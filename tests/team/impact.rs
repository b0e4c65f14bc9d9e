//! What fails next and how scenarios compare: of the flood, and by the command line against a real
//! node.

use polder_wire::v1::{
    CompareScenariosRequest, EffectState, GetImpactRequest, RepairIf, ReturnState, WhatIf,
    impact_service_client::ImpactServiceClient,
};
use serde_json::{Value, json};
use tonic_types::StatusExt as _;

use crate::{
    harness::*,
    limburg::{golden, played, says},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_flood_shows_what_its_outages_take_down_and_whom_that_hits() {
    let (_dir, node) = played().await;
    let morning = says(&node, &["impact", "--known", "2021-07-15T10:00"]);
    golden("impact-15-july-10h.txt", &morning);
    let evening = says(&node, &["impact", "--known", "2021-07-15T21:55", "--lang", "nl"]);
    golden("impact-15-july-evening.nl.txt", &evening);
    let known = ["--known", "2021-07-15T21:55"];
    let supposed: Vec<_> = ["impact", "--what-if", "power", "--near", "51.352,6.16,5km"]
        .iter()
        .chain(&known)
        .copied()
        .collect();
    golden("impact-venlo-without-power.txt", &says(&node, &supposed));
    let only = says(&node, &["impact", "--outage", "7aee7bd3", "--known", "2021-07-15T10:00"]);
    assert!(only.contains("7aee7bd3") && !only.contains("9b2b4471"), "{only}");
    let gas = says(&node, &["impact", "--outage", "4828a0f3", "--known", "2021-07-15T10:00"]);
    assert!(gas.starts_with("Facilities: 0 down, 0 will fail, 0 may fail"), "{gas}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scenarios_of_the_flood_stand_side_by_side_with_what_became_of_them() {
    let (_dir, node) = played().await;
    let ask = ["scenarios", "--known", "2021-07-17T00:00"];
    golden("scenarios-17-july.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("scenarios-17-july.nl.txt", &says(&node, &dutch));
    let before = says(&node, &["scenarios", "--known", "2021-07-15T12:00"]);
    assert_eq!(before.trim(), "Nobody has drawn up a scenario.");
    let disputed = says(&node, &["contradictions", "--known", "2021-07-17T00:00"]);
    assert!(disputed.contains("score of the scenario"), "{disputed}");
}

fn id(number: u8) -> String {
    format!("incidents/flood/entries/0b8f6a2e-93c1-4f0a-8a55-6d3f2e1c00{number:02x}")
}

/// Publishes JSON lines, and fails unless all are taken.
fn publish(node: &Running, lines: &[Value]) {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let (code, text) = feed(node, &lines.join("\n"));
    assert_eq!(code, 0, "{text}");
}

fn feed(node: &Running, lines: &str) -> (i32, String) {
    use std::{io::Write as _, process::Stdio};
    let mut command = polder();
    command.args(["--node", &node.address(), "--lang", "en", "publish", "-", "-i", "flood"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    said(&child.wait_with_output().unwrap())
}

fn station(number: u8, name: &str, needs: &Value) -> Value {
    json!({
        "name": id(number), "statement": "STATEMENT_FACT", "place": "Horn",
        "facility": {"designation": name, "type": "FACILITY_TYPE_NURSING_HOME",
            "people": {"value": "80"}, "lessSelfReliant": {"value": "70"}, "dependencies": needs},
    })
}

#[tokio::test]
async fn an_outage_takes_down_what_hangs_on_it_until_it_is_restored() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let power = json!([{"service": "VITAL_SERVICE_POWER", "holdsOut": "14400s"}]);
    let fed = json!([{"suppliers": [id(1)], "holdsOut": "3600s"}]);
    let out = |state: &str| {
        json!({"name": id(9), "statement": "STATEMENT_FACT", "place": "Horn",
            "outage": {"service": "VITAL_SERVICE_POWER", "state": state}})
    };
    publish(
        &node,
        &[station(1, "Horn", &power), station(2, "Haelen", &fed), out("OUTAGE_STATE_OUT")],
    );
    let mut client = ImpactServiceClient::new(node.channel.clone());
    let ask = GetImpactRequest { incident: "incidents/flood".into(), ..Default::default() };
    let answer = client.get_impact(ask.clone()).await.unwrap().into_inner();
    let effects: Vec<_> = answer
        .effects
        .iter()
        .map(|one| (one.facility.clone(), one.state(), one.steps.len()))
        .collect();
    assert_eq!(effects, [(id(1), EffectState::WillFail, 2), (id(2), EffectState::WillFail, 3)]);
    assert_eq!(answer.effects[1].steps[0].entry, id(9), "each step can be looked up");
    assert_eq!(answer.entries.len(), 3);
    let totals = answer.totals.unwrap();
    assert_eq!((totals.exposed_count, totals.exposed_less_self_reliant), (2, 140));
    let text = must(&[
        "--node",
        &node.address(),
        "--lang",
        "en",
        "impact",
        "--facility",
        "0b8f6a2e-93c1-4f0a-8a55-6d3f2e1c0001",
    ]);
    assert!(
        text.contains("[down]") && text.contains("Horn") && text.contains("[supposed]"),
        "{text}"
    );

    publish(&node, &[out("OUTAGE_STATE_RESTORED")]);
    let answer = client.get_impact(ask).await.unwrap().into_inner();
    assert!(answer.effects.is_empty() && answer.exposures.is_empty());
    assert_eq!(answer.totals, Some(Default::default()));
}

/// RFC 3339, so many hours from now.
fn hours(hours: i64) -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    at.to_string()
}

#[tokio::test]
async fn what_comes_back_after_a_repair_is_told_and_what_stays_down_for_another_reason() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let power = json!({"service": "VITAL_SERVICE_POWER", "holdsOut": "3600s"});
    let both = json!([power, {"service": "VITAL_SERVICE_TELECOM", "holdsOut": "0s"}]);
    let fed = json!([{"suppliers": [id(1)], "holdsOut": "36000s"}]);
    let out = |number: u8, service: &str, repair: Option<String>| {
        let mut body = json!({"service": format!("VITAL_SERVICE_{service}"),
            "state": "OUTAGE_STATE_OUT", "startTime": hours(-2)});
        if let Some(repair) = repair {
            body["expectedRepairTime"] = repair.into();
        }
        json!({"name": id(number), "statement": "STATEMENT_FACT", "place": "Horn", "outage": body})
    };
    publish(
        &node,
        &[
            station(1, "Horn", &json!([power])),
            station(2, "Haelen", &fed),
            station(3, "Baexem", &both),
            out(8, "TELECOM", None),
            out(9, "POWER", Some(hours(3))),
        ],
    );
    let mut client = ImpactServiceClient::new(node.channel.clone());
    let ask = GetImpactRequest { incident: "incidents/flood".into(), ..Default::default() };
    let answer = client.get_impact(ask.clone()).await.unwrap().into_inner();
    let returns: Vec<_> =
        answer.returns.iter().map(|one| (one.facility.clone(), one.state())).collect();
    assert_eq!(returns, [(id(1), ReturnState::ComesBack), (id(3), ReturnState::StaysDown)]);
    assert_eq!(answer.returns[1].waits_for, [id(8)]);
    let supposed = |entry: String, hours: i64| {
        let seconds = jiff::Timestamp::now().as_second() + hours * 3_600;
        let time = Some(prost_types::Timestamp { seconds, nanos: 0 });
        GetImpactRequest { repair_if: Some(RepairIf { entry, time }), ..ask.clone() }
    };
    let answer = client.get_impact(supposed(id(8), 1)).await.unwrap().into_inner();
    let changed = answer.returns.iter().find(|one| one.by_repair_if).unwrap();
    assert_eq!((changed.facility.clone(), changed.state()), (id(3), ReturnState::ComesBack));
    assert!(changed.otherwise_time.is_none() && changed.waits_for.is_empty());

    let address = node.address();
    let says =
        |more: &[&str]| must(&[&["--node", &address, "--lang", "en", "impact"], more].concat());
    let text = says(&[]);
    for part in ["What comes back", "[comes back]", "power works again", "waits for tester"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("Horn works again: power"), "{text}");
    let late = says(&["--back", &id(9), "--from", &hours(20)]);
    assert!(late.contains("[comes back]") && late.contains("otherwise"), "{late}");
    assert!(!late.contains("Vulnerable"), "danger does not change by it: {late}");
    let now = says(&["--back", &id(8)]);
    assert!(now.contains("Baexem") && now.contains("otherwise not known when"), "{now}");
    let json = must(&["--node", &address, "--json", "impact"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["returns"][0]["state"], "RETURN_STATE_COMES_BACK");
    let both = GetImpactRequest {
        what_if: Some(WhatIf { facility: id(1), ..WhatIf::default() }),
        ..supposed(id(9), 1)
    };
    let status = client.get_impact(both).await.unwrap_err();
    let wrong = status.get_error_details().bad_request().unwrap().field_violations.clone();
    assert!(wrong.iter().any(|one| one.field == "repair_if"), "{wrong:?}");
    let status = client.get_impact(supposed(id(77), 1)).await.unwrap_err();
    assert_eq!(reason(&status), "ENTRY_NOT_FOUND");

    publish(&node, &[out(9, "POWER", None)]);
    let answer = client.get_impact(ask).await.unwrap().into_inner();
    assert!(answer.returns.is_empty(), "nobody expects a repair any more");
}

#[tokio::test]
async fn flags_that_do_not_go_together_are_refused_before_anything_is_asked() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    for (flags, why) in [
        (&["--what-if", "power"][..], "--near"),
        (&["--what-if", "magic", "--place", "Horn"], "is no vital service"),
        (&["--what-if", "power", "--near", "here"], "50.86,5.83,5km"),
        (&["--place", "Horn"], "--what-if"),
        (&["--until", "12:00"], "--until"),
        (&["--back", "0b8f6a2e", "--until", "12:00"], "--until"),
        (&["--back", "0b8f6a2e", "--what-if", "power", "--place", "Horn"], "--back"),
        (
            &["--what-if", "power", "--place", "Horn", "--facility", "0b8f6a2e"],
            "no outage or facility",
        ),
    ] {
        let address = node.address();
        let mut all = vec!["--node", &address, "--lang", "en", "impact"];
        all.extend(flags);
        let (code, text) = said(&run(&all));
        assert!(code == if why.starts_with("no outage") { 1 } else { 2 }, "{code}: {text}");
        assert!(text.contains(why), "{why}: {text}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_its_field_and_a_reason() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut client = ImpactServiceClient::new(node.channel.clone());
    let supposed = |what_if: WhatIf| GetImpactRequest {
        incident: "incidents/flood".into(),
        what_if: Some(what_if),
        ..Default::default()
    };
    let power = WhatIf { service: 1, place: "Horn".into(), ..Default::default() };
    for (request, field, why) in [
        (supposed(WhatIf::default()), "what_if.service", "REQUIRED"),
        (supposed(WhatIf { place: String::new(), ..power.clone() }), "what_if.area", "REQUIRED"),
        (supposed(WhatIf { service: 99, ..power.clone() }), "what_if.service", "UNKNOWN_VALUE"),
        (
            supposed(WhatIf { facility: "it".into(), ..WhatIf::default() }),
            "what_if.facility",
            "MALFORMED_NAME",
        ),
        (GetImpactRequest { outage: id(9), ..supposed(power.clone()) }, "what_if", "NOT_ALLOWED"),
    ] {
        let status = client.get_impact(request).await.unwrap_err();
        let status = status.get_error_details();
        let wrong = status.bad_request().unwrap().field_violations.clone();
        let found = wrong.iter().any(|one| one.field == field && one.description.starts_with(why));
        assert!(found, "{field}: {why}: {wrong:?}");
    }
    let unknown = GetImpactRequest {
        incident: "incidents/flood".into(),
        outage: id(9),
        ..Default::default()
    };
    let status = client.get_impact(unknown).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (tonic::Code::NotFound, "ENTRY_NOT_FOUND")
    );
    let ask = CompareScenariosRequest { incident: "incidents/none".into(), ..Default::default() };
    let status = client.compare_scenarios(ask).await.unwrap_err();
    assert_eq!(reason(&status), "INCIDENT_NOT_FOUND");
    let wrong = json!({"statement": "STATEMENT_FORECAST", "scenario": {"subject": "Maas", "type": "SCENARIO_TYPE_WORST_CASE",
        "scores": [{"criterion": "IMPACT_CRITERION_DEATHS"}]}});
    let (code, text) = feed(&node, &wrong.to_string());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("entry.scenario.scores[0].level: REQUIRED"), "{text}");
}
