//! The command line. Every flag is also `POLDER_*` in the environment (`environment.rs`) and a key
//! in the file (`file.rs`). English here, Dutch in `dutch.rs`; a test sees to it that none is missing.

mod assistance;
mod audit;
mod bundle;
mod charter;
mod common;
mod impact;
mod incident;
mod join;
mod link;
mod people;
mod public;
mod read;
mod serve;
mod team;
mod watch;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

pub use self::{
    assistance::{
        AcceptArgs, AskForArgs, AssistanceAction, AssistanceArgs, MoveArgs, OfferArgs, SpeakArgs,
    },
    audit::AuditArgs,
    bundle::{ArchiveArgs, ExportArgs, HeadsArgs, ImportArgs, VerifyArgs},
    charter::{
        AudienceArgs, CertifyArgs, CharterCommand, EndorseArgs, FoundArgs, KeyArgs, LoadArgs,
        MemberArgs, PartyArgs, PlanArgs, PowerArgs, RevokeArgs, RoleArgs, SaveArgs, SignArgs,
    },
    common::Common,
    impact::{ImpactArgs, ScenariosArgs},
    incident::{
        CloseArgs, CreateArgs, IncidentCommand, IncidentHistoryArgs, IncidentListArgs,
        IncidentName, ModeArg, PlayArgs, UpdateArgs,
    },
    join::{InviteArgs, JoinArgs},
    link::{HoldersArgs, LinksArgs, WaitArgs},
    people::{
        AccountArgs, AccountCommand, EraseArgs, GuestCommand, InviteGuestArgs, LoginArgs,
        RecallArgs, ReleaseArgs, SetAccountArgs,
    },
    public::{ContactAddArgs, ContactCheckArgs, ContactsAction, ContactsArgs, WarningsArgs},
    read::{AsOfArgs, FilterArgs, ListArgs, WatchArgs},
    serve::ServeArgs,
    team::{
        AcknowledgeArgs, AskArgs, ContradictionsArgs, DecideArgs, DiffSitrepArgs, DigestArgs,
        DraftSitrepArgs, GapsArgs, HandoverArgs, IssueArgs, IssueSitrepArgs, MethaneArgs,
        NationalArgs, ReviewArgs, ShowSitrepArgs, SitrepCommand, SituationArgs,
    },
    watch::{CapacityArgs, DailyArgs, PromoteArgs, ReportsAction, ReportsArgs, SignalsArgs},
};

