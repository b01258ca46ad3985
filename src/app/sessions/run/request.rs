//! What `run` is asked, and the service as the command line changes it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::sessions::exec::resolved;
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::failure::Failure;
use crate::loader;
use crate::model::{Project, Service, Span};
use crate::plan::ImageOptions;
use crate::text::escape_controls;

/// The request of `run`.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// The service.
    pub service: String,
    /// The command and its arguments; empty means that of the service.
    pub command: Vec<String>,
    /// `--entrypoint`, as a shell would write it.
    pub entrypoint: Option<String>,
    /// `NAME=VALUE`, or `NAME` alone, whose value is this program's own.
    pub environment: Vec<String>,
    /// `--env-from-file`.
    pub env_files: Vec<PathBuf>,
    /// `--user`.
    pub user: Option<String>,
    /// `--workdir`.
    pub working_dir: Option<String>,
    /// `--label`, `NAME=VALUE` or `NAME`.
    pub labels: Vec<String>,
    /// `--volume`, in the short form of files.
    pub volumes: Vec<String>,
    /// `--publish`, in the short form of files.
    pub publish: Vec<String>,
    /// `--service-ports`.
    pub service_ports: bool,
    /// `--use-aliases`.
    pub use_aliases: bool,
    /// `--cap-add`.
    pub cap_add: Vec<String>,
    /// `--cap-drop`.
    pub cap_drop: Vec<String>,
    /// `--name`.
    pub name: Option<String>,
    /// `--rm`.
    pub remove: bool,
    /// The container is left to itself.
    pub detach: bool,
    /// `-T`: no terminal, also where this program has one.
    pub no_terminal: bool,
    /// The container's standard input is empty, and this program's is not read.
    pub no_stdin: bool,
    /// `--no-deps`.
    pub no_dependencies: bool,
    /// What the service depends on publishes no ports.
    pub no_dependency_ports: bool,
    /// Dependencies that are not as the file says are recreated.
    pub converge: bool,
    /// `--remove-orphans`.
    pub remove_orphans: bool,
    /// For the service's image.
    pub images: ImageOptions,
    /// `--detach-keys`.
    pub detach_keys: Option<String>,
}

impl RunRequest {
    /// Changes the service of a project as the command line says.
    pub(super) fn apply(&self, environment: &Environment, is_tty: bool, project: &mut Project) -> Result<(), Failure> {
        if self.no_dependency_ports {
            let others = project.services.values_mut().filter(|service| service.name.as_str() != self.service);
            for service in others {
                service.ports.clear();
                // The hash of the container says so, too: a later `up` publishes the ports.
                if let Some(canonical) = Arc::make_mut(&mut service.canonical).as_object_mut() {
                    canonical.remove("ports");
                }
            }
        }
        let (from_files, faults, sources) = loader::read_env_files(&self.env_files, environment);
        if faults.iter().any(Diagnostic::is_error) {
            return Err(Failure::Diagnostics { list: faults, sources: Box::new(sources) });
        }
        let Some(service) = project.services.get_mut(self.service.as_str()) else { return Ok(()) };
        service.tty = is_tty;
        service.stdin_open = !self.no_stdin;
        self.apply_command(service)?;
        let pairs = |list: &[String]| -> BTreeMap<String, String> {
            let pair = |text: &String| {
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                (name.to_owned(), value.to_owned())
            };
            list.iter().map(pair).collect()
        };
        let variables = from_files.into_iter().chain(pairs(&resolved(environment, &self.environment)));
        service.environment.extend(variables.map(|(name, value)| (name, Some(value))));
        service.labels.extend(pairs(&self.labels));
        let is_in = |list: &[String], capability: &String| list.iter().any(|one| one == capability);
        service.cap_drop.retain(|one| !is_in(&self.cap_add, one));
        service.cap_add.extend(self.cap_add.iter().cloned());
        service.cap_add.retain(|one| !is_in(&self.cap_drop, one));
        service.cap_drop.extend(self.cap_drop.iter().cloned());
        if !self.service_ports {
            service.ports.clear();
        }
        for text in &self.publish {
            service.ports.extend(loader::short_ports(text).map_err(|cause| wrong("--publish", text, &cause))?);
        }
        for text in &self.volumes {
            let mount = loader::short_volume(text, environment).map_err(|cause| wrong("--volume", text, &cause))?;
            service.volumes.retain(|one| one.target != mount.target);
            service.volumes.push(mount);
        }
        Ok(())
    }

    fn apply_command(&self, service: &mut Service) -> Result<(), Failure> {
        if let Some(text) = &self.entrypoint {
            let words = loader::command_words(text);
            service.entrypoint = Some(words.ok_or_else(|| wrong("--entrypoint", text, "a quote is not closed"))?);
            // Compat: an entrypoint of the command line drops the command of the service.
            service.command = Some(Vec::new());
        }
        if !self.command.is_empty() {
            service.command = Some(self.command.clone());
        }
        service.user = self.user.clone().or(service.user.take());
        service.working_dir = self.working_dir.clone().or(service.working_dir.take());
        Ok(())
    }
}

fn wrong(flag: &str, text: &str, cause: &str) -> Failure {
    let message = format!("`{flag} {}` cannot be read", escape_controls(text));
    Failure::one(Diagnostic::error("bad-value", Span::NONE, message).cause(escape_controls(cause).into_owned()))
}
