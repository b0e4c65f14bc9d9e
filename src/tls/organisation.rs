//! `[tls]` of the configuration: the certificate of an organisation's own CA, for browsers and
//! partner systems, and the client CAs whose holders count as a party. All are read again when
//! their files change; what cannot be used is said, and the old goes on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use parking_lot::RwLock;
use polder_picture::names::PartyName;
use rustls::{
    Error,
    pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor, UnixTime, pem::PemObject as _},
    sign::CertifiedKey,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::{identity, provider, verify::from_webpki};

/// Largest file with certificates or a key.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Certificates in one file.
const CERTIFICATES_MAX: usize = 1_000;
/// Client CAs.
const CLIENT_CAS_MAX: usize = 1_000;

/// `[tls]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// Chain of certificates for browsers and partner systems, the node's own first (PEM).
    pub certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub key: Option<PathBuf>,
    /// Whose certificates count as which party.
    pub client_ca: Vec<ClientCa>,
    /// How often the node's own certificate is made anew, such as `24h`.
    #[serde(with = "humantime_serde")]
    pub renew: Duration,
    /// Encrypts on loopback too. Set by `polder serve --tls`.
    #[serde(skip)]
    pub always: bool,
}

impl Default for TlsConfig {
    fn default() -> Self {
        let (certificate, key, client_ca) = (None, None, Vec::new());
        Self { certificate, key, client_ca, renew: identity::RENEW, always: false }
    }
}

/// `[[tls.client_ca]]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCa {
    /// Certificates of the CA (PEM).
    pub file: PathBuf,
    /// Whose holders they are.
    pub party: String,
}

impl TlsConfig {
    /// Checks what serde cannot.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.certificate.is_some() != self.key.is_some() {
            bail!("tls: certificate and key go together");
        }
        if self.renew < Duration::from_millis(100) || self.renew > identity::VALID / 2 {
            bail!("tls.renew must be 100ms to 84h: the certificate is valid for seven days");
        }
        if self.client_ca.len() > CLIENT_CAS_MAX {
            bail!("tls.client_ca: at most {CLIENT_CAS_MAX} are allowed");
        }
        for ca in &self.client_ca {
            let party = ca.party.trim_start_matches("parties/");
            if PartyName::from_id(party).is_none() {
                bail!("tls.client_ca: {:?} is no party: 1 to 63 of a-z 0-9 -", ca.party);
            }
        }
        Ok(())
    }

    /// Reads the files, and says what of them cannot be used.
    pub fn check_files(&self) -> anyhow::Result<()> {
        Organisation::open(self.clone()).map(drop)
    }
}

/// What the files say now.
#[derive(Debug, Default)]
pub(super) struct Organisation {
    config: TlsConfig,
    state: RwLock<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    /// Contents of the files, to tell when they change.
    read: Vec<Vec<u8>>,
    certificate: Option<Arc<CertifiedKey>>,
    clients: Arc<Vec<(String, Vec<TrustAnchor<'static>>)>>,
}

/// Certificates of a PEM file.
pub fn certificates(path: &Path, bytes: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let told = || format!("{}: is no file of certificates (PEM)", path.display());
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(bytes).take(CERTIFICATES_MAX).collect();
    let read = read.map_err(|_| anyhow::anyhow!(told()))?;
    if read.is_empty() {
        bail!("{}: holds no certificate (PEM)", path.display());
    }
    Ok(read)
}

/// A chain and its key, which must belong together. Says nothing of what is in the key's file.
pub fn certified(
    (path, chain): (&Path, &[u8]),
    (key_path, key): (&Path, &[u8]),
) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = certificates(path, chain)?;
    let told = || format!("{}: holds no private key (PEM)", key_path.display());
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| anyhow::anyhow!(told()))?;
    let made = CertifiedKey::from_der(chain, key, provider());
    let made = made.map_err(|error| match error {
        Error::InconsistentKeys(_) => {
            anyhow::anyhow!("{} is not the key of {}", key_path.display(), path.display())
        }
        _ => anyhow::anyhow!("{}: a key of this sort cannot be used", key_path.display()),
    })?;
    Ok(Arc::new(made))
}

