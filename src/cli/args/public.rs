//! Arguments of `warnings` and `contacts`.

use clap::{Args, Subcommand};

use super::{AskArgs, SpeakArgs};

/// `warnings`.
#[derive(Debug, Args)]
pub struct WarningsArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// Leaves out drafts, and what was withdrawn or is over
    #[arg(long)]
    pub standing: bool,
}

/// `contacts`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ContactsArgs {
    /// Which.
    #[command(flatten)]
    pub ask: AskArgs,
    /// What to do; left out: show the book.
    #[command(subcommand)]
    pub action: Option<ContactsAction>,
}

/// `contacts add` and `contacts check`.
#[derive(Debug, Subcommand)]
pub enum ContactsAction {
    /// Writes a line, which another person is to check
    Add(Box<ContactAddArgs>),
    /// Says that you tried the number or went to the source, and that the line is right
    Check(ContactCheckArgs),
}

/// `contacts add`.
#[derive(Debug, Args)]
pub struct ContactAddArgs {
    /// Desk or service, as the public knows it
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What for: public-information, emergency, medical, relatives, reception, utilities, police, press or damage
    #[arg(long, default_value = "public-information", value_name = "PURPOSE")]
    pub purpose: String,
    /// Telephone number, as it is to be read out
    #[arg(long, value_name = "NUMBER")]
    pub telephone: Option<String>,
    /// Web address
    #[arg(long, value_name = "ADDRESS")]
    pub web: Option<String>,
    /// Mail address
    #[arg(long, value_name = "ADDRESS")]
    pub mail: Option<String>,
    /// Street and number, postal code, place
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Until when it holds, RFC 3339 or HH:MM today [default: until withdrawn]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Line that it takes the place of: UUID or name
    #[arg(long, value_name = "ENTRY")]
    pub entry: Option<String>,
    /// For whom.
    #[command(flatten)]
    pub speak: SpeakArgs,
}

/// `contacts check`.
#[derive(Debug, Args)]
pub struct ContactCheckArgs {
    /// Line, as `polder contacts` names it; its first signs are enough
    #[arg(value_name = "ENTRY")]
    pub line: String,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
}
