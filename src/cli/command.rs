//! What every command has in common. The flags of a command are a struct; [`CommandArgs`] says what is done with them.

use std::ffi::OsString;

use super::flags::FileFlags;
use crate::failure::{Exit, Failure};
use crate::settings::Context;

/// One call of the program.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The environment and the settings of the call.
    pub context: &'a Context,
    /// The command line, the program's name first. Only `plan -o FILE` needs it: a saved plan keeps its command line.
    pub arguments: &'a [OsString],
    /// Makes the program's options and commands, for commands about those.
    pub program: fn() -> clap::Command,
}

/// The flags of one command.
pub trait CommandArgs {
    /// Returns the compose files that stand after the command (`up -f FILE`). `None` is for commands whose own `-f` means
    /// something else: `logs -f` follows, `rm -f` does not ask, `version -f` is a format.
    fn files(&self) -> Option<&FileFlags>;

    /// Makes a request of the flags and hands it to `app`.
    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure>;

    /// Returns whether the command's output is its diagnostics (`config -q`). In formats for programs, diagnostics then go
    /// to standard output.
    fn prints_only_diagnostics(&self) -> bool {
        false
    }
}
