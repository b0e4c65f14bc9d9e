//! What an evaluator gets of a whole incident.

use polder_wire::v1::{Decision, DecisionState, Entry, Statement, entry::Body};

use crate::{
    harness::*,
    limburg::{golden, played, says},
};

/// Without the one line that tells how soon the demo itself was.
fn steady(text: &str) -> String {
    let demo =
        |line: &&str| !line.starts_with("- First entry") && !line.starts_with("- Eerste item");
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
}
