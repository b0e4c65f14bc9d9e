//! A new node joins with a code that is read out, and nobody else does.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Stdio},
};

use polder_picture::record::Signer;
use rustls::{ServerConfig, crypto::ring, sign::SingleCertAndKey};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{harness::*, world::*};

/// A node with a charter of two parties, and the key that may sign for it.
struct Office {
    home: Home,
    node: Running,
    local: String,
    key: String,
}

impl Office {
    async fn open() -> Self {
        let home = Home::new();
        let node = encrypted(&home, &[]).await;
        let local = local(&node).await.to_string();
        let key = home.beside("anna.key").to_str().unwrap().to_owned();
        must(&["charter", "key", &key, "--no-passphrase"]);
        let office = Self { home, node, local, key };
        office.sign(&["charter", "create", "Limburg", "--holder", "Anna"]);
        for party in ["tester", "politie"] {
            office.sign(&["party", party, "--discipline", "police"]);
        }
        office.sign(&["certify", "--party", "politie"]);
        office.sign(&["member", "flood", "--everybody"]);
        office
    }

    fn sign(&self, args: &[&str]) -> String {
        must(&[args, &["--node", &self.local, "--key", &self.key]].concat())
    }

    /// An invitation that waits: the command, and the code that it told.
    fn invite(&self, more: &[&str]) -> Invitation {
        let mut command = polder();
        command.args(["invite", "--node", &self.local, "--key", &self.key, "--json"]).args(more);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        let code = told["code"].as_str().unwrap_or_default().to_owned();
        Invitation { child, code }
    }
}

struct Invitation {
    child: Child,
    code: String,
}

impl Invitation {
    /// How it ended.
    fn ended(&mut self) -> (i32, String) {
        let until = std::time::Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(std::time::Instant::now() < until, "the invitation does not end");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), said)
    }
}

