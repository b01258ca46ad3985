//! `docker inception`: this program as a plugin of the docker command, by the name `docker-inception` in a folder of plugins.
//!
//! docker asks a plugin who it is (`docker-cli-plugin-metadata`), and calls it with its own options and the plugin's name in
//! front of the command: `docker-inception --host H inception up`. Exit codes are handed on by docker. Where docker is told to
//! end and no terminal tells the plugin so, docker closes a socket.

use std::ffi::OsString;
use std::io::Read;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::time::Duration;

use clap::Args;

use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::ui;

/// The name of the command under docker.
const NAME: &str = "inception";
/// Options of docker with a value, as they stand before the plugin's name.
const WITH_VALUE: [&str; 11] = [
    "--config",
    "-c",
    "--context",
    "-H",
    "--host",
    "-l",
    "--log-level",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "--tls-server-name",
];
/// A key at a terminal that ends docker reaches this program sooner than that, without docker's help.
const KEY: Duration = Duration::from_millis(200);

/// Tell docker about the plugin
#[derive(Args, Debug, Default)]
#[command(hide = true)]
pub struct PluginArgs {}

impl CommandArgs for PluginArgs {
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, _: &Invocation) -> Result<Exit, Failure> {
        let metadata = serde_json::json!({
            "SchemaVersion": "0.1.0",
            "Vendor": "Inception",
            "Version": concat!("v", env!("CARGO_PKG_VERSION")),
            "ShortDescription": "Inception, a Compose orchestrator",
        });
        ui::print_owned(format!("{metadata}\n"));
        Ok(Exit::SUCCESS)
    }
}

/// Returns the command line (the program's name first) without the name that docker puts into it. `--config DIRECTORY`
/// becomes the variable that stands for it.
pub fn arguments(mut words: Vec<OsString>, environment: Environment) -> (Vec<OsString>, Environment) {
    let program = words.first().map(Path::new).and_then(Path::file_name);
    if program.is_none_or(|name| name != "docker-inception") {
        return (words, environment);
    }
    let mut at = 1;
    let mut configuration = None;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()).filter(|word| word.starts_with('-')) {
        let is_configuration = word == "--config";
        let length = if WITH_VALUE.contains(&word) { 2 } else { 1 };
        if let Some(value) = word.strip_prefix("--config=") {
            configuration = Some(value.to_owned());
            words.remove(at);
        } else if is_configuration {
            configuration = words.get(at + 1).and_then(|value| value.to_str()).map(str::to_owned);
            words.drain(at..words.len().min(at + length));
        } else {
            at += length;
        }
    }
    if words.get(at).is_some_and(|word| word == "__complete") {
        at += 1;
    }
    if words.get(at).is_some_and(|word| word == NAME) {
        words.remove(at);
    }
    follow(&environment);
    let configuration = configuration.into_iter().map(|value| ("DOCKER_CONFIG".to_owned(), value));
    (words, environment.with_defaults(configuration.collect()))
}

/// Follows docker's socket. Its end becomes the signal SIGURG, which acts as SIGINT where none has come by itself.
fn follow(environment: &Environment) {
    let Some(name) = environment.get_non_empty("DOCKER_CLI_PLUGIN_SOCKET").and_then(|name| name.strip_prefix('@'))
    else {
        return;
    };
    let stream = SocketAddr::from_abstract_name(name).and_then(|address| UnixStream::connect_addr(&address));
    // A docker that has gone already needs no follower.
    let Ok(mut stream) = stream else { return };
    std::thread::spawn(move || {
        let mut nothing = [0; 1];
        while stream.read(&mut nothing).is_ok_and(|count| count > 0) {}
        std::thread::sleep(KEY);
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::URG);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the command line that is left, and the configuration's directory.
    fn left(line: &str) -> String {
        let words = line.split(' ').map(Into::into).collect();
        let (words, environment) = arguments(words, Environment::default());
        let words: Vec<String> = words.into_iter().map(|word| word.into_string().unwrap()).collect();
        format!("{} {}", words[1..].join(" "), environment.get("DOCKER_CONFIG").unwrap_or("-"))
    }

    #[test]
    fn the_name_that_docker_puts_into_the_command_line_is_left_out() {
        assert_eq!(left("/x/docker-inception inception up -d"), "up -d -");
        assert_eq!(
            left("docker-inception -H inception inception exec web inception"),
            "-H inception exec web inception -"
        );
        assert_eq!(left("docker-inception --debug --config /c inception ps"), "--debug ps /c");
        assert_eq!(left("docker-inception --config=/c --host=x inception"), "--host=x /c");
        assert_eq!(left("docker-inception __complete inception up -"), "__complete up - -");
        assert_eq!(left("docker-inception docker-cli-plugin-metadata"), "docker-cli-plugin-metadata -");
        assert_eq!(left("inception inception"), "inception -");
    }
}
