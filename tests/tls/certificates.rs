//! Certificates of nodes that are not as they should be, shown in both directions.

use std::sync::Arc;

use polder::tls::identity::certify;
use polder_picture::record::Signer;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::{
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};

use crate::{harness::*, world::*};

fn pair(
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: &KeyPair,
) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Arc::new(CertifiedKey::from_der(chain, key, &ring::default_provider()).unwrap())
}

/// A certificate that says it is of this node and is by another key.
fn forged(signer: &Signer) -> Arc<CertifiedKey> {
    let (real, id) = (sound(signer), signer.id());
    let ca = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut issuer = CertificateParams::default();
    let mut name = rcgen::DistinguishedName::new();
    name.push(rcgen::DnType::CommonName, format!("polder node {id}"));
    issuer.distinguished_name = name;
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![format!("{id}.polder.invalid")]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(issuer, ca)).unwrap();
    pair(vec![leaf.der().clone(), real.cert[1].clone()], &key)
}

/// A node's certificate with another one's name in it, and one that is for another use.
fn misnamed(signer: &Signer, name: &str, server_only: bool) -> Arc<CertifiedKey> {
    let secret = signer_secret(signer);
    let ca = KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8(&secret))).unwrap();
    let mut issuer = CertificateParams::default();
    let mut own = rcgen::DistinguishedName::new();
    own.push(rcgen::DnType::CommonName, format!("polder node {}", signer.id()));
    issuer.distinguished_name = own;
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if server_only {
        leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    }
    let leaf = leaf.signed_by(&key, &Issuer::new(issuer, ca)).unwrap();
    pair(vec![leaf.der().clone(), sound(signer).cert[1].clone()], &key)
}

/// The tests know the secrets of their keys.
fn signer_secret(signer: &Signer) -> [u8; 32] {
    assert_eq!(signer.id(), Signer::new(&[7; 32]).id());
    [7; 32]
}

/// PKCS#8 of an Ed25519 key, with its public half.
fn pkcs8(secret: &[u8; 32]) -> Vec<u8> {
    use pkcs8::EncodePrivateKey as _;
    let key = ed25519_dalek::SigningKey::from_bytes(secret);
    key.to_pkcs8_der().unwrap().as_bytes().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_certificate_that_does_not_hold_is_refused_with_the_reason() {
    let (home, known) = (Home::new(), Signer::new(&[7; 32]));
    let file = home.beside("polder.toml");
    std::fs::write(&file, format!("[peers]\naccept = [\"{}\"]\n", known.id())).unwrap();
    let a = encrypted(&home, &["--config", file.to_str().unwrap()]).await;
    let stranger = Signer::new(&[8; 32]);
    let own_name = format!("{}.polder.invalid", known.id());
    let other_name = format!("{}.polder.invalid", stranger.id());
    let tried = [
        ("sound", sound(&known), None),
        ("expired", certify(&known, from_now(-9 * DAY, -DAY)).unwrap(), Some("CertificateExpired")),
        ("early", certify(&known, from_now(DAY, 9 * DAY)).unwrap(), Some("CertificateExpired")),
        ("stranger", sound(&stranger), Some("AccessDenied")),
        ("forged", forged(&known), Some("DecryptError")),
        ("by name", misnamed(&known, &own_name, false), None),
        ("misnamed", misnamed(&known, &other_name, false), Some("BadCertificate")),
        ("other use", misnamed(&known, &own_name, true), Some("UnsupportedCertificate")),
    ];
    for (what, shown, expected) in tried {
        let said = verdict(a.listen, shown).await;
        match expected {
            None => assert_eq!(said, None, "{what}"),
            Some(alert) => {
                let said = said.unwrap_or_else(|| panic!("{what} was let in"));
                assert!(said.contains(alert), "{what}: {said}");
            }
        }
    }
    // Who was let in may call; all the others left the node as it was.
    assert!(a.status().await.lsn < 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_answers_with_a_certificate_that_does_not_hold_is_not_spoken_with() {
    let known = Signer::new(&[7; 32]);
    let other = format!("{}.polder.invalid", Signer::new(&[8; 32]).id());
    let tried = [
        ("has expired", certify(&known, from_now(-9 * DAY, -DAY)).unwrap()),
        ("not valid yet", certify(&known, from_now(DAY, 9 * DAY)).unwrap()),
        ("another node answers", sound(&Signer::new(&[8; 32]))),
        ("does not hold", forged(&known)),
        ("for another host", misnamed(&known, &other, false)),
    ];
    for (words, shown) in tried {
        let address = false_server(shown).await;
        let home = Home::new();
        let file = home.beside("polder.toml");
        let node = known.id();
        let dial = format!("[[peers.dial]]\naddress = \"{address}\"\nnode = \"{node}\"\n");
        std::fs::write(&file, dial).unwrap();
        let b = encrypted(&home, &["--config", file.to_str().unwrap()]).await;
        links_tell(&b, words).await;
        // A command says the same, in both languages, and that the node was not reached.
        let at = ["status", "--node", &address.to_string(), "--node-key", &node.to_string()];
        let (code, told) = said(&run(&at));
        assert!(code == 4 && told.contains(words), "{code} {told}");
        let (code, told) = said(&run(&[&at[..], &["--lang", "nl"]].concat()));
        assert!(code == 4 && told.contains("niet bereikbaar") && !told.contains(words), "{told}");
    }
}
