//! `SERVICE COMMAND ARGS`: everything after the service is the command's own, as in `exec web ls -l`.

use clap::Args;

/// The words after the flags. Flags stand before the service: what comes after it belongs to the command.
#[derive(Args, Debug, Default)]
pub struct Words {
    /// Service, the command to run, and its arguments
    #[arg(value_name = "SERVICE COMMAND", required = true, num_args = 1.., trailing_var_arg = true)]
    words: Vec<String>,
}

impl Words {
    /// Returns the service and the command, which may be empty.
    pub fn split(&self) -> (&str, &[String]) {
        match self.words.split_first() {
            Some((service, command)) => (service, command),
            None => ("", &[]),
        }
    }
}
