//! What rustls asks when somebody shows a certificate. Signatures, times, names and uses are
//! checked by webpki; here is only who counts.

use std::sync::Arc;

use polder_picture::record::Id;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::verify_tls13_signature,
    pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use webpki::KeyUsage;

use super::{
    Tls,
    identity::{node_of, verify_node},
    peer::Peer,
    provider, provider_arc,
    trust::Trust,
};

/// webpki's errors as those of rustls, which has the same table and keeps it to itself.
pub(super) fn from_webpki(error: webpki::Error) -> Error {
    use webpki::Error as E;
    let error = match error {
        E::CertExpired { time, not_after } => CertificateError::ExpiredContext { time, not_after },
        E::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        E::InvalidCertValidity => CertificateError::Expired,
        E::UnknownIssuer => CertificateError::UnknownIssuer,
        E::CertNotValidForName(context) => CertificateError::NotValidForNameContext {
            expected: context.expected,
            presented: context.presented,
        },
        E::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        E::RequiredEkuNotFoundContext(_) | E::EndEntityUsedAsCa | E::CaUsedAsEndEntity => {
            CertificateError::InvalidPurpose
        }
        _ => CertificateError::BadEncoding,
    };
    error.into()
}

fn never_tls12() -> Error {
    Error::General("TLS 1.2 is not spoken here".into())
}

macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(never_tls12())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = &provider().signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signature, known)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            provider().signature_verification_algorithms.supported_schemes()
        }
    };
}

/// Clients of this node: other nodes, holders of certificates of parties, and nobody.
#[derive(Debug)]
pub(super) struct Clients(pub(super) Arc<Tls>);

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // A hint would make a client keep back what it does not name, and nodes stand in none.
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let known = self.0.who(leaf, rest, now);
        known.map(|_| ClientCertVerified::assertion()).inspect_err(|error| {
            self.0.tell_refused(node_of(rest), error);
        })
    }

    signatures!();
}

impl Tls {
    /// Who shows this certificate, if that is somebody.
    pub(super) fn who(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Peer, Error> {
        if node_of(rest).is_some() {
            let node = verify_node(leaf, rest, now, KeyUsage::client_auth())?;
            self.trust.admits(node)?;
            return Ok(Peer::Node(node));
        }
        let (party, certificate) = self.organisation.party_of(leaf, rest, now)?;
        Ok(Peer::Party { party, certificate })
    }
}

/// Which node a client wants to reach.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// One that the trust of this node admits, and this one if it is named.
    Trusted(Arc<Trust>, Option<Id>),
    /// Exactly this one.
    Pinned(Id),
    /// Whichever answers. Who it is has to be proved in another way before anything is said.
    Any,
}

/// A node, known by its key.
#[derive(Debug)]
pub(super) struct NodeVerifier(pub(super) Wanted);

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let node = verify_node(leaf, rest, now, KeyUsage::server_auth())?;
        let pinned = match &self.0 {
            Wanted::Trusted(_, node) => *node,
            Wanted::Pinned(node) => Some(*node),
            Wanted::Any => None,
        };
        if pinned.is_some_and(|pinned| pinned != node) {
            return Err(CertificateError::NotValidForName.into());
        }
        if let Wanted::Trusted(trust, _) = &self.0 {
            trust.admits(node)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}

/// Servers by their host name, under CAs of a file.
pub(super) fn by_host_name(
    anchors: Vec<TrustAnchor<'static>>,
) -> anyhow::Result<Arc<dyn ServerCertVerifier>> {
    let roots = Arc::new(RootCertStore { roots: anchors });
    Ok(WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider_arc())).build()?)
}
