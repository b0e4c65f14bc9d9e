//! Lists in pages: nothing skipped, nothing twice, and no token taken for another.

use std::collections::BTreeSet;

use polder_wire::v1::*;
use tonic::{Code, Status};

use crate::harness::*;

async fn list(node: &Running, request: &ListEntriesRequest) -> Result<ListEntriesResponse, Status> {
    Ok(node.picture().list_entries(request.clone()).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_changes_between_two_pages_is_neither_skipped_nor_repeated() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let entries: Vec<_> = (0..50).map(|at| observation("flood", &format!("{at}"))).collect();
    node.publish(entries.iter().map(item).collect()).await.unwrap();
    let mut request = ListEntriesRequest {
        filter: Some(of_incident("flood")),
        page_size: 7,
        ..Default::default()
    };
    let (mut names, mut pages) = (Vec::new(), 0);
    loop {
        let page = list(&node, &request).await.unwrap();
        assert!(page.entries.len() <= 7);
        names.extend(page.entries.iter().map(|bytes| decode(bytes).name));
        pages += 1;
        // Old ones change, new ones come, on every page.
        for entry in [&entries[0], &entries[25], &entries[49], &entries[pages]] {
            node.put(entry).await;
        }
        node.put(&observation("flood", "new meanwhile")).await;
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected: BTreeSet<_> = entries.iter().map(|entry| entry.name.clone()).collect();
    let unique: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(names.len(), unique.len(), "an entry was repeated");
    assert_eq!(unique, expected, "an entry was skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_belongs_to_its_question_its_store_and_nothing_else() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let items = (0..9).map(|at| item(&observation("flood", &format!("{at}")))).collect();
    let resume = node.publish(items).await.unwrap().token;
    let request = ListEntriesRequest {
        filter: Some(of_incident("flood")),
        page_size: 4,
        ..Default::default()
    };
    let first = list(&node, &request).await.unwrap();
    let page_token = first.next_page_token.clone();
    let next = ListEntriesRequest { page_token: page_token.clone(), ..request.clone() };
    assert_eq!(list(&node, &next).await.unwrap().entries.len(), 4);
    let other_filter = EntryFilter { include_retracted: true, ..of_incident("flood") };
    let tell = async |request: ListEntriesRequest| {
        let refused = list(&node, &request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        (reason(&refused), wrong_fields(&refused).remove(0))
    };
    let of_other = ("TOKEN_OF_OTHER_FILTER".to_owned(), "page_token".to_owned());
    let malformed = ("TOKEN_MALFORMED".to_owned(), "page_token".to_owned());
    let changed = ListEntriesRequest { filter: Some(other_filter), ..next.clone() };
    assert_eq!(tell(changed).await, of_other);
    let changed = ListEntriesRequest { view: EntryView::Basic.into(), ..next.clone() };
    assert_eq!(tell(changed).await, of_other);
    for token in [resume.as_str(), "x", "====", &page_token[1..]] {
        let changed = ListEntriesRequest { page_token: token.to_owned(), ..next.clone() };
        assert_eq!(tell(changed).await, malformed, "{token}");
    }
    // Of another store, and of another method.
    let other_home = Home::new();
    let other = other_home.start().await;
    other.open("flood").await;
    let refused = list(&other, &next).await.unwrap_err();
    assert_eq!(reason(&refused), "STORE_CHANGED");
    let request = ListIncidentsRequest { page_token: page_token.clone(), ..Default::default() };
    let refused = node.incidents().list_incidents(request).await.unwrap_err();
    assert_eq!(reason(&refused), "TOKEN_OF_OTHER_FILTER");
    let name = decode(&first.entries[0]).name;
    let request = ListEntryVersionsRequest { name, page_token, ..Default::default() };
    let refused = node.picture().list_entry_versions(request).await.unwrap_err();
    assert_eq!(reason(&refused), "TOKEN_OF_OTHER_FILTER");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_outlives_a_restart() {
    let home = Home::new();
    let mut node = home.start().await;
    node.open("flood").await;
    let items = (0..9).map(|at| item(&observation("flood", &format!("{at}")))).collect();
    node.publish(items).await.unwrap();
    let filter = Some(of_incident("flood"));
    let request = ListEntriesRequest { filter, page_size: 4, ..Default::default() };
    let first = list(&node, &request).await.unwrap();
    node.kill();
    let node = home.start().await;
    let request =
        ListEntriesRequest { page_token: first.next_page_token, page_size: 100, ..request };
    let second = list(&node, &request).await.unwrap();
    let names: BTreeSet<_> =
        first.entries.iter().chain(&second.entries).map(|bytes| decode(bytes).name).collect();
    assert_eq!((names.len(), second.next_page_token.as_str()), (9, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn page_sizes_are_checked_and_kept_within_bounds() {
    let home = Home::new();
    let node = home.start().await;
    node.open("flood").await;
    let items: Vec<_> = (0..1000).map(|at| item(&observation("flood", &format!("{at}")))).collect();
    node.publish(items).await.unwrap();
    node.publish((0..200).map(|_| item(&observation("flood", "x"))).collect()).await.unwrap();
    let of_size = |page_size| ListEntriesRequest {
        filter: Some(of_incident("flood")),
        page_size,
        ..Default::default()
    };
    assert_eq!(list(&node, &of_size(0)).await.unwrap().entries.len(), 100);
    assert_eq!(list(&node, &of_size(1)).await.unwrap().entries.len(), 1);
    assert_eq!(list(&node, &of_size(i32::MAX)).await.unwrap().entries.len(), 1000);
    let name = decode(&list(&node, &of_size(1)).await.unwrap().entries[0]).name;
    let refusals = [
        list(&node, &of_size(-1)).await.unwrap_err(),
        node.incidents()
            .list_incidents(ListIncidentsRequest { page_size: -1, ..Default::default() })
            .await
            .unwrap_err(),
        node.picture()
            .list_entry_versions(ListEntryVersionsRequest {
                name,
                page_size: -5,
                ..Default::default()
            })
            .await
            .unwrap_err(),
    ];
    for refused in refusals {
        assert_eq!(
            (reason(&refused), wrong_fields(&refused)),
            ("OUT_OF_RANGE".into(), vec!["page_size".into()])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_incidents_come_whole_page_by_page() {
    let home = Home::new();
    let node = home.start().await;
    for at in 0..7 {
        node.open(&format!("flood{at}")).await;
    }
    let entry = observation("flood3", "x");
    let mut written = Vec::new();
    for at in 0..11 {
        let entry = Entry { place: format!("{at}"), ..entry.clone() };
        written.push(node.put(&entry).await.version);
    }
    let mut request =
        ListEntryVersionsRequest { name: entry.name, page_size: 3, ..Default::default() };
    let mut versions = Vec::new();
    loop {
        let page = node.picture().list_entry_versions(request.clone()).await.unwrap().into_inner();
        versions.extend(page.versions.iter().map(|bytes| decode(bytes).version));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(versions, written, "oldest first");
    let mut request = ListIncidentsRequest { page_size: 3, ..Default::default() };
    let mut incidents = Vec::new();
    loop {
        let page = node.incidents().list_incidents(request.clone()).await.unwrap().into_inner();
        incidents.extend(page.incidents.into_iter().map(|incident| incident.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let newest_first: Vec<_> = (0..7).rev().map(|at| format!("incidents/flood{at}")).collect();
    assert_eq!(incidents, newest_first);
}
