//! Identity providers (OpenID Connect). Their keys are fetched, kept on disk, and used from there
//! while the provider cannot be reached, until they are older than the operator allows.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use parking_lot::Mutex;
use polder_picture::refusal::{Class, Refusal};
use serde::{Deserialize, Serialize};

use super::{
    config::{ProviderConfig, is_safe},
    jwt,
};
use crate::{store::directory::write_durably, wall::system_ms};

/// Keys are fetched anew when they are older than this, in the background.
const FRESH_MS: i64 = 3_600_000;
/// After an attempt to fetch, the next one waits so long.
const FETCH_EVERY_MS: i64 = 30_000;
const FETCH_TIMEOUT: Duration = Duration::from_secs(8);
/// Longest answer of a provider that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// Difference between the provider's clock and ours that is allowed, in seconds.
const LEEWAY_S: u64 = 60;
/// Codes that are exchanged at a time with one provider; more wait.
const EXCHANGES_MAX: usize = 8;
/// Longest token that is read.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Where Debian and its kin keep the authorities that a machine trusts.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    fetched_ms: i64,
    keys: Vec<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<About>,
}

/// What a provider says of itself, as far as the page signs in through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// Where a code becomes a token.
    pub token_endpoint: String,
    /// How the client shows its secret there; absent: `client_secret_basic` alone.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// It says who it is when it sends somebody back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// For whom a token must be.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'p> {
    /// It comes with a call.
    Call,
    /// It tells who signed in on the page, in answer to this nonce.
    SignIn {
        /// The client.
        client: &'p str,
        /// Told to the provider once.
        nonce: &'p str,
    },
}

impl Kept {
    /// Keys of kinds that this program does not know are passed over, not held against the rest.
    fn set(&self) -> JwkSet {
        let keys = self.keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok());
        JwkSet { keys: keys.collect() }
    }
}

/// Whom a token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// By which roles are given.
    pub name: String,
    /// For people.
    pub display_name: String,
    /// When the token ends, milliseconds since 1970.
    pub expire_ms: i64,
}

/// What is in memory of what was fetched.
#[derive(Default)]
struct Known {
    fetched_ms: i64,
    keys: JwkSet,
    about: Option<About>,
}

impl From<&Kept> for Known {
    fn from(kept: &Kept) -> Self {
        Self { fetched_ms: kept.fetched_ms, keys: kept.set(), about: kept.about.clone() }
    }
}

/// One identity provider.
pub struct Provider {
    pub(super) config: ProviderConfig,
    id: String,
    file: PathBuf,
    kept: Mutex<Known>,
    fetching: tokio::sync::Mutex<i64>,
    /// How many codes are exchanged at a time.
    pub(super) exchanging: tokio::sync::Semaphore,
}

fn unauthenticated(reason: &'static str, sentence: impl Into<String>) -> Refusal {
    Refusal::new(Class::Unauthenticated, reason, sentence)
}

fn text<'c>(claims: &'c serde_json::Value, claim: &str) -> Option<&'c str> {
    let sound =
        |text: &&str| !text.is_empty() && text.len() <= 200 && !text.contains(char::is_control);
    claims.get(claim)?.as_str().filter(sound)
}

impl Provider {
    /// With the keys that were kept, if any.
    pub fn open(config: ProviderConfig, data: &Path) -> Self {
        let id = blake3::hash(config.issuer.as_bytes()).to_hex()[..16].to_owned();
        let file = data.join("people").join(format!("keys-{id}.json"));
        let kept = std::fs::read(&file).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let kept = kept.unwrap_or_default();
        jwt::install();
        let kept = Mutex::new(Known::from(&kept));
        let exchanging = tokio::sync::Semaphore::new(EXCHANGES_MAX);
        Self { config, id, file, kept, fetching: tokio::sync::Mutex::new(0), exchanging }
    }

