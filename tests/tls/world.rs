//! Nodes that speak TLS on loopback, with a plain port beside it for the tests; clients that show
//! whatever a test wants; servers that are not what they say.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper_util::rt::TokioIo;
use polder::tls::identity::{Validity, certify, server_name};
use polder_picture::{
    charter::Charter,
    record::{Id, Signer},
};
use polder_wire::v1::{
    AddStatementsRequest, CharterStatement, EntryFilter, Link, NodeCertificate, NodeCut,
    WatchLinksRequest, charter_change::Change, charter_service_client::CharterServiceClient,
};
use rustls::{
    ClientConfig, ServerConfig,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};

use crate::{
    harness::*,
    made::{change, founding, member, party, signed},
};

pub const PATIENCE: Duration = Duration::from_secs(60);
/// In these tests the first key is the anchor.
const ANCHOR: u8 = 1;

/// A node that speaks TLS on loopback; `channel` is its plain port.
pub async fn encrypted(home: &Home, more: &[&str]) -> Running {
    encrypted_at(home.data(), more).await
}

pub async fn encrypted_at(data: &Path, more: &[&str]) -> Running {
    let args = [&["--tls", "--local", "127.0.0.1:0"], more].concat();
    let mut node = Running::start(data, &args).await;
    node.channel = endpoint(local(&node).await).connect().await.unwrap();
    node
}

/// Where a node is reached in plain text.
pub async fn local(node: &Running) -> SocketAddr {
    let found = said_line(node, "Programs of this machine, in plain text: ").await;
    found.trim_end_matches('.').parse().unwrap()
}

/// What follows some words in what a node said.
pub async fn said_line(node: &Running, words: &str) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let said = node.stderr.lock().unwrap().clone();
        if let Some(rest) = said.split(words).nth(1) {
            return rest.lines().next().unwrap().to_owned();
        }
        assert!(Instant::now() < until, "never said {words:?}:\n{said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The key of a node that is not running.
pub fn signer_of(home: &Home) -> Signer {
    let text = std::fs::read_to_string(home.data().join("identity/node.key")).unwrap();
    let mut secret = [0; 32];
    hex::decode_to_slice(text.trim(), &mut secret).unwrap();
    Signer::new(&secret)
}

pub fn id_of(home: &Home) -> Id {
    signer_of(home).id()
}

fn certificate(signer: &Signer, of: &str) -> polder_wire::v1::CharterChange {
    change(Change::Node(NodeCertificate {
        public_key: bytes::Bytes::copy_from_slice(signer.public().as_bytes()),
        parties: vec![format!("parties/{of}")],
        display_name: format!("node of {of}"),
        incarnation: 1,
    }))
}

/// A charter that certifies these, of one party each; `flood` is for all.
pub fn charter(homes: &[(&Home, &str)]) -> (Id, Vec<CharterStatement>) {
    let founded = founding(&[ANCHOR], 1);
    let charter = Charter::found(&founded).unwrap().id();
    let mut changes = vec![member("flood", "-")];
    for (home, of) in homes {
        changes.push(party(of));
        changes.push(certificate(&signer_of(home), of));
    }
    (charter, vec![founded, signed(Some(charter), 2, changes, &[(ANCHOR, 2)])])
}

/// The statement that cuts a node off.
pub fn cut(charter: Id, node: Id) -> CharterStatement {
    let cut = NodeCut {
        node: bytes::Bytes::copy_from_slice(&node.0),
        ends: Vec::new(),
        reason: "stolen".into(),
    };
    signed(Some(charter), 3, vec![change(Change::NodeCut(cut))], &[(ANCHOR, 3)])
}

pub async fn say(node: &Running, statements: &[CharterStatement]) {
    let mut client = CharterServiceClient::new(node.channel.clone());
    let request = AddStatementsRequest { statements: statements.to_vec() };
    client.add_statements(request).await.unwrap();
}

/// What a node says of its links.
pub async fn links(node: &Running) -> Vec<Link> {
    let mut stream = node.node().watch_links(WatchLinksRequest { once: true }).await.unwrap();
    stream.get_mut().message().await.unwrap().unwrap().links
}

/// Waits until a node says something of its links.
pub async fn links_say(node: &Running, what: &str, is_so: impl Fn(&[Link]) -> bool) {
    let until = Instant::now() + PATIENCE;
    loop {
        let links = links(node).await;
        if is_so(&links) {
            return;
        }
        let said = node.stderr.lock().unwrap().clone();
        assert!(Instant::now() < until, "never {what}: {links:?}\n{said}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a link of a node has a problem with these words.
pub async fn links_tell(node: &Running, words: &str) {
    let says = |links: &[Link]| links.iter().any(|link| link.problem.contains(words));
    links_say(node, words, says).await;
}

/// Waits until a node shows an entry with this title.
pub async fn shows(node: &Running, title: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let entries = node.list(EntryFilter::default()).await;
        if entries.iter().any(|entry| entry.texts[0].title == title) {
            return;
        }
        let said = node.stderr.lock().unwrap().clone();
        assert!(Instant::now() < until, "never shows {title}: {:?}\n{said}", links(node).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Seconds from now, as a certificate has them.
pub fn from_now(from: i64, until: i64) -> Validity {
    let now = UnixTime::now().as_secs() as i64;
    Validity { from: now + from, until: now + until }
}

pub const DAY: i64 = 24 * 3600;

/// A node's certificate as that node makes it.
pub fn sound(signer: &Signer) -> Arc<CertifiedKey> {
    certify(signer, Validity::now()).unwrap()
}

/// Believes every server: what a test is about is the other side.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A client that believes every server and shows this certificate, if any.
pub fn client(own: Option<Arc<CertifiedKey>>) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous));
    let mut config = match own {
        Some(own) => config
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::clone(&own)))),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Shakes hands, and waits for the server's word on it: in TLS 1.3 it comes after ours.
pub async fn shake(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    name: ServerName<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

/// What the server says of a certificate that is shown to it; `None`: nothing against it.
pub async fn verdict(address: SocketAddr, own: Arc<CertifiedKey>) -> Option<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = match shake(address, &client(Some(own)), server_name(None)).await {
        Ok(stream) => stream,
        Err(error) => return Some(error.to_string()),
    };
    // It answers a greeting of HTTP/2, with empty settings, when all is well.
    let greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    if let Err(error) = stream.write_all(greeting).await {
        return Some(error.to_string());
    }
    let mut first = [0; 9];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut first)).await.unwrap();
    read.err().map(|error| error.to_string())
}

/// A channel over TLS that shows this certificate, if any.
pub async fn channel(address: SocketAddr, own: Option<Arc<CertifiedKey>>) -> Channel {
    try_channel(address, own).await.unwrap()
}

pub async fn try_channel(
    address: SocketAddr,
    own: Option<Arc<CertifiedKey>>,
) -> Result<Channel, tonic::transport::Error> {
    let config = client(own);
    let connector = tower::service_fn(move |_| {
        let config = Arc::clone(&config);
        async move { shake(address, &config, server_name(None)).await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://node").connect_with_connector(connector).await
}

/// A server that shows this certificate to whoever comes, and then says nothing.
pub async fn false_server(own: Arc<CertifiedKey>) -> SocketAddr {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::clone(&own))));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::time::sleep(PATIENCE).await;
                    drop(stream);
                }
            });
        }
    });
    address
}
