//! The command line in Dutch: help texts here by way of [`help`], reasons by way of [`reasons`].
//!
//! clap writes its own error messages (`error: unexpected argument …`) in English only; everything
//! else that `--help` shows is replaced.

mod charter;
mod help;
mod people;
mod reasons;
mod team;

use clap::{Arg, Command, builder::Resettable};
use polder_picture::language::Language;

use self::help::{COMMANDS, COMMON, EXIT_CODES, FILTER, FILTERED, Text, VALUES};
use super::words::Words;

/// How a page of help is laid out.
const TEMPLATE: &str =
    "{before-help}{about-with-newline}\nGebruik: {usage}\n\n{all-args}{after-help}";

/// Replaces every text of the command line by its Dutch one.
pub(super) fn translate(mut command: Command) -> Command {
    // Building first brings clap's own flags and the global ones to every command.
    command.build();
    walk(command, "").after_help(EXIT_CODES)
}

fn walk(command: Command, path: &str) -> Command {
    let mut command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("Commando's")
        .subcommand_value_name("COMMANDO")
        .mut_args(|arg| translate_arg(arg, path))
        .mut_subcommands(|sub| match sub.get_name() {
            "help" => sub.about("Toont deze hulp, of die van een commando"),
            name => {
                let path = format!("{path} {name}");
                walk(sub, path.trim_start())
            }
        });
    if let Some(about) = about(path) {
        command = command.about(about);
    }
    // clap writes `[OPTIONS]` itself, so the usage is taken as it stands and put back.
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace("[OPTIONS]", "[OPTIES]");
    command.override_usage(usage)
}

fn translate_arg(arg: Arg, path: &str) -> Arg {
    let heading = if arg.is_positional() { "Argumenten" } else { "Opties" };
    let named: Vec<String> = arg.get_value_names().into_iter().flatten().map(value_name).collect();
    let mut help = match arg_help(path, arg.get_id().as_str(), arg.is_global_set()) {
        Some(help) => help.to_owned(),
        None => return arg.help_heading(heading),
    };
    let takes_value = arg.get_action().takes_values();
    let usual = arg.get_default_values();
    if takes_value && !usual.is_empty() && !arg.is_hide_default_value_set() {
        let usual: Vec<_> = usual.iter().map(|value| value.to_string_lossy()).collect();
        help.push_str(&format!(" [standaard: {}]", usual.join(",")));
    }
    let mut arg = arg.help(help).long_help(Resettable::Reset).help_heading(heading);
    if takes_value {
        arg = arg.hide_default_value(true).hide_possible_values(true);
        if !named.is_empty() {
            arg = arg.value_names(named);
        }
    }
    arg
}

fn value_name(name: &clap::builder::Str) -> String {
    let dutch = VALUES.iter().find(|(english, _)| *english == name.as_str());
    dutch.map_or_else(|| name.to_string(), |(_, dutch)| (*dutch).to_owned())
}

fn texts() -> impl Iterator<Item = &'static Text> {
    let others = people::COMMANDS.iter().chain(team::COMMANDS);
    COMMANDS.iter().chain(charter::COMMANDS).chain(others)
}

fn about(path: &str) -> Option<&'static str> {
    texts().find(|text| text.path == path).map(|text| text.about)
}

fn arg_help(path: &str, id: &str, global: bool) -> Option<&'static str> {
    let find = |table: &'static [(&str, &str)]| {
        table.iter().find(|(known, _)| *known == id).map(|(_, help)| *help)
    };
    let own = texts().find(|text| text.path == path).and_then(|text| find(text.args));
    own.or_else(|| if global || matches!(id, "help" | "version") { find(COMMON) } else { None })
        .or_else(|| if FILTERED.contains(&path) { find(FILTER) } else { None })
}

/// What a stable reason means, for Dutch readers. The node's own sentence is English.
pub(super) fn reason(words: Words, reason: &str) -> Option<&'static str> {
    if words.0 != Language::Dutch {
        return None;
    }
    reasons::REASONS.iter().find(|(known, _)| *known == reason).map(|(_, sentence)| *sentence)
}

