//! Arguments of `assistance`.

use clap::{Args, Subcommand};

use super::AskArgs;

/// `assistance`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AssistanceArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Leaves out requests that are met, refused or withdrawn
    #[arg(long)]
    pub open: bool,
    /// What to do; left out: show it.
    #[command(subcommand)]
    pub action: Option<AssistanceAction>,
}

/// `assistance ask` and so on.
#[derive(Debug, Subcommand)]
pub enum AssistanceAction {
    /// Asks for help
    Ask(AskForArgs),
    /// Offers help, for a request or for whoever needs it
    Offer(OfferArgs),
    /// Accepts an offer, or part of it, for a request of your own
    Accept(AcceptArgs),
    /// Says how much of an offer of your own is on its way, there, or released again
    Move(MoveArgs),
}

/// What is the same for all that is published.
#[derive(Debug, Args)]
pub struct SpeakArgs {
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// Party for which it speaks [default: your own]
    #[arg(long, value_name = "ID")]
    pub party: Option<String>,
}

/// What help of another country, or for one, says besides.
#[derive(Debug, Args)]
pub struct AbroadArgs {
    /// Number that it has elsewhere, such as in CECIS
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NUMBER")]
    pub number: String,
    /// Capacity of the Union Civil Protection Mechanism: high_capacity_pumping, flood_rescue_boats, ...
    #[arg(long, value_name = "MODULE")]
    pub module: Option<String>,
    /// Where it comes in: border crossing, airport or meeting point
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PLACE")]
    pub entry_point: String,
}

/// `assistance ask`.
#[derive(Debug, Args)]
pub struct AskForArgs {
    /// What is needed
    #[arg(value_name = "WHAT")]
    pub need: String,
    /// How many
    #[arg(long, short, value_name = "NUMBER")]
    pub quantity: i32,
    /// Party that is asked [default: whoever can]
    #[arg(long, value_name = "ID")]
    pub of: Option<String>,
    /// When it must be there, RFC 3339 or HH:MM today
    #[arg(long, value_name = "TIME")]
    pub by: Option<String>,
    /// Travels before everything else
    #[arg(long)]
    pub urgent: bool,
    /// What you have for guests: fuel, quarters, food_and_water, guides, interpreters, papers, ...
    #[arg(long, value_delimiter = ',', value_name = "SUPPORT")]
    pub has: Vec<String>,
    /// Between countries.
    #[command(flatten)]
    pub abroad: AbroadArgs,
    /// For whom.
    #[command(flatten)]
    pub speak: SpeakArgs,
}

/// `assistance offer`.
#[derive(Debug, Args)]
pub struct OfferArgs {
    /// What is offered
    #[arg(value_name = "WHAT")]
    pub means: String,
    /// How many
    #[arg(long, short, value_name = "NUMBER")]
    pub quantity: i32,
    /// Request that it answers, as `polder assistance` names it; its first signs are enough
    #[arg(long, value_name = "ENTRY")]
    pub request: Option<String>,
    /// Until when the offer stands, RFC 3339 or HH:MM today
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// When it is expected there
    #[arg(long, value_name = "TIME")]
    pub arrives: Option<String>,
    /// What the giver needs of the receiver: fuel, quarters, guides
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub needs: String,
    /// The same by sort: fuel, quarters, food_and_water, guides, interpreters, papers, ...
    #[arg(long, value_delimiter = ',', value_name = "SUPPORT")]
    pub support: Vec<String>,
    /// How it comes: own_road, own_air, own_rail_or_water, needed
    #[arg(long, value_name = "WAY")]
    pub transport: Option<String>,
    /// Who pays: giver, receiver, shared, to_be_agreed
    #[arg(long, value_name = "WHO")]
    pub costs: Option<String>,
    /// Between countries.
    #[command(flatten)]
    pub abroad: AbroadArgs,
    /// For whom.
    #[command(flatten)]
    pub speak: SpeakArgs,
}

/// `assistance accept`.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Offer, as `polder assistance` names it; its first signs are enough
    #[arg(value_name = "ENTRY")]
    pub offer: String,
    /// Request for which [default: the one that the offer answers]
    #[arg(long, value_name = "ENTRY")]
    pub request: Option<String>,
    /// How many [default: as many as are short]
    #[arg(long, short, value_name = "NUMBER")]
    pub quantity: Option<i32>,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
}

/// `assistance move`.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// Offer, as `polder assistance` names it; its first signs are enough
    #[arg(value_name = "ENTRY")]
    pub offer: String,
    /// How many are on their way [default: as it was]
    #[arg(long, value_name = "NUMBER")]
    pub en_route: Option<i32>,
    /// How many are there [default: as it was]
    #[arg(long, value_name = "NUMBER")]
    pub arrived: Option<i32>,
    /// How many have been released again [default: as it was]
    #[arg(long, value_name = "NUMBER")]
    pub released: Option<i32>,
    /// Withdraws what has not left yet
    #[arg(long)]
    pub withdraw: bool,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
}
