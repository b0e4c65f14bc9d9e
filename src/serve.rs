//! Serving a node: gRPC, gRPC-Web and the page on one port, metrics and health on another, and an orderly end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::get,
};
use polder_wire::v1::{
    attachment_service_server::AttachmentServiceServer, audit_service_server::AuditServiceServer,
    capacity_service_server::CapacityServiceServer, charter_service_server::CharterServiceServer,
    impact_service_server::ImpactServiceServer, incident_service_server::IncidentServiceServer,
    join_service_server::JoinServiceServer, link_service_server::LinkServiceServer,
    node_service_server::NodeServiceServer, people_service_server::PeopleServiceServer,
    picture_service_server::PictureServiceServer, report_service_server::ReportServiceServer,
    signal_service_server::SignalServiceServer, situation_service_server::SituationServiceServer,
    team_service_server::TeamServiceServer, warning_service_server::WarningServiceServer,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::{body::Body, service::Routes, transport::Server};
use tonic_health::{ServingStatus, server::HealthReporter};
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _};

use crate::{
    audit,
    grpc::{Services, guard::guard, join::Joining, status::deadline_exceeded},
    links::{Links, LinksConfig},
    node::Node,
    people::{People, PeopleConfig},
    query::citations,
    retire::keep_fence,
    tls::{Door, Stream, Tls, TlsConfig, accept, gate::gate},
    web::{Web, WebOptions, door},
};

/// Largest message that is decoded. A batch of entries is smaller; attachments come in chunks.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Messages about joining come from whoever reaches the port, and are small.
const JOIN_BYTES_MAX: usize = 16 << 10;
/// A unary call that takes longer is answered with DEADLINE_EXCEEDED.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Our timer goes off before the same one of tonic.
const BEFORE_TONIC: Duration = Duration::from_millis(2);
/// How long streams get to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(10);
/// Attachments are looked through for those that nothing cites four times in their grace time, but
/// at most this often and at least once a minute.
const ERASE_OFTENEST: Duration = Duration::from_millis(250);
const ERASE_SELDOMEST: Duration = Duration::from_secs(60);

/// Where a node is served.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// gRPC, gRPC-Web, the page and health.
    pub listen: SocketAddr,
    /// `/metrics` and `/healthz`.
    pub admin: SocketAddr,
    /// The same as on `listen` in plain text, for programs of this machine.
    pub local: Option<SocketAddr>,
}

/// Who comes in, and how.
#[derive(Debug, Clone, Default)]
pub struct Entrance {
    /// What is for browsers.
    pub web: WebOptions,
    /// Certificates of organisations.
    pub tls: TlsConfig,
    /// People.
    pub people: PeopleConfig,
}

/// A node that is being served.
pub struct Serving {
    /// Where, with the ports that were really bound.
    pub addresses: Addresses,
    ending: watch::Sender<bool>,
    server: JoinHandle<anyhow::Result<()>>,
    admin: JoinHandle<()>,
    erasing: JoinHandle<()>,
    linking: Vec<JoinHandle<()>>,
    /// Encryption.
    pub tls: Arc<Tls>,
    /// Links to other nodes.
    pub links: Arc<Links>,
    health: HealthReporter,
    node: Arc<Node>,
}

/// Refuses what would put plain text on a network.
pub fn check_addresses(addresses: &Addresses) -> anyhow::Result<()> {
    let Addresses { admin, local, .. } = *addresses;
    for address in std::iter::once(admin).chain(local) {
        if !address.ip().to_canonical().is_loopback() {
            anyhow::bail!(
                "{address} is not a loopback address: `admin` and `local` speak plain text, so \
                 they are for this machine only; `listen` is encrypted everywhere else"
            );
        }
    }
    Ok(())
}

