//! The command line: what each command does is in its own file.

mod acts;
mod archive;
pub mod args;
mod audit;
mod bench;
mod bundle;
mod charter;
mod client;
mod demo;
mod dutch;
mod environment;
pub mod file;
mod incidents;
mod issue;
mod join;
mod key;
mod links;
mod methane;
mod people;
mod play;
mod read;
mod recall;
mod scenario;
mod session;
mod show;
mod store;
mod team;
mod wait;
pub mod words;
mod write;

use std::io::Write as _;

use anyhow::Context as _;
use clap::{CommandFactory as _, FromArgMatches as _};
use parking_lot::Mutex;
use polder_picture::language::Language;
use tonic_types::StatusExt as _;

use self::{
    args::{Cli, Command, Common},
    client::Unreachable,
    file::File,
    session::{Bearer, Connection},
    show::Lines,
    words::Words,
};
use crate::{config::Config, tls::Dialled};

/// What every command knows.
struct Context {
    common: Common,
    config: Config,
    file: File,
    words: Words,
    lines: Lines,
    /// The last connection to the node, for what its handshake tells afterwards.
    dialled: Mutex<Option<Dialled>>,
}

impl Context {
    fn node(&self) -> &str {
        self.common.node.as_deref().unwrap_or(client::NODE)
    }

    /// A connection that says who calls: by `--token`, else by the session of `polder login`.
    async fn connect(&self) -> anyhow::Result<Connection> {
        let kept = match &self.common.token {
            Some(token) => Some(token.clone()),
            None => session::kept(self.node())?.map(|kept| kept.token),
        };
        self.connect_as(kept.as_deref()).await
    }

    async fn connect_as(&self, token: Option<&str>) -> anyhow::Result<Connection> {
        let bearer = token.map(Bearer::of).transpose()?.unwrap_or_default();
        let how = client::how(&self.common, self.node(), self.words)?;
        let dialled = client::dial(self.node(), &how, self.words).await?;
        let channel = dialled.channel.clone();
        *self.dialled.lock() = Some(dialled);
        Ok(Connection::new(channel, bearer))
    }

    /// That our own certificate is refused shows only in the first call: says it in its words.
    fn with_trouble(&self, error: anyhow::Error) -> anyhow::Error {
        let trouble = self.dialled.lock().as_ref().and_then(Dialled::trouble);
        match trouble.filter(|_| error.downcast_ref::<tonic::Status>().is_some()) {
            None => error,
            Some(trouble) => {
                client::unreachable(self.node(), &trouble.sentence(self.words.0), self.words)
            }
        }
    }

    /// Directory of the store, from a flag, the environment or the file.
    fn data(&self, flag: Option<std::path::PathBuf>) -> anyhow::Result<std::path::PathBuf> {
        let data = flag.or_else(|| self.config.data.clone());
        let data =
            data.context("say where the store is: --data DIR, POLDER_DATA or `data` in the file");
        data.context(Misuse)
    }

    fn engine(&self, flag: Option<String>) -> anyhow::Result<Option<String>> {
        let engine = flag.or_else(|| self.config.store.engine.clone());
        if let Some(engine) = &engine {
            crate::config::check_engine(engine).context(Misuse)?;
        }
        Ok(engine)
    }
}

/// Prints a line; a reader that went away ends the program without noise.
fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").map_err(Into::into)
}

/// Prints JSON on one line.
fn say_json(value: &serde_json::Value) -> anyhow::Result<()> {
    say(&value.to_string())
}

