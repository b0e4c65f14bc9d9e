//! A region scales up, and whom its plan names comes in: on whole nodes, over a line that is cut.

use polder::slow_line::State;
use polder_picture::charter::Charter;
use polder_wire::v1::{
    AcknowledgeRequest, CharterStatement, EntryFilter, GripLevel, Incident, ListAttentionRequest,
    ListStatementsRequest, Scaling, Standing, UpdateIncidentRequest,
    charter_service_client::CharterServiceClient, team_service_client::TeamServiceClient,
};

use crate::{
    charter::{certificate, incident_of, key_of, say, shows, titles},
    harness::*,
    made::{founding, member, party, plan, signed},
    region::*,
};

/// Statements: police and water board, each with a node, and the police alone in `storm`; and the
/// plan of the police, which brings in the water board at GRIP 4.
async fn region(pair: &Pair) -> (Vec<CharterStatement>, CharterStatement) {
    let founded = founding(&[1], 1);
    let charter = Charter::found(&founded).unwrap().id();
    let changes = vec![
        party("police"),
        party("water"),
        certificate(&key_of(&pair.a).await, "police"),
        certificate(&key_of(&pair.b).await, "water"),
        member("storm", "police"),
    ];
    let levels: [(GripLevel, &[&str]); 1] = [(GripLevel::GripLevel4, &["water"])];
    let planned = signed(Some(charter), 3, vec![plan("police", &levels)], &[(1, 3)]);
    (vec![founded, signed(Some(charter), 2, changes, &[(1, 2)])], planned)
}

async fn scale(node: &Running, grip: GripLevel) {
    let scaling =
        Scaling { region: "parties/police".into(), grip: grip.into(), ..Scaling::default() };
    let incident =
        Incident { name: "incidents/storm".into(), scalings: vec![scaling], ..Incident::default() };
    let request = UpdateIncidentRequest {
        incident: Some(incident),
        update_mask: Some(prost_types::FieldMask { paths: vec!["scalings".into()] }),
        ..UpdateIncidentRequest::default()
    };
    node.incidents().update_incident(request).await.unwrap();
}

async fn statements(node: &Running) -> usize {
    let mut client = CharterServiceClient::new(node.connect().await);
    let answer = client.list_statements(ListStatementsRequest::default()).await.unwrap();
    answer.into_inner().statements.len()
}

const CALLED: &str = "GRIP 4 Naam: opgeroepen volgens plan";

#[tokio::test]
async fn a_region_that_scales_up_while_it_is_cut_off_brings_in_whom_its_plan_names() {
    let mut pair = Pair::start("fjall", FAST).await;
    let (said, planned) = region(&pair).await;
    for node in [&pair.a, &pair.b] {
        assert_eq!(say(node, &said).await.unwrap(), [Standing::Counts; 2]);
    }
    say(&pair.a, &[planned]).await.unwrap();
    pair.a.create(incident_of("storm")).await.unwrap();
    pair.a.put(&observation("storm", "before")).await;
    links_say(&pair.a, "linked", |links| {
        links.iter().any(|link| link.state() == polder_wire::v1::LinkState::Connected)
    })
    .await;
    scale(&pair.a, GripLevel::GripLevel3).await;
    assert_eq!(statements(&pair.a).await, 3, "nobody is named below GRIP 4");

    pair.line.set(State::Cut);
    scale(&pair.a, GripLevel::GripLevel4).await;
    assert_eq!(statements(&pair.a).await, 4, "the call is on record when the level is");
    assert_eq!(titles(&pair.a).await, [CALLED, "before"]);
    assert!(titles(&pair.b).await.is_empty());
    // Killed at once: neither is lost, and nothing is called twice.
    pair.a.kill();
    pair.start_a().await;
    scale(&pair.a, GripLevel::GripLevel4).await;
    assert_eq!((statements(&pair.a).await, titles(&pair.a).await.len()), (4, 2));
    pair.line.set(State::Open);
    shows(&pair.b, &[CALLED, "before"]).await;

    // They say that they saw it, and the region sees that.
    let found = pair.b.list(EntryFilter::default()).await;
    let call = found.iter().find(|entry| entry.texts[0].title == CALLED).unwrap();
    let mut team = TeamServiceClient::new(pair.b.connect().await);
    let request = AcknowledgeRequest { name: call.name.clone(), ..AcknowledgeRequest::default() };
    team.acknowledge(request).await.unwrap();
    shows(&pair.a, &[CALLED, "Gezien", "before"]).await;
    let mut team = TeamServiceClient::new(pair.a.connect().await);
    let request = ListAttentionRequest {
        incident: "incidents/storm".into(),
        only_waiting: true,
        ..ListAttentionRequest::default()
    };
    assert!(team.list_attention(request).await.unwrap().into_inner().entries.is_empty());

    // Scaling down sends nobody away, and up again calls nobody twice.
    for level in [GripLevel::GripLevel1, GripLevel::GripLevel4] {
        scale(&pair.a, level).await;
    }
    pair.a.put(&observation("storm", "later")).await;
    shows(&pair.b, &[CALLED, "Gezien", "before", "later"]).await;
    assert_eq!(statements(&pair.a).await, 4);
}

#[tokio::test]
async fn a_plan_that_comes_after_its_region_had_scaled_up_is_called_on_when_it_comes() {
    let mut pair = Pair::start("sled", FAST).await;
    let (said, planned) = region(&pair).await;
    for node in [&pair.a, &pair.b] {
        assert_eq!(say(node, &said).await.unwrap(), [Standing::Counts; 2]);
    }
    pair.a.create(incident_of("storm")).await.unwrap();
    scale(&pair.a, GripLevel::GripLevel4).await;
    // What a node of another party says of the region calls nobody: nor does a restart.
    pair.a.stop();
    pair.start_a().await;
    assert_eq!(statements(&pair.a).await, 2);
    say(&pair.a, &[planned]).await.unwrap();
    shows(&pair.b, &[CALLED]).await;
    shows(&pair.a, &[CALLED]).await;
    assert_eq!(statements(&pair.a).await, 4);
}
