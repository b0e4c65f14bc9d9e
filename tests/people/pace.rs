//! What one caller may ask is bounded, and nobody else notices.

use tonic::Code;

use crate::{harness::*, who::*};

#[tokio::test]
async fn who_fails_often_or_asks_too_fast_is_refused_and_others_are_served() {
    let home = Home::new();
    let config = "[people]\ncalls_per_second = 40\nfailures_per_minute = 5\n";
    let node = home.start_with(config).await;
    let [_, paul, fien, mia] = under_a_charter(&node).await;
    let name = paul.put(&observation("flood", "road closed"), "").await.unwrap().name;
    let never = new_name("flood");
    for _ in 0..5 {
        let refused = fien.get(&never).await.unwrap_err();
        assert_eq!(reason(&refused), "ENTRY_NOT_FOUND");
    }
    let refused = fien.get(&name).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refused), "CALLER_FAILS_OFTEN");
    assert!(refused.message().contains("try again in"), "{}", refused.message());
    mia.get(&name).await.unwrap();

    // Who did not sign in is counted by where they come from.
    let stranger = Person::with(&node, "nothing").await;
    let mut last = String::new();
    for _ in 0..6 {
        last = reason(&stranger.get(&name).await.unwrap_err());
    }
    assert_eq!(last, "CALLER_FAILS_OFTEN");

    let mut refused = 0;
    for _ in 0..20 {
        let mut calls = Vec::new();
        for _ in 0..30 {
            let mut client = mia.picture();
            let request = polder_wire::v1::GetEntryRequest { name: name.clone() };
            calls.push(async move { client.get_entry(request).await.map(|_| ()) });
        }
        for answer in futures::future::join_all(calls).await {
            if let Err(status) = answer {
                let why = reason(&status);
                assert!(["CALLER_TOO_FAST", "CALLER_FAILS_OFTEN"].contains(&&*why), "{why}");
                refused += 1;
            }
        }
        if refused > 0 {
            break;
        }
    }
    assert!(refused > 0, "600 calls as fast as they go are too fast");
    paul.get(&name).await.unwrap();
}
