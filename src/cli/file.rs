//! Every flag in the configuration file: those of all commands at its top, those of one command in
//! the table of its name, such as `urgency` in `[list]`. A value there is the flag's default, so
//! that the command line and the environment come before it.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, bail};
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use super::environment;
use crate::config::Config;

/// A configuration file that was read and checked whole.
#[derive(Debug)]
pub struct File {
    /// What is no flag, or a flag of several commands.
    pub config: Config,
    /// Flags that the file sets, by their path in it.
    pub flags: BTreeMap<String, String>,
    /// The command line with those flags as defaults.
    pub(super) command: Command,
}

impl File {
    /// What holds without a file.
    pub(super) fn none() -> Self {
        let command = environment::command();
        Self { config: Config::default(), flags: BTreeMap::new(), command }
    }

    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let table: Table = text.parse()?;
        let mut flags = BTreeMap::new();
        let command = set(environment::command(), &table, "", &mut flags)?;
        Ok(Self { config: Config::parse(text)?, flags, command })
    }
}

/// How a command or flag is written in the file.
fn key(name: &str) -> String {
    name.replace('-', "_")
}

/// Key of a flag that the file may set: not of the file itself, nor of what help does not show.
fn key_of(arg: &Arg) -> Option<String> {
    let ours = !arg.is_hide_set() && arg.get_id() != "config";
    arg.get_long().filter(|_| ours).map(key)
}

/// Paths of all flags that a file may set.
pub fn paths() -> Vec<String> {
    fn below(command: &Command, above: &str, found: &mut Vec<String>) {
        found.extend(command.get_arguments().filter_map(key_of).map(|key| format!("{above}{key}")));
        for sub in command.get_subcommands() {
            below(sub, &format!("{above}{}.", key(sub.get_name())), found);
        }
    }
    let mut found = Vec::new();
    below(&environment::command(), "", &mut found);
    found
}

type Flags = BTreeMap<String, String>;

fn set(command: Command, table: &Table, above: &str, flags: &mut Flags) -> anyhow::Result<Command> {
    let mut command = command;
    for (name, value) in table {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        if above.is_empty() && Config::KEYS.contains(&name.as_str()) {
            continue;
        }
        if let Some(sub) = command.get_subcommands_mut().find(|sub| key(sub.get_name()) == *name) {
            let Value::Table(table) = value else {
                bail!("{path} is a command: its flags stand in a table [{path}]")
            };
            *sub = set(sub.clone(), table, &path, flags)?;
            continue;
        }
        let Some(arg) = command.get_arguments().find(|arg| key_of(arg).as_ref() == Some(name))
        else {
            bail!("{path}: {}", unknown(&command, name, above.is_empty()))
        };
        let words = words(arg, value).with_context(|| path.clone())?;
        flags.insert(path, words.join(","));
        let id = arg.get_id().clone();
        command = command.mut_arg(id, |arg| {
            // Help tells the default in words where there is none of clap's.
            let told = arg.get_action().takes_values() && arg.get_default_values().is_empty();
            arg.required(false).default_values(words).hide_default_value(told)
        });
    }
    Ok(command)
}

/// Says what a key that nothing knows could have been.
fn unknown(command: &Command, name: &str, top: bool) -> String {
    let flags = command.get_arguments().filter_map(key_of);
    let mut known: Vec<_> =
        flags.chain(command.get_subcommands().map(|sub| key(sub.get_name()))).collect();
    if top {
        known.extend(Config::KEYS.map(str::to_owned));
    }
    let near = |known: &String| strsim::jaro(known, name);
    let nearest = known.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    let nearest = nearest.filter(|known| near(known) > 0.7);
    let hint = nearest.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    if top {
        return format!("there is no such key, command or flag of every command{hint}");
    }
    format!("`polder {}` has no such flag{hint}", command.get_name())
}

/// What would be typed after the flag.
fn words(arg: &Arg, value: &Value) -> anyhow::Result<Vec<String>> {
    let many = matches!(arg.get_action(), ArgAction::Append);
    let words = match value {
        Value::Array(values) if many => {
            values.iter().map(|value| word(arg, value)).collect::<Result<_, _>>()?
        }
        value => vec![word(arg, value)?],
    };
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return Ok(words);
    }
    // The flag's own parser judges it, as it would judge the command line.
    let long = arg.get_long().unwrap_or_default();
    let typed = words.iter().map(|word| format!("--{long}={word}"));
    let alone = Command::new("polder").no_binary_name(true).arg(arg.clone().required(false));
    if let Err(error) = alone.try_get_matches_from(typed) {
        let text = error.to_string();
        let told = text.trim_start_matches("error: ").split("\n\nFor more").next();
        bail!("{}", told.unwrap_or_default().trim().replace('\n', " "));
    }
    Ok(words)
}

