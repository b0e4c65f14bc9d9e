//! A region's node at one end of a line, and what it holds.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use polder::slow_line::{Quality, SlowLine};
use polder_wire::v1::{EntryFilter, Link, WatchLinksRequest};

use crate::harness::*;

/// As good as loopback is.
pub const FAST: Quality = Quality { bytes_per_second: None, delay: Duration::ZERO };

/// Two nodes with a line between them; the first is dialled by the second.
pub struct Pair {
    pub homes: [Home; 2],
    pub line: SlowLine,
    pub a: Running,
    pub b: Running,
}

impl Pair {
    pub async fn start(engine: &str, quality: Quality) -> Self {
        let homes = [Home::of(engine), Home::of(engine)];
        let a = homes[0].start().await;
        let line = SlowLine::open(a.listen, quality).await.unwrap();
        let b = dialling(&homes[1], &[&line]).await;
        Self { homes, line, a, b }
    }

    /// Starts the first node again, wherever it listens now.
    pub async fn start_a(&mut self) {
        self.a = self.homes[0].start().await;
        self.line.lead_to(self.a.listen);
    }

    pub async fn start_b(&mut self) {
        self.b = dialling(&self.homes[1], &[&self.line]).await;
    }
}

/// Starts a node that dials these lines.
pub async fn dialling(home: &Home, lines: &[&SlowLine]) -> Running {
    let addresses: Vec<_> = lines.iter().map(|line| line.address.to_string()).collect();
    let args: Vec<_> = addresses.iter().flat_map(|address| ["--link", address]).collect();
    Running::start(home.data(), &args).await
}

/// Every version of every entry that a node holds, live or not.
pub async fn held(node: &Running) -> BTreeSet<String> {
    let filter = EntryFilter { include_retracted: true, ..Default::default() };
    let mut versions = BTreeSet::new();
    for entry in node.list(filter).await {
        versions.insert(entry.version);
        versions.extend(entry.rivals);
    }
    versions
}

/// Waits until all nodes hold the same and at least so many versions.
pub async fn become_one(nodes: &[&Running], at_least: usize, within: Duration) {
    let until = Instant::now() + within;
    loop {
        let mut all = Vec::new();
        for node in nodes {
            all.push((held(node).await, node.status().await.lsn));
        }
        let same = all.iter().all(|one| *one == all[0]);
        if same && all[0].0.len() >= at_least {
            return;
        }
        if Instant::now() > until {
            let counts: Vec<_> = all.iter().map(|(held, lsn)| (held.len(), *lsn)).collect();
            let said: Vec<_> =
                nodes.iter().map(|node| node.stderr.lock().unwrap().clone()).collect();
            panic!("apart after {within:?}: {counts:?}\n{}", said.join("\n---\n"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What a node says of its links.
pub async fn links(node: &Running) -> Vec<Link> {
    let mut stream = node.node().watch_links(WatchLinksRequest { once: true }).await.unwrap();
    stream.get_mut().message().await.unwrap().unwrap().links
}

/// Waits until a node says something of its links.
pub async fn links_say(node: &Running, what: &str, is_so: impl Fn(&[Link]) -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let links = links(node).await;
        if is_so(&links) {
            return;
        }
        assert!(Instant::now() < until, "never {what}: {links:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
