//! kill -9 while what was erased is being taken out, and while the store is rewritten without it.

use std::{path::Path, time::Duration};

use polder_wire::v1::{Entry, Label};
use uuid::Uuid;

use crate::{
    disk::{erase_request, lies_in, started, until},
    harness::*,
};

/// Entries that make rewriting the store take a while.
const BULK: usize = 200;
const ROUNDS: usize = 6;

/// Directories of stores: two while one is rewritten into another.
fn stores(data: &Path) -> usize {
    let names = std::fs::read_dir(data).into_iter().flatten().flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().starts_with("store-")).count()
}

/// Waits until the store is rewritten, looking often: on a fast disk that is over soon. Also when
/// it was over before anybody looked.
async fn rewriting(data: &Path, secret: &str) {
    for look in 1.. {
        if stores(data) > 1 || (look % 500 == 0 && !lies_in(data, secret)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn personal(secret: &str) -> Entry {
    Entry {
        label: Some(Label { personal_data: true, ..Default::default() }),
        ..observation("flood", secret)
    }
}

async fn killed(engine: &str) {
    let home = Home::of(engine);
    let mut node = started(&home, &[]).await;
    node.open("flood").await;
    for at in 0..BULK {
        let mut entry = observation("flood", &format!("bulk {at}"));
        // Nothing that a compression shortens.
        let noise: String = (0..200).map(|_| Uuid::new_v4().to_string()).collect();
        entry.texts[0].body = noise;
        node.put(&entry).await;
    }
    let (mut midway, mut names) = (0, Vec::new());
    for round in 0..ROUNDS {
        let secret = format!("patient {}", Uuid::new_v4());
        let name = node.put(&personal(&secret)).await.name;
        assert!(lies_in(home.data(), &secret), "or nothing could be shown");
        let mut client = node.picture();
        let request = erase_request(&name);
        let erasing = tokio::spawn(async move { client.erase_entry(request).await });
        if round % 3 == 2 {
            // While it is put on record and taken out of its rows.
            tokio::time::sleep(Duration::from_millis(round as u64 * 5)).await;
        } else {
            rewriting(home.data(), &secret).await;
            tokio::time::sleep(Duration::from_millis(round as u64 * 7)).await;
        }
        node.kill();
        midway += usize::from(stores(home.data()) > 1);
        let _ = erasing.await;

        node = started(&home, &[]).await;
        if !node.versions(&name).await.last().unwrap().retracted {
            // It was killed before that was on record.
            node.picture().erase_entry(erase_request(&name)).await.unwrap();
        }
        until("it is gone from the disk", async || !lies_in(home.data(), &secret)).await;
        until("one store is left", async || stores(home.data()) == 1).await;
        names.push((name, secret));
        for (name, _) in &names {
            let versions = node.versions(name).await;
            assert!(versions[0].erased && versions[0].texts.is_empty(), "{engine} {round}");
        }
        assert!(node.verdict().await.sound, "{engine} {round}");
    }
    assert!(midway > 0, "no kill came while the store was rewritten");
    assert_eq!(node.list(of_incident("flood")).await.len(), BULK, "nothing else is gone");
    node.kill();
    must(&["verify", "--data", home.data().to_str().unwrap()]);
    for (_, secret) in &names {
        assert!(!lies_in(home.data(), secret));
    }
}

#[tokio::test]
async fn what_is_erased_is_gone_from_the_disk_also_when_the_node_is_killed_meanwhile_fjall() {
    killed("fjall").await;
}

#[tokio::test]
async fn what_is_erased_is_gone_from_the_disk_also_when_the_node_is_killed_meanwhile_sled() {
    killed("sled").await;
}
