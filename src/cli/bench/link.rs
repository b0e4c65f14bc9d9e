//! `polder bench link`: two nodes and a line between them, fast, thin and thinner.

use std::{
    path::Path,
    sync::OnceLock,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use polder_wire::v1::{
    Assessment, CreateIncidentRequest, Entry, EntryFilter, GetNodeStatusRequest, Incident, Link,
    LinkState, Mode, NowStart, Observation, PublishEntriesRequest, PublishItem, Statement,
    SubscribeRequest, SubscribeResponse, SubscribeStart, Text, Urgency, WatchLinksRequest,
    entry::Body, incident_service_client::IncidentServiceClient,
    node_service_client::NodeServiceClient, subscribe_response::Event, subscribe_start::At,
};
use prost::Message as _;
use tonic::Streaming;
use uuid::Uuid;

use super::super::session::Connection;
use super::{super::client, Bench, load, quantile, server::Server};
use crate::slow_line::{Quality, SlowLine, State};

const INCIDENT: &str = "incidents/bench";
const FAST: Quality = Quality { bytes_per_second: None, delay: Duration::ZERO };
/// A satellite terminal: 64 kbit/s, 700 ms there and back.
const SATELLITE: Quality =
    Quality { bytes_per_second: Some(8_000), delay: Duration::from_millis(350) };
/// A trunked radio: 7 kbit/s, 3 s there and back.
const RADIO: Quality = Quality { bytes_per_second: Some(875), delay: Duration::from_millis(1_500) };
/// A line that a region may have left: 1 Mbit/s, 100 ms there and back.
const LEFT: Quality = Quality { bytes_per_second: Some(125_000), delay: Duration::from_millis(50) };
/// Entries of a newcomer's feed, and versions of each.
const CHANGING: usize = 20;
const VERSIONS: usize = 1_000;
/// Backlog on the thin line, in bytes of payload.
const BACKLOG_BYTES: usize = 10_000_000;
const FEEDS: usize = 10_000;

/// Two nodes; the second dials the first through a line.
struct Two {
    first: Server,
    a: Connection,
    _second: Server,
    b: Connection,
    line: SlowLine,
}

impl Bench<'_> {
    pub(super) async fn links(&mut self) -> anyhow::Result<()> {
        if self.wants("fast") {
            self.fast().await?;
        }
        if self.wants("catch_up") {
            let entries = self.args.entries.min(100_000);
            self.catch_up("catch_up", entries, self.args.repeats).await?;
        }
        if self.wants("large_backlog") {
            self.catch_up("large_backlog", self.args.entries, self.args.repeats).await?;
        }
        if self.wants("newcomer") {
            self.newcomer().await?;
        }
        if self.wants("satellite") {
            self.thin("satellite", SATELLITE, 40, BACKLOG_BYTES).await?;
        }
        if self.wants("radio") {
            self.thin("radio", RADIO, 8, 100_000).await?;
        }
        if self.wants("reconnect") {
            self.reconnect().await?;
        }
        Ok(())
    }

    async fn two(&self, name: &str, quality: Quality) -> anyhow::Result<Two> {
        let first = Server::node(&self.fresh(&format!("{name}-a"))?)?;
        let line = SlowLine::open(first.address, quality).await?;
        let second = self.dialling(&self.fresh(&format!("{name}-b"))?, &line)?;
        let a = first.channels(self.context.words, 1).await?.remove(0);
        let b = second.channels(self.context.words, 1).await?.remove(0);
        load::open_incident(&a).await?;
        until(Duration::from_secs(60), || async { Ok(status(&b).await?.incident_count == 1) })
            .await?;
        Ok(Two { first, a, _second: second, b, line })
    }

    fn dialling(&self, data: &Path, line: &SlowLine) -> anyhow::Result<Server> {
        Server::node_with(data, &["--link", &line.address.to_string()])
    }

    /// What a subscriber at the next node waits longer than one at the same. No line between them:
    /// that would take its own part of the two cores.
    async fn fast(&mut self) -> anyhow::Result<()> {
        let first = Server::node(&self.fresh("fast-a")?)?;
        let at = first.address.to_string();
        let second = Server::node_with(&self.fresh("fast-b")?, &["--link", &at])?;
        let a = first.channels(self.context.words, 1).await?.remove(0);
        let b = second.channels(self.context.words, 1).await?.remove(0);
        load::open_incident(&a).await?;
        until(Duration::from_secs(60), || async { Ok(status(&b).await?.incident_count == 1) })
            .await?;
        let (mut near, mut far) = (follow(&a).await?, follow(&b).await?);
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for round in 0..600 {
            let start = Instant::now();
            publish(&a, 1, Urgency::Unspecified, None).await?;
            next(&mut near).await?;
            let local = start.elapsed();
            next(&mut far).await?;
            if round >= 100 {
                here.push(local.as_secs_f64() * 1e6);
                there.push(start.elapsed().as_secs_f64() * 1e6);
            }
        }
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let (here, there) = (quantile(&mut here, share), quantile(&mut there, share));
            self.note(&format!("fast_local_subscriber_{name}"), "us", vec![here]);
            self.note(&format!("fast_next_node_{name}"), "us", vec![there]);
        }
        Ok(())
    }

    /// A newcomer takes what the first node has.
    async fn catch_up(&mut self, name: &str, entries: u64, repeats: usize) -> anyhow::Result<()> {
        let data = self.fresh(&format!("{name}-a"))?;
        let first = Server::node(&data)?;
        let channels = first.channels(self.context.words, 4).await?;
        load::open_incident(&channels[0]).await?;
        let mut payload = 0;
        for _ in 0..entries.div_ceil(500) {
            payload += publish(&channels[0], 500, Urgency::Unspecified, None).await?;
        }
        let records = status(&channels[0]).await?.record_count;
        let (mut rates, mut wire, mut growth) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..repeats {
            let line = SlowLine::open(first.address, FAST).await?;
            let before = first.memory_bytes()?;
            let newcomer = self.fresh(&format!("{name}-{round}"))?;
            let second = self.dialling(&newcomer, &line)?;
            let start = Instant::now();
            let b = second.channels(self.context.words, 1).await?.remove(0);
            let mut most = 0.0_f64;
            until(Duration::from_secs(300), || {
                let memory = first.memory_bytes();
                let b = b.clone();
                most = most.max(memory.unwrap_or_default() - before);
                async move { Ok(status(&b).await?.record_count >= records) }
            })
            .await?;
            rates.push(records as f64 / start.elapsed().as_secs_f64());
            let (there, back) = line.carried();
            wire.push((there + back) as f64);
            growth.push(most);
            std::fs::remove_dir_all(newcomer)?;
        }
        let wire_bytes = quantile(&mut wire.clone(), 0.5);
        self.note(&format!("{name}_records"), "per_s", rates);
        self.note(
            &format!("{name}_wire_bytes_per_record"),
            "bytes",
            vec![wire_bytes / records as f64],
        );
        let allowed = 0.6 * payload as f64 + 150.0 * records as f64;
        self.note(&format!("{name}_wire_against_allowed"), "ratio", vec![wire_bytes / allowed]);
        self.note(&format!("{name}_sender_memory_growth"), "bytes", growth);
        Ok(())
    }

    /// A newcomer on a line that is left takes a feed whole, and by its checkpoint.
    async fn newcomer(&mut self) -> anyhow::Result<()> {
        let first = Server::node(&self.fresh("newcomer-a")?)?;
        let a = first.channels(self.context.words, 1).await?.remove(0);
        load::open_incident(&a).await?;
        let names: Vec<_> = (0..CHANGING).map(|_| Uuid::from_u128(rand::random())).collect();
        for _ in 0..VERSIONS {
            let items = names.iter().map(|name| item(*name, Urgency::Unspecified, None));
            publish_items(&a, items.collect()).await?;
            // As people write: a checkpoint that is written under full load has a long tail.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Until the checkpoint of all that is written, too.
        let mut records = 0;
        loop {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let before = std::mem::replace(&mut records, status(&a).await?.record_count);
            if records == before {
                break;
            }
        }
        for (name, take) in [("whole", false), ("by_checkpoint", true)] {
            let config = self.dir.path().join(format!("newcomer-{name}.toml"));
            std::fs::write(&config, format!("[checkpoints]\ntake = {take}\n"))?;
            let (mut seconds, mut wire) = (Vec::new(), Vec::new());
            for round in 0..self.args.repeats {
                let line = SlowLine::open(first.address, LEFT).await?;
                let data = self.fresh(&format!("newcomer-{name}-{round}"))?;
                let dial = line.address.to_string();
                let config = config.to_str().context("a path in UTF-8")?;
                let second = Server::node_with(&data, &["--config", config, "--link", &dial])?;
                let start = Instant::now();
                let b = second.channels(self.context.words, 1).await?.remove(0);
                until(Duration::from_secs(600), || async {
                    let status = status(&b).await?;
                    let held = status.record_count + status.covered_record_count;
                    Ok(held >= records && status.entry_count == CHANGING as i64)
                })
                .await?;
                seconds.push(start.elapsed().as_secs_f64());
                let (there, back) = line.carried();
                wire.push((there + back) as f64);
                std::fs::remove_dir_all(data)?;
            }
            self.note(&format!("newcomer_{name}"), "s", seconds);
            self.note(&format!("newcomer_{name}_wire"), "bytes", wire);
        }
        Ok(())
    }

    /// Urgent entries over a thin line that a backlog fills.
    async fn thin(
        &mut self,
        name: &str,
        quality: Quality,
        samples: usize,
        backlog: usize,
    ) -> anyhow::Result<()> {
        let two = self.two(name, quality).await?;
        two.line.set(State::Cut);
        let mut bytes = 0;
        while bytes < backlog {
            bytes += publish(&two.a, 200, Urgency::Unspecified, None).await?;
        }
        two.line.set(State::Open);
        let mut far = follow(&two.b).await?;
        let rate = quality.bytes_per_second.unwrap_or(u64::MAX) as f64;
        // The link is up again and its window has found its size.
        let warm = (rate * 10.0) as u64;
        until(Duration::from_secs(120), || async { Ok(two.line.carried().1 > warm) }).await?;
        let (begun, carried) = (Instant::now(), two.line.carried().1);
        let mut times = Vec::new();
        for _ in 0..samples {
            let mark = format!("urgent {}", Uuid::from_u128(rand::random()));
            let start = Instant::now();
            publish(&two.a, 1, Urgency::Immediate, Some(&mark)).await?;
            wait_for(&mut far, &mark).await?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let used = (two.line.carried().1 - carried) as f64 / (rate * begun.elapsed().as_secs_f64());
        let (half, most) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
        self.note(&format!("{name}_urgent_p50"), "ms", vec![half]);
        self.note(&format!("{name}_urgent_p99"), "ms", vec![most]);
        self.note(&format!("{name}_line_used"), "ratio", vec![used]);
        Ok(())
    }

    /// A link that comes back after a time with nothing new.
    async fn reconnect(&mut self) -> anyhow::Result<()> {
        let two = self.two("reconnect", FAST).await?;
        let create = |at: usize| {
            let mut incidents = IncidentServiceClient::new(two.a.clone());
            let title =
                Text { language: "en".into(), title: format!("{at}"), ..Default::default() };
            let name = format!("incidents/bench-{at}");
            let incident = Incident {
                name,
                mode: Mode::Test.into(),
                titles: vec![title],
                ..Default::default()
            };
            async move {
                let request =
                    CreateIncidentRequest { incident: Some(incident), ..Default::default() };
                incidents.create_incident(request).await
            }
        };
        for at in (0..FEEDS).step_by(50) {
            futures::future::try_join_all((at..at + 50).map(create)).await?;
        }
        let records = status(&two.a).await?.record_count;
        until(Duration::from_secs(120), || async {
            Ok(status(&two.b).await?.record_count >= records)
        })
        .await?;
        let mut bytes = Vec::new();
        for _ in 0..self.args.repeats {
            two.line.set(State::Cut);
            connected(&two.b, false).await?;
            let before = two.line.carried();
            two.line.set(State::Open);
            connected(&two.b, true).await?;
            // Long enough for the digests, too short for signs of life.
            tokio::time::sleep(Duration::from_secs(2)).await;
            let after = two.line.carried();
            bytes.push((after.0 - before.0 + after.1 - before.1) as f64);
        }
        self.note("reconnect_bytes_10000_feeds", "bytes", bytes);
        let memory = two.first.memory_bytes()?;
        self.note("reconnect_memory_10000_feeds", "bytes", vec![memory]);
        Ok(())
    }
}

/// Words of the scenario, to write texts of its sort.
fn words() -> &'static [&'static str] {
    static WORDS: OnceLock<Vec<&'static str>> = OnceLock::new();
    let text = include_str!("../../../scenarios/limburg2021.jsonl");
    WORDS.get_or_init(|| {
        let long = |word: &&str| word.len() > 2 && word.chars().all(char::is_alphabetic);
        text.split_whitespace().filter(long).collect()
    })
}