/// Binds the ports and serves until [`Serving::stop`]. Off loopback `listen` speaks TLS only.
pub async fn serve(
    node: Arc<Node>,
    addresses: Addresses,
    links: LinksConfig,
    entrance: Entrance,
) -> anyhow::Result<Serving> {
    let Entrance { web, tls, people } = entrance;
    check_addresses(&addresses)?;
    let encrypted = tls.always || !addresses.listen.ip().to_canonical().is_loopback();
    let tls = Tls::new(Arc::clone(&node), &links, tls)?;
    let listener = bind(addresses.listen).await?;
    let admin = bind(addresses.admin).await?;
    let listen = listener.local_addr()?;
    let mut doors = vec![Door { listener, encrypted }];
    let mut local = None;
    if let Some(address) = addresses.local {
        let listener = bind(address).await?;
        local = Some(listener.local_addr()?);
        doors.push(Door { listener, encrypted: false });
    }
    let addresses = Addresses { listen, admin: admin.local_addr()?, local };
    let (ending, ending_seen) = watch::channel(false);
    let links = Links::new(Arc::clone(&node), links, Some(Arc::clone(&tls)), ending_seen.clone())?;
    let people = People::open(Arc::clone(&node), people)?;
    let services = Services {
        people: Arc::clone(&people),
        node: Arc::clone(&node),
        links: Arc::clone(&links),
        ending: ending_seen.clone(),
    };
    let (health, routes) = routes(services, web).await?;
    let (incoming, mut accepting) = accept(doors, &tls)?;
    accepting.extend(tls.look_after());
    let server = tokio::spawn(run(incoming, routes, ending_seen));
    let admin = tokio::spawn(run_admin(admin, Arc::clone(&node)));
    let resuming = Arc::clone(&node);
    tokio::task::spawn_blocking(move || crate::archive::resume(&resuming));
    let erasing = tokio::spawn(erase_uncited(Arc::clone(&node)));
    let mut linking = links.run();
    linking.push(tokio::spawn(crate::checkpoints::keep(Arc::clone(&node))));
    linking.push(tokio::spawn(crate::erase::keep(Arc::clone(&node))));
    linking.push(tokio::spawn(keep_fence(Arc::clone(&node))));
    linking.push(tokio::spawn(audit::keep(Arc::clone(&node))));
    linking.push(tokio::spawn(crate::scaling::keep(Arc::clone(&node))));
    linking.extend(accepting);
    Ok(Serving { node, addresses, ending, server, admin, erasing, linking, tls, links, health })
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

async fn routes(services: Services, web: WebOptions) -> anyhow::Result<(HealthReporter, Routes)> {
    macro_rules! sized {
        ($server:ident) => {
            $server::new(services.clone())
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX)
        };
    }
    let joining = Joining {
        node: Arc::clone(&services.node),
        invitations: Arc::default(),
        ending: services.ending.clone(),
    };
    let (health, health_service) = tonic_health::server::health_reporter();
    for service in SERVICES {
        health.set_service_status(service, ServingStatus::Serving).await;
    }
    let descriptors = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(polder_wire::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // What refusals carry, for clients that know nothing but reflection.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let routes = Routes::new(sized!(PictureServiceServer))
        .add_service(sized!(IncidentServiceServer))
        .add_service(sized!(AttachmentServiceServer))
        .add_service(sized!(NodeServiceServer))
        .add_service(sized!(LinkServiceServer))
        .add_service(sized!(CharterServiceServer))
        .add_service(sized!(PeopleServiceServer))
        .add_service(sized!(AuditServiceServer))
        .add_service(sized!(TeamServiceServer))
        .add_service(sized!(SituationServiceServer))
        .add_service(sized!(ImpactServiceServer))
        .add_service(sized!(SignalServiceServer))
        .add_service(sized!(CapacityServiceServer))
        .add_service(sized!(ReportServiceServer))
        .add_service(sized!(WarningServiceServer))
        .add_service(JoinServiceServer::new(joining).max_decoding_message_size(JOIN_BYTES_MAX))
        .add_service(health_service)
        .add_service(descriptors().build_v1()?)
        .add_service(descriptors().build_v1alpha()?);
    let people = Arc::clone(&services.people);
    let calls = routes.into_axum_router().layer(from_fn_with_state(Arc::clone(&people), guard));
    let routes = Routes::from(calls.layer(from_fn(at_deadline)));
    let calls = GrpcWebLayer::new().layer(routes);
    let calls = calls.map_request(|request: Request| request.map(Body::new));
    let all = Router::new()
        .fallback_service(calls)
        .layer(from_fn_with_state(Web { options: Arc::new(web), people }, door))
        .layer(from_fn(gate));
    Ok((health, all.into()))
}

const SERVICES: [&str; 17] = [
    "",
    "polder.v1.PictureService",
    "polder.v1.IncidentService",
    "polder.v1.AttachmentService",
    "polder.v1.NodeService",
    "polder.v1.LinkService",
    "polder.v1.CharterService",
    "polder.v1.PeopleService",
    "polder.v1.AuditService",
    "polder.v1.TeamService",
    "polder.v1.SituationService",
    "polder.v1.ImpactService",
    "polder.v1.SignalService",
    "polder.v1.CapacityService",
    "polder.v1.ReportService",
    "polder.v1.WarningService",
    "polder.v1.JoinService",
];

/// Ends a call at its deadline, in the words of the contract and with the headers that a browser
/// needs to read them. tonic's own timer stands outside of both and says CANCELLED.
async fn at_deadline(request: Request, next: Next) -> Response {
    let asked =
        request.headers().get("grpc-timeout").and_then(|value| timeout_of(value.to_str().ok()?));
    let limit = asked.map_or(CALL_TIMEOUT, |asked| asked.min(CALL_TIMEOUT));
    let limit = limit.saturating_sub(BEFORE_TONIC);
    if limit.is_zero() {
        return deadline_exceeded().into_http();
    }
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => deadline_exceeded().into_http(),
    }
}

