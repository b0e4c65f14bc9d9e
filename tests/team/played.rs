//! An incident of then, played back into an exercise, by the command line on real nodes.

use polder_wire::v1::{
    CloseIncidentRequest, Decision, DecisionState, Entry, GetIncidentRequest, Label,
    ListContradictionsRequest, ListEntriesRequest, Mode, Outage, Statement, Times, WaterLevel,
    entry::Body, team_service_client::TeamServiceClient,
};
use prost_types::Timestamp;
use serde_json::Value;

use crate::{harness::*, limburg::played};

fn times(minutes_ago: i64) -> Option<Times> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seconds = now.as_secs() as i64 - minutes_ago * 60;
    let observed = Some(Timestamp { seconds, nanos: 123_456_789 });
    Some(Times { observed, ..Times::default() })
}

fn level(party: &str, discharge: f64, minutes_ago: i64) -> Entry {
    Entry {
        party: format!("parties/{party}"),
        times: times(minutes_ago),
        body: Some(Body::WaterLevel(WaterLevel {
            gauge: "Meerssen".into(),
            discharge_m3_s: Some(discharge),
            ..WaterLevel::default()
        })),
        ..observation("flood", "the Geul rises")
    }
}

/// All entries of an incident, with their rivals, by title and party.
async fn entries(node: &Running, id: &str) -> Vec<Entry> {
    let filter = Some(of_incident(id));
    let request = ListEntriesRequest { filter, page_size: 100, ..Default::default() };
    let answer = node.picture().list_entries(request).await.unwrap().into_inner();
    let mut entries: Vec<_> = answer.entries.iter().map(decode).collect();
    entries.sort_by_key(|entry| {
        let title = entry.texts.first().map(|text| text.title.clone());
        (title, entry.party.clone(), entry.kind.clone())
    });
    entries
}

fn nanos(entry: &Entry) -> i128 {
    let observed = entry.times.unwrap().observed.unwrap();
    i128::from(observed.seconds) * 1_000_000_000 + i128::from(observed.nanos)
}

/// Plays; exit code and what it told.
fn play(node: &Running, args: &[&str]) -> (i32, Value) {
    let address = node.address();
    let all = [&["--node", &address, "--json", "play"], args].concat();
    let output = run(&all);
    let told = serde_json::from_slice(&output.stdout);
    let (code, text) = said(&output);
    (code, told.unwrap_or_else(|_| panic!("{text}")))
}

/// An incident in which two parties contradict each other, somebody decides, something is taken back
/// and something is about a person.
async fn flood(node: &Running) {
    node.open("flood").await;
    let first = node.put(&level("waterschap", 83.0, 90)).await;
    let rival = Entry { name: first.name.clone(), ..level("rws", 96.0, 60) };
    let rival = node.try_put(replacing(&rival, &[])).await.unwrap();
    let newer = Entry { name: first.name.clone(), ..level("waterschap", 85.0, 30) };
    let newer = node.try_put(replacing(&newer, &[&first.version])).await.unwrap();
    let basis = [&rival, &newer].map(|one| format!("{}/versions/{}", first.name, one.version));
    let decision = Decision {
        decided_by: "ROT".into(),
        state: DecisionState::Taken.into(),
        basis: basis.to_vec(),
        ..Decision::default()
    };
    let decision = Entry {
        statement: Statement::Decision.into(),
        body: Some(Body::Decision(decision)),
        ..observation("flood", "we go on 96")
    };
    node.put(&decision).await;
    let rumour = node.put(&observation("flood", "a rumour")).await.name;
    node.retract(&rumour, "it was one").await.unwrap();
    let label = Some(Label { personal_data: true, ..Label::default() });
    node.put(&Entry { label, ..observation("flood", "number 7 needs oxygen") }).await;
}

