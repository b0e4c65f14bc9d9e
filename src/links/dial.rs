//! Keeps a dialled link up for ever, with pauses that grow.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures::StreamExt as _;
use polder_picture::language::Language;
use polder_wire::v1::{Lane, LinkFrame, SessionRequest, link_service_client::LinkServiceClient};
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;

use super::{
    DialPlan, Links,
    drive::OUTGOING_MAX,
    limits::Held,
    wires::{Ending, Wires},
};
use crate::tls::Dialled;

/// A session that held for so long begins the pauses anew.
const SETTLED: Duration = Duration::from_secs(10);
/// With the handshake: over a trunked radio that takes more than ten seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How often schedule and budget are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

fn pauses() -> backon::ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(300))
        .with_max_delay(Duration::from_secs(30))
        .with_jitter()
        .without_max_times()
        .build()
}

/// Dials, drives, waits, and dials again.
pub(super) async fn keep(links: Arc<Links>, plan: usize) {
    let mut pause = pauses();
    let mut enabled = links.enabled[plan].subscribe();
    loop {
        if enabled.wait_for(|enabled| *enabled).await.is_err() {
            return;
        }
        let begun = Instant::now();
        let (lanes, held) = links.lanes_now(&links.config().dial[plan]);
        if lanes.is_empty() {
            let problem = because(held).to_owned();
            links.board.failed(plan, problem, links.node.wall.now_ms());
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        let ending = match connect(&links, plan).await {
            Ok((wires, dialled)) => {
                let mut off = enabled.clone();
                tokio::select! {
                    mut ending = links.drive(wires, Some((plan, lanes.clone()))) => {
                        if let Some(trouble) = dialled.trouble() {
                            ending.problem = trouble.sentence(Language::English);
                        }
                        ending
                    }
                    held = other_lanes(&links, plan, &lanes) => {
                        // The same link with other lanes: nothing to wait for.
                        links.board.failed(plan, because(held).into(), links.node.wall.now_ms());
                        continue;
                    }
                    _ = off.wait_for(|enabled| !enabled) => {
                        Ending { problem: "cut off on purpose".into(), retry_after: None }
                    }
                }
            }
            Err(problem) => Ending { problem, retry_after: None },
        };
        tracing::debug!(
            address = links.config().dial[plan].address,
            problem = ending.problem,
            "link ended"
        );
        links.board.failed(plan, ending.problem, links.node.wall.now_ms());
        if begun.elapsed() > SETTLED {
            pause = pauses();
        }
        let wait = pause.next().unwrap_or(Duration::from_secs(30));
        let wait = ending.retry_after.map_or(wait, |asked| wait.max(asked));
        // What the charter says from now on may be what was missing.
        let mut ruled = links.node.charter_changed.subscribe();
        let _ = tokio::time::timeout(wait, ruled.changed()).await;
    }
}

/// Resolves when other lanes may travel than these.
async fn other_lanes(links: &Links, plan: usize, lanes: &[Lane]) -> Option<Held> {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let (now, held) = links.lanes_now(&links.config().dial[plan]);
        if now != lanes {
            return held;
        }
    }
}

pub(super) fn because(held: Option<Held>) -> &'static str {
    match held {
        Some(Held::Schedule) => "the schedule of this link holds lanes back now",
        Some(Held::Budget) => "the bytes of today are spent: only what is urgent travels",
        None => "the link begins anew, with all its lanes",
    }
}

/// A channel to the node of a plan; encrypted unless it is on this machine.
async fn channel(links: &Arc<Links>, plan: &DialPlan) -> Result<Dialled, String> {
    let address = &plan.address;
    let tuned = |endpoint: Endpoint| {
        endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(30))
            .keep_alive_while_idle(true)
    };
    match &links.tls {
        Some(tls) if plan.is_encrypted() => {
            let dialled = tls.dial(address, plan.node, tuned).await;
            dialled.map_err(|error| error.sentence(Language::English))
        }
        _ => {
            let endpoint = Endpoint::from_shared(format!("http://{address}"))
                .map_err(|error| format!("{address} is no address: {error}"))?;
            let channel = (links.connect)(tuned(endpoint)).await.map_err(|error| cause(&error))?;
            Ok(Dialled::plain(channel))
        }
    }
}

async fn connect(links: &Arc<Links>, plan: usize) -> Result<(Wires, Dialled), String> {
    let dialled = channel(links, &links.config().dial[plan]).await?;
    let channel = dialled.channel.clone();
    let mut client = LinkServiceClient::new(channel);
    let (outgoing, frames) = mpsc::channel::<LinkFrame>(OUTGOING_MAX);
    let requests = ReceiverStream::new(frames).map(|frame| SessionRequest { frame: Some(frame) });
    let answered = client.session(requests).await.map_err(|status| {
        let trouble = dialled.trouble().map(|trouble| trouble.sentence(Language::English));
        trouble.unwrap_or_else(|| status.message().to_owned())
    })?;
    let incoming = answered.into_inner().filter_map(|message| async move {
        match message {
            Ok(message) => message.frame.map(Ok),
            Err(status) => Some(Err(status)),
        }
    });
    let wires = Wires { incoming: Box::pin(incoming), outgoing, proven: dialled.node };
    Ok((wires, dialled))
}

/// The innermost cause says what a person can act on.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
