//! Arguments of `serve`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

/// `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Directory of the store
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to serve gRPC and gRPC-Web; encrypted off loopback [default: 127.0.0.1:7420]
    #[arg(long, env = "POLDER_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where to serve the same in plain text for programs of this machine, besides --listen
    #[arg(long, env = "POLDER_LOCAL", value_name = "ADDR")]
    pub local: Option<SocketAddr>,
    /// Encrypts on loopback too, also the links to it
    #[arg(long)]
    pub tls: bool,
    /// Where to serve /metrics and /healthz [default: 127.0.0.1:7421]
    #[arg(long, env = "POLDER_ADMIN", value_name = "ADDR")]
    pub admin: Option<SocketAddr>,
    /// Storage engine that the store must have [default: the one it has]
    #[arg(long, env = "POLDER_ENGINE", value_name = "ENGINE")]
    pub engine: Option<String>,
    /// Another node to keep a link with, besides those of the file; may be given often
    #[arg(long, value_name = "ADDR")]
    pub link: Vec<String>,
    /// File on another volume that tells when the store was put back to an older copy
    #[arg(long, env = "POLDER_FENCE", value_name = "FILE")]
    pub fence: Option<PathBuf>,
    /// Do not serve the page for browsers
    #[arg(long, env = "POLDER_NO_WEB")]
    pub no_web: bool,
    /// Name under which browsers reach the node through a proxy; may be given often
    #[arg(long, value_name = "NAME")]
    pub web_name: Vec<String>,
}