fn word(arg: &Arg, value: &Value) -> anyhow::Result<String> {
    use std::any::TypeId;
    let kind = arg.get_value_parser().type_id();
    let is = |ids: &[TypeId]| ids.iter().any(|id| kind == *id);
    let truth = matches!(arg.get_action(), ArgAction::SetTrue) || is(&[TypeId::of::<bool>()]);
    let whole = [TypeId::of::<u8>(), TypeId::of::<u32>(), TypeId::of::<u64>()];
    let whole = is(&whole) || is(&[TypeId::of::<i32>(), TypeId::of::<usize>()]);
    let number = is(&[TypeId::of::<f64>()]);
    match value {
        Value::Boolean(value) if truth => return Ok(value.to_string()),
        Value::Integer(value) if whole || number => return Ok(value.to_string()),
        Value::Float(value) if number => return Ok(value.to_string()),
        Value::String(value) if !(truth || whole || number) => return Ok(value.clone()),
        Value::Datetime(value) if !(truth || whole || number) => return Ok(value.to_string()),
        _ => {}
    }
    let many = matches!(arg.get_action(), ArgAction::Append);
    let wanted = match (truth, whole, number) {
        (true, ..) => "true or false",
        (_, true, _) => "a whole number",
        (.., true) => "a number",
        _ if many => "a text, or a list of texts, in quotes",
        _ => "a text in quotes",
    };
    bail!("must be {wanted}, not {}", value.type_str())
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;
    use crate::cli::args::{self, Cli, IncidentCommand};

    fn parsed(text: &str, args: &[&str]) -> args::Cli {
        let matches = File::parse(text).unwrap().command.try_get_matches_from(args).unwrap();
        Cli::from_arg_matches(&matches).unwrap()
    }

    /// A line that sets a flag.
    fn line(arg: &Arg) -> String {
        let key = key_of(arg).unwrap();
        let possible = arg.get_possible_values();
        let example = possible.first().map_or("1.5", |value| value.get_name());
        let many = matches!(arg.get_action(), ArgAction::Append);
        let mut tried = vec!["true".to_owned(), "1".to_owned(), "\"127.0.0.1:1\"".to_owned()];
        tried.push("\"10s\"".to_owned());
        tried.push(format!("{example:?}"));
        if many {
            tried = vec!["[\"a\", \"b\"]".to_owned(), "[\"a=b\"]".to_owned()];
        }
        let accepted = |value: &String| {
            let table: Table = format!("x = {value}").parse().unwrap();
            words(arg, &table["x"]).is_ok()
        };
        let value = tried.into_iter().find(accepted);
        format!("{key} = {}\n", value.unwrap_or_else(|| panic!("no value for {key}")))
    }

    fn all(command: &Command, above: &str, text: &mut String, count: &mut usize) {
        if !above.is_empty() {
            text.push_str(&format!("[{above}]\n"));
        }
        for arg in command.get_arguments().filter(|arg| key_of(arg).is_some()) {
            text.push_str(&line(arg));
            *count += 1;
        }
        for sub in command.get_subcommands() {
            let dot = if above.is_empty() { "" } else { "." };
            all(sub, &format!("{above}{dot}{}", key(sub.get_name())), text, count);
        }
    }

    #[test]
    fn every_flag_of_every_command_can_stand_in_the_file() {
        let (mut text, mut count) = (String::new(), 0);
        all(&environment::command(), "", &mut text, &mut count);
        let file = File::parse(&text).unwrap_or_else(|error| panic!("{error:#}\n{text}"));
        assert!(count > 60 && file.flags.len() == count, "{count}\n{text}");
        assert_eq!(paths().len(), count);
        // clap checks all defaults when it builds.
        file.command.clone().build();
        let cli = parsed(&text, &["polder", "incident", "create", "Hoogwater"]);
        assert!(cli.common.json && cli.common.log_json);
        let args::Command::Incident(IncidentCommand::Create(create)) = cli.command else {
            panic!("another command")
        };
        assert!(matches!(create.mode, args::ModeArg::Actual), "a flag that must be given was");
        let cli = parsed(&text, &["polder", "list", "--kind", "c"]);
        let args::Command::List(list) = cli.command else { panic!("another command") };
        assert_eq!((list.filter.kind, list.limit), (vec!["c".to_owned()], 1));
        assert_eq!(list.filter.party, ["a", "b"]);
        assert!(list.filter.stale);
    }

    #[test]
    fn what_the_file_may_not_say_is_refused_with_its_path() {
        for (text, told) in [
            (
                "jsn = true",
                "jsn: there is no such key, command or flag of every command; did you mean json?",
            ),
            ("dta = \"x\"", "did you mean data?"),
            (
                "[list]\nurgancy = \"x\"",
                "list.urgancy: `polder list` has no such flag; did you mean urgency?",
            ),
            ("[incident.create]\nmood = 1", "incident.create.mood: "),
            ("[incident.create]\nmode = \"real\"", "[possible values: actual, exercise, test]"),
            ("[publish]\ntext-lang = \"nl\"", "did you mean text_lang?"),
            ("config = \"x\"", "config: there is no such key"),
            ("list = 3", "list is a command: its flags stand in a table [list]"),
            ("json = \"yes\"", "json: must be true or false, not string"),
            ("[list]\nlimit = \"many\"", "list.limit: must be a whole number, not string"),
            ("[list]\nlimit = 5000000000", "list.limit: invalid value '5000000000'"),
            ("[demo]\nspeed = true", "demo.speed: must be a number, not boolean"),
            ("[publish]\nparty = [\"a\"]", "publish.party: must be a text in quotes, not array"),
            ("[list]\nkind = 1", "list.kind: must be a text, or a list of texts, in quotes"),
            ("[incident.update]\ngrip = 6", "incident.update.grip: invalid value '6'"),
            ("lang = \"de\"", "lang: invalid value 'de'"),
        ] {
            let error = format!("{:#}", File::parse(text).unwrap_err());
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