#[tokio::test]
async fn an_incident_is_played_into_an_exercise_with_its_words_figures_parties_and_contradictions()
{
    let home = Home::named("tester", "tester");
    let node = home.start().await;
    flood(&node).await;
    let (code, told) = play(&node, &["flood", "--into", "again", "--at-once"]);
    assert_eq!((code, &told["versions"], &told["entries"]), (0, &6.into(), &3.into()), "{told}");
    assert_eq!((&told["personal"], &told["beside"]), (&1.into(), &0.into()), "{told}");
    let request = GetIncidentRequest { name: "incidents/again".into() };
    let made = node.incidents().get_incident(request).await.unwrap().into_inner().incident.unwrap();
    assert_eq!(made.mode(), Mode::Exercise);
    assert!(made.titles[0].title.starts_with("Nagespeeld: "), "{:?}", made.titles);

    let (then, again) = (entries(&node, "flood").await, entries(&node, "again").await);
    let then: Vec<_> = then.into_iter().filter(|entry| entry.label.is_none()).collect();
    assert_eq!((then.len(), again.len()), (3, 3), "two versions of one, and a decision");
    for (then, again) in then.iter().zip(&again) {
        assert_eq!((&again.texts, &again.party), (&then.texts, &then.party));
        assert_eq!(again.name, then.name.replace("incidents/flood/", "incidents/again/"));
        assert_eq!(again.rivals.len(), then.rivals.len(), "{}", again.name);
        assert_ne!(again.version, then.version, "said anew");
        if let Some(Body::WaterLevel(_)) = then.body {
            assert_eq!(again.body, then.body);
        }
    }
    let levels = |all: &[Entry]| -> Vec<i128> {
        let levels = all.iter().filter(|one| matches!(one.body, Some(Body::WaterLevel(_))));
        levels.map(nanos).collect()
    };
    let (then, again) = (levels(&then), levels(&again));
    assert_eq!(again[1] - again[0], then[1] - then[0], "half an hour apart, to the nanosecond");
    assert!(again[0] > then[0], "later than then");
    // The decision rests on versions of the exercise, so it decides there too.
    let incident = "incidents/again".to_owned();
    let request = ListContradictionsRequest { incident, ..Default::default() };
    let mut team = TeamServiceClient::new(node.channel.clone());
    let told = team.list_contradictions(request).await.unwrap().into_inner().contradictions;
    assert_eq!((told.len(), told[0].decisions.len()), (1, 1));

    let address = node.address();
    let listed = must(&["--node", &address, "--lang", "en", "list", "-i", "again"]);
    assert!(listed.contains("EXERCISE") && !listed.contains("oxygen"), "{listed}");
    let (code, text) = said(&run(&["--node", &address, "play", "flood", "--into", "again"]));
    assert!(
        code == 3 && text.contains("INCIDENT_EXISTS"),
        "nothing is played over: {code}: {text}"
    );
    let (code, text) = said(&run(&["--node", &address, "play", "flood", "--speed", "0"]));
    assert!(code == 2 && text.contains("--speed"), "{code}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_flood_is_played_back_but_for_what_was_said_to_narrower_audiences() {
    let (_dir, node) = played().await;
    let (code, told) = play(&node, &["limburg-2021", "--into", "again", "--at-once"]);
    let refused = told["refused"].as_object().unwrap();
    let reasons: Vec<_> = refused.keys().map(String::as_str).collect();
    // Under the charter the exercise has no members yet, and so no audiences.
    assert_eq!((code, reasons), (3, vec!["AUDIENCE_NOT_FOUND"]), "{told}");
    let (versions, entries) =
        (told["versions"].as_i64().unwrap(), told["entries"].as_i64().unwrap());
    assert!(versions > 250 && entries > 200, "{told}");
    let parties: Vec<_> = told["parties"].as_array().unwrap().iter().collect();
    assert!(parties.contains(&&"zuid-limburg".into()), "named as source only: {told}");
    let request = GetIncidentRequest { name: "incidents/again".into() };
    let made = node.incidents().get_incident(request).await.unwrap().into_inner().incident.unwrap();
    assert_eq!(made.mode(), Mode::Exercise);
}

#[tokio::test]
async fn an_archive_is_played_on_a_node_that_never_had_it_at_the_speed_that_is_asked() {
    let home = Home::new();
    let node = home.start().await;
    flood(&node).await;
    let close = CloseIncidentRequest {
        name: "incidents/flood".into(),
        reason: "over".into(),
        ..Default::default()
    };
    node.incidents().close_incident(close).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("flood.polder");
    let path = file.to_str().unwrap();
    must(&["archive", "flood", "--out", path, "--node", &node.address()]);

    let other_home = Home::named("elsewhere", "elsewhere");
    let other = other_home.start().await;
    let (code, told) = play(&other, &[path, "--into", "again", "--speed", "3600"]);
    assert_eq!((code, &told["versions"], &told["personal"]), (0, &6.into(), &1.into()), "{told}");
    let again = entries(&other, "again").await;
    let levels = again.iter().filter(|one| matches!(one.body, Some(Body::WaterLevel(_))));
    let observed: Vec<_> = levels.map(nanos).collect();
    let apart = (observed[0] - observed[1]).abs();
    assert!((apart - 500_000_000).abs() < 1_000_000, "half an hour is half a second: {apart}");
    let parties: Vec<_> = again.iter().map(|one| one.party.as_str()).collect();
    assert!(parties.contains(&"parties/rws") && parties.contains(&"parties/waterschap"));

    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, text) = said(&run(&["--node", &other.address(), "play", path, "--into", "bad"]));
    assert!(code != 0 && text.contains("BUNDLE_DAMAGED"), "{code}: {text}");
    let request = GetIncidentRequest { name: "incidents/bad".into() };
    let none = other.incidents().get_incident(request).await.unwrap_err();
    assert_eq!(reason(&none), "INCIDENT_NOT_FOUND", "nothing is opened for what does not hold");
}

