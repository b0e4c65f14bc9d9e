//! Whole nodes with their real gRPC on a network that breaks: turmoil decides, by a seed, when
//! messages arrive, and this test when hosts are parted, held up, slowed down and started anew.
//!
//! A node writes on a thread of its own and reads its disk on others, whose speed no seed decides.
//! So a seed gives the same troubles and the same entries, and not quite the same run; what is
//! asserted is how it ends. `POLDER_TURMOIL_SEEDS` sets how many are run, `POLDER_TURMOIL_SEED`
//! which one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::FutureExt as _;
use hyper_util::rt::TokioIo;
use polder::{
    grpc::Services,
    links::{Connect, DialPlan, Links, LinksConfig},
    node::{self, Node, NodeOptions, Writer},
    people::{People, PeopleConfig},
    tls::peer::Peer,
    wall::Wall,
};
use polder_wire::v1::{
    CreateIncidentRequest, Entry, Incident, Mode, Observation, PublishEntriesRequest, PublishItem,
    Statement, Text, Urgency, entry::Body, incident_service_server::IncidentService as _,
    link_service_server::LinkServiceServer, picture_service_server::PictureService as _,
    publish_result::Outcome,
};
use prost::Message as _;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
};
use tonic::transport::{Endpoint, Server, server::Connected};
use uuid::Uuid;

const PORT: u16 = 4470;
/// Troubles last so long, in the time of the simulation.
const TROUBLE: Duration = Duration::from_secs(40);
/// By then all is one again. Diallers wait 30 s at most, digests are compared every 30 s.
const PATIENCE: Duration = Duration::from_secs(900);

/// A connection of turmoil, as tonic's server wants it.
struct Accepted(turmoil::net::TcpStream);