impl Drop for Invitation {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Joins with a store that no node runs on.
fn join(data: &Path, address: SocketAddr, code: &str) -> (i32, String) {
    said(&run(&["join", &address.to_string(), code, "--data", data.to_str().unwrap()]))
}

/// Another code that is well formed, for the same invitation.
fn another(code: &str) -> String {
    let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let slot = &code[..1];
    loop {
        let letters: String =
            (0..9).map(|_| char::from(alphabet[rand::random_range(0..alphabet.len())])).collect();
        let tried = format!("{slot}{letters}");
        if polder::join::Code::parse(&tried).is_some() && tried != code.replace('-', "") {
            return tried;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_runs_joins_with_a_code_and_links_by_itself() {
    let office = Office::open().await;
    office.node.open("flood").await;
    office.node.put(&observation("flood", "from the office")).await;
    let home = Home::new();
    // It dials from the start, and is refused until it has joined.
    let node = encrypted(&home, &["--link", &office.node.address()]).await;
    let local = local(&node).await.to_string();
    links_tell(&node, "neither the charter nor the configuration").await;

    let mut invitation = office.invite(&["--party", "tester"]);
    // As it is read out and typed: in small letters, without the dash.
    let typed = invitation.code.to_lowercase().replace('-', " ");
    let joined = must(&["join", &office.node.address(), &typed, "--node", &local]);
    assert!(joined.contains("Limburg") && joined.contains("[[peers.dial]]"), "{joined}");
    assert!(joined.contains(&id_of(&office.home).to_string()), "{joined}");
    assert_eq!(invitation.ended(), (0, String::new()));
    let shown = must(&["charter", "show", "--node", &local]);
    assert!(shown.contains("Limburg") && shown.contains(&id_of(&home).to_string()[..8]), "{shown}");
    shows(&node, "from the office").await;
    // One power less would be one too many: nothing was granted but the certificate.
    let all = must(&["charter", "show", "--all", "--json", "--node", &local]);
    assert!(!all.contains("\"power\""), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_only_while_its_invitation_waits() {
    let office = Office::open().await;
    let address = office.node.listen;
    let homes = [Home::new(), Home::new()];
    let mut invitation = office.invite(&["--party", "tester"]);
    let code = invitation.code.clone();
    let (ended, told) = join(homes[0].data(), address, &code);
    assert_eq!(ended, 0, "{told}");
    assert_eq!(invitation.ended().0, 0);
    let refused = |home: &Home, code: &str| {
        let (ended, told) = join(home.data(), address, code);
        assert!(ended == 3 && told.contains("CODE_REFUSED"), "{ended} {told}");
    };
    refused(&homes[1], &code);
    // Expired.
    let mut invitation = office.invite(&["--party", "tester", "--valid", "1s"]);
    let (ended, told) = invitation.ended();
    assert!(ended == 3 && told.contains("INVITATION_EXPIRED"), "{ended} {told}");
    refused(&homes[1], &invitation.code);
    // Taken back: whoever invited went away.
    let mut invitation = office.invite(&["--party", "tester"]);
    invitation.child.kill().unwrap();
    invitation.child.wait().unwrap();
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        // Until the node notices, the code is right and nobody certifies.
        let (ended, told) = join(homes[1].data(), address, &invitation.code);
        assert_eq!(ended, 3, "{told}");
        if told.contains("CODE_REFUSED") {
            break;
        }
        assert!(std::time::Instant::now() < until, "{told}");
    }
    assert!(
        !must(&["charter", "show", "--node", &office.local])
            .contains(&id_of(&homes[1]).to_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_code_costs_no_try_and_five_wrong_ones_lock_the_right_one_out() {
    let office = Office::open().await;
    let (address, home) = (office.node.listen, Home::new());
    let mut invitation = office.invite(&["--party", "tester"]);
    let code = invitation.code.clone();
    let wrong_letter = if code.ends_with('7') { '8' } else { '7' };
    let mistyped = format!("{}{wrong_letter}", &code[..code.len() - 1]);
    for _ in 0..8 {
        let (ended, told) = join(home.data(), address, &mistyped);
        assert!(ended == 3 && told.contains("CODE_MALFORMED"), "{ended} {told}");
    }
    for _ in 0..polder::join::ATTEMPTS_MAX {
        let (ended, told) = join(home.data(), address, &another(&code));
        assert!(ended == 3 && told.contains("CODE_REFUSED"), "{ended} {told}");
    }
    let (ended, told) = invitation.ended();
    assert!(ended == 3 && told.contains("INVITATION_LOCKED"), "{ended} {told}");
    let (ended, told) = join(home.data(), address, &code);
    assert!(ended == 3 && told.contains("CODE_REFUSED"), "{ended} {told}");
    // The next one works: the lock is on the code, not on the node.
    let mut invitation = office.invite(&["--party", "tester"]);
    let (ended, told) = join(home.data(), address, &invitation.code);
    assert_eq!(ended, 0, "{told}");
    assert_eq!(invitation.ended().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_for_another_party_is_refused_and_stays_open_for_its_own() {
    let office = Office::open().await;
    let home = Home::new();
    let mut invitation = office.invite(&["--party", "politie"]);
    let (ended, told) = join(home.data(), office.node.listen, &invitation.code);
    assert!(ended == 3 && told.contains("INVITATION_PARTY"), "{ended} {told}");
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("data");
    must(&["init", "--data", data.to_str().unwrap(), "--party", "politie"]);
    let (ended, told) = join(&data, office.node.listen, &invitation.code);
    assert_eq!(ended, 0, "{told}");
    assert_eq!(invitation.ended().0, 0);
    // Of a party that the charter does not know nobody is invited.
    let mut unknown = office.invite(&["--party", "brandweer"]);
    let (ended, told) = unknown.ended();
    assert!(ended == 3 && told.contains("PARTY_UNKNOWN"), "{ended} {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_charter_does_not_change_sides() {
    let (office, other) = (Office::open().await, Office::open().await);
    let mut invitation = office.invite(&["--party", "tester"]);
    let at = &office.node.address();
    let (ended, told) = said(&run(&["join", at, &invitation.code, "--node", &other.local]));
    assert!(ended == 3 && told.contains("CHARTER_DIFFERS"), "{ended} {told}");
    let _ = invitation.ended();
    let shown = must(&["charter", "show", "--node", &other.local]);
    assert!(!shown.contains(&id_of(&office.home).to_string()), "{shown}");
}

/// Ends the encryption of whoever comes, and begins another with the node: who sits between.
async fn between(node: SocketAddr) -> SocketAddr {
    let own =
        SingleCertAndKey::from(rustls::sign::CertifiedKey::clone(&sound(&Signer::new(&[66; 32]))));
    let mut config =
        ServerConfig::builder_with_provider(std::sync::Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(std::sync::Arc::new(own));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut near = acceptor.accept(stream).await.unwrap();
                let name = polder::tls::identity::server_name(None);
                let mut far = shake(node, &client(None), name).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sits_between_gets_nowhere_with_the_right_code_typed_into_it() {
    let office = Office::open().await;
    let (home, middle) = (Home::new(), between(office.node.listen).await);
    let mut invitation = office.invite(&["--party", "tester"]);
    let (ended, told) = join(home.data(), middle, &invitation.code);
    assert!(ended == 3 && told.contains("CODE_REFUSED"), "{ended} {told}");
    // Straight to the node, the same code is still good: it was one try.
    let (ended, told) = join(home.data(), office.node.listen, &invitation.code);
    assert_eq!(ended, 0, "{told}");
    assert_eq!(invitation.ended().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_program_on_its_own_machine_lets_a_node_join_and_no_node_invites() {
    use polder_wire::v1::{EnrolRequest, InviteRequest, join_service_client::JoinServiceClient};
    let homes = [Home::new(), Home::new()];
    let file = homes[0].beside("polder.toml");
    let peer = id_of(&homes[1]);
    std::fs::write(&file, format!("[peers]\naccept = [\"{peer}\"]\n")).unwrap();
    let node = encrypted(&homes[0], &["--config", file.to_str().unwrap()]).await;
    let channel = channel(node.listen, Some(sound(&signer_of(&homes[1])))).await;
    let mut client = JoinServiceClient::new(channel);
    let request = EnrolRequest { address: "127.0.0.1:1".into(), code: "x".into() };
    let refused = client.enrol(request).await.unwrap_err();
    assert_eq!(reason(&refused), "PEER_NOT_ALLOWED");
    let refused = client.invite(InviteRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "PEER_NOT_ALLOWED");
}
