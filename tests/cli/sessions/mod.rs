//! Commands that connect this terminal to a process in a container: `exec`, `run`, `attach`.

mod attach;
mod exec;
mod run;
mod terminal;
mod ways_out;

use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::real::{Run, Running};

/// Runs a command with a text as its standard input.
fn fed(mut command: Command, input: &[u8]) -> Run {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    command.stdin(Stdio::from(file));
    Running::begin_fed(command).end()
}

/// Runs a command with a pipe as its standard input, which gets a text and is closed then.
fn piped(mut command: Command, input: &'static [u8]) -> Run {
    let (reader, mut writer) = std::io::pipe().unwrap();
    command.stdin(reader);
    let feeder = std::thread::spawn(move || writer.write_all(input));
    let run = Running::begin_fed(command).end();
    let _ = feeder.join();
    run
}
