//! `init`: writes a stack that runs into a folder. Nothing that is there is ever overwritten.

#![expect(clippy::disallowed_methods, reason = "writes the stack")]

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::run::{interrupted, session};
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::model::Span;
use crate::settings::Context;
use crate::text::{escape_controls, one_line};
use crate::ui;

mod files;

/// A stack that can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Template {
    /// One service, built from Debian.
    #[default]
    Minimal,
    /// WordPress behind nginx, with MariaDB, secrets, certificates, and more under a profile.
    Inception,
}

/// Files that would be read instead of, or beside, the one that is written.
const RIVALS: [&str; 6] = [
    "compose.yaml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
];
/// Makes settings, secrets, certificates and data folders.
const SCRIPT: &str = "scripts/init.sh";
/// What must not get into a repository.
const IGNORED: &str = "/secrets\n/.data\n/srcs/.env\n";

/// Runs `init`.
pub fn init(context: &Context, folder: Option<&Path>, template: Template) -> Result<Exit, Failure> {
    let folder = context.environment.current_dir().join(folder.unwrap_or(Path::new("")));
    let all = stack(template);
    let taken: Vec<&str> =
        all.iter().map(|(path, _)| *path).chain(RIVALS).filter(|path| is_there(&folder.join(path))).collect();
    if let Some(first) = taken.first() {
        let more = if taken.len() > 1 { format!(", and {} more", taken.len() - 1) } else { String::new() };
        let message = format!("`{}` is there already{more}: nothing was written", shown(&folder.join(first)));
        let help = "choose an empty folder: `inception init FOLDER`";
        return Err(Failure::one(Diagnostic::error("file-unwritable", Span::NONE, message).help(help)));
    }
    if context.settings.is_dry_run {
        all.iter().for_each(|(path, _)| ui::progress::say(context, &format!(" DRY-RUN MODE -  {path} Written")));
        return Ok(Exit::SUCCESS);
    }
    for (path, text) in &all {
        write(&folder.join(path), text).map_err(|error| {
            let message = format!("cannot write `{}`", shown(&folder.join(path)));
            Failure::one(Diagnostic::error("file-unwritable", Span::NONE, message).cause(error.to_string()))
        })?;
    }
    ui::progress::say(context, &format!("{} files were written into {}", all.len(), shown(&folder)));
    if template == Template::Inception {
        prepare(context, &folder)?;
    }
    ui::progress::say(context, "next: inception up -d --wait");
    Ok(Exit::SUCCESS)
}

/// Returns the files of a stack: paths in the folder, and texts. The compose file is the repository's, seen from the folder
/// above.
fn stack(template: Template) -> Vec<(&'static str, String)> {
    match template {
        Template::Minimal => {
            let text = files::text("stacks/minimal.yml").replace("-f stacks/minimal.yml ", "");
            // The folder names the project.
            vec![("compose.yml", text.replace("name: minimal\n\n", ""))]
        }
        Template::Inception => {
            let compose = files::text("stacks/inception.yml")
                .replace("../srcs/", "srcs/")
                .replace("-f stacks/inception.yml ", "");
            let rest = files::FILES.iter().filter(|(path, _)| !path.starts_with("stacks/"));
            let rest = rest.map(|(path, text)| (*path, (*text).to_owned()));
            [("compose.yml", compose), (".gitignore", IGNORED.to_owned())].into_iter().chain(rest).collect()
        }
    }
}

/// Writes a new file; scripts can be run.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mode = if text.starts_with("#!") { 0o777 } else { 0o666 };
    fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(text.as_bytes())
}

/// Whether something has a name, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Makes the settings, secrets, certificates and data folders of the Inception stack.
fn prepare(context: &Context, folder: &Path) -> Result<(), Failure> {
    let script = folder.join(SCRIPT);
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let output =
            tokio::process::Command::new(&script).stdin(std::process::Stdio::null()).kill_on_drop(true).output();
        let output = tokio::select! {
            output = output => output,
            signal = interrupt.first() => return Err(interrupted(signal)),
        };
        let (is_success, words) = match output {
            Ok(output) => (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => (false, error.to_string()),
        };
        if is_success {
            words.lines().for_each(|line| ui::progress::say(context, &escape_controls(line)));
            return Ok(());
        }
        let message = "cannot make settings, secrets and certificates";
        let help = format!("it needs bash and openssl; then run `{}`", shown(&script));
        Err(Failure::one(Diagnostic::error("failed", Span::NONE, message).cause(one_line(&words)).help(help)))
    })
}

fn shown(path: &Path) -> String {
    let path: PathBuf = path.components().collect();
    escape_controls(&path.to_string_lossy()).into_owned()
}
