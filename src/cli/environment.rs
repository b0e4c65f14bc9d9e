//! Every flag in the environment.

use super::args::Cli;

/// The command line with every flag in the environment too: where a flag names no variable of its
/// own, it is `POLDER_`, the command and the flag, such as `POLDER_LIST_URGENCY`.
pub fn command() -> clap::Command {
    use clap::CommandFactory as _;
    in_environment(Cli::command(), "POLDER")
}

fn in_environment(command: clap::Command, prefix: &str) -> clap::Command {
    let command = command.mut_args(|arg| {
        let long = arg.get_long().map(shouted);
        let plain = arg.get_env().is_some() || arg.is_hide_set();
        match long {
            Some(long) if !plain => arg.env(format!("{prefix}_{long}")).hide_env(true),
            _ => arg,
        }
    });
    command.mut_subcommands(|sub| {
        let prefix = format!("{prefix}_{}", shouted(sub.get_name()));
        in_environment(sub, &prefix)
    })
}

fn shouted(word: &str) -> String {
    word.to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;
    use crate::cli::args::Command;

    fn check(command: &clap::Command) {
        for arg in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
            let ours = !["help", "version"].contains(&arg.get_id().as_str()) && !arg.is_hide_set();
            let variable = arg.get_env().and_then(|name| name.to_str()).unwrap_or_default();
            assert!(!ours || variable.starts_with("POLDER_"), "{}", arg.get_id());
        }
        command.get_subcommands().for_each(check);
    }

    #[test]
    fn every_flag_has_a_variable_in_the_environment() {
        check(&command());
        let matches = command().try_get_matches_from(["polder", "list", "--urgency", "immediate"]);
        let cli = Cli::from_arg_matches(&matches.unwrap()).unwrap();
        let Command::List(args) = cli.command else { panic!("another command") };
        assert_eq!(args.filter.urgency.as_deref(), Some("immediate"));
    }
}
