//! Contradictions between entries, and a person who decides.

use polder_wire::v1::{
    self, Contradiction, Count, CountQualifier, Entry, ListContradictionsRequest, Outage,
    VitalService, entry::Body, team_service_client::TeamServiceClient,
};
use tonic::Status;

use crate::harness::*;

fn without_power(incident: &str, party: &str, value: i64) -> Entry {
    let count = Count { value, qualifier: CountQualifier::About.into(), ..Count::default() };
    let outage =
        Outage { service: VitalService::Power.into(), customers: Some(count), ..Outage::default() };
    Entry {
        party: format!("parties/{party}"),
        place: "Valkenburg".into(),
        body: Some(Body::Outage(outage)),
        ..observation(incident, &format!("{value} without power"))
    }
}

async fn contradictions(node: &Running, only_open: bool) -> Vec<Contradiction> {
    let request =
        ListContradictionsRequest { incident: "incidents/flood".into(), known_at: None, only_open };
    asked(node, request).await.unwrap().contradictions
}

async fn asked(
    node: &Running,
    request: ListContradictionsRequest,
) -> Result<v1::ListContradictionsResponse, Status> {
    let mut client = TeamServiceClient::new(node.channel.clone());
    Ok(client.list_contradictions(request).await?.into_inner())
}

#[tokio::test]
async fn different_figures_for_one_subject_stand_side_by_side_until_a_person_decides() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let first = without_power("flood", "enexis", 370);
    node.put(&first).await;
    assert!(contradictions(&node, false).await.is_empty());
    let other = without_power("flood", "municipality", 400);
    node.put(&other).await;
    node.put(&without_power("flood", "region", 400)).await;
    let found = contradictions(&node, true).await;
    assert_eq!(found.len(), 1);
    let parties: Vec<_> = found[0].versions.iter().map(decode).map(|entry| entry.party).collect();
    assert_eq!(parties.len(), 3, "{parties:?}");
    assert_eq!(found[0].subjects[0].aspect, "outage.customers");
    assert_eq!(found[0].subjects[0].place, "Valkenburg");

    let id = found[0].name.rsplit('/').next().unwrap()[..8].to_owned();
    let decide = |title: &str| {
        must(&["--node", &node.address(), "decide", &id, title, "--by", "ROT", "--lang", "en"])
    };
    let told = decide("Count with 400");
    assert!(told.starts_with("Decision recorded: incidents/flood/entries/"), "{told}");
    assert!(contradictions(&node, true).await.is_empty());
    let found = contradictions(&node, false).await;
    let decision = decode(&found[0].decisions[0]);
    let Some(Body::Decision(body)) = decision.body else { panic!("{decision:?}") };
    assert_eq!(body.basis.len(), 3, "it cites every version");

    // The same after a restart, and open again when somebody says something new.
    node.kill();
    let node = home.start().await;
    assert!(contradictions(&node, true).await.is_empty());
    node.put(&without_power("flood", "enexis", 380)).await;
    assert_eq!(contradictions(&node, true).await.len(), 1);
    node.retract(&first.name, "counted twice").await.unwrap();
    assert_eq!(contradictions(&node, true).await.len(), 1, "380 is still not 400");
}

#[tokio::test]
async fn a_question_about_contradictions_that_cannot_be_answered_is_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let ask = |incident: &str, seconds: i64| {
        let known_at = Some(prost_types::Timestamp { seconds, nanos: 0 });
        ListContradictionsRequest { incident: incident.into(), known_at, only_open: false }
    };
    let refused = asked(&node, ask("flood", 0)).await.unwrap_err();
    assert_eq!(
        (reason(&refused), wrong_fields(&refused)),
        ("MALFORMED_NAME".into(), vec!["incident".into()])
    );
    let refused = asked(&node, ask("incidents/other", 0)).await.unwrap_err();
    assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND");
    let refused = asked(&node, ask("incidents/flood", -5)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["known_at"]);
    assert!(asked(&node, ask("incidents/flood", 5)).await.unwrap().contradictions.is_empty());
}