/// Runs the program and says with which code it ends.
pub fn main() -> u8 {
    let file = early("--config", &["POLDER_CONFIG"]).map(|path| File::read(path.as_ref()));
    let (file, fault) = match file.transpose() {
        Ok(file) => (file.unwrap_or_else(File::none), None),
        Err(error) => (File::none(), Some(error.context(Usage))),
    };
    let language = early_language(&file);
    let command = match language {
        Language::English => file.command.clone(),
        Language::Dutch => dutch::translate(file.command.clone()),
    };
    let matches = match (command.try_get_matches(), fault) {
        // Help is given also when the file is at fault.
        (Err(error), None) => return print(&error),
        (Err(error), Some(_)) if !error.use_stderr() => return print(&error),
        (_, Some(fault)) => return told(&fault, language),
        (Ok(matches), None) => matches,
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    run(cli, file, language).unwrap_or_else(|error| told(&error, language))
}

/// Prints help, or what is wrong with the command line.
fn print(error: &clap::Error) -> u8 {
    let _ = error.print();
    if error.use_stderr() { 2 } else { 0 }
}

/// Prints an error and says with which code the program ends.
fn told(error: &anyhow::Error, language: Language) -> u8 {
    let (code, text) = explain(error, Words(language));
    if !text.is_empty() {
        eprintln!("polder: {text}");
    }
    code
}

/// A flag that must be known before the flags are read, looked for by hand.
fn early(flag: &str, variables: &[&str]) -> Option<String> {
    let mut args = std::env::args().take_while(|arg| arg != "--");
    let typed = args.find_map(|arg| match arg.strip_prefix(flag)? {
        "" => Some(None),
        rest => rest.strip_prefix('=').map(|value| Some(value.to_owned())),
    });
    let typed = typed.and_then(|value| value.or_else(|| args.next()));
    let from = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    typed.or_else(|| variables.iter().find_map(from))
}

/// The help is written before the flags are read, so the language must be known early.
fn early_language(file: &File) -> Language {
    let tag = early("--lang", &["POLDER_LANG"])
        .or_else(|| file.flags.get("lang").cloned())
        .or_else(|| early("--lang", &["LC_ALL", "LC_MESSAGES", "LANG"]))
        .unwrap_or_default();
    Language::of(&tag.replace('_', "-"))
}

fn run(cli: Cli, file: File, early: Language) -> anyhow::Result<u8> {
    let Cli { common, command } = cli;
    let words = Words(common.lang.as_deref().map_or(early, Language::of));
    let serves = matches!(command, Command::Serve(_));
    log_to_stderr(&common, serves)?;
    let lines = Lines::of_stdout(words);
    let dialled = Mutex::default();
    let context = Context { common, config: file.config.clone(), file, words, lines, dialled };
    if let Command::Completions(args) = &command {
        clap_complete::generate(args.shell, &mut Cli::command(), "polder", &mut std::io::stdout());
        return Ok(0);
    }
    // A lone caller writes for itself and holds up its thread meanwhile: one more than cores.
    let threads = std::thread::available_parallelism().map_or(2, usize::from) + 1;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let done = runtime.block_on(dispatch(&context, command));
    let done = done.map_err(|error| context.with_trouble(error));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    done
}

async fn dispatch(context: &Context, command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Init(args) => store::init(context, args),
        Command::Serve(args) => store::serve(context, args).await,
        Command::Demo(args) => demo::run(context, args).await,
        Command::Incident(command) => incidents::run(context, command).await,
        Command::Publish(args) => write::publish(context, *args).await,
        Command::Retract(args) => write::retract(context, args).await,
        Command::Release(args) => people::release(context, args).await,
        Command::Recall(args) => recall::recall(context, args).await,
        Command::Erase(args) => recall::erase(context, args).await,
        Command::Audit(args) => audit::run(context, args).await,
        Command::Login(args) => people::login(context, args).await,
        Command::Logout => people::logout(context).await,
        Command::Whoami => people::whoami(context).await,
        Command::Account(command) => people::account(context, command).await,
        Command::Guest(command) => people::guest(context, command).await,
        Command::List(args) => read::list(context, args).await,
        Command::Watch(args) => read::watch(context, args).await,
        Command::AsOf(args) => read::as_of(context, args).await,
        Command::Contradictions(args) => team::contradictions(context, args).await,
        Command::Decide(args) => team::decide(context, args).await,
        Command::Assistance(args) => team::assistance(context, args).await,
        Command::Daily(args) => team::daily(context, args).await,
        Command::Signals(args) => team::signals(context, args).await,
        Command::Capacity(args) => team::capacity(context, args).await,
        Command::Warnings(args) => team::warnings(context, args).await,
        Command::Contacts(args) => team::contacts(context, args).await,
        Command::Reports(args) => team::reports(context, args).await,
        Command::Gaps(args) => team::gaps(context, args).await,
        Command::Acknowledge(args) => team::acknowledge(context, args).await,
        Command::Forecasts(args) => team::forecasts(context, args).await,
        Command::Issue(args) => issue::issue(context, args).await,
        Command::Methane(args) => methane::methane(context, *args).await,
        Command::Impact(args) => team::impact(context, args).await,
        Command::Scenarios(args) => team::scenarios(context, args).await,
        Command::Handover(args) => team::handover(context, args).await,
        Command::Situation(args) => team::situation(context, args).await,
        Command::National(args) => team::national(context, args).await,
        Command::Digest(args) => team::digest(context, args).await,
        Command::Review(args) => team::review(context, args).await,
        Command::Sitrep(command) => team::sitrep(context, command).await,
        Command::Status => read::status(context).await,
        Command::Links(args) => links::links(context, args).await,
        Command::Holders(args) => links::holders(context, args).await,
        Command::Charter(command) => charter::run(context, command).await,
        Command::Party(args) => charter::party(context, args).await,
        Command::Audience(args) => charter::audience(context, args).await,
        Command::Member(args) => charter::member(context, args).await,
        Command::Plan(args) => charter::plan(context, args).await,
        Command::Role(args) => charter::role(context, args).await,
        Command::Certify(args) => charter::certify(context, args).await,
        Command::Invite(args) => join::invite(context, args).await,
        Command::Join(args) => join::join(context, args).await,
        Command::Revoke(args) => charter::revoke(context, args).await,
        Command::Verify(args) => store::verify(context, args).await,
        Command::Backup(args) => store::backup(context, args).await,
        Command::Restore(args) => store::restore(context, args),
        Command::Compact(args) => store::compact(context, args).await,
        Command::Heads(args) => bundle::heads(context, args).await,
        Command::Export(args) => bundle::export(context, args).await,
        Command::Import(args) if bundle::is_bundle(&args.file) => {
            bundle::import(context, args).await
        }
        Command::Import(args) => scenario::import(context, args).await,
        Command::Archive(args) => archive::archive(context, args).await,
        Command::Play(args) => play::play(context, args).await,
        Command::Check => store::check(context),
        Command::Bench(args) => bench::run(context, args).await,
        Command::Completions(_) => Ok(0),
    }
}

