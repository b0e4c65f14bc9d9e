//! Certificates of an organisation: for browsers and partner systems, renewed under way.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use polder_wire::v1::{GetNodeStatusRequest, node_service_client::NodeServiceClient};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustix::process::{Pid, Signal, kill_process};
use rustls::{crypto::ring, pki_types::ServerName, sign::CertifiedKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{harness::*, world::*};

/// A CA of an organisation.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The file that clients trust.
    pub fn file(&self, home: &Home, name: &str) -> PathBuf {
        let path = home.beside(name);
        std::fs::write(&path, &self.pem).unwrap();
        path
    }

    fn issue(&self, names: &[&str], days: (i64, i64), client: bool) -> (String, KeyPair) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let now = time::OffsetDateTime::now_utc();
        params.not_before = now + time::Duration::days(days.0);
        params.not_after = now + time::Duration::days(days.1);
        params.extended_key_usages = vec![match client {
            true => ExtendedKeyUsagePurpose::ClientAuth,
            false => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key)
    }

    /// Files of a server's certificate that ends after so many days.
    pub fn server(&self, home: &Home, names: &[&str], until: i64) -> (PathBuf, PathBuf) {
        self.server_of(home, names, (-30, until))
    }

    pub fn server_of(&self, home: &Home, names: &[&str], days: (i64, i64)) -> (PathBuf, PathBuf) {
        let (pem, key) = self.issue(names, days, false);
        let paths = (home.beside("tls.pem"), home.beside("tls.key"));
        std::fs::write(&paths.0, pem).unwrap();
        std::fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }

    /// Files of a client's certificate.
    pub fn client(&self, home: &Home, days: (i64, i64)) -> (PathBuf, PathBuf) {
        let (pem, key) = self.issue(&["client"], days, true);
        let paths = (home.beside("client.pem"), home.beside("client.key"));
        std::fs::write(&paths.0, pem).unwrap();
        std::fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }

    fn client_pair(&self, days: (i64, i64)) -> Arc<CertifiedKey> {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
        let (pem, key) = self.issue(&["client"], days, true);
        let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        Arc::new(CertifiedKey::from_der(chain, key, &ring::default_provider()).unwrap())
    }
}

async fn serving(home: &Home, ca: &Ca, more: &str) -> Running {
    let (chain, key) = ca.server(home, &["localhost", "127.0.0.1", "polder.example"], 30);
    let file = home.beside("polder.toml");
    let text = format!(
        "[serve]\nweb_name = [\"polder.example\"]\n[tls]\ncertificate = {chain:?}\nkey = {key:?}\n{more}"
    );
    std::fs::write(&file, text).unwrap();
    encrypted(home, &["--config", file.to_str().unwrap()]).await
}

