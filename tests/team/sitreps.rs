//! Sitreps: compiled, issued with a number, never changed, replaced, recalled and compared.

use polder_wire::v1::{
    DraftSitrepRequest, IssueSitrepRequest, IssueSitrepResponse, ListSitrepsRequest, Sitrep,
    SitrepLine, SitrepTheme, team_service_client::TeamServiceClient,
};
use tonic::{Status, transport::Channel};

use crate::{
    harness::*,
    limburg::{golden, played, says},
};

const INCIDENT: &str = "incidents/flood";

fn team(node: &Running) -> TeamServiceClient<Channel> {
    TeamServiceClient::new(node.channel.clone())
}

async fn drafted(node: &Running) -> Sitrep {
    let request = DraftSitrepRequest { incident: INCIDENT.into(), ..DraftSitrepRequest::default() };
    let mut sitrep = team(node).draft_sitrep(request).await.unwrap().into_inner().sitrep.unwrap();
    (sitrep.team, sitrep.issued_by) = ("ROT".into(), "information manager".into());
    sitrep
}

async fn issue(
    node: &Running,
    sitrep: Sitrep,
    replaces: &str,
) -> Result<IssueSitrepResponse, Status> {
    let request = IssueSitrepRequest {
        incident: INCIDENT.into(),
        sitrep: Some(sitrep),
        replaces: replaces.into(),
        ..IssueSitrepRequest::default()
    };
    Ok(team(node).issue_sitrep(request).await?.into_inner())
}

fn lines(sitrep: &Sitrep) -> Vec<&SitrepLine> {
    sitrep.sections.iter().flat_map(|section| &section.lines).collect()
}

#[tokio::test]
async fn a_sitrep_is_issued_with_a_number_and_stays_as_it_was_issued() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut entry = observation("flood", "water in the street");
    entry.name = node.put(&entry).await.name;
    let first = issue(&node, drafted(&node).await, "").await.unwrap();
    let issued = first.sitrep.unwrap();
    assert_eq!((issued.number, issued.version), (1, 1));
    assert_eq!(lines(&issued)[0].english, "water in the street");
    assert!(lines(&issued)[0].version.starts_with(&entry.name));

    // The picture goes on; the sitrep does not change.
    entry.texts[0].title = "water gone".into();
    node.put(&entry).await;
    assert_eq!(node.get(&first.name).await.unwrap().0.sitrep.unwrap(), issued);
    let second = issue(&node, drafted(&node).await, "").await.unwrap();
    assert_eq!(second.sitrep.as_ref().map(|one| (one.number, one.version)), Some((2, 1)));
    let told = must(&["--node", &node.address(), "sitrep", "diff", "1", "2", "--lang", "en"]);
    assert_eq!(told, "~ water gone (tester)\n");

    // What takes its place has the same number; both stay readable.
    let later = issue(&node, drafted(&node).await, &first.name).await.unwrap();
    assert_eq!(later.name, first.name);
    assert_eq!(later.sitrep.as_ref().map(|one| (one.number, one.version)), Some((1, 2)));
    let show =
        |named: &str| must(&["--node", &node.address(), "sitrep", "show", named, "--lang", "en"]);
    assert!(show("1.1").contains("water in the street"));
    assert!(show("1").contains("Sitrep 1.2 ROT") && show("1").contains("water gone"));

    // And it can be recalled, which everybody sees who looks for it.
    node.retract(&first.name, "wrong figures").await.unwrap();
    let request = ListSitrepsRequest { incident: INCIDENT.into(), ..Default::default() };
    let listed = team(&node).list_sitreps(request).await.unwrap().into_inner().sitreps;
    assert_eq!(listed.len(), 1);
    assert!(show(&first.name).contains("RECALLED: wrong figures"));
    let refused = issue(&node, drafted(&node).await, &first.name).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["replaces"]);
}

