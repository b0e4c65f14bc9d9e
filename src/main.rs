//! The `polder` program. Everything it does stands in the library.

fn main() -> std::process::ExitCode {
    polder::cli::main().into()
}