fn entry(name: Uuid, urgency: Urgency, title: Option<&str>) -> Bytes {
    let words = words();
    let word = || words[rand::random_range(0..words.len())];
    let body: Vec<_> = (0..40).map(|_| word()).collect();
    let text = Text {
        language: "nl".into(),
        title: title.map_or_else(|| format!("{} {} {}", word(), word(), word()), str::to_owned),
        body: body.join(" "),
        ..Default::default()
    };
    let entry = Entry {
        name: format!("{INCIDENT}/entries/{name}"),
        statement: Statement::Fact.into(),
        party: "parties/bench".into(),
        texts: vec![text],
        assessment: Some(Assessment { urgency: urgency.into(), ..Default::default() }),
        body: Some(Body::Observation(Observation::default())),
        ..Default::default()
    };
    entry.encode_to_vec().into()
}

fn item(name: Uuid, urgency: Urgency, title: Option<&str>) -> PublishItem {
    PublishItem { entry: entry(name, urgency, title), ..Default::default() }
}

async fn publish_items(channel: &Connection, items: Vec<PublishItem>) -> anyhow::Result<usize> {
    let bytes = items.iter().map(|item| item.entry.len()).sum();
    let request = PublishEntriesRequest { items, ..Default::default() };
    client::picture(channel.clone()).publish_entries(request).await?;
    Ok(bytes)
}

