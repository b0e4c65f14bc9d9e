//! Flags of every command.

use std::path::PathBuf;

use clap::Args;

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Common {
    /// Configuration file (TOML)
    #[arg(long, global = true, env = "POLDER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Language of the output: nl or en [default: from the environment]
    #[arg(long, global = true, env = "POLDER_LANG", value_name = "LANG", value_parser = ["nl", "en"])]
    pub lang: Option<String>,
    /// JSON instead of text
    #[arg(long, global = true, env = "POLDER_JSON")]
    pub json: bool,
    /// Address of the node to ask [default: 127.0.0.1:7420]
    #[arg(long, global = true, env = "POLDER_NODE", value_name = "ADDR")]
    pub node: Option<String>,
    /// Trusts the node with this key id, as its start and `polder links` show it, over TLS
    #[arg(long, global = true, env = "POLDER_NODE_KEY", value_name = "KEY")]
    pub node_key: Option<String>,
    /// Trusts a node that a CA of this file certified under its host name, over TLS (PEM)
    #[arg(long, global = true, env = "POLDER_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Certificate to show to the node, over TLS (PEM)
    #[arg(long, global = true, env = "POLDER_CLIENT_CERT", value_name = "FILE")]
    pub client_cert: Option<PathBuf>,
    /// Private key of that certificate (PEM)
    #[arg(long, global = true, env = "POLDER_CLIENT_KEY", value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Session or token of an identity provider, instead of the one of `polder login`
    #[arg(long, global = true, env = "POLDER_TOKEN", value_name = "TEXT", hide_env_values = true)]
    pub token: Option<String>,
    /// What to log, such as info or polder=debug [default: info when serving, else error]
    #[arg(long, global = true, env = "POLDER_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Log lines as JSON
    #[arg(long, global = true, env = "POLDER_LOG_JSON")]
    pub log_json: bool,
}
