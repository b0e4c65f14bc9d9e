//! Arguments about other nodes.

use std::time::Duration;

use clap::Args;

/// `links`.
#[derive(Debug, Args)]
pub struct LinksArgs {
    /// Shows the links as they are now and ends
    #[arg(long)]
    pub once: bool,
}

/// `holders`.
#[derive(Debug, Args)]
pub struct HoldersArgs {
    /// Full name of the entry, incidents/…/entries/…
    pub name: String,
}

/// How far `publish` waits for other nodes.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Waits until so many other nodes hold it too
    #[arg(long, value_name = "NODES", value_parser = clap::value_parser!(u64).range(0..=1_000))]
    pub wait: Option<u64>,
    /// Waits until this node holds it: its name, party or key id; may be given often
    #[arg(long, value_name = "NODE")]
    pub wait_for: Vec<String>,
    /// Waits at most so long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    pub wait_time: Duration,
}
