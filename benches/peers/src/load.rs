//! The load, the same for every program: so many callers for so long, so many readers of the same.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::task::JoinHandle;

/// Bytes of a value, as many as an entry of `polder bench` has.
pub const VALUE_BYTES: usize = 400;
/// Callers at a time.
pub const CALLERS: usize = 256;
/// Connections that callers share.
pub const CONNECTIONS: usize = 8;
/// Readers of the same messages.
pub const READERS: usize = 1_000;
/// Messages that every reader gets in one repeat.
pub const MESSAGES: u64 = 1_920;
/// How long a rate is measured.
pub const TIME: Duration = Duration::from_secs(3);
/// Calls of a lone caller.
pub const LONE_CALLS: usize = 1_000;

/// What everybody writes. Not all the same byte, so that nothing is gained by compressing it.
pub fn value(n: u64) -> Bytes {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'a' + (state % 26) as u8
    };
    (0..VALUE_BYTES).map(step).collect()
}

/// Numbers that are never used twice, so that every write makes something new.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The value below which that share of all lies.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = ((values.len().saturating_sub(1)) as f64 * share).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// One caller, one call after the other: p50 and p99 in microseconds.
pub async fn lone<F, Fut>(call: F) -> anyhow::Result<(f64, f64)>
where
    F: Fn() -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    for _ in 0..LONE_CALLS / 10 {
        call().await?;
    }
    let mut times = Vec::with_capacity(LONE_CALLS);
    for _ in 0..LONE_CALLS {
        let start = Instant::now();
        call().await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok((quantile(&mut times, 0.5), quantile(&mut times, 0.99)))
}

/// [`CALLERS`] callers, each with a call under way all the time: calls per second.
pub async fn many<C, F, Fut>(connections: &[C], call: F) -> anyhow::Result<f64>
where
    C: Clone + Send + 'static,
    F: Fn(C) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = anyhow::Result<()>> + Send,
{
    let start = Instant::now();
    let callers: Vec<JoinHandle<anyhow::Result<u64>>> = (0..CALLERS)
        .map(|caller| {
            let connection = connections[caller % connections.len()].clone();
            let call = call.clone();
            tokio::spawn(async move {
                let mut done = 0;
                while start.elapsed() < TIME {
                    call(connection.clone()).await?;
                    done += 1;
                }
                Ok(done)
            })
        })
        .collect();
    let mut done = 0;
    for caller in callers {
        done += caller.await??;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}

/// Counts what all readers together got.
#[derive(Clone, Default)]
pub struct Received(Arc<AtomicU64>);

impl Received {
    /// One reader got so many.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// So far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits until there are so many.
    pub async fn reach(&self, wanted: u64) -> anyhow::Result<()> {
        let start = Instant::now();
        while self.total() < wanted {
            let late = start.elapsed() > Duration::from_secs(60);
            anyhow::ensure!(!late, "{} of {wanted} deliveries", self.total());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

/// Readers that go on until this is dropped.
#[derive(Default)]
pub struct Readers {
    /// What they got.
    pub received: Received,
    tasks: Vec<JoinHandle<()>>,
}

impl Readers {
    /// One more.
    pub fn add(&mut self, reader: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(reader));
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
