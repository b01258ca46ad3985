//! Credential helpers: the programs `docker-credential-NAME` that `credHelpers` and `credsStore` of docker's
//! configuration name. A helper keeps logins in the keychain of the desktop, or gets them from a cloud.
//!
//! A helper gets the registry on its standard input and answers with JSON on its standard output. Neither the registry
//! nor a secret is ever an argument, and no answer is logged.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long one helper may take. Some ask a cloud, or wait for the user to unlock a keychain.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest answer that is read, in bytes. Tokens have a few kilobytes.
const LONGEST: u64 = 64 * 1024;

/// The login that a helper has for a registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The user's name; `<token>` where the secret is an identity token.
    pub user: String,
    /// The password or the token.
    pub secret: String,
}

/// Runs `docker-credential-NAME get`. Returns nothing if the helper has no login, fails, or takes too long. The
/// registry is then asked without a login, and its refusal tells the user more than the helper's failure.
///
/// The helper is looked up in `path`, a value of `PATH`; `None` is the `PATH` of this process.
pub(super) async fn get(helper: &str, registry: &str, path: Option<&str>) -> Option<Answer> {
    // Only a plain name, so that the configuration cannot choose a program outside of `PATH`.
    if helper.is_empty() || helper.contains(['/', '\\', '\0']) {
        return None;
    }
    let answer = tokio::time::timeout(LIMIT, ask(helper, registry, path)).await;
    let is_known = matches!(answer, Ok(Some(_)));
    tracing::debug!(helper, registry, is_known, is_late = answer.is_err(), "credential helper asked");
    answer.ok().flatten()
}

async fn ask(helper: &str, registry: &str, path: Option<&str>) -> Option<Answer> {
    let mut command = tokio::process::Command::new(format!("docker-credential-{helper}"));
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let mut child = command
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // A helper that takes too long ends with the future that waits for it.
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    // A helper that answers without reading its input closes the pipe: its answer still counts.
    let _ = input.write_all(registry.as_bytes()).await;
    drop(input);
    let mut text = Vec::new();
    child.stdout.take()?.take(LONGEST + 1).read_to_end(&mut text).await.ok()?;
    if text.len() as u64 > LONGEST || !child.wait().await.ok()?.success() {
        return None;
    }
    let answer: Value = serde_json::from_slice(&text).ok()?;
    let field = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Answer { user: field("Username")?, secret: field("Secret")? })
}

/// Writes an executable shell script, by a process of its own. Children that other tests start at the same time could
/// inherit this process' open file, and a file that is open for writing cannot be executed.
#[cfg(test)]
pub(super) fn program(file: &std::path::Path, script: &str) {
    let text = format!("#!/bin/sh\n{script}\n");
    let write = r#"printf '%s' "$1" > "$2" && chmod 755 "$2""#;
    let status = std::process::Command::new("/bin/sh").args(["-c", write, "sh", &text]).arg(file).status().unwrap();
    assert!(status.success());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the answer of a helper with this shell script.
    async fn answer_of(script: &str) -> Option<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        program(&folder.path().join("docker-credential-test"), script);
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        get("test", "host:5000", Some(&path)).await.map(|answer| (answer.user, answer.secret))
    }

    #[tokio::test]
    async fn a_helper_hears_the_registry_and_is_told_no_secret() {
        let script =
            r#"read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$server" "$server" "$*""#;
        assert_eq!(answer_of(script).await, Some(("host:5000".into(), "get".into())));
    }

    #[tokio::test]
    async fn a_helper_without_a_login_is_no_login() {
        assert_eq!(answer_of("echo 'credentials not found in native keychain'; exit 1").await, None);
        assert_eq!(answer_of("echo no json").await, None);
        // An answer of more than 64 KiB is no login.
        assert_eq!(answer_of("exec yes '{}'").await, None);
        assert_eq!(get("../test", "host", None).await.map(|answer| answer.user), None);
    }
}
