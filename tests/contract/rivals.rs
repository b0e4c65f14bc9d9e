//! What replaces what: nobody's version disappears without somebody naming it.

use polder_wire::v1::*;
use tonic::Code;

use crate::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_replaces_all_that_the_node_holds_unless_told_otherwise() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "one");
    let first = node.put(&entry).await;
    let second = node.put(&Entry { texts: vec![text("nl", "two")], ..entry.clone() }).await;
    let (shown, rivals) = node.get(&entry.name).await.unwrap();
    assert_eq!((shown.version.as_str(), rivals.len()), (second.version.as_str(), 0));
    assert_eq!(shown.supersedes, std::slice::from_ref(&first.version));
    let versions = node.versions(&entry.name).await;
    let told: Vec<_> = versions.iter().map(|v| (v.version.clone(), v.superseded)).collect();
    assert_eq!(told, [(first.version, true), (second.version, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rivals_stand_side_by_side_as_a_contradiction_until_somebody_saw_both() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "dike holds");
    let one = node.put(&entry).await.version;
    let other = Entry { texts: vec![text("nl", "dike breaks")], ..entry.clone() };
    let two = node.try_put(replacing(&other, &[])).await.unwrap().version;
    for _ in 0..2 {
        let (shown, rivals) = node.get(&entry.name).await.unwrap();
        assert_eq!((&shown.version, &shown.rivals), (&two, &vec![one.clone()]));
        assert_eq!(rivals.len(), 1);
        assert_eq!((&rivals[0].version, &rivals[0].rivals), (&one, &vec![two.clone()]));
        assert!(!shown.superseded && !rivals[0].superseded);
        let contradictions = EntryFilter { only_contradictions: true, ..of_incident("flood") };
        assert_eq!(node.list(contradictions).await.len(), 2);
        // And so it stays after kill -9.
        node.kill();
        node = home.start().await;
    }
    let decided = Entry { texts: vec![text("nl", "dike breaks, seen twice")], ..entry.clone() };
    let both = PublishItem { require_current: true, ..replacing(&decided, &[&one, &two]) };
    let last = node.try_put(both).await.unwrap().version;
    let (shown, rivals) = node.get(&entry.name).await.unwrap();
    assert_eq!((shown.version, rivals.len()), (last, 0));
    assert!(
        node.list(EntryFilter { only_contradictions: true, ..of_incident("flood") })
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_current_version_is_never_hidden_by_naming_only_a_newer_one() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "one");
    let one = node.put(&entry).await.version;
    let two = node.try_put(replacing(&entry, &[])).await.unwrap().version;
    let refused = node.try_put(replacing(&entry, &[&two])).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::InvalidArgument, "RIVAL_NOT_NAMED"));
    assert_eq!(wrong_fields(&refused), ["items[0].supersedes"]);
    // Replacing the older one alone leaves the newer one standing.
    let three = node.try_put(replacing(&entry, &[&one])).await.unwrap().version;
    let (shown, rivals) = node.get(&entry.name).await.unwrap();
    let mut current = vec![shown.version, rivals[0].version.clone()];
    current.sort();
    let mut expected = vec![two, three];
    expected.sort();
    assert_eq!((current, rivals.len()), (expected, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn require_current_is_aborted_when_somebody_was_first() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "one");
    let one = node.put(&entry).await.version;
    let careful =
        |versions: &[&str]| PublishItem { require_current: true, ..replacing(&entry, versions) };
    // Many at once with the same knowledge: exactly one is first.
    let calls = (0..20).map(|_| node.try_put(careful(&[&one])));
    let answers = futures::future::join_all(calls).await;
    let (stored, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((stored.len(), refused.len()), (1, 19));
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), &*reason(&refused)), (Code::Aborted, "ENTRY_CHANGED"));
    }
    let refused = node.try_put(careful(&[])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    // A new entry has no current versions, and may say so.
    let fresh = observation("flood", "new");
    let item = PublishItem { require_current: true, ..replacing(&fresh, &[]) };
    node.try_put(item.clone()).await.unwrap();
    assert_eq!(node.try_put(item).await.unwrap_err().code(), Code::Aborted);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_do_not_exist_cannot_be_named() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "one");
    let one = node.put(&entry).await.version;
    let feed = one.split_once('-').unwrap().0;
    let unknown = format!("{}-1", "0".repeat(32));
    let later = format!("{feed}-99");
    let zero = format!("{feed}-0");
    for (version, why) in [
        (unknown.as_str(), "VERSION_UNKNOWN"),
        (&later, "VERSION_UNKNOWN"),
        (&zero, "VERSION_UNKNOWN"),
        ("one", "MALFORMED_NAME"),
        ("", "MALFORMED_NAME"),
    ] {
        let refused = node.try_put(replacing(&entry, &[version])).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{version}");
        let named = reason(&refused);
        assert!(
            named == why || (version == zero && named == "MALFORMED_NAME"),
            "{version} {named}"
        );
        assert!(wrong_fields(&refused)[0].starts_with("items[0].supersedes"), "{version}");
    }
    let many: Vec<_> = (0..65).map(|_| one.as_str()).collect();
    let refused = node.try_put(replacing(&entry, &many)).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["items[0].supersedes.versions"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_rivals_of_one_entry_can_still_be_read_and_followed() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let mut entry = observation("flood", "large");
    entry.texts = ["nl", "en", "de", "fr", "es", "it", "pl", "tr"]
        .map(|language| Text { body: "x".repeat(20_000), ..text(language, "large") })
        .into();
    let mut stored = 0;
    for _ in 0..30 {
        match node.try_put(replacing(&entry, &[])).await {
            Ok(_) => stored += 1,
            Err(refused) => assert_eq!(
                (refused.code(), &*reason(&refused)),
                (Code::ResourceExhausted, "RIVALS_TOO_MANY")
            ),
        }
    }
    assert_eq!(stored, 12);
    node.put(&observation("flood", "after")).await;
    let (_, rivals) = node.get(&entry.name).await.expect("the entry can be read");
    assert_eq!(rivals.len() + 1, stored);
    let request = SubscribeRequest { filter: Some(of_incident("flood")), ..Default::default() };
    let mut stream = node.picture().subscribe(request).await.unwrap().into_inner();
    loop {
        let message = stream.message().await.expect("the picture can be followed").unwrap();
        if let Some(subscribe_response::Event::SnapshotEnd(end)) = message.event {
            assert_eq!(end.count, 2);
            break;
        }
    }
    let list = ListEntriesRequest { filter: Some(of_incident("flood")), ..Default::default() };
    node.picture().list_entries(list).await.expect("the entries can be listed");
    // Whoever decides is welcome, and then there is room for another opinion.
    node.put(&entry).await;
    node.try_put(replacing(&entry, &[])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retraction_covers_every_rival() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entry = observation("flood", "one");
    node.put(&entry).await;
    node.try_put(replacing(&entry, &[])).await.unwrap();
    let retraction = node.retract(&entry.name, "both wrong").await.unwrap();
    assert!(retraction.retracted && retraction.rivals.is_empty());
    let (shown, rivals) = node.get(&entry.name).await.unwrap();
    assert!(shown.retracted && rivals.is_empty());
    assert!(node.list(of_incident("flood")).await.is_empty());
    let all = EntryFilter { include_retracted: true, ..of_incident("flood") };
    assert_eq!(node.list(all).await.len(), 1);
}