    /// By which the page names it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As its tokens name it.
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Reads a token of this provider.
    pub async fn verify(
        self: &Arc<Self>,
        token: &str,
        purpose: Purpose<'_>,
    ) -> Result<Identified, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(unauthenticated("TOKEN_INVALID", "the token is too long"));
        }
        let header = decode_header(token).map_err(|error| {
            unauthenticated("TOKEN_INVALID", format!("no sound token: {error}"))
        })?;
        if !jwt::ALGORITHMS.contains(&header.alg) {
            let sentence = format!("tokens with {:?} are not taken", header.alg);
            return Err(unauthenticated("TOKEN_ALGORITHM", sentence));
        }
        let key = self.key(header.kid.as_deref()).await?;
        if let Some(stated) = key.common.key_algorithm
            && stated.to_string() != format!("{:?}", header.alg)
        {
            let sentence = "the key of the token is for another algorithm";
            return Err(unauthenticated("TOKEN_ALGORITHM", sentence));
        }
        let key = DecodingKey::from_jwk(&key)
            .map_err(|error| unauthenticated("TOKEN_INVALID", format!("its key: {error}")))?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[match purpose {
            Purpose::Call => &self.config.audience[..],
            Purpose::SignIn { client, .. } => client,
        }]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = decode::<serde_json::Value>(token, &key, &validation)
            .map_err(|error| unauthenticated(reason(&error), format!("the token: {error}")))?
            .claims;
        if let Purpose::SignIn { client, nonce } = purpose {
            check_sign_in(&claims, client, nonce)?;
        }
        self.named(&claims)
    }

    /// Whom claims name that were verified.
    fn named(&self, claims: &serde_json::Value) -> Result<Identified, Refusal> {
        let claim = &self.config.name_claim;
        let name = text(claims, claim).map(str::to_lowercase).ok_or_else(|| {
            unauthenticated("TOKEN_INVALID", format!("the token has no claim {claim:?}"))
        })?;
        if claim == "email" && claims.get("email_verified") == Some(&serde_json::json!(false)) {
            let sentence = "the provider says that the address was never verified";
            return Err(unauthenticated("TOKEN_INVALID", sentence));
        }
        let seconds = claims.get("exp").and_then(serde_json::Value::as_f64).unwrap_or_default();
        let display_name = text(claims, "name").unwrap_or(&name).to_owned();
        Ok(Identified { name, display_name, expire_ms: (seconds * 1_000.0) as i64 })
    }

    fn find(&self, kid: Option<&str>) -> Option<(i64, jsonwebtoken::jwk::Jwk)> {
        let kept = self.kept.lock();
        let key = match kid {
            Some(kid) => kept.keys.find(kid),
            None if kept.keys.keys.len() == 1 => kept.keys.keys.first(),
            None => None,
        };
        key.map(|key| (kept.fetched_ms, key.clone()))
    }

    /// The key of a token: kept, or fetched when it is not known or old.
    async fn key(self: &Arc<Self>, kid: Option<&str>) -> Result<jsonwebtoken::jwk::Jwk, Refusal> {
        let age_max_ms = self.config.keys_age_max.as_millis() as i64;
        let now_ms = system_ms();
        let mut found = self.find(kid);
        match &found {
            Some((fetched, _)) if now_ms - fetched < FRESH_MS => {}
            Some((fetched, _)) if now_ms - fetched < age_max_ms => {
                // Nobody waits for a provider that may be out of reach.
                let own = Arc::clone(self);
                tokio::spawn(async move { own.fetch().await });
            }
            _ => {
                self.fetch().await;
                found = self.find(kid);
            }
        }
        let (fetched, key) = found.ok_or_else(|| {
            let sentence = format!("{} has no key that the token names", self.config.issuer);
            unauthenticated("TOKEN_KEY_UNKNOWN", sentence)
        })?;
        if now_ms - fetched >= age_max_ms {
            let sentence = format!(
                "the keys of {} were fetched too long ago, and it cannot be reached: sign in with \
                 an account of this node",
                self.config.issuer
            );
            return Err(unauthenticated("TOKEN_KEYS_OLD", sentence));
        }
        Ok(key)
    }

    /// What it says of itself: kept, or fetched when it is not known or old.
    pub(super) async fn about(self: &Arc<Self>) -> Option<About> {
        let age_max_ms = self.config.keys_age_max.as_millis() as i64;
        let known = || {
            let kept = self.kept.lock();
            Some((system_ms() - kept.fetched_ms, kept.about.clone()?))
        };
        let mut found = known();
        match &found {
            Some((age_ms, _)) if *age_ms < FRESH_MS => {}
            Some((age_ms, _)) if *age_ms < age_max_ms => {
                let own = Arc::clone(self);
                tokio::spawn(async move { own.fetch().await });
            }
            _ => {
                self.fetch().await;
                found = known();
            }
        }
        found.filter(|(age_ms, _)| *age_ms < age_max_ms).map(|(_, about)| about)
    }

    /// Fetches the keys, unless that was tried a moment ago.
    async fn fetch(self: &Arc<Self>) {
        let mut last_ms = self.fetching.lock().await;
        let now_ms = system_ms();
        if now_ms - *last_ms < FETCH_EVERY_MS {
            return;
        }
        *last_ms = now_ms;
        let own = Arc::clone(self);
        let fetched = tokio::task::spawn_blocking(move || own.fetch_now(now_ms)).await;
        let issuer = &self.config.issuer;
        match fetched {
            Ok(Ok(count)) => tracing::debug!(issuer, count, "keys of the identity provider"),
            Ok(Err(error)) => {
                let error = format!("{error:#}");
                tracing::warn!(issuer, error, "the identity provider gave no keys");
            }
            Err(error) => tracing::warn!(issuer, %error, "fetching keys stopped"),
        }
    }

    fn fetch_now(&self, now_ms: i64) -> anyhow::Result<usize> {
        let agent = self.agent()?;
        let read = |url: &str| -> anyhow::Result<serde_json::Value> {
            let answer = agent.get(url).call().with_context(|| url.to_owned())?;
            Ok(serde_json::from_slice(&body(answer)?)?)
        };
        let mut said = None;
        if self.config.keys.is_none() || self.config.client_id.is_some() {
            let issuer = self.config.issuer.trim_end_matches('/');
            let about = read(&format!("{issuer}/.well-known/openid-configuration"))?;
            if about.get("issuer").and_then(|i| i.as_str()) != Some(&self.config.issuer) {
                bail!("it calls itself otherwise than people.provider.issuer does");
            }
            said = Some(about);
        }
        let url = match (&self.config.keys, &said) {
            (Some(url), _) => url.clone(),
            (None, said) => {
                let url = said.as_ref().and_then(|about| about.get("jwks_uri")?.as_str());
                url.context("it does not say where its keys are")?.to_owned()
            }
        };
        if !is_safe(&url) {
            bail!("its keys are not behind https: {url}");
        }
        let about = said.filter(|_| self.config.client_id.is_some()).and_then(read_about);
        let keys = read(&url)?.get("keys").and_then(|keys| keys.as_array().cloned());
        let keys = keys.context("no list of keys")?;
        let kept = Kept { fetched_ms: now_ms, keys, about };
        let known = Known::from(&kept);
        if known.keys.keys.is_empty() {
            bail!("no key that could be used");
        }
        let folder = self.file.parent().context("keys are kept in a folder")?;
        std::fs::create_dir_all(folder)?;
        write_durably(&self.file, &serde_json::to_vec(&kept)?, 0o600)?;
        let count = known.keys.keys.len();
        *self.kept.lock() = known;
        Ok(count)
    }

    /// Asks it, with a limit of time and following nobody elsewhere.
    pub(super) fn agent(&self) -> anyhow::Result<ureq::Agent> {
        use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
        let path = self.config.ca.as_deref().unwrap_or(Path::new(SYSTEM_AUTHORITIES));
        let roots = match std::fs::read(path) {
            Ok(pem) => {
                let certificates = parse_pem(&pem).filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                });
                certificates.collect::<Vec<_>>()
            }
            // Without authorities nothing is trusted; plain text on this machine needs none.
            Err(_) if self.config.ca.is_none() => Vec::new(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::new_with_certs(&roots))
            .build();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(FETCH_TIMEOUT))
            .max_redirects(0)
            .tls_config(tls)
            .build();
        Ok(config.into())
    }
}

