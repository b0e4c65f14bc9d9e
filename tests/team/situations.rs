//! The situation picture, the nation, digests and how the crisis organisation grew: what the flood
//! of July 2021 gives by itself, and what people read.

use polder_wire::v1::{
    ClockKind, DigestReason, Entry, GetDigestRequest, GetNationalPictureRequest,
    GetSituationRequest, Incident, ListGapsRequest, Mode, Section, SectionOwner,
    UpdateIncidentRequest, situation_service_client::SituationServiceClient,
    team_service_client::TeamServiceClient,
};

use crate::{
    harness::*,
    limburg::{golden, played, played_says, says},
};

#[tokio::test(flavor = "multi_thread")]
async fn grip_4_at_13_21_pulls_in_the_parties_of_the_plan() {
    let (_dir, node) = played().await;
    let history = says(&node, &["incident", "history"]);
    golden("scaling.txt", &history);
    golden("scaling.nl.txt", &says(&node, &["incident", "history", "--lang", "nl"]));
    assert!(history.contains(
        "14 Jul 2021 13:21  zuid-limburg GRIP 4, began RBT\n    the plan brings in defensie"
    ));
    // Each of those who were called in said that they saw it.
    let waiting = says(&node, &["acknowledge", "--all", "--known", "2021-07-14T13:30"]);
    let named: Vec<_> = waiting.lines().filter(|line| !line.contains("incidents/")).collect();
    golden("called-in-14-july-13h30.txt", &(named.join("\n") + "\n"));
    let charter = says(&node, &["charter", "show"]);
    assert!(charter.contains("limburg-2021: zuid-limburg GRIP 4"), "{charter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_situation_has_its_sections_their_owners_and_the_clocks_of_the_law() {
    let (_dir, node) = played().await;
    let ask = ["situation", "--known", "2021-07-14T15:00", "--lines", "5"];
    golden("situation-14-july-15h.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("situation-14-july-15h.nl.txt", &says(&node, &dutch));
    // Half an hour after GRIP 2 the teams that were not yet at work would be late.
    let own =
        says(&node, &["situation", "--known", "2021-07-16T18:00", "--party", "waterschap-limburg"]);
    golden("situation-16-july-18h-waterschap.txt", &own);
    assert!(!own.contains("rijkswaterstaat"), "their own picture only: {own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_tells_a_reader_what_concerns_them_first_and_counts_what_it_holds_back() {
    let (_dir, node) = played().await;
    let ask = [
        "digest",
        "--party",
        "defensie",
        "-d",
        "defence",
        "--known",
        "2021-07-15T21:55",
        "--since",
        "2021-07-15T07:30",
        "--lines",
        "8",
    ];
    golden("digest-defence-15-july-evening.txt", &says(&node, &ask));
    let dutch: Vec<_> = ask.iter().copied().chain(["--lang", "nl"]).collect();
    golden("digest-defence-15-july-evening.nl.txt", &says(&node, &dutch));
}

#[test]
fn the_national_picture_says_that_the_north_is_cut_off_and_traces_each_line_to_its_entry() {
    let demo = played_says();
    let from = demo.find("Picture of the nation").expect("it is printed");
    let nation = &demo[from..];
    let north = nation.lines().find(|line| line.starts_with("limburg-noord")).unwrap();
    assert!(north.contains("GRIP 4") && north.contains("[CUT OFF since"), "{north}");
    let south = nation.lines().find(|line| line.starts_with("zuid-limburg")).unwrap();
    assert!(south.contains("GRIP 4") && south.contains("connected"), "{south}");
    assert!(
        nation.find("limburg-noord") < nation.find("zuid-limburg"),
        "who is cut off stands first"
    );
    // What the north said before is still there, and how old that is.
    let word = nation.lines().skip_while(|line| !line.starts_with("limburg-noord")).nth(1).unwrap();
    // 43 hours to the millisecond: clocks of nodes that heard of each other may be a little ahead.
    let ages = ["last word 14 Jul 14:00 (42 h)", "last word 14 Jul 14:00 (43 h)"];
    assert!(ages.iter().any(|age| word.contains(age)), "{word}");
    assert!(nation.contains("source: "), "each line says where it comes from: {nation}");
}

async fn situations(node: &Running) -> SituationServiceClient<tonic::transport::Channel> {
    SituationServiceClient::new(node.connect().await)
}

#[tokio::test]
async fn a_section_has_an_owner_until_nobody_is_named_any_more() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let own = async |owners: Vec<(Section, &str, &str)>| {
        let owner = |(section, party, role): &(Section, &str, &str)| SectionOwner {
            section: (*section).into(),
            party: (*party).into(),
            role: (*role).into(),
        };
        let request = UpdateIncidentRequest {
            incident: Some(Incident {
                name: "incidents/flood".into(),
                owners: owners.iter().map(owner).collect(),
                ..Incident::default()
            }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["owners".into()] }),
            ..UpdateIncidentRequest::default()
        };
        node.incidents().update_incident(request).await
    };
    let owners = async || {
        let mut team = TeamServiceClient::new(node.connect().await);
        let request =
            ListGapsRequest { incident: "incidents/flood".into(), ..ListGapsRequest::default() };
        let sections = team.list_gaps(request).await.unwrap().into_inner().sections;
        let party = |owner: SectionOwner| owner.party;
        sections.into_iter().map(|one| one.owner.map_or(String::new(), party)).collect::<Vec<_>>()
    };
    assert_eq!(owners().await, ["", "", ""]);
    own(vec![
        (Section::Response, "parties/police", "head"),
        (Section::Outlook, "parties/water", ""),
    ])
    .await
    .unwrap();
    assert_eq!(owners().await, ["", "parties/police", "parties/water"]);
    own(vec![(Section::Response, "", "")]).await.unwrap();
    assert_eq!(owners().await, ["", "", "parties/water"]);
    let refused = own(vec![(Section::Unspecified, "parties/police", "")]).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["incident.owners[0].section"]);
    let refused = own(vec![(Section::Incident, "police", "")]).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["incident.owners[0].party"]);
}

