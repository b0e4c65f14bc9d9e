//! Arguments of the commands about incidents.

use clap::{Args, Subcommand, ValueEnum};

/// `incident …`.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Opens an incident
    Create(CreateArgs),
    /// Lists incidents
    List(IncidentListArgs),
    /// Shows one incident
    Show(IncidentName),
    /// Changes title, phase, GRIP level or teams
    Update(UpdateArgs),
    /// Closes an incident: it can be read, no longer written
    Close(CloseArgs),
    /// Shows how phase, GRIP and teams changed, and whom a plan brought in
    History(IncidentHistoryArgs),
}

/// Which incident.
#[derive(Debug, Args)]
pub struct IncidentName {
    /// Id of the incident
    pub id: String,
}

/// Reality, as a flag.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ModeArg {
    /// It is happening
    Actual,
    /// An exercise
    Exercise,
    /// A test
    Test,
}

/// `incident create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Title
    pub title: String,
    /// Id: 1 to 63 of a-z 0-9 -, a letter first [default: made from the title]
    #[arg(long)]
    pub id: Option<String>,
    /// Whether it is real; fixed from now on
    #[arg(long, value_enum)]
    pub mode: ModeArg,
    /// Language of the title
    #[arg(long, default_value = "nl", value_name = "TAG")]
    pub text_lang: String,
    /// Phase: cold, lukewarm, warm or aftercare
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<String>,
}

/// `incident list`.
#[derive(Debug, Args)]
pub struct IncidentListArgs {
    /// Closed ones too
    #[arg(long)]
    pub all: bool,
}

/// `incident update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Id of the incident
    pub id: String,
    /// New title
    #[arg(long)]
    pub title: Option<String>,
    /// Language of the title
    #[arg(long, default_value = "nl", value_name = "TAG")]
    pub text_lang: String,
    /// Phase: cold, lukewarm, warm or aftercare
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<String>,
    /// GRIP level of the region, 0 to 5
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=5))]
    pub grip: Option<u8>,
    /// Safety region that the GRIP level and teams are of
    #[arg(long, value_name = "PARTY")]
    pub region: Option<String>,
    /// Teams that are active: copi, rot, gbt, rbt, ...
    #[arg(long, value_delimiter = ',', value_name = "TEAM")]
    pub teams: Vec<String>,
    /// GRIP Rijk in force: true or false
    #[arg(long, value_name = "BOOL")]
    pub grip_rijk: Option<bool>,
    /// Nodes write down who reads entries of it: true or false
    #[arg(long, value_name = "BOOL")]
    pub log_reading: Option<bool>,
    /// Who keeps a section of the picture, as SECTION=PARTY or SECTION=PARTY:ROLE; sections are
    /// incident, response and outlook; SECTION= means nobody any more; may be given often
    #[arg(long, value_name = "SECTION=PARTY")]
    pub owner: Vec<String>,
}

/// `incident history`.
#[derive(Debug, Args)]
pub struct IncidentHistoryArgs {
    /// Id of the incident [default: the only open one]
    pub id: Option<String>,
    /// What the node knew at this moment, RFC 3339 or HH:MM today [default: now]
    #[arg(long, value_name = "TIME")]
    pub known: Option<String>,
}

/// `incident close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    /// Id of the incident
    pub id: String,
    /// Why
    #[arg(long)]
    pub reason: String,
}

/// `play`.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// Id of an incident of the node, or archive file of one
    #[arg(value_name = "INCIDENT|FILE")]
    pub source: String,
    /// Id of the exercise that is made of it [default: made from its title]
    #[arg(long, value_name = "ID")]
    pub into: Option<String>,
    /// Seconds of then that pass in one second, 0.01 to 10000
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// What was said before this moment of then is there at once, RFC 3339 or HH:MM today
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// All of it at once, with times shifted so that the last word is of now
    #[arg(long, conflicts_with_all = ["speed", "from"])]
    pub at_once: bool,
}
