//! The `inception` program: parse, call, exit code.

use std::process::ExitCode;

use inception::env::Environment;

fn main() -> ExitCode {
    ExitCode::from(inception::cli::run(std::env::args_os(), Environment::from_process()).0)
}