#[tokio::test]
async fn issuing_again_under_the_same_id_gives_the_first_answer() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut entry = observation("flood", "water in the street");
    entry.name = node.put(&entry).await.name;
    let request = IssueSitrepRequest {
        request_id: uuid::Uuid::new_v4().to_string(),
        incident: INCIDENT.into(),
        sitrep: Some(drafted(&node).await),
        ..IssueSitrepRequest::default()
    };
    let first = team(&node).issue_sitrep(request.clone()).await.unwrap().into_inner();
    issue(&node, drafted(&node).await, "").await.unwrap();
    let again = team(&node).issue_sitrep(request.clone()).await.unwrap().into_inner();
    assert_eq!(again, first);
    let other = IssueSitrepRequest { replaces: first.name.clone(), ..request };
    let refused = team(&node).issue_sitrep(other).await.unwrap_err();
    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_sitrep_that_cites_what_is_not_held_or_says_not_who_issues_it_is_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.put(&observation("flood", "water in the street")).await;
    let mut invented = drafted(&node).await;
    let version = &mut invented.sections[0].lines[0].version;
    *version = version.replace("-1", "-999").replace("-2", "-999");
    let refused = issue(&node, invented, "").await.unwrap_err();
    assert_eq!(reason(&refused), "VERSION_UNKNOWN");
    assert_eq!(wrong_fields(&refused), ["sitrep.sections[0].lines[0].version"]);
    let mut nobody = drafted(&node).await;
    nobody.issued_by.clear();
    let refused = issue(&node, nobody, "").await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["items[0].entry.sitrep.issued_by"]);
    let mut twice = drafted(&node).await;
    let again = twice.sections[0].clone();
    twice.sections.push(again);
    assert!(issue(&node, twice, "").await.is_err());
    let request = ListSitrepsRequest { incident: INCIDENT.into(), ..Default::default() };
    let listed = team(&node).list_sitreps(request).await.unwrap().into_inner().sitreps;
    assert!(listed.is_empty(), "nothing of them is kept");
}

#[tokio::test]
async fn an_edited_draft_is_issued_from_a_file_with_remarks() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    node.put(&observation("flood", "water in the street")).await;
    let address = node.address();
    let draft = must(&["--node", &address, "--json", "sitrep", "draft", "--team", "ROT"]);
    let mut draft: serde_json::Value = serde_json::from_str(&draft).unwrap();
    draft["sections"][0]["remark"] = "Under control.".into();
    let file = home.beside("draft.json");
    std::fs::write(&file, draft.to_string()).unwrap();
    must(&["--node", &address, "sitrep", "issue", file.to_str().unwrap(), "--by", "IM ROT"]);
    let shown = must(&["--node", &address, "sitrep", "show", "1", "--lang", "en"]);
    assert!(shown.contains("INCIDENT\nUnder control.\n- water in the street"), "{shown}");
    let out = home.beside("sitrep.pdf");
    let out = out.to_str().unwrap();
    must(&["--node", &address, "sitrep", "show", "1", "--format", "pdf", "--out", out]);
    let pdf = std::fs::read(out).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(String::from_utf8_lossy(&pdf).contains("(Under control.)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sitrep_of_16_july_18_00_is_one_to_send() {
    let (_dir, node) = played().await;
    let forms = [
        ("text", "en", "sitrep-16-july-18h.txt"),
        ("text", "nl", "sitrep-16-july-18h.nl.txt"),
        ("markdown", "nl", "sitrep-16-july-18h.nl.md"),
        ("html", "nl", "sitrep-16-july-18h.nl.html"),
    ];
    for (format, language, file) in forms {
        let ask = ["sitrep", "show", "1", "--format", format, "--lang", language];
        let known = ["--known", "2021-07-16T21:00"];
        let ask: Vec<_> = ask.into_iter().chain(known).collect();
        golden(file, &says(&node, &ask));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_entry_stands_in_a_sitrep_twice() {
    let (_dir, node) = played().await;
    for seconds in [1_626_253_200, 1_626_339_600, 1_626_451_200, 1_626_537_600] {
        let request = DraftSitrepRequest {
            incident: "incidents/limburg-2021".into(),
            known_at: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            ..DraftSitrepRequest::default()
        };
        let drafted = team(&node).draft_sitrep(request).await.unwrap().into_inner();
        let sitrep = drafted.sitrep.unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for section in &sitrep.sections {
            for line in &section.lines {
                let entry = line.version.split("/versions/").next().unwrap().to_owned();
                // Of what contradicts, each version of an entry is a line.
                let again = section.theme() == SitrepTheme::Contradictions;
                assert!(
                    seen.insert((entry, if again { line.version.clone() } else { String::new() }))
                );
            }
        }
        let entries: std::collections::BTreeSet<_> = seen.iter().map(|(entry, _)| entry).collect();
        let themes: usize = sitrep
            .sections
            .iter()
            .map(|section| {
                let lines = section.lines.iter().map(|l| l.version.split("/versions/").next());
                lines.collect::<std::collections::BTreeSet<_>>().len()
            })
            .sum();
        assert_eq!(entries.len(), themes, "an entry stands under one theme");
    }
}
