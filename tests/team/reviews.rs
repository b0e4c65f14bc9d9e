//! What an evaluator gets of a whole incident.

use polder_wire::v1::{
    AcknowledgeRequest, Addressee, Attention, Decision, DecisionState, Entry, GetReviewRequest,
    Statement, WaterLevel, entry::Body, team_service_client::TeamServiceClient,
};

use crate::{
    harness::*,
    limburg::{golden, played, says},
};

/// Without the lines that tell how soon the demo itself was.
fn steady(text: &str) -> String {
    let of_demo =
        ["- First entry", "- First description", "- Eerste item", "- Eerste beschrijving"];
    let demo = |line: &&str| !of_demo.iter().any(|begin| line.starts_with(begin));
    text.lines().filter(demo).map(|line| format!("{line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flood_is_reviewed_from_its_first_word_to_its_last() {
    let (_dir, node) = played().await;
    let ask = ["review", "--known", "2021-07-18T20:00"];
    golden("review.txt", &steady(&says(&node, &ask)));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("review.nl.txt", &steady(&says(&node, &dutch)));
    let dir = tempfile::tempdir().unwrap();
    for (format, begins) in
        [("pdf", "%PDF-"), ("html", "<!doctype html>"), ("markdown", "# Review: Limburg")]
    {
        let file = dir.path().join(format);
        let out = file.to_str().unwrap();
        let more = ["--format", format, "--out", out];
        let ask: Vec<_> = ask.iter().copied().chain(more).collect();
        assert_eq!(says(&node, &ask), "");
        assert!(std::fs::read(&file).unwrap().starts_with(begins.as_bytes()), "{format}");
    }
}

#[tokio::test]
async fn a_decision_is_told_with_what_it_rests_on_as_it_was_known_then() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let first = node.put(&observation("flood", "three boats")).await;
    let basis = format!("{}/versions/{}", first.name, first.version);
    let newer = Entry { name: first.name.clone(), ..observation("flood", "no boat at all") };
    node.put(&newer).await;
    let decide = |title: &str, state: DecisionState, basis: Vec<String>| Entry {
        statement: Statement::Decision.into(),
        body: Some(Body::Decision(Decision {
            decided_by: "ROT".into(),
            legal_ground: "Wvr art. 39".into(),
            alternatives: vec!["wait".into(), "go on foot".into()],
            state: state.into(),
            basis,
            ..Decision::default()
        })),
        ..observation("flood", title)
    };
    node.put(&decide("go by boat", DecisionState::Taken, vec![basis])).await;
    node.put(&decide("think of it", DecisionState::Proposed, Vec::new())).await;
    node.put(&decide("tell the press", DecisionState::Taken, Vec::new())).await;
    let withdrawn = node.put(&observation("flood", "a rumour")).await.name;
    node.retract(&withdrawn, "it was one").await.unwrap();

    let text = must(&["--node", &node.address(), "review", "--lang", "en"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let decision = "ROT: go by boat. Legal ground: Wvr art. 39. Weighed: wait; go on foot. Rests \
                    on: three boats (tester, 0 min old then, a newer version was here).";
    assert!(text.contains(decision), "{text}");
    let without = "ROT: tell the press. Legal ground: Wvr art. 39. Weighed: wait; go on foot. \
                   Rests on: nothing that was cited.";
    assert!(text.contains(without), "{text}");
    assert!(!text.contains("ROT: think of it. Legal"), "only proposed: {text}");
    assert!(text.contains("tester: no boat at all [changed]"), "{text}");
    assert!(text.contains(": it was one"), "{text}");
    let json = must(&["--node", &node.address(), "review", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["sections"].as_array().unwrap().len(), 6);
    assert!(text.contains("Said: 7 versions of 5 entries"), "{text}");
    assert_eq!(json["measures"]["versionCount"], 7, "{json}");
}

#[tokio::test]
async fn a_partner_system_gets_the_measures_that_the_review_prints() {
    let home = Home::named("tester", "tester");
    let node = home.start().await;
    node.open("flood").await;
    let level = |value: f64| Entry {
        body: Some(Body::WaterLevel(WaterLevel {
            gauge: "Meerssen".into(),
            discharge_m3_s: Some(value),
            ..WaterLevel::default()
        })),
        texts: Vec::new(),
        ..observation("flood", "")
    };
    let first = node.put(&level(83.0)).await;
    let rival = Entry { name: first.name.clone(), party: "parties/rws".into(), ..level(96.0) };
    node.try_put(replacing(&rival, &[])).await.unwrap();
    let question = Entry { statement: Statement::Question.into(), ..observation("flood", "who?") };
    node.put(&question).await;
    let asked = Attention {
        addressees: vec![Addressee {
            party: "parties/tester".into(),
            role: "officer on duty".into(),
            ..Addressee::default()
        }],
        within: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
    };
    let urgent = Entry { attention: Some(asked), ..observation("flood", "look here") };
    let urgent = node.put(&urgent).await.name;
    let mut team = TeamServiceClient::new(node.channel.clone());
    let party = "parties/tester".to_owned();
    team.acknowledge(AcknowledgeRequest { name: urgent, party, ..Default::default() })
        .await
        .unwrap();

    let request = GetReviewRequest { incident: "incidents/flood".into(), known_at: None };
    let told = team.get_review(request).await.unwrap().into_inner();
    assert_eq!((told.version_count, told.entry_count, told.busiest_count), (4, 3, 4));
    assert_eq!((told.asked_count, told.read_count, told.overdue_count), (1, 1, 0));
    assert_eq!((told.contradiction_count, told.decided_count, told.unanswered_count), (1, 0, 1));
    assert!(told.oldest_open_time.is_some() && told.first_after.is_some());
    assert_eq!(told.people_count, 0, "nobody had to sign in");
    assert_eq!(told.read_after.unwrap().count, 1, "the acknowledgement itself is no word");
    assert_eq!(told.arrived_after.unwrap().count, 4);
    let shares: Vec<_> =
        told.parties.iter().map(|one| (&one.party[..], one.version_count)).collect();
    assert_eq!(shares, [("parties/tester", 3), ("parties/rws", 1)]);
    let text = must(&["--node", &node.address(), "review", "--lang", "en"]);
    for line in [
        "- Said: 4 versions of 3 entries",
        "- By party: tester 3, rws 1",
        "- Had to be seen: 1 asked, 1 read, 0 late",
        "- Contradicting: 1, of which open 1 (half for longer than 0 min, the longest 0 min)",
        "- Questions without an answer: 1",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Of before anything was said there is nothing to measure.
    let known_at = Some(prost_types::Timestamp { seconds: 1_000, nanos: 0 });
    let request = GetReviewRequest { incident: "incidents/flood".into(), known_at };
    let told = team.get_review(request).await.unwrap().into_inner();
    assert_eq!((told.version_count, told.contradiction_count, told.first_after), (0, 0, None));
}