fn log_to_stderr(common: &Common, serves: bool) -> anyhow::Result<()> {
    use tracing_subscriber::{EnvFilter, fmt};
    let usual = if serves { "info" } else { "error" };
    let filter = common.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::try_new(filter).context("--log is no filter").context(Misuse)?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if common.log_json {
        builder.json().init();
    } else {
        use std::io::IsTerminal as _;
        builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).init();
    }
    Ok(())
}

/// The configuration or command line is at fault.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used")]
struct Usage;

/// A word on the command line is at fault.
#[derive(Debug, thiserror::Error)]
#[error("the command line cannot be used")]
struct Misuse;

/// The store is damaged or failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct StoreDamaged(String);

/// Exit code and text for an error.
fn explain(error: &anyhow::Error, words: Words) -> (u8, String) {
    if let Some(error) = error.downcast_ref::<std::io::Error>()
        && error.kind() == std::io::ErrorKind::BrokenPipe
    {
        return (0, String::new());
    }
    if let Some(status) = error.downcast_ref::<tonic::Status>() {
        return explain_status(status, words);
    }
    let text = format!("{error:#}");
    let misused = error.downcast_ref::<Misuse>().is_some();
    let code = if misused || error.downcast_ref::<Usage>().is_some() {
        2
    } else if error.downcast_ref::<Unreachable>().is_some() {
        4
    } else if error.downcast_ref::<StoreDamaged>().is_some()
        || error.downcast_ref::<crate::store::engine::EngineError>().is_some()
        || matches!(
            error.downcast_ref::<crate::store::directory::DirectoryError>(),
            Some(crate::store::directory::DirectoryError::Engine(_))
        )
    {
        5
    } else {
        1
    };
    (code, text)
}

fn explain_status(status: &tonic::Status, words: Words) -> (u8, String) {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let mut text = format!("{}: {}", words.refused(), status.message());
    if let Some(dutch) = dutch::reason(words, &reason) {
        text = format!("{}: {dutch} ({})", words.refused(), status.message());
    }
    for field in details.bad_request().into_iter().flat_map(|bad| &bad.field_violations) {
        text.push_str(&format!("\n  {}: {}", field.field, field.description));
    }
    if !reason.is_empty() {
        text.push_str(&format!("\n  [{reason}]"));
    }
    let code = match status.code() {
        tonic::Code::Unavailable | tonic::Code::DeadlineExceeded => 4,
        tonic::Code::DataLoss | tonic::Code::Internal if reason == "STORE_FAILED" => 5,
        tonic::Code::Unknown | tonic::Code::Cancelled => 1,
        _ => 3,
    };
    (code, text)
}
