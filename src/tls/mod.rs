//! Encryption between machines: TLS 1.3 by rustls with ring, and who is at the other end.
//!
//! ```text
//! accept.rs   connections in: handshakes, bounded      -> stream.rs with a Peer (peer.rs)
//! dial.rs     connections out: links, commands, joining
//! joined.rs   what goes out over either is sent together
//! identity.rs the node's own certificate, by its own key
//! trust.rs    which nodes count: the charter, or key ids that the configuration names
//! organisation.rs  an organisation's certificate, and client CAs of parties
//! verify.rs   what rustls asks of all these
//! ```
//!
//! Sessions are never resumed: a ticket would let somebody in again whose certificate no longer
//! counts.

mod accept;
pub(crate) mod bare;
mod dial;
pub mod gate;
pub mod identity;
mod joined;
mod organisation;
pub mod peer;
mod stream;
mod trouble;
mod trust;
mod verify;

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};
use polder_picture::record::{Id, Signer};
use rustls::{
    Error, ServerConfig, SignatureScheme,
    client::ResolvesClientCert,
    crypto::{CryptoProvider, ring},
    pki_types::UnixTime,
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
    version::TLS13,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

pub(crate) use self::{
    accept::{Door, accept},
    dial::reach_any,
    stream::Stream,
};
pub use self::{
    dial::{DialError, Dialled, Reach, is_loopback, reach},
    organisation::{ClientCa, TlsConfig, anchors, certified, read},
    trouble::{Refusal, Trouble},
};
use self::{
    identity::{Validity, certify},
    organisation::Organisation,
    peer::{Connections, Peer},
    trust::Trust,
    verify::Clients,
};
use crate::{links::LinksConfig, node::Node};

/// How often the organisation's files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often the age of the node's own certificate is looked at.
const RENEW_LOOK_EVERY: Duration = Duration::from_secs(5);
/// Refused handshakes are told no oftener.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// ring, and of equally safe ciphers the quickest first.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = ring::default_provider();
    provider.cipher_suites = vec![
        ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
        ring::cipher_suite::TLS13_AES_256_GCM_SHA384,
        ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    Arc::new(provider)
});

fn provider() -> &'static CryptoProvider {
    &PROVIDER
}

fn provider_arc() -> &'static Arc<CryptoProvider> {
    &PROVIDER
}

/// All that a node has for encryption.
pub struct Tls {
    signer: Signer,
    renew: Duration,
    own: RwLock<Arc<CertifiedKey>>,
    organisation: Organisation,
    trust: Arc<Trust>,
    connections: Arc<Connections>,
    node: Arc<Node>,
    told: Mutex<Told>,
}

/// When a refused handshake was told last, and how many were not.
#[derive(Debug, Default)]
struct Told {
    last: Option<Instant>,
    kept: u64,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("trust", &self.trust).finish_non_exhaustive()
    }
}

impl Tls {
    /// Of a node: makes its first certificate and reads the organisation's files.
    pub fn new(
        node: Arc<Node>,
        links: &LinksConfig,
        config: TlsConfig,
    ) -> anyhow::Result<Arc<Self>> {
        let signer = node.directory.read_key()?;
        let own = RwLock::new(certify(&signer, Validity::now())?);
        let renew = config.renew;
        let organisation = Organisation::open(config)?;
        let trust = Arc::new(Trust::new(Arc::clone(&node), links));
        let (connections, told) = Default::default();
        Ok(Arc::new(Self { signer, renew, own, organisation, trust, connections, node, told }))
    }

    /// Key id of this node.
    pub fn id(&self) -> Id {
        self.signer.id()
    }

    /// Which nodes count.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Renews certificates, reads files again when they change or on SIGHUP, and ends connections
    /// of those who no longer count; for as long as the tasks live.
    pub fn look_after(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        vec![
            tokio::spawn(Arc::clone(self).keep_fresh()),
            tokio::spawn(Arc::clone(self).keep_files()),
            tokio::spawn(Arc::clone(self).keep_out()),
        ]
    }

