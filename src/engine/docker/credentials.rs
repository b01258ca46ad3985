//! Registry credentials from docker's configuration: `auths`, `credHelpers`, `credsStore`.
//!
//! Secrets pass through here to the request only: never to logs, errors or process arguments.

use std::path::PathBuf;
use std::process::Stdio;

use bollard::auth::DockerCredentials;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::connect;
use crate::env::Environment;

/// The name under which docker keeps the credentials of its default registry.
const DEFAULT_REGISTRY: &str = "https://index.docker.io/v1/";

/// Where credentials are kept.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    config: Option<PathBuf>,
}

impl Credentials {
    pub(super) fn new(environment: &Environment) -> Self {
        Self { config: connect::config_directory(environment).map(|directory| directory.join("config.json")) }
    }

    /// Returns the credentials for an image's registry; `None` where there are none or they cannot be had.
    pub(super) async fn of_image(&self, image: &str) -> Option<DockerCredentials> {
        let text = connect::read_small(self.config.as_deref()?)?;
        let config: Value = serde_json::from_str(&text).ok()?;
        let registry = registry_of(image);
        let helper = config
            .pointer("/credHelpers")
            .and_then(|helpers| helpers.get(registry))
            .or_else(|| config.get("credsStore"));
        if let Some(helper) = helper.and_then(Value::as_str).filter(|name| !name.is_empty()) {
            return ask(helper, registry).await;
        }
        stored(&config, registry)
    }
}

/// The first part of a name is a registry where it looks like a host.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains('.') || host.contains(':') || host == "localhost" => host,
        _ => DEFAULT_REGISTRY,
    }
}

fn stored(config: &Value, registry: &str) -> Option<DockerCredentials> {
    let auths = config.get("auths")?.as_object()?;
    let entry = auths.get(registry).or_else(|| auths.get(&format!("https://{registry}")))?;
    if let Some(token) = entry.get("identitytoken").and_then(Value::as_str).filter(|token| !token.is_empty()) {
        return Some(DockerCredentials {
            identitytoken: Some(token.to_owned()),
            serveraddress: Some(registry.to_owned()),
            ..Default::default()
        });
    }
    let plain = decode(entry.get("auth")?.as_str()?)?;
    let (user, password) = plain.split_once(':')?;
    Some(credentials(user, password, registry))
}

fn credentials(user: &str, secret: &str, registry: &str) -> DockerCredentials {
    let mut made = DockerCredentials { serveraddress: Some(registry.to_owned()), ..Default::default() };
    if user == "<token>" {
        made.identitytoken = Some(secret.to_owned());
    } else {
        made.username = Some(user.to_owned());
        made.password = Some(secret.to_owned());
    }
    made
}

/// Runs `docker-credential-NAME get` with the registry on its standard input.
async fn ask(helper: &str, registry: &str) -> Option<DockerCredentials> {
    // A name, never a path: the configuration must not choose a program outside PATH.
    if helper.contains(['/', '\\']) {
        return None;
    }
    let mut child = tokio::process::Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(registry.as_bytes()).await.ok()?;
    let output = tokio::time::timeout(std::time::Duration::from_secs(30), child.wait_with_output()).await.ok()?.ok()?;
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    Some(credentials(answer.get("Username")?.as_str()?, answer.get("Secret")?.as_str()?, registry))
}

/// Base64, as the configuration keeps it.
fn decode(text: &str) -> Option<String> {
    let mut bits = 0u32;
    let mut count = 0;
    let mut out = Vec::new();
    for byte in text.bytes().filter(|byte| *byte != b'=' && !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stored_credentials_are_found_by_registry() {
        let config = json!({"auths": {"host:5000": {"auth": "dXNlcjpwYTpzcw=="}}});
        let found = stored(&config, registry_of("host:5000/a")).unwrap();
        assert_eq!((found.username.as_deref(), found.password.as_deref()), (Some("user"), Some("pa:ss")));
        assert!(stored(&config, registry_of("a/b")).is_none());
    }
}
