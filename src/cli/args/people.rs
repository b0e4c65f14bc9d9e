//! Arguments of the commands about people who sign in.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `login`.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// Name of the account
    #[arg(required_unless_present = "invitation", value_name = "NAME")]
    pub account: Option<String>,
    /// File that holds the passphrase [default: it is asked for]
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Signs in as a guest, by what `polder guest invite` gave
    #[arg(long, value_name = "TEXT")]
    pub invitation: Option<String>,
    /// Prints the session instead of keeping it, for --token
    #[arg(long)]
    pub print: bool,
}

/// `account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Makes an account of this node, or changes it
    Set(SetAccountArgs),
    /// Lists accounts and guests
    List,
    /// Removes an account: its sessions end at once
    Remove(AccountArgs),
}

/// `account set`.
#[derive(Debug, Args)]
pub struct SetAccountArgs {
    /// Name by which the person signs in, such as j.jansen@example.nl
    pub account: String,
    /// Name for people [default: as it is]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What it may do, ROLE:PARTY or ROLE:PARTY:INCIDENT; may be given often. These and no others
    /// [default: as they are]. Where the node has a charter, that grants roles instead
    #[arg(long = "role", value_name = "GRANT", value_delimiter = ',')]
    pub roles: Vec<String>,
    /// Asks for a new passphrase; an account that has none is always asked
    #[arg(long)]
    pub passphrase: bool,
    /// File that holds the passphrase
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Without a passphrase: somebody whom an identity provider knows
    #[arg(long, conflicts_with_all = ["passphrase", "passphrase_file"])]
    pub no_passphrase: bool,
    /// May not sign in any more, and is out at once
    #[arg(long, conflicts_with = "enable")]
    pub disable: bool,
    /// May sign in again
    #[arg(long)]
    pub enable: bool,
}

/// `account remove`, `guest end`.
#[derive(Debug, Args)]
pub struct AccountArgs {
    /// Name of the account
    pub account: String,
}

/// `guest`.
#[derive(Debug, Subcommand)]
pub enum GuestCommand {
    /// Lets somebody in, to some audiences of one incident, until a time
    Invite(InviteGuestArgs),
    /// Lists guests
    List,
    /// Ends an invitation: the guest is out at once
    End(AccountArgs),
}

/// `guest invite`.
#[derive(Debug, Args)]
pub struct InviteGuestArgs {
    /// Who is invited, for people
    pub name: String,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// Audiences that the guest may see
    #[arg(long, value_name = "ID", value_delimiter = ',', default_value = "all")]
    pub audience: Vec<String>,
    /// Until when: a time, or a duration such as 8h
    #[arg(long, value_name = "TIME", default_value = "12h")]
    pub until: String,
    /// Party in whose name the guest is let in [default: yours]
    #[arg(long)]
    pub party: Option<String>,
    /// The guest may also report, and not only read
    #[arg(long)]
    pub may_report: bool,
}

/// `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Full name of the entry, incidents/…/entries/…
    pub name: String,
    /// Audience that shall see it too, or `all`
    #[arg(long, value_name = "ID")]
    pub audience: String,
    /// What is told there instead of its title
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Language of that text
    #[arg(long, default_value = "nl", value_name = "TAG")]
    pub text_lang: String,
    /// Leaves out sources and attachments
    #[arg(long)]
    pub without_sources: bool,
}

/// `recall`.
#[derive(Debug, Args)]
pub struct RecallArgs {
    /// Full name of the entry, incidents/…/entries/…
    pub name: String,
    /// Audience for which it stays, under another name [default: nobody]
    #[arg(long, value_name = "ID")]
    pub audience: Option<String>,
    /// Why; whoever had it is told
    #[arg(long)]
    pub reason: String,
}

/// `erase`.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// Full name of the entry, incidents/…/entries/…
    pub name: String,
    /// Why; it stays readable
    #[arg(long)]
    pub reason: String,
}
