//! The node's own certificate: a key that lives for days in memory, certified by the key that the
//! node signs its records with. So the key of the records is never used in a handshake, and who
//! knows a node's key id knows its certificates.
//!
//! What is signed here is an X.509 certificate and begins with byte 0x30; every other thing that a
//! node's key signs begins with a word, so neither can be taken for the other.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use ed25519_dalek::VerifyingKey;
use polder_picture::record::{Id, Signer, key_id};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519, PublicKeyData, SignatureAlgorithm, SigningKey,
};
use rustls::{
    CertificateError, Error,
    pki_types::{CertificateDer, DnsName, ServerName, UnixTime},
    sign::CertifiedKey,
};
use time::OffsetDateTime;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, anchor_from_trusted_cert};

use super::{provider, verify::from_webpki};

/// A new certificate is valid from so long ago, for clocks that are behind, and for as long from
/// now, for those that are ahead.
pub const VALID: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often the certificate is made anew.
pub const RENEW: Duration = Duration::from_secs(24 * 3600);
/// Names of nodes end so; no name server ever knows one.
const NAMES: &str = "polder.invalid";
/// A public key of Ed25519 in a certificate begins so.
const ED25519: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Name by which a node's certificate is asked for. Without an id: of whichever node answers.
pub fn server_name(node: Option<Id>) -> ServerName<'static> {
    let name = node.map_or_else(|| format!("node.{NAMES}"), |id| format!("{id}.{NAMES}"));
    let name = DnsName::try_from(name).expect("letters, digits and dots");
    ServerName::DnsName(name)
}

/// Whether a client asks for a node by a name of ours.
pub(super) fn is_node_name(name: &str) -> bool {
    name.strip_suffix(NAMES).is_some_and(|start| start.ends_with('.'))
}

struct NodeKey<'a> {
    signer: &'a Signer,
    public: VerifyingKey,
}

impl PublicKeyData for NodeKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl SigningKey for NodeKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.signer.sign_bytes(b"", message).to_vec())
    }
}

/// When a certificate is valid, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    /// From.
    pub from: i64,
    /// Until.
    pub until: i64,
}

impl Validity {
    /// What a certificate gets that is made now.
    pub fn now() -> Self {
        let now = UnixTime::now().as_secs() as i64;
        let span = VALID.as_secs() as i64;
        Self { from: now - span, until: now + span }
    }
}

/// Makes a new key and certifies it with the node's own.
pub fn certify(signer: &Signer, validity: Validity) -> anyhow::Result<Arc<CertifiedKey>> {
    let id = signer.id();
    let name = |text: String| {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, text);
        name
    };
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).context("a time");

    let mut issuer = CertificateParams::default();
    issuer.distinguished_name = name(format!("polder node {id}"));
    issuer.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (issuer.not_before, issuer.not_after) = (at(0)?, at(253_402_300_799)?);
    let key = NodeKey { signer, public: signer.public() };
    let own = issuer.self_signed(&key)?;

    let mut leaf = CertificateParams::new(vec![format!("{id}.{NAMES}")])?;
    leaf.distinguished_name = name(format!("polder node {id}"));
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    (leaf.not_before, leaf.not_after) = (at(validity.from)?, at(validity.until)?);
    // P-256, which every TLS library knows; the chain above it only has to be known by nodes.
    let fresh = KeyPair::generate()?;
    let leaf = leaf.signed_by(&fresh, &Issuer::new(issuer, key))?;
    let chain = vec![leaf.der().clone(), own.der().clone()];
    let secret = rustls::pki_types::PrivatePkcs8KeyDer::from(fresh.serialize_der());
    Ok(Arc::new(CertifiedKey::from_der(chain, secret.into(), provider())?))
}

/// Key id of the node whose chain this is: a certificate and that of the key which signed it.
/// Nothing is verified.
pub(super) fn node_of(rest: &[CertificateDer<'_>]) -> Option<Id> {
    let [issuer] = rest else { return None };
    let anchor = anchor_from_trusted_cert(issuer).ok()?;
    let key = anchor.subject_public_key_info.strip_prefix(ED25519)?;
    Some(key_id(&VerifyingKey::from_bytes(key.try_into().ok()?).ok()?))
}

/// Verifies that a node's key certified this: signature, times, use and name. Whether the node is
/// trusted is another question.
pub(super) fn verify_node(
    leaf: &CertificateDer<'_>,
    rest: &[CertificateDer<'_>],
    now: UnixTime,
    usage: impl ExtendedKeyUsageValidator,
) -> Result<Id, Error> {
    let id = node_of(rest).ok_or(CertificateError::UnknownIssuer)?;
    let anchor = anchor_from_trusted_cert(&rest[0]).map_err(from_webpki)?;
    let leaf = EndEntityCert::try_from(leaf).map_err(from_webpki)?;
    let algorithms = provider().signature_verification_algorithms.all;
    leaf.verify_for_usage(algorithms, &[anchor], &[], now, usage, None, None)
        .map_err(from_webpki)?;
    leaf.verify_is_valid_for_subject_name(&server_name(Some(id))).map_err(from_webpki)?;
    Ok(id)
}