/// Reads a file of bounded size.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let told = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(told)?.len();
    if size > FILE_BYTES_MAX {
        bail!("{}: is larger than 1 MiB", path.display());
    }
    std::fs::read(path).with_context(told)
}

/// Trust anchors of a PEM file.
pub fn anchors(path: &Path, bytes: &[u8]) -> anyhow::Result<Vec<TrustAnchor<'static>>> {
    let anchor = |certificate: CertificateDer<'static>| {
        let anchor = anchor_from_trusted_cert(&certificate).map(|anchor| anchor.to_owned());
        anchor.map_err(|_| anyhow::anyhow!("{}: holds no certificate of a CA", path.display()))
    };
    certificates(path, bytes)?.into_iter().map(anchor).collect()
}

impl Organisation {
    pub(super) fn open(config: TlsConfig) -> anyhow::Result<Self> {
        let organisation = Self { config, state: RwLock::default() };
        organisation.reload()?;
        Ok(organisation)
    }

    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let TlsConfig { certificate, key, client_ca, .. } = &self.config;
        certificate.iter().chain(key).chain(client_ca.iter().map(|ca| &ca.file))
    }

    /// Reads the files again; true if they changed. What was read before stays in force if they
    /// cannot be used.
    pub(super) fn reload(&self) -> anyhow::Result<bool> {
        let read: Vec<_> = self.files().map(|path| read(path)).collect::<anyhow::Result<_>>()?;
        if self.state.read().read == read {
            return Ok(false);
        }
        let mut contents = read.iter();
        let mut next = || contents.next().map(Vec::as_slice).unwrap_or_default();
        let certificate = match (&self.config.certificate, &self.config.key) {
            (Some(path), Some(key)) => Some(certified((path, next()), (key, next()))?),
            _ => None,
        };
        let clients = self.config.client_ca.iter().map(|ca| {
            let party = ca.party.trim_start_matches("parties/").to_owned();
            Ok((party, anchors(&ca.file, next())?))
        });
        let clients = Arc::new(clients.collect::<anyhow::Result<Vec<_>>>()?);
        if let Some(certificate) = &certificate {
            tell_if_out_of_date(certificate);
        }
        *self.state.write() = State { read, certificate, clients };
        Ok(true)
    }

    pub(super) fn certificate(&self) -> Option<Arc<CertifiedKey>> {
        self.state.read().certificate.clone()
    }

    /// Whether there are files to look at.
    pub(super) fn has_files(&self) -> bool {
        self.files().next().is_some()
    }

    /// The party whose client CA certified this.
    pub(super) fn party_of(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(String, [u8; 32]), Error> {
        let clients = Arc::clone(&self.state.read().clients);
        let certificate = EndEntityCert::try_from(leaf).map_err(from_webpki)?;
        let algorithms = provider().signature_verification_algorithms.all;
        let mut refused = Error::from(rustls::CertificateError::UnknownIssuer);
        for (party, anchors) in clients.iter() {
            let usage = KeyUsage::client_auth();
            match certificate.verify_for_usage(algorithms, anchors, rest, now, usage, None, None) {
                Ok(_) => return Ok((party.clone(), Sha256::digest(leaf).into())),
                // Of several CAs one may know it: what that one says is worth more.
                Err(webpki::Error::UnknownIssuer) => {}
                Err(error) => refused = from_webpki(error),
            }
        }
        Err(refused)
    }
}

/// A certificate that is out of date is still better than none: clients say so.
fn tell_if_out_of_date(certificate: &CertifiedKey) {
    let Some(leaf) = certificate.cert.first() else { return };
    let (Ok(parsed), Ok(anchor)) = (EndEntityCert::try_from(leaf), anchor_from_trusted_cert(leaf))
    else {
        return;
    };
    let algorithms = provider().signature_verification_algorithms.all;
    let (anchors, usage, now) = ([anchor], KeyUsage::server_auth(), UnixTime::now());
    let verified = parsed.verify_for_usage(algorithms, &anchors, &[], now, usage, None, None);
    use webpki::Error::{CertExpired, CertNotValidYet};
    if let Err(error @ (CertExpired { .. } | CertNotValidYet { .. })) = verified {
        tracing::warn!("tls.certificate: {}", super::trouble::of_certificate(&from_webpki(error)));
    }
}
