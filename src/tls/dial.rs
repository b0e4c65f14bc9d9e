//! Connections that go out: to other nodes for links and joining, and of commands to a node.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use polder_picture::{language::Language, record::Id};
use rustls::{
    ClientConfig,
    client::{ResolvesClientCert, Resumption, danger::ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, TrustAnchor},
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{self, Channel, Endpoint};

use super::{
    Own, Tls,
    identity::{node_of, server_name},
    joined::buffered,
    peer::{Connections, Peer},
    provider_arc,
    stream::{Broken, Stream},
    trouble::Trouble,
    verify::{NodeVerifier, Wanted, by_host_name},
};

/// How long reaching another side may take, handshake included.
const CONNECT: Duration = Duration::from_secs(30);

/// Whether an address is one of this machine, as far as its words say.
pub fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

pub(super) fn client(
    verifier: Arc<dyn ServerCertVerifier>,
    own: Option<Arc<dyn ResolvesClientCert>>,
) -> anyhow::Result<Arc<ClientConfig>> {
    let config = ClientConfig::builder_with_provider(Arc::clone(provider_arc()))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match own {
        Some(own) => config.with_client_cert_resolver(own),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// How a program reaches a node.
#[derive(Debug, Clone, Default)]
pub enum Reach {
    /// Plain text, on this machine.
    #[default]
    Plain,
    /// The node with this key.
    Node(Id, Option<Arc<CertifiedKey>>),
    /// Whichever host a CA of these certified under the name that is asked for.
    Host(Vec<TrustAnchor<'static>>, Option<Arc<CertifiedKey>>),
}

/// A connection that was made, and what became of it.
#[derive(Debug, Clone)]
pub struct Dialled {
    /// To call on.
    pub channel: Channel,
    /// The node that proved its key, where that was asked for.
    pub node: Option<Id>,
    broken: Broken,
}

impl Dialled {
    /// One that was made in another way, and proved nothing.
    pub(crate) fn plain(channel: Channel) -> Self {
        Self { channel, node: None, broken: Broken::default() }
    }

    /// Why it broke, if the handshake tells: what is wrong with our own certificate shows only
    /// after we think that all is well.
    pub fn trouble(&self) -> Option<Trouble> {
        self.broken.get().cloned()
    }
}

/// What went wrong while dialling.
#[derive(Debug)]
pub enum DialError {
    /// With certificates or TLS.
    Trouble(Trouble),
    /// Before that.
    Transport(transport::Error),
    /// The address or configuration cannot be used.
    Unusable(anyhow::Error),
}

impl DialError {
    /// In words.
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Self::Trouble(trouble) => trouble.sentence(language),
            Self::Unusable(error) => format!("{error:#}"),
            Self::Transport(error) => {
                let mut cause: &dyn std::error::Error = error;
                while let Some(inner) = cause.source() {
                    cause = inner;
                }
                cause.to_string()
            }
        }
    }
}

/// What a connection needs to know.
struct Line {
    address: String,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    list: Option<Arc<Connections>>,
    node: OnceLock<Id>,
    broken: Broken,
}

impl Line {
    async fn connect(&self) -> io::Result<Stream> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let Some((config, name)) = &self.tls else {
            return Ok(Stream::plain(stream).telling(Arc::clone(&self.broken)));
        };
        let connector = TlsConnector::from(Arc::clone(config));
        let shaken =
            tokio::time::timeout(CONNECT, connector.connect(name.clone(), buffered(stream)));
        let stream = shaken.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let chain: Vec<CertificateDer<'static>> =
            chain.iter().map(|one| one.clone().into_owned()).collect();
        let node = chain.split_first().and_then(|(_, rest)| node_of(rest));
        let peer = node.map_or(Peer::Anonymous { local: false }, Peer::Node);
        if let Some(node) = node
            && *self.node.get_or_init(|| node) != node
        {
            return Err(io::Error::other("another node answers than before"));
        }
        let listed = self.list.as_ref().map(|list| list.list(peer.clone(), chain));
        let stream = Stream::tls(stream, peer).telling(Arc::clone(&self.broken));
        Ok(match listed {
            Some(listed) => stream.ended_by(listed),
            None => stream,
        })
    }
}

async fn over(line: Line, endpoint: Endpoint) -> Result<Dialled, DialError> {
    let line = Arc::new(line);
    let dialling = Arc::clone(&line);
    let connector = tower::service_fn(move |_: transport::Uri| {
        let line = Arc::clone(&dialling);
        async move { line.connect().await.map(TokioIo::new) }
    });
    let channel =
        endpoint.connect_with_connector(connector).await.map_err(|error| match Trouble::behind(
            &error,
        ) {
            Some(trouble) => DialError::Trouble(trouble),
            None => DialError::Transport(error),
        })?;
    Ok(Dialled { channel, node: line.node.get().copied(), broken: Arc::clone(&line.broken) })
}

fn endpoint(address: &str) -> Result<Endpoint, DialError> {
    // The scheme is for tonic, which knows of no encryption here.
    Endpoint::from_shared(format!("http://{address}"))
        .map_err(|_| DialError::Unusable(anyhow::anyhow!("{address} is no address")))
}

/// Connects to a node as a program that is none.
pub async fn reach(
    address: &str,
    reach: &Reach,
    tuned: impl FnOnce(Endpoint) -> Endpoint,
) -> Result<Dialled, DialError> {
    let own = |pair: &Option<Arc<CertifiedKey>>| {
        pair.as_ref().map(|pair| {
            let own: Arc<dyn ResolvesClientCert> =
                Arc::new(SingleCertAndKey::from(CertifiedKey::clone(pair)));
            own
        })
    };
    let tls = match reach {
        Reach::Plain => None,
        Reach::Node(node, pair) => {
            let verifier = Arc::new(NodeVerifier(Wanted::Pinned(*node)));
            let config = client(verifier, own(pair)).map_err(DialError::Unusable)?;
            Some((config, server_name(Some(*node))))
        }
        Reach::Host(anchors, pair) => {
            let verifier = by_host_name(anchors.clone()).map_err(DialError::Unusable)?;
            let config = client(verifier, own(pair)).map_err(DialError::Unusable)?;
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let name = ServerName::try_from(bare)
                .map_err(|_| DialError::Unusable(anyhow::anyhow!("{host} is no host name")))?;
            Some((config, name))
        }
    };
    let (list, node, broken) = Default::default();
    let line = Line { address: address.to_owned(), tls, list, node, broken };
    over(line, tuned(endpoint(address)?)).await
}

impl Tls {
    /// Dials another node, which must be trusted and, if one is named, must be that one.
    pub async fn dial(
        self: &Arc<Self>,
        address: &str,
        expected: Option<Id>,
        tuned: impl FnOnce(Endpoint) -> Endpoint,
    ) -> Result<Dialled, DialError> {
        let wanted = Wanted::Trusted(Arc::clone(&self.trust), expected);
        let verifier = Arc::new(NodeVerifier(wanted));
        let certificate: Arc<dyn ResolvesClientCert> = Arc::new(Own(Arc::clone(self)));
        let config = client(verifier, Some(certificate)).map_err(DialError::Unusable)?;
        let line = Line {
            address: address.to_owned(),
            tls: Some((config, server_name(expected))),
            list: Some(Arc::clone(&self.connections)),
            node: OnceLock::new(),
            broken: Broken::default(),
        };
        over(line, tuned(endpoint(address)?)).await
    }
}

/// Reaches whichever node answers, which has to prove itself in another way.
pub(crate) async fn reach_any(address: &str) -> Result<Dialled, DialError> {
    let verifier = Arc::new(NodeVerifier(Wanted::Any));
    let config = client(verifier, None).map_err(DialError::Unusable)?;
    let (list, node, broken) = Default::default();
    let tls = Some((config, server_name(None)));
    let line = Line { address: address.to_owned(), tls, list, node, broken };
    over(line, endpoint(address)?.connect_timeout(CONNECT)).await
}
