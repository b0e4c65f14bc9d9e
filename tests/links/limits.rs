//! Links that cost money: what may travel now, and what waits.

use std::time::Duration;

use polder::slow_line::SlowLine;
use polder_wire::v1::{Lane, Link, Urgency};

use crate::{
    harness::*,
    region::{FAST, become_one, held, links_say},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn one(links: &[Link]) -> Option<&Link> {
    links.iter().find(|link| !link.address.is_empty() && link.bytes_today > 0)
}

fn urgent(title: &str) -> polder_wire::v1::Entry {
    let mut entry = observation("flood", title);
    entry.assessment.get_or_insert_default().urgency = Urgency::Immediate.into();
    entry
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_holds_back_all_but_what_is_urgent_also_after_a_restart() {
    let homes = [Home::new(), Home::new()];
    let a = homes[0].start().await;
    let line = SlowLine::open(a.listen, FAST).await.unwrap();
    let config =
        format!("[[peers.dial]]\naddress = \"{}\"\nbudget_bytes_per_day = 60000\n", line.address);
    let mut b = homes[1].start_with(&config).await;
    a.open("flood").await;
    a.put(&observation("flood", "while there is money")).await;
    become_one(&[&a, &b], 1, PATIENCE).await;
    links_say(&b, "counted", |links| {
        one(links).is_some_and(|l| l.held_back.is_empty() && l.budget_bytes_per_day == 60_000)
    })
    .await;
    // Words that do not pack.
    for at in 0..40 {
        let mut entry = observation("flood", &format!("much {at}"));
        let noise: Vec<String> = (0..60).map(|_| uuid::Uuid::new_v4().to_string()).collect();
        entry.texts[0].body = noise.join(" ");
        a.put(&entry).await;
    }
    let only_urgent = |links: &[Link]| {
        one(links).is_some_and(|link| {
            !link.held_back.is_empty()
                && link.lanes_now == [Lane::Urgent as i32]
                && link.bytes_today >= 60_000
        })
    };
    links_say(&b, "spent", only_urgent).await;
    // What was on its way may still come; the link then begins anew with the lanes that may travel.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = a.put(&observation("flood", "waits")).await;
    let overtakes = a.put(&urgent("does not wait")).await;
    let until = std::time::Instant::now() + PATIENCE;
    while !held(&b).await.contains(&overtakes.version) {
        assert!(std::time::Instant::now() < until, "what is urgent did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!held(&b).await.contains(&waiting.version));
    // Once the bytes are written down a restart is no way to get new ones.
    let file = homes[1].data().join("link-bytes.toml");
    let written = || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let counted = text.lines().last().and_then(|line| line.rsplit_once(" = "));
        counted.is_some_and(|(_, bytes)| bytes.parse::<u64>().is_ok_and(|bytes| bytes >= 60_000))
    };
    let until = std::time::Instant::now() + PATIENCE;
    while !written() {
        assert!(std::time::Instant::now() < until, "the bytes were never written down");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    b.stop();
    let b = homes[1].start_with(&config).await;
    links_say(&b, "still spent", |links| {
        links.iter().any(|link| link.lanes_now == [Lane::Urgent as i32])
    })
    .await;
    assert!(!held(&b).await.contains(&waiting.version));
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_of_its_schedule_a_link_is_not_used_and_says_so() {
    let homes = [Home::new(), Home::new()];
    let a = homes[0].start().await;
    a.open("flood").await;
    // Closed now, whatever the time is: from the next hour on, for one hour.
    let hour = jiff::Zoned::now().hour();
    let (from, until) = ((hour + 2) % 24, (hour + 3) % 24);
    let config = format!(
        "[[peers.dial]]\naddress = \"{}\"\nschedule = [{{ from = \"{from:02}:00\", until = \
         \"{until:02}:00\" }}]\n",
        a.listen
    );
    let b = homes[1].start_with(&config).await;
    links_say(&b, "out of schedule", |links| {
        links.iter().any(|link| link.problem.contains("schedule") && link.lanes_now.is_empty())
    })
    .await;
    assert!(held(&b).await.is_empty());
    let shown = must(&["links", "--once", "--lang", "nl", "--node", &b.address()]);
    assert!(shown.contains("rooster"), "{shown}");
}
