//! The configuration file, read whole before anything is opened or bound. Flags and `POLDER_*`
//! come before it, defaults after it. Unknown keys are refused.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::bail;
use serde::Deserialize;

use crate::{
    checkpoints::Checkpoints, disk::Reserve, erase::ErasureConfig, links::LinksConfig,
    node::NodeOptions, people::PeopleConfig, store::engine::ENGINES, tls::TlsConfig,
};

/// What of `polder.toml` is no flag, or a flag of several commands. Every other key of it is a flag
/// or the table of a command; [`crate::cli::file`] reads those and refuses what it does not know.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Directory of the store.
    pub data: Option<PathBuf>,
    /// gRPC and gRPC-Web.
    pub listen: Option<SocketAddr>,
    /// `/metrics` and `/healthz`.
    pub admin: Option<SocketAddr>,
    /// The store.
    pub store: StoreConfig,
    /// Room that is kept on the disk.
    pub disk: Reserve,
    /// Photos and documents.
    pub attachments: AttachmentConfig,
    /// Checkpoints of feeds.
    pub checkpoints: Checkpoints,
    /// Personal data, and what was erased.
    pub erasure: ErasureConfig,
    /// Nodes to keep links with.
    pub peers: LinksConfig,
    /// Who may call, and how they become known.
    pub people: PeopleConfig,
    /// Certificates of organisations.
    pub tls: TlsConfig,
}

/// `[store]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `fjall` or `sled`.
    pub engine: Option<String>,
}

/// `[attachments]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttachmentConfig {
    /// Largest attachment, bytes; at most 64 MiB.
    pub bytes_max: u64,
    /// How long one that nothing cites is kept, such as `24h`.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
}

impl Default for AttachmentConfig {
    fn default() -> Self {
        let NodeOptions { attachment_bytes_max, attachment_grace, .. } = NodeOptions::default();
        Self { bytes_max: attachment_bytes_max, grace: attachment_grace }
    }
}

impl Config {
    /// Its keys.
    pub const KEYS: [&str; 11] = [
        "data",
        "listen",
        "admin",
        "store",
        "disk",
        "attachments",
        "checkpoints",
        "erasure",
        "peers",
        "people",
        "tls",
    ];

    /// Reads text.
    ///
    /// ```
    /// use polder::config::Config;
    ///
    /// let config = Config::parse("[store]\nengine = \"sled\"\n").unwrap();
    /// assert_eq!(config.store.engine.as_deref(), Some("sled"));
    /// assert!(Config::parse("[store]\nengin = \"sled\"\n").is_err());
    /// ```
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text)?;
        if let Some(engine) = &config.store.engine {
            check_engine(engine)?;
        }
        config.peers.check()?;
        config.checkpoints.check()?;
        config.erasure.check()?;
        config.people.check()?;
        config.tls.check()?;
        if config.attachments.bytes_max == 0 || config.attachments.bytes_max > 64 << 20 {
            bail!("attachments.bytes_max must be 1 to {}", 64 << 20);
        }
        let Reserve { bulk_bytes, routine_bytes, urgent_bytes } = config.disk;
        if bulk_bytes < routine_bytes || routine_bytes < urgent_bytes {
            bail!("disk: the reserves must not grow from bulk to routine to urgent");
        }
        Ok(config)
    }

    /// What a node needs of it.
    pub fn options(&self) -> NodeOptions {
        NodeOptions {
            reserve: self.disk,
            attachment_bytes_max: self.attachments.bytes_max,
            attachment_grace: self.attachments.grace,
            checkpoints: self.checkpoints,
            erasure: self.erasure,
            fence: None,
        }
    }
}

/// Refuses an engine that does not exist.
pub fn check_engine(engine: &str) -> anyhow::Result<()> {
    if ENGINES.iter().any(|(known, _)| *known == engine) {
        return Ok(());
    }
    bail!("there is no engine {engine:?}; there are {}", ENGINES.map(|(known, _)| known).join(", "))
}