/// Keeps one shared picture of a crisis among many organisations, also when the network does not.
#[derive(Debug, Parser)]
#[command(name = "polder", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Shown under the help.
pub const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, \
    3 refused by the node, 4 node not reachable, 5 the store is damaged or failed, 6 stored here \
    but not yet held by the nodes asked for: nothing is lost.";

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a new store with a new key
    Init(InitArgs),
    /// Serves the node until it is told to stop
    Serve(ServeArgs),
    /// Plays the flood of July 2021 in Limburg on a node of its own
    Demo(DemoArgs),
    /// Opens, shows, changes and closes incidents
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Publishes an entry, or JSON lines from standard input
    Publish(Box<PublishArgs>),
    /// Issues a warning to the public that another person drafted, or corrects one
    Issue(IssueArgs),
    /// Shows what the public was told, stage by stage
    Warnings(WarningsArgs),
    /// Shows the book of numbers and addresses for the public, and fills it
    Contacts(ContactsArgs),
    /// Withdraws an entry
    Retract(RetractArgs),
    /// Makes an entry known to another audience
    Release(ReleaseArgs),
    /// Takes back what was said to too many: nodes drop it
    Recall(RecallArgs),
    /// Erases what an entry said, on every node that has it; what was done stays on record
    Erase(EraseArgs),
    /// Lists entries
    List(ListArgs),
    /// Makes the first report of an incident by M/ETHANE, and asks what is not given
    Methane(Box<MethaneArgs>),
    /// Shows the picture and every change to it, live
    Watch(WatchArgs),
    /// Shows what was known, or what held, at a moment
    AsOf(AsOfArgs),
    /// Shows what contradicts what, side by side, open ones on top
    Contradictions(ContradictionsArgs),
    /// Puts a decision about a contradiction on record, resting on every version of it
    Decide(DecideArgs),
    /// Shows what help was asked, offered and sent; asks, offers and accepts it
    Assistance(AssistanceArgs),
    /// Shows which figures passed a threshold, are expected to, or no longer do
    Signals(SignalsArgs),
    /// Makes the report of the last 24 hours: signals, incidents, what changed, gaps, what is ahead
    Daily(DailyArgs),
    /// Counts units and people: what can be sent, what ends, and who lacks rest
    Capacity(CapacityArgs),
    /// Shows what citizens told, in groups, and promotes it
    Reports(ReportsArgs),
    /// Shows who has said nothing, whose figures are stale, and what nobody has filled
    Gaps(GapsArgs),
    /// Shows the situation picture: its sections, whose they are, clocks of the law, what weighs most
    Situation(SituationArgs),
    /// Shows the picture of the nation, joined from its regions, and how they are linked
    National(NationalArgs),
    /// Shows what one reader should see first, and how much is held back
    Digest(DigestArgs),
    /// Says that you have read an entry, or lists what must be seen and by whom
    Acknowledge(AcknowledgeArgs),
    /// Shows how forecasts moved, and what came true
    Forecasts(AskArgs),
    /// Shows what outages take down next, what comes back, and whom that hits; also of what is only
    /// supposed
    Impact(ImpactArgs),
    /// Puts scenarios side by side: likelihood, harm to national security, assumptions
    Scenarios(ScenariosArgs),
    /// Makes what the next shift must know
    Handover(HandoverArgs),
    /// Makes a review of a whole incident: measures, time line, decisions with what was known, sitreps
    Review(ReviewArgs),
    /// Drafts, issues, shows and compares sitreps
    #[command(subcommand)]
    Sitrep(SitrepCommand),
    /// Shows who the node is and how it does
    Status,
    /// Shows live which nodes are linked or cut off, since when, and what each lacks
    Links(LinksArgs),
    /// Shows which nodes are known to hold an entry
    Holders(HoldersArgs),
    /// Tells who has seen an entry, or what a person did
    Audit(AuditArgs),
    /// Signs in at a node
    Login(LoginArgs),
    /// Ends every session at a node
    Logout,
    /// Shows who you are at a node, and what you may do
    Whoami,
    /// Looks after accounts of a node
    #[command(subcommand)]
    Account(AccountCommand),
    /// Lets guests in, and out
    #[command(subcommand)]
    Guest(GuestCommand),
    /// Founds the charter, shows it and carries it: who is who, and who may see what
    #[command(subcommand)]
    Charter(CharterCommand),
    /// Says in the charter that an organisation exists, or says it anew
    Party(PartyArgs),
    /// Names a set of parties in the charter, or names it anew
    Audience(AudienceArgs),
    /// Lets parties take part in an incident, or ends that
    Member(MemberArgs),
    /// Says whom a region brings in when it scales up, shows that, or ends it
    Plan(PlanArgs),
    /// Gives a person a role, or ends it
    Role(RoleArgs),
    /// Lets a node speak for parties, and hold what they may see
    Certify(CertifyArgs),
    /// Invites a node into the charter with a code to read out, and certifies it when it comes
    Invite(InviteArgs),
    /// Takes a node into the charter of another, with a code from there
    Join(JoinArgs),
    /// Takes back what the charter grants: a node, a key, or anything that it lists
    Revoke(RevokeArgs),
    /// Checks every chain, hash and signature of a store, or of an archive file
    Verify(VerifyArgs),
    /// Writes a consistent copy of a store, also while it runs
    Backup(BackupArgs),
    /// Makes a store from a backup, with a new key
    Restore(RestoreArgs),
    /// Rewrites the store of a running node into a new one, of either engine
    Compact(CompactArgs),
    /// Writes what the node holds, so that another can export what it lacks
    Heads(HeadsArgs),
    /// Writes records to a file, for a node that no link reaches
    Export(ExportArgs),
    /// Takes a bundle of another node, or plays a scenario file
    Import(ImportArgs),
    /// Writes a closed incident to one file, or drops it here once the file holds it
    Archive(ArchiveArgs),
    /// Plays an incident, or the archive of one, back into an exercise of its own, at any speed
    Play(PlayArgs),
    /// Checks a configuration file and says what would be used
    Check,
    /// Measures this program beside the raw disk and a bare echo
    Bench(BenchArgs),
    /// Prints completions for a shell
    Completions(CompletionArgs),
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Directory for the store
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Name of the node as people say it
    #[arg(long, env = "POLDER_NAME", value_name = "NAME", default_value = "polder")]
    pub name: String,
    /// Party that it publishes for: 1 to 63 of a-z 0-9 -
    #[arg(long, env = "POLDER_PARTY", value_name = "PARTY")]
    pub party: String,
    /// Storage engine: fjall or sled [default: fjall]
    #[arg(long, env = "POLDER_ENGINE", value_name = "ENGINE")]
    pub engine: Option<String>,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Directory for the store [default: a temporary one, removed at the end]
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to serve; another port is taken when this one is in use
    #[arg(long, env = "POLDER_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:7420")]
    pub listen: SocketAddr,
    /// Where to serve /metrics and /healthz
    #[arg(long, env = "POLDER_ADMIN", value_name = "ADDR", default_value = "127.0.0.1:7421")]
    pub admin: SocketAddr,
    /// Scenario seconds that pass in one second
    #[arg(long, env = "POLDER_SPEED", value_name = "FACTOR", default_value_t = 7200.0)]
    pub speed: f64,
    /// Plays at full speed, prints a summary and ends
    #[arg(long)]
    pub once: bool,
    /// Storage engine: fjall or sled [default: fjall]
    #[arg(long, env = "POLDER_ENGINE", value_name = "ENGINE")]
    pub engine: Option<String>,
}

