//! Load on a node: what callers, batches and subscribers do.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use polder_picture::fields;
use polder_wire::v1::{
    CreateIncidentRequest, Entry, EntryFilter, Incident, Mode, NowStart, Observation,
    PublishEntriesRequest, PublishItem, SnapshotStart, Statement, SubscribeRequest, SubscribeStart,
    Text, entry::Body, incident_service_client::IncidentServiceClient, publish_result::Outcome,
    subscribe_response::Event, subscribe_start::At,
};
use prost::Message as _;
use uuid::Uuid;

use super::super::session::Connection;
use super::{super::client, quantile};

const INCIDENT: &str = "incidents/bench";

/// Opens the incident that everything goes into.
pub(super) async fn open_incident(channel: &Connection) -> anyhow::Result<()> {
    let title = Text { language: "en".into(), title: "Bench".into(), ..Default::default() };
    let incident = Incident {
        name: INCIDENT.into(),
        mode: Mode::Test.into(),
        titles: vec![title],
        ..Default::default()
    };
    let request = CreateIncidentRequest { incident: Some(incident), ..Default::default() };
    IncidentServiceClient::new(channel.clone()).create_incident(request).await?;
    Ok(())
}

/// An entry of 400 bytes.
pub(super) fn entry() -> Bytes {
    let text = Text {
        language: "nl".into(),
        title: "Water loopt door de straten".into(),
        body: "De kelders in de wijk staan onder water. ".repeat(5),
        ..Default::default()
    };
    let mut entry = Entry {
        name: format!("{INCIDENT}/entries/{}", Uuid::from_u128(rand::random())),
        statement: Statement::Fact.into(),
        party: "parties/bench".into(),
        texts: vec![text],
        body: Some(Body::Observation(Observation::default())),
        ..Default::default()
    };
    let missing = 400_usize.saturating_sub(entry.encoded_len() + 2);
    entry.place = "x".repeat(missing);
    entry.encode_to_vec().into()
}

/// Publishes so many new entries in one call.
pub(super) async fn publish(channel: &Connection, count: usize) -> anyhow::Result<u64> {
    let item = || PublishItem { entry: entry(), ..Default::default() };
    let items = (0..count).map(|_| item()).collect();
    let request = PublishEntriesRequest { items, ..Default::default() };
    let response = client::picture(channel.clone()).publish_entries(request).await?.into_inner();
    for result in &response.results {
        if let Some(Outcome::Refused(status)) = &result.outcome {
            anyhow::bail!("refused: {}", status.message);
        }
    }
    Ok(response.results.len() as u64)
}

/// Runs so many callers for a time; what they did per second.
pub(super) async fn concurrently<F, Fut>(
    callers: usize,
    channels: &[Connection],
    time: Duration,
    call: F,
) -> anyhow::Result<f64>
where
    F: Fn(Connection, usize) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = anyhow::Result<u64>> + Send,
{
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let channel = channels[caller % channels.len()].clone();
            let call = call.clone();
            tokio::spawn(async move {
                let mut done = 0;
                while start.elapsed() < time {
                    done += call(channel.clone(), caller).await?;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await??;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}

/// One caller, one entry a call: p50 and p99 in microseconds.
pub(super) async fn lone(channel: &Connection, calls: usize) -> anyhow::Result<(f64, f64)> {
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let start = Instant::now();
        publish(channel, 1).await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok((quantile(&mut times, 0.5), quantile(&mut times, 0.99)))
}

/// Entries per second of so many callers with batches of so many.
pub(super) async fn rate(
    channels: &[Connection],
    callers: usize,
    batch: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let call = move |channel: Connection, _| async move { publish(&channel, batch).await };
    concurrently(callers, channels, time, call).await
}

fn subscribe(at: At) -> SubscribeRequest {
    SubscribeRequest {
        filter: Some(EntryFilter { incidents: vec![INCIDENT.into()], ..Default::default() }),
        start: Some(SubscribeStart { at: Some(at) }),
        ..Default::default()
    }
}

/// Subscribers that count what they get.
pub(super) struct Audience {
    /// Entries that all of them got together.
    pub(super) received: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Audience {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Audience {
    /// They hang up.
    pub(super) fn leave(&mut self) {
        self.tasks.drain(..).for_each(|task| task.abort());
    }

    /// So many subscribers, from now on.
    pub(super) async fn gather(channels: &[Connection], count: usize) -> anyhow::Result<Self> {
        let received = Arc::new(AtomicU64::new(0));
        let mut tasks = Vec::new();
        for n in 0..count {
            let mut client = client::picture(channels[n % channels.len()].clone());
            let mut stream = client.subscribe(subscribe(At::Now(NowStart {}))).await?.into_inner();
            let received = Arc::clone(&received);
            tasks.push(tokio::spawn(async move {
                while let Ok(Some(message)) = stream.message().await {
                    if let Some(Event::Changes(changes)) = message.event {
                        let mut entries = 0;
                        let _ = fields::walk(&changes, |_, _| entries += 1);
                        received.fetch_add(entries, Ordering::Relaxed);
                    }
                }
            }));
        }
        Ok(Self { received, tasks })
    }

    /// Publishes `entries` by 64 callers and waits until every subscriber has every one;
    /// deliveries per second.
    pub(super) async fn deliver(
        &self,
        channels: &[Connection],
        entries: u64,
    ) -> anyhow::Result<f64> {
        let before = self.received.load(Ordering::Relaxed);
        let wanted = before + entries * self.tasks.len() as u64;
        let start = Instant::now();
        let callers: Vec<_> = (0..64)
            .map(|caller| {
                let channel = channels[caller % channels.len()].clone();
                tokio::spawn(async move {
                    for _ in 0..entries / 64 {
                        publish(&channel, 1).await?;
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for caller in callers {
            caller.await??;
        }
        while self.received.load(Ordering::Relaxed) < wanted {
            anyhow::ensure!(start.elapsed() < Duration::from_secs(60), "deliveries are missing");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok((wanted - before) as f64 / start.elapsed().as_secs_f64())
    }
}

/// A subscriber that takes one message and then reads no more.
pub(super) async fn stall(channel: &Connection) -> anyhow::Result<impl Sized + use<>> {
    let mut client = client::picture(channel.clone());
    let mut stream =
        client.subscribe(subscribe(At::Snapshot(SnapshotStart {}))).await?.into_inner();
    stream.message().await?;
    Ok(stream)
}

/// One subscriber takes the whole picture: seconds and entries.
pub(super) async fn snapshot(channel: &Connection) -> anyhow::Result<(f64, i64)> {
    let start = Instant::now();
    let mut client = client::picture(channel.clone());
    let mut stream =
        client.subscribe(subscribe(At::Snapshot(SnapshotStart {}))).await?.into_inner();
    while let Some(message) = stream.message().await? {
        if let Some(Event::SnapshotEnd(end)) = message.event {
            return Ok((start.elapsed().as_secs_f64(), end.count));
        }
    }
    Err(anyhow::anyhow!("no end")).context("the snapshot broke off")
}
