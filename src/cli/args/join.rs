//! Arguments of the commands by which a node joins a charter.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::SignArgs;

/// `invite`.
#[derive(Debug, Args)]
pub struct InviteArgs {
    /// Party that the new node speaks for
    #[arg(long)]
    pub party: String,
    /// How long the code holds: one second to one day
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = humantime::parse_duration)]
    pub valid: Duration,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `join`.
#[derive(Debug, Args)]
pub struct JoinArgs {
    /// Node that invites: host and port
    pub address: String,
    /// Code that was read out
    pub code: String,
    /// Directory of a store that no node runs on [default: ask the running node]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}
