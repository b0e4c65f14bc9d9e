//! Arguments of `impact` and `scenarios`.

use clap::Args;

use super::AskArgs;

/// `impact`.
#[derive(Debug, Args)]
pub struct ImpactArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Only what this outage, or facility that is down, does; the first signs of its id are enough
    #[arg(long, value_name = "ENTRY")]
    pub outage: Option<String>,
    /// Counts as if this service failed: power, drinking_water, telecom, ...; say where
    #[arg(long, value_name = "SERVICE")]
    pub what_if: Option<String>,
    /// Where it fails: within so far of a point, such as 50.86,5.83,5km
    #[arg(long, value_name = "LAT,LON,RADIUS", allow_hyphen_values = true)]
    pub near: Option<String>,
    /// Where it fails, by the name of the place
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// Counts as if this facility went down; the first signs of its id are enough
    #[arg(long, value_name = "ENTRY")]
    pub facility: Option<String>,
    /// Counts as if this outage, or facility, worked again; the first signs of its id are enough
    #[arg(long, value_name = "ENTRY")]
    pub back: Option<String>,
    /// When that is supposed to happen, RFC 3339 or HH:MM today [default: the moment looked at]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// When it is supposed to work again
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// `scenarios`.
#[derive(Debug, Args)]
pub struct ScenariosArgs {
    /// Only those of this subject
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
}
