//! The first report of whoever is there first, by M/ETHANE.

use polder_wire::v1::{
    EntryFilter, RelationType, ReportMethaneRequest, Urgency, entry::Body,
    team_service_client::TeamServiceClient,
};

use crate::harness::*;

#[tokio::test]
async fn a_first_report_by_m_ethane_becomes_an_entry_for_each_thing_that_is_known() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let at = node.address();
    let (code, told) = said(&run(&[
        "methane",
        "Bus in the canal",
        "--major",
        "--exact",
        "Julianakanaal, Born",
        "--at",
        "51.03,5.80",
        "--hazards",
        "fuel on the water",
        "--t1",
        "4",
        "--dead",
        "1",
        "--services",
        "divers and two ambulances",
        "--discipline",
        "fire",
        "--node",
        &at,
        "--lang",
        "en",
    ]));
    assert_eq!(code, 0, "{told}");
    let mut found = node.list(EntryFilter::default()).await;
    found.sort_by_key(|entry| entry.texts[0].title.clone());
    let titles: Vec<_> = found.iter().map(|entry| &entry.texts[0].title[..]).collect();
    let expected = [
        "Bus in the canal, Julianakanaal, Born",
        "Casualties",
        "Hazards: fuel on the water",
        "Needed: divers and two ambulances",
    ];
    assert_eq!(titles, expected);
    let main = found[0].name.clone();
    for entry in &found {
        assert_eq!(entry.assessment.as_ref().unwrap().urgency(), Urgency::Immediate);
        assert_eq!(entry.place, "Julianakanaal, Born");
        assert!(entry.geometry.is_some());
        let part = entry
            .relations
            .iter()
            .any(|relation| relation.r#type() == RelationType::PartOf && relation.entry == main);
        assert_eq!(part, entry.name != main);
    }
    let Some(Body::Casualties(casualties)) = &found[1].body else { panic!("{:?}", found[1]) };
    let figures = casualties.figures.iter().map(|one| one.count.as_ref().unwrap().value);
    assert_eq!(figures.collect::<Vec<_>>(), [4, 1]);
}

#[tokio::test]
async fn a_first_report_that_does_not_say_what_happened_is_refused_where_nobody_can_be_asked() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let (code, told) =
        said(&run(&["methane", "--t1", "2", "--node", &node.address(), "--lang", "en"]));
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("say what happened"), "{told}");
    assert!(node.list(EntryFilter::default()).await.is_empty());
}

#[tokio::test]
async fn a_first_report_by_call_is_made_once_however_often_it_is_sent_and_refused_whole() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut team = TeamServiceClient::new(node.channel.clone());
    let request = ReportMethaneRequest {
        request_id: "018f3c3e-0000-4000-8000-000000000001".into(),
        incident: "incidents/flood".into(),
        language: "nl".into(),
        r#type: "Bus te water".into(),
        access: "via de sluis".into(),
        t1: Some(0),
        ..ReportMethaneRequest::default()
    };
    let first = team.report_methane(request.clone()).await.unwrap().into_inner();
    let again = team.report_methane(request.clone()).await.unwrap().into_inner();
    assert_eq!(first.entries, again.entries);
    let mut titles: Vec<_> = Vec::new();
    for entry in node.list(EntryFilter::default()).await {
        titles.push(entry.texts[0].title.clone());
    }
    titles.sort();
    assert_eq!(titles, ["Bereikbaarheid: via de sluis", "Bus te water", "Slachtoffers"]);

    let wrong = ReportMethaneRequest {
        request_id: String::new(),
        language: "fy".into(),
        hazards: "x".repeat(151),
        t1: Some(-1),
        ..request
    };
    let refused = team.report_methane(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["hazards", "t1", "language"]);
    assert_eq!(node.list(EntryFilter::default()).await.len(), 3, "nothing of it was kept");
}