/// What was answered, up to a bound.
pub(super) fn body(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<Vec<u8>> {
    Ok(answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?)
}

/// Where people sign in, if it says so and that is safe.
fn read_about(said: serde_json::Value) -> Option<About> {
    let about: Result<About, _> = serde_json::from_value(said);
    match about {
        Ok(about) => {
            let addresses = [&about.authorization_endpoint, &about.token_endpoint];
            let unsafe_one = addresses.into_iter().find(|url| !is_safe(url)).cloned();
            if let Some(url) = unsafe_one {
                tracing::warn!(url, "the identity provider signs in without https: it is not used");
                return None;
            }
            Some(about)
        }
        Err(error) => {
            tracing::warn!(%error, "the identity provider does not say where people sign in");
            None
        }
    }
}

/// What only a token must show that tells who signed in.
fn check_sign_in(claims: &serde_json::Value, client: &str, nonce: &str) -> Result<(), Refusal> {
    let told = claims.get("nonce").and_then(serde_json::Value::as_str).unwrap_or_default();
    // Hashes of this type compare in constant time.
    if blake3::hash(told.as_bytes()) != blake3::hash(nonce.as_bytes()) {
        let sentence =
            "the token answers another sign-in than the one that was begun: sign in again";
        return Err(unauthenticated("TOKEN_NONCE", sentence));
    }
    let several = claims.get("aud").and_then(|aud| aud.as_array()).is_some_and(|aud| aud.len() > 1);
    let party = claims.get("azp");
    let own = party.and_then(serde_json::Value::as_str) == Some(client);
    if !own && (several || party.is_some()) {
        let sentence = "the token was given to another program than this node";
        return Err(unauthenticated("TOKEN_AUDIENCE", sentence));
    }
    Ok(())
}

fn reason(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::ExpiredSignature => "TOKEN_EXPIRED",
        ErrorKind::ImmatureSignature => "TOKEN_NOT_YET_VALID",
        ErrorKind::InvalidAudience => "TOKEN_AUDIENCE",
        ErrorKind::InvalidIssuer => "TOKEN_ISSUER",
        ErrorKind::InvalidAlgorithm => "TOKEN_ALGORITHM",
        _ => "TOKEN_INVALID",
    }
}