#[tokio::test]
async fn a_team_that_is_not_at_work_in_time_is_late_until_it_is() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let id = "flood";
    let at = ["--node", &node.address()];
    let update = |more: &[&str]| {
        let args = [&["incident", "update", id, "--region", "south"][..], more, &at[..]].concat();
        must(&args);
    };
    update(&["--grip", "2", "--teams", "copi"]);
    let clocks = async || {
        let request =
            GetSituationRequest { incident: "incidents/flood".into(), ..Default::default() };
        let answer = situations(&node).await.get_situation(request).await.unwrap().into_inner();
        let mut told = Vec::new();
        for clock in answer.clocks {
            told.push((clock.kind(), clock.team, clock.met_time.is_some(), clock.late));
        }
        told.sort();
        told
    };
    let (copi, rot) = (1, 2);
    let expected = [
        (ClockKind::Description, 0, false, false),
        (ClockKind::Team, copi, true, false),
        (ClockKind::Team, rot, false, false),
    ];
    assert_eq!(clocks().await, expected, "the clock runs, and nothing is late yet");
    let described = node.put(&observation("flood", "water in the street")).await;
    update(&["--grip", "2", "--teams", "copi,rot"]);
    let expected = [
        (ClockKind::Description, 0, true, false),
        (ClockKind::Processing, 0, false, false),
        (ClockKind::Team, copi, true, false),
        (ClockKind::Team, rot, true, false),
    ];
    assert_eq!(clocks().await, expected);
    // It was described in time, whatever becomes of the words.
    node.retract(&described.name, "another street").await.unwrap();
    assert_eq!(clocks().await[0], (ClockKind::Description, 0, true, false));
    update(&["--grip", "0"]);
    let told = clocks().await;
    assert!(told.iter().all(|(kind, ..)| *kind != ClockKind::Team), "{told:?}");
}

#[tokio::test]
async fn the_nation_joins_open_incidents_of_one_mode_only() {
    let home = Home::new();
    let node = home.start().await;
    for (id, mode) in [("flood", Mode::Actual), ("outage", Mode::Actual), ("drill", Mode::Exercise)]
    {
        node.create(incident(id, mode)).await.unwrap();
        node.put(&Entry {
            party: "parties/police".into(),
            ..observation(id, &format!("seen in {id}"))
        })
        .await;
    }
    let titles = async |request: GetNationalPictureRequest| {
        let answer = situations(&node).await.get_national_picture(request).await.unwrap();
        let answer = answer.into_inner();
        let lines = answer.sections.iter().flat_map(|section| &section.lines);
        let mut titles: Vec<_> =
            lines.map(|line| decode(&line.entry).texts[0].title.clone()).collect();
        titles.sort();
        let entries: i32 = answer.regions.iter().map(|region| region.entry_count).sum();
        assert_eq!(entries as usize, titles.len(), "each counts once");
        titles
    };
    let all = GetNationalPictureRequest::default();
    assert_eq!(titles(all.clone()).await, ["seen in flood", "seen in outage"]);
    let drill = GetNationalPictureRequest { mode: Mode::Exercise.into(), ..all.clone() };
    assert_eq!(titles(drill).await, ["seen in drill"]);
    let one = GetNationalPictureRequest { incident: "incidents/outage".into(), ..all.clone() };
    assert_eq!(titles(one).await, ["seen in outage"]);
    let unknown = GetNationalPictureRequest { incident: "incidents/storm".into(), ..all };
    let refused = situations(&node).await.get_national_picture(unknown).await.unwrap_err();
    assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND");
}

#[tokio::test]
async fn a_digest_holds_back_what_does_not_fit_and_says_how_much() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    for number in 0..7 {
        node.put(&observation("flood", &format!("number {number}"))).await;
    }
    let request = GetDigestRequest {
        incident: "incidents/flood".into(),
        party: "parties/police".into(),
        lines: 3,
        ..GetDigestRequest::default()
    };
    let answer = situations(&node).await.get_digest(request.clone()).await.unwrap().into_inner();
    assert_eq!(answer.lines.len(), 3);
    let held: i32 = answer.held_back.iter().map(|held| held.count).sum();
    assert_eq!(held, 4);
    assert_eq!(answer.held_back[0].reason(), DigestReason::Other);
    let wrong = GetDigestRequest { lines: -1, ..request };
    let refused = situations(&node).await.get_digest(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["lines"]);
}
