//! The two ends of an encrypted connection as nodes speak it, and nobody in particular at them: to
//! measure what encryption alone costs, and for tests.

use std::sync::Arc;

use polder_picture::record::Signer;
use rustls::{
    ClientConfig, ServerConfig,
    pki_types::ServerName,
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};

use super::{
    dial::client,
    identity::{Validity, certify, server_name},
    provider_arc,
    verify::{NodeVerifier, Wanted},
};

/// How it is accepted, how it is dialled, and by which name.
pub(crate) fn ends() -> anyhow::Result<(Arc<ServerConfig>, Arc<ClientConfig>, ServerName<'static>)>
{
    let certificate = certify(&Signer::new(&rand::random()), Validity::now())?;
    let mut server = ServerConfig::builder_with_provider(Arc::clone(provider_arc()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::clone(&certificate))));
    server.alpn_protocols = vec![b"h2".to_vec()];
    server.send_tls13_tickets = 0;
    let client = client(Arc::new(NodeVerifier(Wanted::Any)), None)?;
    Ok((Arc::new(server), client, server_name(None)))
}
