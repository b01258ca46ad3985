//! What the command line says in the words of a file: a volume, a port, an env file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::source::Base;
use super::syntax::{port, volume, words};
use super::variables::{self, ProjectVariables};
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::model::{Mount, MountSource, Port, Sources, Span};

/// Reads a volume in its short form (`run -v`). A relative path starts from the current directory. The key of a volume that
/// the file does not have stands for the volume of that name.
pub fn short_volume(text: &str, environment: &Environment) -> Result<Mount, String> {
    let parts = volume::parse(text)?;
    let base = Base { directory: environment.current_dir(), home: environment.home() };
    let source = match (parts.kind, parts.source.as_str()) {
        ("bind", path) => MountSource::Bind {
            path: base.absolute(path),
            create_host_path: true,
            propagation: parts.propagation,
            selinux: parts.selinux,
            recursive: None,
        },
        (_, "") => MountSource::Anonymous { nocopy: parts.nocopy },
        (_, name) => MountSource::Volume { key: name.into(), nocopy: parts.nocopy, subpath: None },
    };
    Ok(Mount { span: Span::NONE, source, target: parts.target, is_read_only: parts.is_read_only, consistency: None })
}

/// Reads a port in its short form (`run -p`). A range gives a port each.
pub fn short_ports(text: &str) -> Result<Vec<Port>, String> {
    let port = |parts: port::Port| {
        let host_ip = match parts.host_ip.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| format!("`{text}` is no address"))?),
        };
        Ok(Port {
            span: Span::NONE,
            target: parts.target,
            published: Some(parts.published).filter(|text| !text.is_empty()),
            host_ip,
            protocol: parts.protocol,
            mode: "ingress".to_owned(),
        })
    };
    port::parse(text)?.into_iter().map(port).collect()
}

/// Splits a command that is written as one text (`run --entrypoint`); `None` where a quote is not closed.
pub fn command_words(text: &str) -> Option<Vec<String>> {
    words::split(text).map(|found| found.words)
}

/// Reads env files (`run --env-from-file`); a later file replaces the values of an earlier one. Returns the variables, and the
/// faults with the texts that their places are in.
pub fn read_env_files(
    paths: &[PathBuf],
    environment: &Environment,
) -> (BTreeMap<String, String>, Vec<Diagnostic>, Sources) {
    let (mut values, mut places) = (BTreeMap::new(), BTreeMap::new());
    let mut sources = Sources::seen_from(environment.current_dir());
    let base = Base { directory: environment.current_dir(), home: environment.home() };
    let absolute = |path: &PathBuf| PathBuf::from(base.absolute(&path.to_string_lossy()));
    let paths: Vec<PathBuf> = paths.iter().map(absolute).collect();
    let mut known = ProjectVariables { values: &mut values, places: &mut places };
    let faults = match paths.is_empty() {
        true => Vec::new(),
        false => variables::read_env_files(&paths, None::<&Path>, &mut known, &mut sources),
    };
    (values, faults, sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_starts_from_the_current_directory() {
        let environment = Environment::new([("HOME".to_owned(), "/home/me".to_owned())], "/srv/stack");
        let source = |text| short_volume(text, &environment).map(|mount| mount.source);
        let bind = |path: &str| {
            Ok(MountSource::Bind {
                path: path.to_owned(),
                create_host_path: true,
                propagation: None,
                selinux: None,
                recursive: None,
            })
        };
        assert_eq!(source("./a:/a"), bind("/srv/stack/a"));
        assert_eq!(source("~/a:/a:ro"), bind("/home/me/a"));
        assert_eq!(source("/a"), Ok(MountSource::Anonymous { nocopy: false }));
        assert!(matches!(source("data:/a"), Ok(MountSource::Volume { key, .. }) if key.as_str() == "data"));
        assert!(source("").is_err() && source("a:").is_err());
    }

    #[test]
    fn a_port_may_be_a_range() {
        let ports = |text| short_ports(text).map(|all| all.iter().map(|one| one.target).collect::<Vec<_>>());
        assert_eq!(ports("8080-8081:80-81"), Ok(vec![80, 81]));
        assert_eq!(ports("127.0.0.1::80/udp"), Ok(vec![80]));
        assert!(ports("x").is_err() && ports("1.2.3:80:80").is_err());
    }
}