fn status(node: &Running, more: &[&str]) -> (i32, String) {
    said(&run(&[&["status", "--node", &node.address()], more].concat()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_what_is_wrong_with_an_organisations_certificate() {
    let (home, ca) = (Home::new(), Ca::new("Rijks CA"));
    let trusted = ca.file(&home, "ca.pem");
    let other = Ca::new("Another CA").file(&home, "other.pem");
    let node = serving(&home, &ca, "").await;
    let (code, told) = status(&node, &["--ca", text(&trusted)]);
    assert_eq!(code, 0, "{told}");
    let (code, told) = status(&node, &["--ca", text(&other)]);
    assert!(code == 4 && told.contains("not by a CA that is trusted"), "{code} {told}");
    // Nodes and whoever pins the key get the node's own, on the same port.
    let (code, told) = status(&node, &["--node-key", &id_of(&home).to_string()]);
    assert_eq!(code, 0, "{told}");
    let days = [((-30, -1), "has expired"), ((1, 30), "is not valid yet")];
    for (days, words) in days {
        ca.server_of(&home, &["localhost", "127.0.0.1"], days);
        hangup(&node).await;
        let (code, told) = status(&node, &["--ca", text(&trusted)]);
        assert!(code == 4 && told.contains(words), "{code} {told}");
    }
    ca.server(&home, &["elsewhere.example"], 30);
    hangup(&node).await;
    let (code, told) = status(&node, &["--ca", text(&trusted)]);
    assert!(code == 4 && told.contains("is for another host"), "{code} {told}");
    assert!(told.contains("elsewhere.example"), "{told}");
}

/// SIGHUP, and waits until the files were read.
async fn hangup(node: &Running) {
    let count = || node.stderr.lock().unwrap().matches("were read anew").count();
    let before = count();
    kill_process(Pid::from_raw(node.pid() as i32).unwrap(), Signal::HUP).unwrap();
    let until = std::time::Instant::now() + PATIENCE;
    while count() == before {
        assert!(std::time::Instant::now() < until, "the files are not read");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_leaves_the_old_certificate_in_force_and_says_so() {
    let (home, ca) = (Home::new(), Ca::new("Rijks CA"));
    let trusted = ca.file(&home, "ca.pem");
    let node = serving(&home, &ca, "").await;
    let works = |node: &Running| status(node, &["--ca", text(&trusted)]);
    // Without a signal: it looks by itself.
    std::fs::write(home.beside("tls.pem"), "not a certificate").unwrap();
    said_line(&node, "the old certificates stay in force").await;
    assert_eq!(works(&node).0, 0, "{}", works(&node).1);
    // A key that does not belong to the certificate.
    let (_, other) = ca.issue(&["localhost"], (-1, 1), false);
    ca.server(&home, &["localhost", "127.0.0.1"], 30);
    std::fs::write(home.beside("tls.key"), other.serialize_pem()).unwrap();
    said_line(&node, "is not the key of").await;
    assert_eq!(works(&node).0, 0, "{}", works(&node).1);
    std::fs::remove_file(home.beside("tls.key")).unwrap();
    said_line(&node, "cannot read").await;
    assert_eq!(works(&node).0, 0, "{}", works(&node).1);
    // A sound pair again, and it is used.
    ca.server(&home, &["elsewhere.example"], 30);
    said_line(&node, "were read anew").await;
    assert!(works(&node).1.contains("elsewhere.example"));
    // A node does not start with what it cannot use.
    drop(node);
    std::fs::write(home.beside("tls.pem"), "not a certificate").unwrap();
    let file = home.beside("polder.toml");
    let more = ["--tls", "--config", text(&file)];
    let (code, told) = Running::try_start(home.data(), &more).await.err().unwrap();
    assert!(code != 0 && told.contains("tls.pem"), "{code} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_renewed_under_load_without_a_lost_call() {
    let (home, ca) = (Home::new(), Ca::new("Rijks CA"));
    let node = serving(&home, &ca, "renew = \"100ms\"\n").await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let address = node.listen;
    let mut callers = Vec::new();
    for at in 0..6 {
        let stop = Arc::clone(&stop);
        callers.push(tokio::spawn(async move {
            let mut kept = NodeServiceClient::new(channel(address, None).await);
            let mut calls = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                kept.get_node_status(GetNodeStatusRequest {}).await.unwrap();
                // And on a new connection: half of them ask for the organisation's certificate.
                let name = match at % 2 {
                    0 => ServerName::try_from("polder.example").unwrap(),
                    _ => polder::tls::identity::server_name(None),
                };
                let mut stream = shake(address, &client(None), name).await.unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
                let mut said = [0; 12];
                stream.read_exact(&mut said).await.unwrap();
                assert_eq!(&said, b"HTTP/1.1 200");
                calls += 1;
            }
            calls
        }));
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        ca.server(&home, &["localhost", "127.0.0.1", "polder.example"], 30);
        hangup(&node).await;
        // Reading files takes a busy machine its time.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let name = "polder.example".try_into().unwrap();
            let stream = shake(address, &client(None), name).await.unwrap();
            if seen.insert(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()) {
                break;
            }
            assert!(std::time::Instant::now() < until, "the new certificate is never shown");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
    assert_eq!(seen.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_ca_makes_its_holders_a_party_until_it_is_taken_away() {
    let (home, ca) = (Home::new(), Ca::new("Rijks CA"));
    let (partner, stranger) = (Ca::new("ProRail CA"), Ca::new("Nobody's CA"));
    let partner_file = partner.file(&home, "partner.pem");
    let more = format!("[[tls.client_ca]]\nfile = {partner_file:?}\nparty = \"prorail\"\n");
    let node = serving(&home, &ca, &more).await;
    let trusted = ca.file(&home, "ca.pem");
    let (chain, key) = partner.client(&home, (-1, 30));
    let shown = ["--ca", text(&trusted), "--client-cert", text(&chain), "--client-key", text(&key)];
    let (code, told) = status(&node, &shown);
    assert_eq!(code, 0, "{told}");
    for (days, of, words) in [
        ((-30, -1), &partner, "has expired or is not valid"),
        ((1, 30), &partner, "has expired or is not valid"),
        ((-1, 30), &stranger, "does not know the CA"),
    ] {
        of.client(&home, days);
        let (code, told) = status(&node, &shown);
        assert!(code == 4 && told.contains(words), "{code} {told}");
    }
    // Another CA in the file: whom the old one certified is out at once.
    let mut held =
        NodeServiceClient::new(channel(node.listen, Some(partner.client_pair((-1, 30)))).await);
    held.get_node_status(GetNodeStatusRequest {}).await.unwrap();
    stranger.file(&home, "partner.pem");
    said_line(&node, "no longer counts").await;
    // The channel dials again, and is refused.
    held.get_node_status(GetNodeStatusRequest {}).await.unwrap_err();
}

async fn get(node: &Running, host: &str) -> String {
    let name = polder::tls::identity::server_name(None);
    let mut stream = shake(node.listen, &client(None), name).await.unwrap();
    let asked = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_comes_over_https_with_its_guards_and_only_under_its_names() {
    let (home, ca) = (Home::new(), Ca::new("Rijks CA"));
    let node = serving(&home, &ca, "").await;
    assert!(node.stderr.lock().unwrap().contains(&format!("https://{}/", node.listen)));
    let page = get(&node, "polder.example").await;
    assert!(page.starts_with("http/1.1 200"), "{page}");
    for guard in ["strict-transport-security: max-age=31536000", "content-security-policy:"] {
        assert!(page.contains(guard), "{guard}: {page}");
    }
    // Not of this machine, where other programs may serve plain text.
    let page = get(&node, "localhost").await;
    assert!(page.starts_with("http/1.1 200") && !page.contains("strict-transport"), "{page}");
    assert!(get(&node, "evil.example").await.starts_with("http/1.1 403"));
    // A page that came in plain text may not call into an encrypted one.
    let name = polder::tls::identity::server_name(None);
    for (origin, expected) in [("https", "200"), ("http", "403")] {
        let mut stream = shake(node.listen, &client(None), name.clone()).await.unwrap();
        let asked = format!(
            "POST /polder.v1.NodeService/GetNodeStatus HTTP/1.1\r\nhost: polder.example\r\n\
             origin: {origin}://polder.example\r\ncontent-type: application/grpc-web+proto\r\n\
             content-length: 5\r\nconnection: close\r\n\r\n\0\0\0\0\0"
        );
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.starts_with(&format!("HTTP/1.1 {expected}")), "{origin}: {said}");
    }
}