#[tokio::test]
async fn it_is_said_no_sooner_than_its_speed_allows_and_what_came_before_is_there_at_once() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let out = |title: &str| Entry {
        body: Some(Body::Outage(Outage { service: 1, ..Outage::default() })),
        ..observation("flood", title)
    };
    node.put(&out("first")).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    node.put(&out("second")).await;
    let begin = std::time::Instant::now();
    play(&node, &["flood", "--into", "slow", "--speed", "2"]);
    assert!(begin.elapsed().as_millis() >= 600, "a second and a fifth at double speed");
    // From the second on: the first is there at once, and the second is not waited for either.
    let then = entries(&node, "flood").await;
    let second = then.iter().find(|one| one.texts[0].title == "second").unwrap();
    let recorded = second.recorded_time.unwrap();
    let from = second_after(recorded);
    play(&node, &["flood", "--into", "late", "--speed", "0.01", "--from", &from]);
    assert_eq!(entries(&node, "late").await.len(), 2);
}

/// RFC 3339, by the second after.
fn second_after(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_second(time.seconds + 1).unwrap();
    time.to_string()
}

#[tokio::test]
async fn versions_that_were_published_at_once_replace_each_other_as_they_did() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let name = "incidents/flood/entries/018f3c3e-0000-7000-8000-000000000001";
    let version = |round: usize| Entry {
        name: name.into(),
        ..observation("flood", &format!("round {round}"))
    };
    let items = (0..200).map(|round| item(&version(round))).collect();
    let answer = node.publish(items).await.unwrap();
    assert_eq!(answer.results.len(), 200);
    let (code, told) = play(&node, &["flood", "--into", "again", "--at-once"]);
    assert_eq!((code, &told["versions"], &told["beside"]), (0, &200.into(), &0.into()), "{told}");
    let shown = entries(&node, "again").await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].texts[0].title, "round 199");
}
