//! Arguments of the commands that say who is who, and who may see what.

use std::path::PathBuf;

use clap::{Args, Subcommand};

fn pair(typed: &str) -> Result<(String, String), String> {
    let (key, name) = typed.split_once('=').ok_or("write it as KEY=NAME")?;
    Ok((key.to_owned(), name.to_owned()))
}

/// `charter`.
#[derive(Debug, Subcommand)]
pub enum CharterCommand {
    /// Makes a key for a person who will sign
    Key(KeyArgs),
    /// Founds the charter of a node, for good
    Create(FoundArgs),
    /// Shows who is who, and who may see what
    Show(ShowCharterArgs),
    /// Lets another key sign everything, or a part
    Power(PowerArgs),
    /// Signs what others said and that needs more signatures
    Endorse(EndorseArgs),
    /// Writes everything that was said to a file
    Save(SaveArgs),
    /// Adds what a file says that `polder charter save` wrote
    Load(LoadArgs),
}

/// Who signs.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Key file to sign with, of `polder charter key`
    #[arg(long, env = "POLDER_KEY", value_name = "FILE")]
    pub key: PathBuf,
    /// File that holds the passphrase of the key [default: it is asked for]
    #[arg(long, env = "POLDER_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Why, in one line; stands in the charter
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub note: String,
}

/// `charter key`.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// File to write; what exists is never overwritten
    pub file: PathBuf,
    /// File that holds the passphrase for the key [default: it is asked for]
    #[arg(long, env = "POLDER_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Leaves the key unencrypted: whoever reads the file can sign
    #[arg(long, conflicts_with = "passphrase_file")]
    pub no_passphrase: bool,
}

/// `charter create`.
#[derive(Debug, Args)]
pub struct FoundArgs {
    /// Name of the charter as people say it
    pub name: String,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
    /// Whose the key is
    #[arg(long, value_name = "NAME")]
    pub holder: String,
    /// Other anchor: public key and whose it is; may be given often
    #[arg(long, value_name = "KEY=NAME", value_parser = pair)]
    pub anchor: Vec<(String, String)>,
    /// How many anchors must sign what changes anchors
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub needed: u32,
}

/// `charter show`.
#[derive(Debug, Args)]
pub struct ShowCharterArgs {
    /// Also what counts no more, or not yet
    #[arg(long)]
    pub all: bool,
}

/// `charter power`.
#[derive(Debug, Args)]
pub struct PowerArgs {
    /// Public key, 64 hex digits
    pub public_key: String,
    /// Whose it is
    pub holder: String,
    /// Makes it an anchor: it can do everything
    #[arg(long, conflicts_with_all = ["everything", "party", "incident"])]
    pub anchor: bool,
    /// Everything but anchors and such powers as this
    #[arg(long)]
    pub everything: bool,
    /// Nodes and roles of this party; may be given often
    #[arg(long, value_name = "PARTY", value_delimiter = ',')]
    pub party: Vec<String>,
    /// Who takes part in this incident, or `all`; may be given often
    #[arg(long, short, value_name = "ID", value_delimiter = ',')]
    pub incident: Vec<String>,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `charter endorse`.
#[derive(Debug, Args)]
pub struct EndorseArgs {
    /// Statement, as `polder charter show --all` lists it; its first digits are enough
    pub statement: String,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `charter save`.
#[derive(Debug, Args)]
pub struct SaveArgs {
    /// File to write
    pub file: PathBuf,
}

/// `charter load`.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// File of `polder charter save`
    pub file: PathBuf,
}

/// `party`.
#[derive(Debug, Args)]
pub struct PartyArgs {
    /// Id: 1 to 63 of a-z 0-9 -, a letter first
    pub id: String,
    /// Name for people, Dutch or as TAG=NAME; may be given often [default: the id]
    #[arg(long = "name", value_name = "NAME")]
    pub names: Vec<String>,
    /// Discipline: fire, police, medical, water, ...
    #[arg(long)]
    pub discipline: String,
    /// Country, ISO 3166-1
    #[arg(long, value_name = "TAG", default_value = "NL")]
    pub country: String,
    /// How to reach it at any hour
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub contact: String,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `audience`.
#[derive(Debug, Args)]
pub struct AudienceArgs {
    /// Id: 1 to 63 of a-z 0-9 -, a letter first
    pub id: String,
    /// Name for people, Dutch or as TAG=NAME; may be given often [default: the id]
    #[arg(long = "name", value_name = "NAME")]
    pub names: Vec<String>,
    /// Party that belongs to it; may be given often. These and no others
    #[arg(long, value_name = "PARTY", value_delimiter = ',')]
    pub party: Vec<String>,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `member`.
#[derive(Debug, Args)]
pub struct MemberArgs {
    /// Id of the incident
    pub incident: String,
    /// Parties that take part
    #[arg(required_unless_present = "everybody", value_name = "PARTY")]
    pub parties: Vec<String>,
    /// Every party of the charter takes part
    #[arg(long, conflicts_with = "parties")]
    pub everybody: bool,
    /// Ends it at once, and why
    #[arg(long, value_name = "REASON")]
    pub end: Option<String>,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Region: a party of the charter
    #[arg(value_name = "PARTY")]
    pub region: String,
    /// Parties that a GRIP level brings in, as LEVEL=PARTY,PARTY; may be given often
    #[arg(long, value_name = "LEVEL=PARTIES")]
    pub bring: Vec<String>,
    /// Team that a GRIP level calls up, as LEVEL=TEAM or LEVEL=TEAM:MINUTES within which it is at
    /// work; may be given often [default: the minutes of the law]
    #[arg(long, value_name = "LEVEL=TEAM")]
    pub team: Vec<String>,
    /// Ends it at once, and why
    #[arg(long, value_name = "REASON")]
    pub end: Option<String>,
    /// Key file to sign with, of `polder charter key`; showing needs none
    #[arg(long, env = "POLDER_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// File that holds the passphrase of the key [default: it is asked for]
    #[arg(long, env = "POLDER_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Why, in one line; stands in the charter
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub note: String,
}

/// `role`.
#[derive(Debug, Args)]
pub struct RoleArgs {
    /// Name by which the person signs in, such as j.jansen@example.nl
    pub person: String,
    /// Role: reader, liaison, column-head, information-manager, operational-leader, auditor or
    /// administrator
    pub role: String,
    /// Party that the person works for
    #[arg(long)]
    pub party: String,
    /// Only in this incident [default: in all]
    #[arg(long, short, value_name = "ID")]
    pub incident: Option<String>,
    /// Ends by itself then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Ends it at once, and why
    #[arg(long, value_name = "REASON")]
    pub end: Option<String>,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `certify`.
#[derive(Debug, Args)]
pub struct CertifyArgs {
    /// Party that the node speaks for; may be given often
    #[arg(long, required = true, value_name = "PARTY", value_delimiter = ',')]
    pub party: Vec<String>,
    /// Public key of the node, 64 hex digits, as its `polder status` shows it [default: the node
    /// asked]
    #[arg(long, value_name = "KEY")]
    pub public_key: Option<String>,
    /// Name of the node as people say it [default: the name it has]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// `revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Key id of a node or of a person, or what `polder charter show` lists; its first digits are
    /// enough
    pub id: String,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// For a person's key: the number of its last signature that stands
    #[arg(long, value_name = "NUMBER")]
    pub last: Option<u64>,
    /// For a node: nothing that it ever wrote stands [default: what the node asked holds of it]
    #[arg(long)]
    pub nothing_stands: bool,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}