impl Connected for Accepted {
    type ConnectInfo = Peer;
    fn connect_info(&self) -> Peer {
        Peer::Local
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Connects over turmoil's network.
fn connect() -> Connect {
    Arc::new(|endpoint: Endpoint| {
        let connector = tower::service_fn(|uri: tonic::transport::Uri| async move {
            let host = uri.host().unwrap_or_default().to_owned();
            turmoil::net::TcpStream::connect((host, PORT)).await.map(TokioIo::new)
        });
        async move { endpoint.connect_with_connector(connector).await }.boxed()
    })
}

fn name(at: usize) -> String {
    format!("node{at}")
}

/// What a host runs: the links of a node and the service that others dial.
async fn host(node: Arc<Node>, config: LinksConfig) -> turmoil::Result {
    // Told to nobody: a host that crashes says no goodbye.
    let (_ending, ending) = watch::channel(false);
    let links = Links::over(connect(), Arc::clone(&node), config, ending.clone())?;
    let people = People::open(Arc::clone(&node), PeopleConfig::default()).unwrap();
    let services = Services { node: Arc::clone(&node), links: Arc::clone(&links), people, ending };
    let listener = turmoil::net::TcpListener::bind(("0.0.0.0", PORT)).await?;
    let incoming = futures::stream::unfold(listener, |listener| async move {
        let accepted = listener.accept().await.map(|(stream, _)| Accepted(stream));
        Some((accepted, listener))
    });
    let _running = links.run();
    // Who publishes here does not sit in the time of the simulation, and would wait for ever.
    node.let_authors_wait(false);
    Server::builder()
        .add_service(LinkServiceServer::new(services))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

/// One node of a run. Its store outlives the crashes of its host.
struct Member {
    node: Arc<Node>,
    writer: Option<Writer>,
    services: Services,
}

impl Member {
    fn open(data: &Path, at: usize) -> Self {
        node::init(data, "fjall", &name(at), "tester").unwrap();
        let (node, writer) = Node::open(data, Wall::System, &NodeOptions::default()).unwrap();
        let ending = watch::channel(false).1;
        let links =
            Links::new(Arc::clone(&node), LinksConfig::default(), None, ending.clone()).unwrap();
        let people = People::open(Arc::clone(&node), PeopleConfig::default()).unwrap();
        let services = Services { node: Arc::clone(&node), links, people, ending };
        Self { node, writer: Some(writer), services }
    }

    /// Heads of all feeds, and every live version of every entry.
    fn holds(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let picture = self.node.picture.read();
        let heads = picture.held_feeds().map(|feed| format!("{} {:?}", feed.id, feed.head));
        let version = |register: &polder_picture::live::Register| {
            let of = |live: &polder_picture::live::Live| {
                (picture.feed(live.record.feed).id, live.record.sequence)
            };
            let live: BTreeSet<_> = register.live.iter().map(of).collect();
            format!("{} {live:?}", register.entry)
        };
        (heads.collect(), picture.entries().iter().map(version).collect())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.node.stop();
        self.writer.take().map(std::thread::JoinHandle::join);
    }
}

/// A call of somebody in the node's own process.
fn by_operator<T>(services: &Services, request: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(request);
    request.extensions_mut().insert(services.people.operator());
    request
}

/// What is published, by people who do not sit on the network that breaks.
async fn publish(services: &Services, names: &[String], random: &mut StdRng) -> usize {
    let items = (0..random.random_range(1..5)).map(|_| {
        let name = names[random.random_range(0..names.len())].clone();
        let mut entry = Entry {
            name,
            statement: Statement::Fact.into(),
            texts: vec![Text {
                language: "en".into(),
                title: format!("water at {} cm", random.random_range(0..900)),
                ..Default::default()
            }],
            body: Some(Body::Observation(Observation::default())),
            ..Default::default()
        };
        if random.random_bool(0.3) {
            entry.assessment.get_or_insert_default().urgency = Urgency::Immediate.into();
        }
        PublishItem { entry: entry.encode_to_vec().into(), ..Default::default() }
    });
    let request = PublishEntriesRequest { items: items.collect(), ..Default::default() };
    // Before the incident is known on a node, nothing can be published there.
    let Ok(answer) = services.publish_entries(by_operator(services, request)).await else {
        return 0;
    };
    let results = answer.into_inner().results;
    results.iter().filter(|one| matches!(one.outcome, Some(Outcome::Published(_)))).count()
}

async fn open_incident(services: &Services) {
    let title = Text { language: "en".into(), title: "flood".into(), ..Default::default() };
    let incident = Incident {
        name: "incidents/flood".into(),
        mode: Mode::Exercise.into(),
        titles: vec![title],
        ..Default::default()
    };
    let request = CreateIncidentRequest { incident: Some(incident), ..Default::default() };
    services.create_incident(by_operator(services, request)).await.unwrap();
}

fn play(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let count = random.random_range(2..=4);
    // A store in memory, where there is one: a disk that syncs makes runs slow, not better.
    let shm = Path::new("/dev/shm");
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
    let members: Vec<_> =
        (0..count).map(|at| Member::open(&dir.path().join(name(at)), at)).collect();
    let outside = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    outside.block_on(open_incident(&members[0].services));

    let mut sim = turmoil::Builder::new()
        .simulation_duration(TROUBLE + PATIENCE + Duration::from_secs(60))
        .tick_duration(Duration::from_millis(20))
        .min_message_latency(Duration::from_millis(random.random_range(1..20)))
        .max_message_latency(Duration::from_millis(random.random_range(20..800)))
        .tcp_capacity(4_096)
        .enable_random_order()
        .rng_seed(seed)
        .build();
    // A tree holds all together; some more make rings.
    let mut pairs = BTreeSet::new();
    for at in 1..count {
        pairs.insert((random.random_range(0..at), at));
    }
    if random.random_bool(0.5) {
        pairs.insert((0, count - 1));
    }
    for (at, member) in members.iter().enumerate() {
        let dialled = pairs.iter().filter(|(_, dialler)| *dialler == at);
        let dial = dialled.map(|(other, _)| DialPlan::to(format!("{}:{PORT}", name(*other))));
        let config = LinksConfig { dial: dial.collect(), ..Default::default() };
        let node = Arc::clone(&member.node);
        sim.host(name(at), move || host(Arc::clone(&node), config.clone()));
    }

    let names: Vec<_> = (0..12)
        .map(|_| format!("incidents/flood/entries/{}", Uuid::from_u128(random.random())))
        .collect();
    let pairs: Vec<_> = pairs.into_iter().collect();
    let mut acknowledged = 0;
    while sim.elapsed() < TROUBLE {
        sim.step().unwrap();
        if random.random_bool(0.03) {
            let at = random.random_range(0..count);
            acknowledged += outside.block_on(publish(&members[at].services, &names, &mut random));
        }
        if random.random_bool(0.012) {
            let (a, b) = pairs[random.random_range(0..pairs.len())];
            let (a, b) = (name(a), name(b));
            match random.random_range(0..8) {
                0 | 1 => sim.partition(a, b),
                2 => sim.partition_oneway(a, b),
                3 => sim.hold(a, b),
                4 | 5 => {
                    sim.release(a.clone(), b.clone());
                    sim.repair(a, b);
                }
                6 => sim.set_link_fail_rate(a, b, 0.001),
                _ => sim.bounce(a),
            }
        }
    }
    for (a, b) in &pairs {
        let (a, b) = (name(*a), name(*b));
        sim.set_link_fail_rate(a.clone(), b.clone(), 0.0);
        sim.release(a.clone(), b.clone());
        sim.repair(a, b);
    }
    loop {
        for _ in 0..50 {
            sim.step().unwrap();
        }
        let all: Vec<_> = members.iter().map(Member::holds).collect();
        if all.iter().all(|one| *one == all[0]) {
            let records = members[0].node.picture.read().lsn();
            assert!(records as usize > acknowledged, "seed {seed}: {records} of {acknowledged}");
            return;
        }
        let heads: Vec<_> = all.iter().map(|(heads, _)| heads).collect();
        assert!(sim.elapsed() < TROUBLE + PATIENCE, "seed {seed}: still apart: {heads:#?}");
    }
}

#[test]
fn whole_nodes_on_a_network_that_breaks_become_one_picture() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seeds = match number("POLDER_TURMOIL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("POLDER_TURMOIL_SEEDS").unwrap_or(10),
    };
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let run = std::panic::AssertUnwindSafe(|| play(seed));
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!("seed {seed} failed: repeat with POLDER_TURMOIL_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
    println!("{count} seeds, each one picture in the end");
}