    /// Goes by the wall clock, as those do who look at the certificate: a machine may sleep for
    /// weeks, or learn only after its start what time it is.
    async fn keep_fresh(self: Arc<Self>) {
        let mut made = UnixTime::now();
        loop {
            tokio::time::sleep(self.renew.min(RENEW_LOOK_EVERY)).await;
            let now = UnixTime::now();
            let age = now.as_secs().checked_sub(made.as_secs()).map(Duration::from_secs);
            if age.is_some_and(|age| age < self.renew) && self.renew > RENEW_LOOK_EVERY {
                continue;
            }
            match certify(&self.signer, Validity::now()) {
                Ok(fresh) => {
                    *self.own.write() = fresh;
                    made = now;
                }
                Err(error) => tracing::error!(%error, "the node's certificate was not renewed"),
            }
        }
    }

    async fn keep_files(self: Arc<Self>) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(error) => return tracing::error!(%error, "SIGHUP cannot be heard"),
        };
        let mut said = String::new();
        loop {
            let look = async {
                match self.organisation.has_files() {
                    true => tokio::time::sleep(LOOK_EVERY).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = hangup.recv() => said.clear(),
                () = look => {}
            }
            let tls = Arc::clone(&self);
            let read = tokio::task::spawn_blocking(move || tls.organisation.reload()).await;
            match read {
                Ok(Ok(false)) => said.clear(),
                Ok(Ok(true)) => {
                    said.clear();
                    tracing::info!("the files of [tls] were read anew");
                    self.end_distrusted();
                }
                Ok(Err(error)) => {
                    let problem = format!("{error:#}");
                    if problem != said {
                        tracing::error!("the old certificates stay in force: {problem}");
                        said = problem;
                    }
                }
                Err(error) => tracing::error!(%error, "files of [tls] were not read"),
            }
        }
    }

    /// Ends connections as soon as a statement says so.
    async fn keep_out(self: Arc<Self>) {
        let mut ruled = self.node.charter_changed.subscribe();
        while ruled.changed().await.is_ok() {
            self.end_distrusted();
        }
    }

    fn end_distrusted(&self) {
        let ended = self.connections.end(|peer, chain| match peer {
            Peer::Node(node) => self.trust.admits(*node).is_err(),
            Peer::Party { party, .. } => {
                let now = UnixTime::now();
                let known = chain.split_first().map(|(leaf, rest)| {
                    self.organisation.party_of(leaf, rest, now).is_ok_and(|(of, _)| of == *party)
                });
                known != Some(true)
            }
            Peer::Local | Peer::Anonymous { .. } => false,
        });
        for peer in ended {
            tracing::warn!(?peer, "a connection was ended: the other side no longer counts");
        }
    }

    /// Says that somebody was refused, but not so often that it fills a disk.
    fn tell_refused(&self, node: Option<Id>, error: &Error) {
        let kept = {
            let mut told = self.told.lock();
            if told.last.is_some_and(|last| last.elapsed() < TELL_EVERY) {
                told.kept += 1;
                return;
            }
            told.last = Some(Instant::now());
            std::mem::take(&mut told.kept)
        };
        let why = trouble::of_certificate(error);
        let node = node.map(|node| node.to_string()).unwrap_or_default();
        tracing::warn!(node, not_told = kept, "a certificate was not accepted: {why}");
    }

    /// How connections are accepted. Certificates and trust are looked up for each.
    fn server_config(self: &Arc<Self>) -> anyhow::Result<Arc<ServerConfig>> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(provider_arc()))
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(Clients(Arc::clone(self))))
            .with_cert_resolver(Arc::new(Own(Arc::clone(self))));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Arc::new(config))
    }
}

/// The node's own certificates.
#[derive(Debug)]
struct Own(Arc<Tls>);

impl ResolvesServerCert for Own {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let own = || Arc::clone(&self.0.own.read());
        if hello.server_name().is_some_and(identity::is_node_name) {
            return Some(own());
        }
        Some(self.0.organisation.certificate().unwrap_or_else(own))
    }
}

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.own.read()))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
