use super::words::Words;
pub(super) fn translate(command: clap::Command) -> clap::Command {
    command
}
pub(super) fn reason(_words: Words, _reason: &str) -> Option<&'static str> {
    None
}
