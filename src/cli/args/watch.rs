//! Arguments of `signals`, `capacity` and `reports`.

use clap::{Args, Subcommand};

use super::{AskArgs, SpeakArgs};

/// `signals`.
#[derive(Debug, Args)]
pub struct SignalsArgs {
    /// Only figures of this incident [default: those of every open incident of the mode]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// actual, exercise or test [default: that of the incident, or else actual]
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,
    /// What the node knew at this moment, RFC 3339 or HH:MM today [default: now]
    #[arg(long, value_name = "TIME")]
    pub known: Option<String>,
    /// Only thresholds of this safety region
    #[arg(long, value_name = "PARTY")]
    pub region: Option<String>,
    /// Leaves out what no longer passes
    #[arg(long)]
    pub raised: bool,
    /// Goes on, and tells whenever a threshold is passed or no longer is
    #[arg(long)]
    pub watch: bool,
}

/// `daily`.
#[derive(Debug, Args)]
pub struct DailyArgs {
    /// actual, exercise or test
    #[arg(long, default_value = "actual", value_name = "MODE")]
    pub mode: String,
    /// Only this safety region: incidents in which it is scaled up or speaks, and its thresholds
    #[arg(long, value_name = "PARTY")]
    pub region: Option<String>,
    /// Since when, RFC 3339 or HH:MM today [default: 24 hours ago]
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// text, markdown, html or pdf
    #[arg(long, default_value = "text", value_parser = ["text", "markdown", "html", "pdf"])]
    pub format: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<std::path::PathBuf>,
}

/// `capacity`.
#[derive(Debug, Args)]
pub struct CapacityArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Only what this party tells
    #[arg(long, value_name = "PARTY")]
    pub party: Option<String>,
    /// Who is longer on duty lacks rest
    #[arg(long, default_value = "12h", value_name = "DURATION")]
    pub duty_max: humantime::Duration,
}

/// `reports`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ReportsArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Leaves out groups of which every report was promoted or refuted
    #[arg(long)]
    pub waiting: bool,
    /// What to do; left out: show them.
    #[command(subcommand)]
    pub action: Option<ReportsAction>,
}

/// `reports promote`.
#[derive(Debug, Subcommand)]
pub enum ReportsAction {
    /// Makes an entry of your own of a group, which cites every report in it
    Promote(Box<PromoteArgs>),
}

/// `reports promote`.
#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// Group, as `polder reports` names it; its first signs are enough
    #[arg(value_name = "ENTRY")]
    pub group: String,
    /// Title of the entry [default: what the report says that most others are like]
    #[arg(value_name = "TITLE")]
    pub title: Option<String>,
    /// What it is about: observation, outage, closure, ...
    #[arg(long, short, default_value = "observation")]
    pub kind: String,
    /// Field of the kind, such as service=VITAL_SERVICE_POWER; JSON or plain text
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// Language of the title
    #[arg(long, default_value = "nl", value_name = "TAG")]
    pub text_lang: String,
    /// Who checked it; marks it verified
    #[arg(long, value_name = "WHO")]
    pub verified_by: Option<String>,
    /// For whom.
    #[command(flatten)]
    pub speak: SpeakArgs,
}