/// Reads a `grpc-timeout`: up to eight digits and a unit.
fn timeout_of(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

async fn run(
    incoming: impl futures::Stream<Item = std::io::Result<Stream>> + Send,
    routes: Routes,
    mut ending: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    Server::builder()
        .accept_http1(true)
        .http2_keepalive_interval(Some(Duration::from_secs(25)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .max_concurrent_streams(Some(4096))
        .initial_stream_window_size(Some(1 << 20))
        .initial_connection_window_size(Some(8 << 20))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, async move {
            let _ = ending.wait_for(|ending| *ending).await;
        })
        .await
        .context("the server stopped")
}

async fn run_admin(listener: TcpListener, node: Arc<Node>) {
    let metrics = |State(node): State<Arc<Node>>| async move { node.metrics.render(&node) };
    let healthz = |State(node): State<Arc<Node>>| async move {
        match node.failure() {
            None => (StatusCode::OK, "ok\n".to_owned()),
            Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")),
        }
    };
    let routes = Router::new().route("/metrics", get(metrics)).route("/healthz", get(healthz));
    if let Err(error) = axum::serve(listener, routes.with_state(node)).await {
        tracing::error!(%error, "the admin port stopped");
    }
}

async fn erase_uncited(node: Arc<Node>) {
    let pause = (node.attachments.grace() / 4).clamp(ERASE_OFTENEST, ERASE_SELDOMEST);
    loop {
        tokio::time::sleep(pause).await;
        let node = Arc::clone(&node);
        let erased = tokio::task::spawn_blocking(move || {
            let cited = citations(&node).map_err(std::io::Error::other)?;
            node.attachments.erase_uncited(&cited, node.wall.now_ms())
        });
        match erased.await {
            Ok(Ok(0)) => {}
            Ok(Ok(count)) => tracing::info!(count, "attachments that nothing cites were erased"),
            Ok(Err(error)) => tracing::warn!(%error, "attachments could not be looked through"),
            Err(error) => tracing::warn!(%error, "the search for uncited attachments stopped"),
        }
    }
}

impl Serving {
    /// Ends in good order: not serving to newcomers, a last token to every stream, then the ports.
    pub async fn stop(self) -> anyhow::Result<()> {
        for service in SERVICES {
            self.health.set_service_status(service, ServingStatus::NotServing).await;
        }
        self.ending.send_replace(true);
        let mut server = self.server;
        let drained = tokio::time::timeout(DRAIN, &mut server).await;
        if drained.is_err() {
            tracing::warn!("some callers did not leave in time");
            server.abort();
        }
        self.admin.abort();
        self.erasing.abort();
        // Nobody calls any more: what they did last is written down before the node is closed.
        self.node.write_pending().await;
        self.linking.iter().for_each(JoinHandle::abort);
        match drained {
            Ok(Ok(result)) => result,
            _ => Ok(()),
        }
    }

    /// Resolves when the server stops by itself, which it should not.
    pub async fn stopped(&mut self) -> anyhow::Error {
        match (&mut self.server).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => anyhow::anyhow!("the server stopped"),
            Err(error) => error.into(),
        }
    }
}
