//! `inception completion`: scripts for shells. They ask `inception __complete` for candidates (`complete.rs`).

use clap::{Args, ValueEnum};

use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};
use crate::ui;

/// Print the completion script of a shell
#[derive(Args, Debug)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell that has a script.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl CommandArgs for CompletionArgs {
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, _: &Invocation) -> Result<Exit, Failure> {
        ui::print(match self.shell {
            Shell::Bash => include_str!("completions/inception.bash"),
            Shell::Zsh => include_str!("completions/inception.zsh"),
            Shell::Fish => include_str!("completions/inception.fish"),
        });
        Ok(Exit::SUCCESS)
    }
}
