//! Signals, units and people, and reports: what one may not see takes no part in them.

use polder_wire::v1::{
    CitizenReport, Count, Entry, ListCapacityRequest, ListReportGroupsRequest, ListSignalsRequest,
    ListSignalsResponse, Outage, ReportCategory, Resource, ResourceState, SignalState, Threshold,
    VitalService, capacity_service_client::CapacityServiceClient, entry::Body,
    report_service_client::ReportServiceClient, signal_service_client::SignalServiceClient,
};

use crate::{harness::*, who::*};

const INCIDENT: &str = "incidents/flood";

fn says(title: &str, body: Body) -> Entry {
    Entry {
        party: "parties/police".into(),
        place: "Valkenburg".into(),
        body: Some(body),
        ..observation("flood", title)
    }
}

fn without_power(value: i64) -> Body {
    let customers = Some(Count { value, ..Count::default() });
    let service = VitalService::Power.into();
    Body::Outage(Outage { service, customers, ..Outage::default() })
}

fn threshold(above: f64) -> Body {
    let aspect = "outage.customers".to_owned();
    Body::Threshold(Threshold { aspect, above: Some(above), ..Threshold::default() })
}

async fn signals(person: &Person) -> ListSignalsResponse {
    let mut client = SignalServiceClient::new(person.service().clone());
    client.list_signals(ListSignalsRequest::default()).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_threshold_or_figure_that_one_may_not_see_raises_nothing() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    let secret = "audiences/investigation";
    paul.put(&says("secret watch", threshold(100.0)), secret).await.unwrap();
    paul.put(&says("open watch", threshold(400.0)), "").await.unwrap();
    paul.put(&says("power out", without_power(300)), "").await.unwrap();
    paul.put(&says("secret figure", without_power(900)), secret).await.unwrap();
    let told = signals(&paul).await;
    assert_eq!((told.threshold_count, told.signals.len()), (2, 2));
    assert!(told.signals.iter().all(|one| one.state() == SignalState::Passed));
    let told = signals(&fien).await;
    assert_eq!((told.threshold_count, told.signals.len(), told.unheard.len()), (1, 0, 0));
    assert!(!format!("{told:?}").contains("secret"));
    let elsewhere = ListSignalsRequest { incident: "incidents/other".into(), ..<_>::default() };
    let mut client = SignalServiceClient::new(fien.service().clone());
    let refused = client.list_signals(elsewhere).await.unwrap_err();
    assert_eq!(reason(&refused), "INCIDENT_NOT_FOUND");
    let mut client = SignalServiceClient::new(admin.service().clone());
    let refused = client.list_signals(ListSignalsRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
    let mut nobody = SignalServiceClient::new(node.channel.clone());
    let refused = nobody.list_signals(ListSignalsRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "SIGN_IN_NEEDED");
}

#[tokio::test]
async fn units_that_one_may_not_see_are_not_counted() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    let units = |count: i64| {
        Body::Resource(Resource {
            r#type: "squad".into(),
            state: ResourceState::Available.into(),
            quantity: Some(Count { value: count, ..Count::default() }),
            ..Resource::default()
        })
    };
    paul.put(&says("observers", units(4)), "audiences/investigation").await.unwrap();
    paul.put(&says("squads", units(3)), "").await.unwrap();
    let request = ListCapacityRequest { incident: INCIDENT.into(), ..<_>::default() };
    for (person, expected) in [(&paul, 7), (&fien, 3)] {
        let mut client = CapacityServiceClient::new(person.service().clone());
        let told = client.list_capacity(request.clone()).await.unwrap().into_inner();
        assert_eq!(told.resources[0].available, expected);
    }
    let mut client = CapacityServiceClient::new(admin.service().clone());
    let refused = client.list_capacity(request).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
}

#[tokio::test]
async fn reports_that_one_may_not_see_are_in_no_group() {
    let home = Home::new();
    let node = home.start().await;
    let [admin, paul, fien, _] = under_a_charter(&node).await;
    let report = || {
        let category = ReportCategory::Flooding.into();
        Body::CitizenReport(CitizenReport { category, ..CitizenReport::default() })
    };
    let secret = "audiences/investigation";
    paul.put(&says("water in the street, secret", report()), secret).await.unwrap();
    paul.put(&says("water in the street", report()), "").await.unwrap();
    let request = ListReportGroupsRequest { incident: INCIDENT.into(), ..<_>::default() };
    for (person, expected) in [(&paul, 2), (&fien, 1)] {
        let mut client = ReportServiceClient::new(person.service().clone());
        let told = client.list_report_groups(request.clone()).await.unwrap().into_inner();
        assert_eq!((told.groups.len(), told.groups[0].report_count), (1, expected));
        assert_eq!(format!("{told:?}").contains("secret"), expected == 2);
    }
    let mut client = ReportServiceClient::new(admin.service().clone());
    let refused = client.list_report_groups(request).await.unwrap_err();
    assert_eq!(reason(&refused), "RIGHT_MISSING");
}