/// Publishes so many; bytes of payload.
async fn publish(
    channel: &Connection,
    count: usize,
    urgency: Urgency,
    title: Option<&str>,
) -> anyhow::Result<usize> {
    let items = (0..count).map(|_| item(Uuid::from_u128(rand::random()), urgency, title));
    publish_items(channel, items.collect()).await
}

async fn follow(channel: &Connection) -> anyhow::Result<Streaming<SubscribeResponse>> {
    let request = SubscribeRequest {
        filter: Some(EntryFilter { incidents: vec![INCIDENT.into()], ..Default::default() }),
        start: Some(SubscribeStart { at: Some(At::Now(NowStart {})) }),
        ..Default::default()
    };
    Ok(client::picture(channel.clone()).subscribe(request).await?.into_inner())
}

/// The next change.
async fn next(stream: &mut Streaming<SubscribeResponse>) -> anyhow::Result<Bytes> {
    loop {
        let message = stream.message().await?.context("the subscription ended")?;
        if let Some(Event::Changes(changes)) = message.event {
            return Ok(changes);
        }
    }
}

async fn wait_for(stream: &mut Streaming<SubscribeResponse>, mark: &str) -> anyhow::Result<()> {
    let mark = mark.as_bytes();
    let limit = Duration::from_secs(120);
    tokio::time::timeout(limit, async {
        while !next(stream).await?.windows(mark.len()).any(|part| part == mark) {}
        anyhow::Ok(())
    })
    .await
    .context("an urgent entry did not arrive within two minutes")?
}

async fn status(channel: &Connection) -> anyhow::Result<polder_wire::v1::GetNodeStatusResponse> {
    let mut client = NodeServiceClient::new(channel.clone());
    Ok(client.get_node_status(GetNodeStatusRequest {}).await?.into_inner())
}

async fn links(channel: &Connection) -> anyhow::Result<Vec<Link>> {
    let mut client = NodeServiceClient::new(channel.clone());
    let mut stream = client.watch_links(WatchLinksRequest { once: true }).await?.into_inner();
    Ok(stream.message().await?.context("no report")?.links)
}

async fn connected(channel: &Connection, wanted: bool) -> anyhow::Result<()> {
    until(Duration::from_secs(90), || async {
        let links = links(channel).await?;
        Ok(links.iter().any(|link| link.state() == LinkState::Connected) == wanted)
    })
    .await
}

async fn until<F: Future<Output = anyhow::Result<bool>>>(
    limit: Duration,
    mut is_so: impl FnMut() -> F,
) -> anyhow::Result<()> {
    let start = Instant::now();
    while !is_so().await? {
        ensure!(start.elapsed() < limit, "it did not come to that within {limit:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
