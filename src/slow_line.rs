//! A slow line on loopback, for benchmarks and tests: so many bytes a second, so long a way, and
//! the faults of real lines. The kernel of a test machine may have none of that.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// Bytes that travel together, as in a packet.
const PACKET: usize = 1_400;
/// Packets that are on their way at most; more wait at the sender.
const PACKETS_MAX: usize = 4_096;

/// What a line does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Carries them.
    Open,
    /// Keeps connections and swallows nothing, but carries nothing: a black hole to those who wait.
    Stalled,
    /// Breaks connections and takes no new ones.
    Cut,
}

/// How good a line is.
#[derive(Debug, Clone, Copy)]
pub struct Quality {
    /// Bytes a second in each direction; `None`: as many as the machine can.
    pub bytes_per_second: Option<u64>,
    /// One way.
    pub delay: Duration,
}

/// A line between whoever connects to [`address`](Self::address) and a target.
pub struct SlowLine {
    /// Where to connect.
    pub address: SocketAddr,
    state: watch::Sender<State>,
    target: watch::Sender<SocketAddr>,
    carried: Arc<[AtomicU64; 2]>,
    task: JoinHandle<()>,
}

impl Drop for SlowLine {
    fn drop(&mut self) {
        self.state.send_replace(State::Cut);
        self.task.abort();
    }
}

impl SlowLine {
    /// Opens a line to a target.
    pub async fn open(target: SocketAddr, quality: Quality) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = watch::Sender::new(State::Open);
        let target = watch::Sender::new(target);
        let carried = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let task = {
            let (state, carried) = (state.subscribe(), Arc::clone(&carried));
            let target = target.subscribe();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let target = *target.borrow();
                    tokio::spawn(carry(
                        stream,
                        target,
                        quality,
                        state.clone(),
                        Arc::clone(&carried),
                    ));
                }
            })
        };
        Ok(Self { address, state, target, carried, task })
    }

    /// Changes what the line does.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Leads new connections to another target, such as a node that was started again.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }

    /// Bytes carried towards the target, and from it.
    pub fn carried(&self) -> (u64, u64) {
        (self.carried[0].load(Ordering::Relaxed), self.carried[1].load(Ordering::Relaxed))
    }
}

async fn carry(
    near: TcpStream,
    target: SocketAddr,
    quality: Quality,
    state: watch::Receiver<State>,
    carried: Arc<[AtomicU64; 2]>,
) {
    if *state.borrow() == State::Cut {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let mut cut = state.clone();
    tokio::select! {
        () = one_way(near_in, far_out, quality, state.clone(), &carried[0]) => {}
        () = one_way(far_in, near_out, quality, state, &carried[1]) => {}
        _ = cut.wait_for(|state| *state == State::Cut) => {}
    }
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    quality: Quality,
    mut state: watch::Receiver<State>,
    carried: &AtomicU64,
) {
    let (sender, mut packets) = mpsc::channel::<(Instant, Vec<u8>)>(PACKETS_MAX);
    let mut open = state.clone();
    let sending = async move {
        let mut free = Instant::now();
        let packet = if quality.bytes_per_second.is_some() { PACKET } else { 64 * 1024 };
        loop {
            // The next packet is taken when the line is free: a queue forms at the sender.
            sleep_until(free).await;
            let mut bytes = vec![0; packet];
            let Ok(length @ 1..) = from.read(&mut bytes).await else { return };
            bytes.truncate(length);
            if let Some(rate) = quality.bytes_per_second {
                let takes = Duration::from_secs_f64(length as f64 / rate.max(1) as f64);
                free = free.max(Instant::now()) + takes;
            } else {
                free = Instant::now();
            }
            if sender.send((free + quality.delay, bytes)).await.is_err() {
                return;
            }
        }
    };
    let receiving = async {
        while let Some((at, bytes)) = packets.recv().await {
            sleep_until(at).await;
            if open.wait_for(|state| *state != State::Stalled).await.is_err() {
                return;
            }
            carried.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = async { tokio::join!(sending, receiving); } => {}
        _ = state.wait_for(|state| *state == State::Cut) => {}
    }
}