/// `publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// Title of the entry; `-` reads entries or publish items as JSON lines from standard input
    pub title: Option<String>,
    /// Incident [default: the only open one]
    #[arg(long, short, env = "POLDER_INCIDENT", value_name = "ID")]
    pub incident: Option<String>,
    /// What it is about: observation, water_level, evacuation, ...
    #[arg(long, short, default_value = "observation")]
    pub kind: String,
    /// fact, assumption, forecast, bottleneck, decision, action or question
    #[arg(long, short, default_value = "fact")]
    pub statement: String,
    /// Field of the kind, such as gauge=Borgharen or discharge_m3_s=3100; JSON or plain text
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// Longer text
    #[arg(long, short)]
    pub body: Option<String>,
    /// Language of the text
    #[arg(long, default_value = "nl", value_name = "TAG")]
    pub text_lang: String,
    /// Place in words
    #[arg(long)]
    pub place: Option<String>,
    /// Latitude,longitude in degrees WGS 84
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Column that speaks: fire, police, medical, water, ...
    #[arg(long, short)]
    pub discipline: Option<String>,
    /// Party that speaks [default: that of the node]
    #[arg(long)]
    pub party: Option<String>,
    /// past, future, expected or immediate
    #[arg(long, short)]
    pub urgency: Option<String>,
    /// minor, moderate, severe or extreme
    #[arg(long)]
    pub severity: Option<String>,
    /// unlikely, possible, likely or observed
    #[arg(long)]
    pub certainty: Option<String>,
    /// When it was seen, RFC 3339 or HH:MM today [default: not stated]
    #[arg(long, value_name = "TIME")]
    pub observed: Option<String>,
    /// Until when it holds
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Who checked it; marks it verified
    #[arg(long, value_name = "WHO")]
    pub verified_by: Option<String>,
    /// Entry to write a new version of
    #[arg(long, value_name = "UUID")]
    pub entry: Option<String>,
    /// Entry that it withdraws, such as an advice that still stands: UUID or name
    #[arg(long, value_name = "ENTRY")]
    pub withdraws: Vec<String>,
    /// Entry that it knowingly contradicts: UUID or name
    #[arg(long, value_name = "ENTRY")]
    pub contradicts: Vec<String>,
    /// Line of the book that a warning cites: UUID or name
    #[arg(long, value_name = "ENTRY")]
    pub contact: Vec<String>,
    /// Party that must see it, and after = the one asked when it is late: politie=brandweer
    #[arg(long, value_name = "PARTY")]
    pub must_see: Vec<String>,
    /// Within how long they must say that they saw it
    #[arg(long, default_value = "15m", value_name = "DURATION")]
    pub within: humantime::Duration,
    /// Audience that may see it [default: everybody who takes part]
    #[arg(long, value_name = "ID")]
    pub audience: Option<String>,
    /// It holds personal data: it is erased when the time for that is over
    #[arg(long)]
    pub personal: bool,
    /// Until when personal data is kept [default: as the node is set]
    #[arg(long, value_name = "TIME")]
    pub keep_until: Option<String>,
    /// File to attach
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Until when to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `retract`.
#[derive(Debug, Args)]
pub struct RetractArgs {
    /// Full name of the entry, incidents/…/entries/…
    pub name: String,
    /// Why
    #[arg(long)]
    pub reason: String,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// File to write
    pub file: PathBuf,
    /// Directory of a store that no node runs on [default: ask the running node]
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Leaves photos and documents out
    #[arg(long)]
    pub no_attachments: bool,
}

/// `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Backup file
    pub file: PathBuf,
    /// Directory for the new store
    #[arg(long, env = "POLDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Storage engine: fjall or sled [default: fjall]
    #[arg(long, env = "POLDER_ENGINE", value_name = "ENGINE")]
    pub engine: Option<String>,
}

/// `compact`.
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// Storage engine of the new store [default: the one it has]
    #[arg(long, env = "POLDER_ENGINE", value_name = "ENGINE")]
    pub engine: Option<String>,
}

/// `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure: one node, the link between two, what TLS costs, views of crisis teams, or a
    /// large charter
    #[arg(value_parser = ["node", "link", "tls", "team", "charter"], default_value = "node")]
    pub what: String,
    /// Directory on the disk to measure [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Storage engines to measure
    #[arg(long, value_delimiter = ',', default_value = "fjall,sled")]
    pub engines: Vec<String>,
    /// Entries of the large store
    #[arg(long, default_value_t = 1_000_000)]
    pub entries: u64,
    /// Times that each measurement is repeated; the median counts
    #[arg(long, default_value_t = 3)]
    pub repeats: usize,
    /// Only measurements whose name holds this
    #[arg(long)]
    pub only: Option<String>,
    /// Serves a bare echo on this address until killed; used by the benchmark itself
    #[arg(long, hide = true, value_name = "ADDR")]
    pub serve_echo: Option<SocketAddr>,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Shell
    pub shell: clap_complete::Shell,
}
