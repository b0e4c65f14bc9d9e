//! Arguments of the commands for crisis teams.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ModeArg;

/// Which incident, and as known when.
#[derive(Debug, Args)]
pub struct AskArgs {
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// What the node knew at this moment, RFC 3339 or HH:MM today [default: now]
    #[arg(long, value_name = "TIME")]
    pub known: Option<String>,
}

/// `contradictions`.
#[derive(Debug, Args)]
pub struct ContradictionsArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Leaves out those on which somebody has decided
    #[arg(long)]
    pub open: bool,
}

/// `decide`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// Contradiction, as `polder contradictions` names it; its first signs are enough
    pub contradiction: String,
    /// What was decided
    pub title: String,
    /// Who decided: team or office
    #[arg(long, value_name = "WHO")]
    pub by: String,
    /// Why
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub because: String,
    /// Language of the text
    #[arg(long, default_value = "nl", value_name = "TAG")]
    pub text_lang: String,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
}

/// `gaps`.
#[derive(Debug, Args)]
pub struct GapsArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Parties that said nothing for so long are silent
    #[arg(long, default_value = "6h", value_name = "DURATION")]
    pub silent_after: humantime::Duration,
}

/// `acknowledge`.
#[derive(Debug, Args)]
pub struct AcknowledgeArgs {
    /// Full name of the entry that you read [default: lists what must be seen, and by whom]
    pub name: Option<String>,
    /// Party for which you say so, or whose list it is
    #[arg(long)]
    pub party: Option<String>,
    /// In the list also what everybody has seen
    #[arg(long)]
    pub all: bool,
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `handover`.
#[derive(Debug, Args)]
pub struct HandoverArgs {
    /// When the shift began: what came since counts as changed
    #[arg(long, value_name = "TIME")]
    pub since: String,
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// text, markdown, html or pdf
    #[arg(long, default_value = "text", value_parser = ["text", "markdown", "html", "pdf"])]
    pub format: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `sitrep …`.
#[derive(Debug, Subcommand)]
pub enum SitrepCommand {
    /// Compiles a sitrep from the picture; with --json to be edited and issued
    Draft(DraftSitrepArgs),
    /// Issues a sitrep, as drafted or from a file, with the next number of its team
    Issue(Box<IssueSitrepArgs>),
    /// Shows a sitrep, or lists them
    Show(ShowSitrepArgs),
    /// Shows what differs between two sitreps
    Diff(DiffSitrepArgs),
}

/// `sitrep draft`.
#[derive(Debug, Args)]
pub struct DraftSitrepArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Team whose picture it is, such as "ROT Zuid-Limburg"
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// Only what these parties say
    #[arg(long, value_delimiter = ',')]
    pub party: Vec<String>,
    /// Audience that will read it [default: everybody who takes part]
    #[arg(long, value_name = "ID")]
    pub audience: Option<String>,
}

/// `sitrep issue`.
#[derive(Debug, Args)]
pub struct IssueSitrepArgs {
    /// File that `polder sitrep draft --json` wrote [default: compiles it now]
    pub file: Option<PathBuf>,
    /// Role that issues it
    #[arg(long, value_name = "ROLE")]
    pub by: String,
    /// Full name of the sitrep that it takes the place of
    #[arg(long, value_name = "NAME")]
    pub replaces: Option<String>,
    /// What is in it.
    #[command(flatten)]
    pub draft: DraftSitrepArgs,
}

/// `sitrep show`.
#[derive(Debug, Args)]
pub struct ShowSitrepArgs {
    /// Number, number.version or full name [default: lists them]
    pub sitrep: Option<String>,
    /// Team that the number is of
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// text, markdown, html or pdf
    #[arg(long, default_value = "text", value_parser = ["text", "markdown", "html", "pdf"])]
    pub format: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// `sitrep diff`.
#[derive(Debug, Args)]
pub struct DiffSitrepArgs {
    /// Number, number.version or full name of the earlier one
    pub first: String,
    /// The same of the later one
    pub second: String,
    /// Team that the numbers are of
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
}

/// `situation`.
#[derive(Debug, Args)]
pub struct SituationArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Only what these parties say: their own picture
    #[arg(long, value_delimiter = ',')]
    pub party: Vec<String>,
    /// Only what these columns say: fire, police, medical, water, ...
    #[arg(long, short, value_delimiter = ',')]
    pub discipline: Vec<String>,
    /// Lines of each section, up to 100
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(i32).range(1..=100))]
    pub lines: i32,
}

/// `national`.
#[derive(Debug, Args)]
pub struct NationalArgs {
    /// Incident [default: all that are open]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// Of which mode, when no incident is named
    #[arg(long, value_enum, default_value = "actual")]
    pub mode: ModeArg,
    /// What the node knew at this moment, RFC 3339 or HH:MM today [default: now]
    #[arg(long, value_name = "TIME")]
    pub known: Option<String>,
    /// Lines of each section, up to 100
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(i32).range(1..=100))]
    pub lines: i32,
}

/// `digest`.
#[derive(Debug, Args)]
pub struct DigestArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Party for which you read [default: nobody in particular]
    #[arg(long)]
    pub party: Option<String>,
    /// Column for which you read: fire, police, medical, water, ...
    #[arg(long, short)]
    pub discipline: Option<String>,
    /// What came since counts as new [default: everything]
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Lines, up to 200
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=200))]
    pub lines: i32,
}

/// `issue`.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// Draft of a warning: UUID or full name of the entry
    #[arg(value_name = "ENTRY")]
    pub draft: String,
    /// Warning that it corrects and takes the place of: UUID or full name
    #[arg(long, value_name = "ENTRY")]
    pub corrects: Option<String>,
    /// Line of the book that it cites beside those of the draft: UUID or full name
    #[arg(long, value_name = "ENTRY")]
    pub contact: Vec<String>,
    /// Why nobody else could check it; stands on record
    #[arg(long, value_name = "REASON")]
    pub unchecked: Option<String>,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
}

/// `methane`.
#[derive(Debug, Args)]
pub struct MethaneArgs {
    /// Type of incident: what happened, in a few words [default: asked at a terminal]
    #[arg(value_name = "TYPE")]
    pub kind: Option<String>,
    /// Major incident: everything of it is urgent
    #[arg(long)]
    pub major: bool,
    /// Exact location in words
    #[arg(long, value_name = "PLACE")]
    pub exact: Option<String>,
    /// Latitude,longitude in degrees WGS 84
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Hazards, present and possible
    #[arg(long, value_name = "TEXT")]
    pub hazards: Option<String>,
    /// Access: routes that are safe
    #[arg(long, value_name = "TEXT")]
    pub access: Option<String>,
    /// Number of casualties that need help at once (red)
    #[arg(long, value_name = "NUMBER")]
    pub t1: Option<u32>,
    /// Number of casualties that need help soon (yellow)
    #[arg(long, value_name = "NUMBER")]
    pub t2: Option<u32>,
    /// Number of casualties that can wait (green)
    #[arg(long, value_name = "NUMBER")]
    pub t3: Option<u32>,
    /// Number of dead
    #[arg(long, value_name = "NUMBER")]
    pub dead: Option<u32>,
    /// Emergency services that are needed
    #[arg(long, value_name = "TEXT")]
    pub services: Option<String>,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// Column that speaks: fire, police, medical, water, ...
    #[arg(long, short)]
    pub discipline: Option<String>,
    /// Party that speaks [default: that of the node]
    #[arg(long)]
    pub party: Option<String>,
    /// Audience that may see it [default: everybody who takes part]
    #[arg(long, value_name = "ID")]
    pub audience: Option<String>,
}
