//! `[people]` of the configuration.

use std::{collections::HashSet, path::PathBuf, time::Duration};

use anyhow::bail;
use serde::Deserialize;

use super::pace::Limits;

/// Longest session.
pub(super) const SESSION_MAX: Duration = Duration::from_secs(31 * 24 * 3600);
/// Identity providers of one node.
const PROVIDERS_MAX: usize = 16;
/// Characters of their names.
const NAME_CHARACTERS_MAX: usize = 100;

/// `[people]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleConfig {
    /// Everybody signs in, also who is on the machine of the node. Absent: as soon as the node has
    /// an account, other than a guest's, or an identity provider.
    pub sign_in: Option<bool>,
    /// How long a session lasts, such as `12h`.
    #[serde(with = "humantime_serde")]
    pub session: Duration,
    /// Calls that one caller may begin in a second.
    pub calls_per_second: u32,
    /// Calls of one caller that wait for their answer at a time.
    pub calls_at_once: u32,
    /// Calls of one caller that may fail in a minute, before the rest of it is refused.
    pub failures_per_minute: u32,
    /// Identity providers.
    pub provider: Vec<ProviderConfig>,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        let session = Duration::from_secs(12 * 3600);
        Self {
            sign_in: None,
            session,
            calls_per_second: 500,
            calls_at_once: 256,
            failures_per_minute: 600,
            provider: Vec::new(),
        }
    }
}

impl PeopleConfig {
    /// How much one caller may ask.
    pub(super) fn limits(&self) -> Limits {
        let Self { calls_per_second, calls_at_once, failures_per_minute, .. } = *self;
        Limits { calls_per_second, calls_at_once, failures_per_minute }
    }

    /// Refuses what cannot work or is not safe.
    pub fn check(&self) -> anyhow::Result<()> {
        if [self.calls_per_second, self.calls_at_once, self.failures_per_minute].contains(&0) {
            bail!("people: what one caller may ask must be more than nothing");
        }
        if self.session < Duration::from_secs(60) || self.session > SESSION_MAX {
            bail!("people.session must be 1 minute to 31 days");
        }
        let issuers: HashSet<_> = self.provider.iter().map(|provider| &provider.issuer).collect();
        if issuers.len() < self.provider.len() {
            bail!("people.provider: an issuer is there twice");
        }
        if self.provider.len() > PROVIDERS_MAX {
            bail!("people.provider: at most {PROVIDERS_MAX} are allowed");
        }
        self.provider.iter().try_for_each(ProviderConfig::check)
    }
}

/// `[[people.provider]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// As its tokens name it, an `https` URL.
    pub issuer: String,
    /// As its tokens name this node, or Polder.
    pub audience: String,
    /// URL of its keys; absent: as its `/.well-known/openid-configuration` says.
    pub keys: Option<String>,
    /// Claim that holds the name by which the person is known.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// Keys that were fetched longer ago are not used, such as `7d`.
    #[serde(default = "keys_age_max", with = "humantime_serde")]
    pub keys_age_max: Duration,
    /// File with the authorities to trust, PEM; absent: those of the machine.
    pub ca: Option<PathBuf>,
    /// As people on the page know it; empty: the host of the issuer.
    #[serde(default)]
    pub name: String,
    /// How it knows this node; absent: the page does not sign in through it.
    pub client_id: Option<String>,
    /// File with the secret of the client; absent: it has none, and PKCE alone protects.
    pub client_secret_file: Option<PathBuf>,
    /// What the page asks it for.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
}

fn scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(String::from).to_vec()
}

fn is_line(text: &str) -> bool {
    text.chars().count() <= NAME_CHARACTERS_MAX && !text.chars().any(char::is_control)
}

fn name_claim() -> String {
    "email".into()
}

fn keys_age_max() -> Duration {
    Duration::from_secs(7 * 24 * 3600)
}

/// Plain text is for tests and for a provider on this very machine.
pub(super) fn is_safe(url: &str) -> bool {
    let host = url.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default());
    url.starts_with("https://")
        || host.is_some_and(|host| {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            matches!(name, "127.0.0.1" | "[::1]" | "localhost")
        })
}

impl ProviderConfig {
    /// As people on the page know it.
    pub fn shown_name(&self) -> &str {
        let bare = self.issuer.split_once("://").map_or(&self.issuer[..], |(_, rest)| rest);
        let host = bare.split('/').next().unwrap_or(bare);
        if self.name.is_empty() { host } else { &self.name }
    }

    /// Refuses what cannot work or is not safe.
    pub fn check(&self) -> anyhow::Result<()> {
        for url in [Some(&self.issuer), self.keys.as_ref()].into_iter().flatten() {
            if !is_safe(url) {
                bail!("people.provider: {url:?} must begin with https://");
            }
        }
        if self.audience.is_empty() || self.name_claim.is_empty() {
            bail!("people.provider: audience and name_claim must not be empty");
        }
        if self.keys_age_max < Duration::from_secs(60) {
            bail!("people.provider: keys_age_max must be at least a minute");
        }
        if !is_line(&self.name) {
            bail!("people.provider: name must be one line of at most {NAME_CHARACTERS_MAX}");
        }
        if self.client_id.as_ref().is_some_and(|id| id.is_empty() || !is_line(id)) {
            bail!("people.provider: client_id must be 1 to {NAME_CHARACTERS_MAX} characters");
        }
        if self.client_secret_file.is_some() && self.client_id.is_none() {
            bail!("people.provider: client_secret_file is the secret of a client_id");
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            bail!("people.provider: scopes must have \"openid\"");
        }
        Ok(())
    }
}
