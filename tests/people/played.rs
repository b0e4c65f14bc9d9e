//! An incident that is played back under a charter: whose words they were, and who sees them.

use polder_wire::v1::{Entry, ListEntriesRequest};

use crate::{harness::*, who::*};

#[tokio::test]
async fn words_of_parties_that_one_may_not_speak_for_are_played_with_who_said_them_and_reach_nobody_new()
 {
    let home = Home::new();
    let node = home.start().await;
    let [_, paul, fien, _] = under_a_charter(&node).await;
    let by = |party: &str, title: &str| Entry {
        party: format!("parties/{party}"),
        ..observation("flood", title)
    };
    fien.put(&by("fire", "the hall is on fire"), "").await.unwrap();
    paul.put(&by("police", "the road is shut"), "").await.unwrap();
    let address = node.address();
    let base = ["--node", &address, "--token", &paul.token, "--lang", "en"];
    let (code, told) =
        said(&run(&[&base[..], &["play", "flood", "--into", "again", "--at-once"]].concat()));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("2 versions played, of 2 entries"), "{told}");
    assert!(told.contains("so they are named as source only: fire"), "{told}");
    assert!(told.contains("polder member"), "nobody else sees it yet: {told}");

    let of_again = || ListEntriesRequest {
        filter: Some(of_incident("again")),
        ..ListEntriesRequest::default()
    };
    let answer = paul.picture().list_entries(of_again()).await.unwrap();
    let mut entries: Vec<Entry> = answer.into_inner().entries.iter().map(decode).collect();
    entries.sort_by_key(|entry| entry.texts[0].title.clone());
    let [fire, road] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((&fire.party[..], &fire.sources[0].system[..]), ("parties/police", "parties/fire"));
    assert_eq!((&road.party[..], road.sources.len()), ("parties/police", 0));
    let hidden = fien.picture().list_entries(of_again()).await;
    let hidden = hidden.map(|answer| answer.into_inner().entries.len());
    assert!(matches!(hidden, Err(_) | Ok(0)), "the exercise has no members yet: {hidden:?}");
}
