//! Shared by several files: stacks whose images go with them.

use crate::common::real::{IMAGE, Run, Running, Stack, docker, told};

/// A stack whose services are built, with the images that it makes.
pub struct Built {
    pub stack: Stack,
    /// Holds what the program notes about builds.
    _cache: tempfile::TempDir,
}

impl Built {
    /// Creates a stack. `SERVICE` builds get their Dockerfile by [`Built::dockerfile`].
    pub fn new(yaml: &str) -> Self {
        let cache = tempfile::tempdir().unwrap();
        let mut stack = Stack::new(yaml);
        stack.variables.push(("XDG_CACHE_HOME", cache.path().to_str().unwrap().to_owned()));
        Self { stack, _cache: cache }
    }

    /// Writes the Dockerfile of the context `.`, with `IMAGE` and `PROJECT` replaced by their values.
    pub fn dockerfile(&self, text: &str) -> &Self {
        self.stack.file("Dockerfile", &text.replace("IMAGE", IMAGE).replace("PROJECT", &self.stack.project));
        self
    }

    /// Runs with further variables.
    pub fn go_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        let mut command = self.stack.command(self.stack.tool, arguments);
        command.envs(variables.iter().copied());
        Running::begin(command).end()
    }

    #[track_caller]
    pub fn build(&self) -> String {
        let run = self.stack.go(&["--progress", "plain", "build"]);
        assert!(run.is_success(), "{run:?}");
        run.errors
    }

    /// Returns the output of a command in a container of a service's image.
    #[track_caller]
    pub fn inside(&self, service: &str, script: &str) -> String {
        let image = format!("{}-{service}", self.stack.project);
        let output = docker(&["run", "--rm", "--network", "none", &image, "sh", "-c", script]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub fn image_id(&self, service: &str) -> String {
        told(&["image", "inspect", "-f", "{{.Id}}", &format!("{}-{service}", self.stack.project)])
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        docker(&["rm", "-fv", &self.stack.project]);
        let label = format!("label=com.docker.compose.project={}", self.stack.project);
        let containers = told(&["ps", "-aq", "--filter", &label]);
        for container in containers.lines() {
            docker(&["rm", "-fv", container]);
        }
        let images = told(&["images", "-q", "--no-trunc", "--filter", &label]);
        for image in images.lines() {
            docker(&["rmi", "-f", image]);
        }
    }
}

/// Whether the engine's image store is one of containerd.
pub fn has_containerd_store() -> bool {
    told(&["info", "-f", "{{.DriverStatus}}"]).contains("io.containerd.snapshotter")
}

/// Whether the engine has the BuildKit of Engine 20.10.
pub fn is_old() -> bool {
    let version = told(&["version", "-f", "{{.Server.APIVersion}}"]);
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor < 42)
}
