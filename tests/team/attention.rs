//! Who must see what, and who has: across nodes, across a cut link, by people who sign in.

use std::time::Duration;

use polder_wire::v1::{
    AcknowledgeRequest, Addressee, Assessment, Attended, Attention, Entry, ListAttentionRequest,
    Urgency, team_service_client::TeamServiceClient,
};

use crate::harness::*;

fn urgent(incident: &str, title: &str, addressees: &[(&str, &str)], within_s: i64) -> Entry {
    let one = |(party, second): &(&str, &str)| Addressee {
        party: format!("parties/{party}"),
        role: "officer on duty".into(),
        second: if second.is_empty() { String::new() } else { format!("parties/{second}") },
    };
    Entry {
        attention: Some(Attention {
            addressees: addressees.iter().map(one).collect(),
            within: Some(prost_types::Duration { seconds: within_s, nanos: 0 }),
        }),
        assessment: Some(Assessment {
            urgency: Urgency::Immediate.into(),
            ..Assessment::default()
        }),
        ..observation(incident, title)
    }
}

async fn attended(node: &Running) -> Vec<Attended> {
    let request = ListAttentionRequest { incident: "incidents/flood".into(), ..Default::default() };
    let mut client = TeamServiceClient::new(node.channel.clone());
    // A newcomer does not know the incident yet.
    client.list_attention(request).await.map(|told| told.into_inner().entries).unwrap_or_default()
}

/// The state of what must be seen, once it is as it should be.
async fn until(node: &Running, what: &str, is: impl Fn(&Attended) -> bool) -> Attended {
    for _ in 0..600 {
        let found = attended(node).await;
        if let Some(one) = found.iter().find(|one| is(one)) {
            return one.clone();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} did not come: {:?}", attended(node).await);
}

async fn acknowledge(node: &Running, name: &str, party: &str) {
    let request = AcknowledgeRequest {
        name: name.to_owned(),
        party: format!("parties/{party}"),
        ..AcknowledgeRequest::default()
    };
    let mut client = TeamServiceClient::new(node.channel.clone());
    client.acknowledge(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_and_reading_are_two_facts_on_every_node() {
    let (south, north) = (Home::named("south", "south"), Home::named("north", "north"));
    let sender = south.start().await;
    sender.open("flood").await;
    let name = sender.put(&urgent("flood", "dike gives way", &[("north", "")], 3_600)).await.name;
    let first = attended(&sender).await;
    assert_eq!(first.len(), 1);
    assert!(first[0].addressees[0].delivered_time.is_none(), "nobody else holds it");
    assert!(!first[0].addressees[0].overdue);

    let mut reader = Running::start(north.data(), &["--link", &sender.address()]).await;
    let told = until(&sender, "delivery", |one| one.addressees[0].delivered_time.is_some()).await;
    assert!(told.addressees[0].read_time.is_none(), "delivered is not read");
    let held = until(&reader, "the entry", |_| true).await;
    assert!(held.addressees[0].delivered_time.is_some(), "it knows what it holds itself");
    let waits = must(&["--node", &reader.address(), "list", "-i", "flood", "--lang", "en"]);
    assert!(waits.contains("[not seen yet by north]"), "{waits}");

    acknowledge(&reader, &name, "north").await;
    let told = until(&sender, "reading", |one| one.addressees[0].read_time.is_some()).await;
    assert!(told.addressees[0].delivered_time.is_some() && !told.addressees[0].overdue);
    let listed = must(&["--node", &sender.address(), "list", "-i", "flood", "--lang", "en"]);
    assert!(!listed.contains("not seen yet") && !listed.contains("Seen"), "{listed}");

    // What was read is that version: a correction must be read again.
    reader.kill();
    let mut corrected = urgent("flood", "dike holds", &[("north", "")], 3_600);
    corrected.name = name.clone();
    sender.put(&corrected).await;
    let told = until(&sender, "the correction", |one| one.addressees[0].read_earlier).await;
    assert!(told.addressees[0].read_time.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_acknowledged_in_time_is_asked_of_the_second_also_behind_a_cut_link() {
    let (south, second) = (Home::named("south", "south"), Home::named("region", "region"));
    let mut sender = south.start().await;
    sender.open("flood").await;
    let entry = urgent("flood", "dike gives way", &[("north", "region")], 1);
    let name = sender.put(&entry).await.name;
    let link = sender.address();
    let other = Running::start(second.data(), &["--link", &link]).await;
    until(&other, "the entry", |_| true).await;
    // Nothing comes any more, and the time runs out all the same.
    sender.kill();
    let late = until(&other, "escalation", |one| one.addressees[0].overdue).await;
    assert_eq!(late.addressees[0].escalated_to, "parties/region");
    let told = must(&["--node", &other.address(), "acknowledge", "-i", "flood", "--lang", "en"]);
    assert!(told.contains("[LATE] · now asked: region"), "{told}");
    let mine = |party: &str| {
        must(&[
            "--node",
            &other.address(),
            "acknowledge",
            "-i",
            "flood",
            "--party",
            party,
            "--lang",
            "en",
        ])
    };
    assert!(mine("region").contains("dike gives way"));
    assert!(mine("elsewhere").contains("Nothing waits"));
    must(&["--node", &other.address(), "acknowledge", &name, "--party", "region"]);
    let told = attended(&other).await;
    assert!(told[0].addressees[0].read_time.is_some() && !told[0].addressees[0].overdue);

    // When the link is back, the sender knows as well.
    let sender = Running::start(south.data(), &["--link", &other.address()]).await;
    until(&sender, "the acknowledgement", |one| one.addressees[0].read_time.is_some()).await;
}

#[tokio::test]
async fn who_must_see_an_entry_is_checked_field_by_field() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    type Row = (fn(&mut Attention), &'static str);
    let rows: &[Row] = &[
        (|a| a.addressees.clear(), "attention.addressees"),
        (|a| a.addressees[0].party.clear(), "attention.addressees[0].party"),
        (|a| a.addressees[1].party = "parties/north".into(), "attention.addressees[1].party"),
        (|a| a.addressees[0].second = "parties/north".into(), "attention.addressees[0].second"),
        (|a| a.within = None, "attention.within"),
        (|a| a.within.as_mut().unwrap().seconds = 0, "attention.within"),
        (|a| a.within.as_mut().unwrap().seconds = 604_801, "attention.within"),
    ];
    for (change, field) in rows {
        let mut entry = urgent("flood", "x", &[("north", "south"), ("east", "")], 60);
        change(entry.attention.as_mut().unwrap());
        let refused = node.try_put(item(&entry)).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), [format!("items[0].entry.{field}")]);
    }
    let mut client = TeamServiceClient::new(node.channel.clone());
    let request = AcknowledgeRequest { name: new_name("flood"), ..Default::default() };
    let refused = client.acknowledge(request).await.unwrap_err();
    assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
    let request = AcknowledgeRequest { name: "flood".into(), ..Default::default() };
    assert_eq!(reason(&client.acknowledge(request).await.unwrap_err()), "MALFORMED_NAME");
}
