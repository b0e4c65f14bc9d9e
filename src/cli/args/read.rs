//! Arguments of the commands that read the picture.

use clap::Args;

/// What to list or watch.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// Only these kinds
    #[arg(long, short, value_delimiter = ',')]
    pub kind: Vec<String>,
    /// Only these statements
    #[arg(long, short, value_delimiter = ',')]
    pub statement: Vec<String>,
    /// Only these disciplines
    #[arg(long, short, value_delimiter = ',')]
    pub discipline: Vec<String>,
    /// Only these parties
    #[arg(long, value_delimiter = ',')]
    pub party: Vec<String>,
    /// Only what lies in south,west,north,east
    #[arg(long = "box", value_name = "S,W,N,E", allow_hyphen_values = true)]
    pub bounds: Option<String>,
    /// At least this urgent
    #[arg(long, short)]
    pub urgency: Option<String>,
    /// Observed at or after
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Observed before
    #[arg(long, value_name = "TIME")]
    pub before: Option<String>,
    /// Only with these words
    #[arg(long, short)]
    pub text: Option<String>,
    /// Only contradictions
    #[arg(long)]
    pub contradictions: bool,
    /// Only what is stale
    #[arg(long)]
    pub stale: bool,
    /// Retracted ones too
    #[arg(long)]
    pub retracted: bool,
    /// Only what was said to these audiences
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub audience: Vec<String>,
}

/// `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Which.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 50)]
    pub limit: i32,
    /// Page token of the list before
    #[arg(long, value_name = "TOKEN")]
    pub page: Option<String>,
}

/// `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Which.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Only what changes from now on
    #[arg(long)]
    pub now: bool,
    /// Every record in the order in which the node stored it
    #[arg(long = "every-record")]
    pub every_record: bool,
    /// Ends when the picture so far is shown
    #[arg(long)]
    pub once: bool,
}

/// `as-of`.
#[derive(Debug, Args)]
pub struct AsOfArgs {
    /// Which.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// What the node knew at this moment, RFC 3339 or HH:MM today
    #[arg(long, value_name = "TIME")]
    pub known: Option<String>,
    /// What held at this moment
    #[arg(long, value_name = "TIME")]
    pub valid: Option<String>,
}
