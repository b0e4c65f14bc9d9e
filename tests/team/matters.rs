//! What is open until it is closed, what is late, and who has said nothing.

use polder_wire::v1::{
    Action, ActionState, Entry, GetHandoverRequest, GetHandoverResponse, ListGapsRequest,
    ListGapsResponse, MatterSort, Relation, RelationType, Section, Statement, entry::Body,
    team_service_client::TeamServiceClient,
};
use prost_types::Timestamp;

use crate::harness::*;

fn action(title: &str, state: ActionState, due: Option<i64>) -> Entry {
    let action = Action {
        owner: "ROT".into(),
        state: state.into(),
        due_time: due.map(|seconds| Timestamp { seconds, nanos: 0 }),
        ..Action::default()
    };
    Entry {
        statement: Statement::Action.into(),
        body: Some(Body::Action(action)),
        ..observation("flood", title)
    }
}

fn said(statement: Statement, title: &str) -> Entry {
    Entry { statement: statement.into(), ..observation("flood", title) }
}

async fn handover(node: &Running) -> GetHandoverResponse {
    let request = GetHandoverRequest {
        incident: "incidents/flood".into(),
        since: Some(Timestamp { seconds: 1_000, nanos: 0 }),
        known_at: None,
    };
    let mut client = TeamServiceClient::new(node.channel.clone());
    client.get_handover(request).await.unwrap().into_inner()
}

fn titles(lines: &[polder_wire::v1::HandoverLine]) -> Vec<String> {
    lines.iter().map(|line| decode(&line.entry).texts[0].title.clone()).collect()
}

#[tokio::test]
async fn actions_bottlenecks_and_questions_are_open_until_they_are_closed() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut late = action("fill sandbags", ActionState::Open, Some(1_000));
    late.name = node.put(&late).await.name;
    node.put(&action("clear the road", ActionState::Done, Some(1_000))).await;
    node.put(&action("count boats", ActionState::UnderWay, Some(7_000_000_000))).await;
    let asked = node.put(&said(Statement::Question, "how many boats?")).await.name;
    let mut narrow = said(Statement::Bottleneck, "road too narrow");
    // Two that come within a millisecond have no order by time.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
    narrow.times.get_or_insert_default().observed = Some(later.into());
    narrow.name = node.put(&narrow).await.name;

    let told = handover(&node).await;
    assert_eq!(titles(&told.overdue), ["fill sandbags"]);
    assert_eq!(told.overdue[0].sort(), MatterSort::Action);
    assert_eq!(titles(&told.open), ["count boats", "how many boats?", "road too narrow"]);
    assert_eq!(told.changed.len(), 5);

    let mut answer = said(Statement::Fact, "there are twelve boats");
    let r#type = RelationType::Answers.into();
    answer.relations = vec![Relation { r#type, entry: asked, ..Relation::default() }];
    let answer = node.put(&answer).await.name;
    late.body = action("", ActionState::Done, None).body;
    node.put(&late).await;
    narrow.statement = Statement::Fact.into();
    node.put(&narrow).await;
    let told = handover(&node).await;
    assert!(told.overdue.is_empty());
    assert_eq!(titles(&told.open), ["count boats"]);
    node.retract(&answer, "it was wrong").await.unwrap();
    assert_eq!(titles(&handover(&node).await.open), ["count boats", "how many boats?"]);
}

#[tokio::test]
async fn a_handover_without_the_start_of_the_shift_is_refused() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut client = TeamServiceClient::new(node.channel.clone());
    let request =
        GetHandoverRequest { incident: "incidents/flood".into(), ..GetHandoverRequest::default() };
    let refused = client.get_handover(request).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["since"]);
}

async fn gaps(node: &Running, seconds: i64) -> Result<ListGapsResponse, tonic::Status> {
    let request = ListGapsRequest {
        incident: "incidents/flood".into(),
        silent_after: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..ListGapsRequest::default()
    };
    let mut client = TeamServiceClient::new(node.channel.clone());
    Ok(client.list_gaps(request).await?.into_inner())
}

#[tokio::test]
async fn sections_that_nobody_filled_and_parties_that_said_nothing_show() {
    let home = Home::new();
    let node = home.start().await;
    let region = polder_wire::v1::Scaling {
        region: "parties/vr-noord".into(),
        grip: 4,
        ..polder_wire::v1::Scaling::default()
    };
    let scaled = polder_wire::v1::Incident {
        scalings: vec![region],
        ..incident("flood", polder_wire::v1::Mode::Actual)
    };
    node.create(scaled).await.unwrap();
    node.put(&said(Statement::Fact, "water in the street")).await;
    let told = gaps(&node, 3_600).await.unwrap();
    let counts: Vec<_> = told.sections.iter().map(|one| (one.section(), one.entry_count)).collect();
    let empty = [(Section::Incident, 1), (Section::Response, 0), (Section::Outlook, 0)];
    assert_eq!(counts, empty);
    let parties: Vec<_> =
        told.parties.iter().map(|party| (&party.party[..], party.silent)).collect();
    assert_eq!(parties, [("parties/vr-noord", true), ("parties/tester", false)]);
    assert!(told.parties[0].last_time.is_none());
    let text = must(&["--node", &node.address(), "gaps", "--lang", "en"]);
    assert!(text.contains("response: [nobody has filled it]"), "{text}");
    assert!(text.contains("vr-noord: [has said nothing]"), "{text}");
    let refused = gaps(&node, 0).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["silent_after"]);
}
