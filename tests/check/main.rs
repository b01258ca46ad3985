//! `check`: planted faults in a stack without any, and stacks of other kinds that have none.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod clean;
mod judging;
mod planted;
mod smoke;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The stack of the subject that the tests spoil.
fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/stack")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => assert!(std::fs::copy(&path, &target).is_ok(), "{path:?}"),
        }
    }
}

/// Runs the program in a folder, without the variables of this machine.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inception"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs `check --format json` and returns the exit code and the findings.
#[track_caller]
fn findings(folder: &Path, arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = run(folder, &[&["check", "--format", "json"], arguments].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "", "{arguments:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}
