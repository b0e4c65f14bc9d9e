//! Arguments of `audit`.

use clap::Args;

/// `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Full name of the entry, incidents/…/entries/… [default: all that was done]
    pub entry: Option<String>,
    /// Only what this person did
    #[arg(long, value_name = "NAME")]
    pub person: Option<String>,
    /// Only what was done in this incident [default: all of them]
    #[arg(long, short, value_name = "ID")]
    pub incident: Option<String>,
    /// Only what was done at or after
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what was done before
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Rows with commas between, for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}