/// Why a link fails, for readers of Dutch where there is a sentence for it.
pub(super) fn problem(words: Words, problem: &str) -> String {
    if words.0 != Language::Dutch {
        return problem.to_owned();
    }
    let known = reasons::PROBLEMS.iter().find(|(known, _)| problem.contains(known));
    match known {
        Some((known, dutch)) => problem.replacen(known, dutch, 1),
        None => problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;

    /// Calls `visit` with the path of each command, clap's own `help` left out.
    fn each(command: &Command, path: &str, visit: &mut dyn FnMut(&str, &Command)) {
        visit(path, command);
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            each(sub, format!("{path} {}", sub.get_name()).trim_start(), visit);
        }
    }

    fn built() -> Command {
        let mut command = Cli::command();
        command.build();
        command
    }

    #[test]
    fn every_command_and_argument_has_a_dutch_text() {
        each(&built(), "", &mut |path, command| {
            assert!(about(path).is_some(), "the command {path:?} has no Dutch text");
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let id = arg.get_id().as_str();
                let help = arg_help(path, id, arg.is_global_set());
                assert!(help.is_some(), "the argument {id:?} of {path:?} has no Dutch text");
                for name in arg.get_value_names().into_iter().flatten() {
                    let known = VALUES.iter().any(|(english, _)| *english == name.as_str());
                    let takes = arg.get_action().takes_values();
                    assert!(!takes || known, "the value name {name} has no Dutch word");
                }
            }
        });
    }

    #[test]
    fn no_dutch_text_is_left_over() {
        let mut used = BTreeSet::new();
        let mut commands = BTreeSet::new();
        each(&built(), "", &mut |path, command| {
            commands.insert(path.to_owned());
            for arg in command.get_arguments() {
                let id = arg.get_id().as_str();
                let table = if arg.is_global_set() || matches!(id, "help" | "version") {
                    "common"
                } else if FILTERED.contains(&path) && FILTER.iter().any(|(known, _)| *known == id) {
                    "filter"
                } else {
                    path
                };
                used.insert((table.to_owned(), id.to_owned()));
                used.extend(
                    arg.get_value_names()
                        .into_iter()
                        .flatten()
                        .map(|name| ("value".to_owned(), name.to_string())),
                );
            }
        });
        let mut written = BTreeSet::new();
        let mut add = |table: &str, rows: &[(&str, &str)]| {
            for (id, _) in rows {
                let fresh = written.insert((table.to_owned(), (*id).to_owned()));
                assert!(fresh, "{id} stands twice in {table}");
            }
        };
        add("common", COMMON);
        add("filter", FILTER);
        add("value", VALUES);
        for text in texts() {
            assert!(commands.remove(text.path), "{:?} is no command, or stands twice", text.path);
            add(text.path, text.args);
        }
        let left: Vec<_> = written.difference(&used).collect();
        assert!(left.is_empty(), "texts for nothing: {left:?}");
    }

    #[test]
    fn help_is_dutch_from_top_to_bottom_and_arguments_still_parse() {
        let mut pages = Vec::new();
        let translated = translate(Cli::command());
        each(&translated, "", &mut |_, command| {
            pages.push(command.clone().render_long_help().to_string());
        });
        for page in pages {
            for english in ["Usage:", "Options:", "Commands:", "Arguments:", "Print ", "default:"] {
                assert!(!page.contains(english), "{english} in\n{page}");
            }
            assert!(page.contains("Gebruik: ") && page.contains("Opties:"), "{page}");
        }
        let line = ["polder", "incident", "create", "Titel", "--mode", "exercise", "--json"];
        let matches = translate(Cli::command()).try_get_matches_from(line).unwrap();
        let (_, incident) = matches.subcommand().unwrap();
        let (_, create) = incident.subcommand().unwrap();
        assert_eq!(create.get_one::<String>("title").unwrap(), "Titel");
        assert!(create.get_flag("json"));
    }

    fn sources(below: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    /// String literals in capitals that a program could take for a reason.
    fn codes(text: &str) -> BTreeSet<String> {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        // Whatever stands between two quotes, inside a literal or outside: capitals alone are never code.
        let quoted = lines.flat_map(|line| line.split('"'));
        let is_code = |word: &&str| {
            (word.contains('_') || word.len() > 5)
                && word.starts_with(|first: char| first.is_ascii_uppercase())
                && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        };
        quoted.filter(is_code).map(str::to_owned).collect()
    }

    /// Capitals that are no reasons.
    const NO_REASONS: [&str; 5] =
        ["CARGO_MANIFEST_DIR", "CARGO_PKG_VERSION", "GRIP_LEVEL_", "OUT_DIR", "ROLE_"];

    #[test]
    fn every_reason_has_a_dutch_sentence_and_every_sentence_a_reason() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for below in ["src", "crates"] {
            sources(&root.join(below), &mut files);
        }
        // The command line gives no reasons, it reads them; and the table itself proves nothing.
        files.retain(|path| {
            let test = path.iter().any(|part| part == "tests");
            !test && !path.starts_with(root.join("src/cli"))
        });
        let mut found = BTreeSet::new();
        for path in files {
            found.append(&mut codes(&fs::read_to_string(path).unwrap()));
        }
        found.retain(|word| !NO_REASONS.contains(&word.as_str()));
        let known: BTreeSet<_> =
            reasons::REASONS.iter().map(|(reason, _)| (*reason).to_owned()).collect();
        assert_eq!(known.len(), reasons::REASONS.len(), "a reason stands twice");
        assert_eq!(found.difference(&known).collect::<Vec<_>>(), [""; 0], "reasons without Dutch");
        assert_eq!(known.difference(&found).collect::<Vec<_>>(), [""; 0], "Dutch without a reason");
        assert!(reason(Words(Language::English), "DISK_FULL").is_none());
        assert!(reason(Words(Language::Dutch), "DISK_FULL").is_some());
    }
}
