//! The real engine: stacks with a project of their own, run by us or by docker compose, looked at through `docker`.
//!
//! Images are made from the system's static busybox, so no registry is needed. Each stack removes what it made, also
//! when its test fails. Where no engine answers, or docker compose is not there, tests are skipped, loudly.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The image of all stacks; `IMAGE` in a file is replaced by it.
pub const IMAGE: &str = "inception-test/busybox:1";
/// The same under another id; `OTHER` in a file is replaced by it.
pub const OTHER: &str = "inception-test/busybox:2";
/// No run of a test may last longer.
const LIMIT: Duration = Duration::from_secs(120);

pub fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).stdin(Stdio::null()).output().expect("docker is there")
}

/// What `docker` prints, without the blanks around it.
pub fn told(arguments: &[&str]) -> String {
    String::from_utf8_lossy(&docker(arguments).stdout).trim().to_owned()
}

/// Words that are seen although the test runner keeps the output of tests that pass.
pub fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// Whether an engine answers and the test images can be made.
pub fn is_ready() -> bool {
    static READY: OnceLock<bool> = OnceLock::new();
    *READY.get_or_init(|| {
        let answers = Command::new("docker").arg("version").output().is_ok_and(|output| output.status.success());
        if !answers || !Path::new("/bin/busybox").exists() {
            say("\n*** SKIPPED: no engine answers, or there is no static /bin/busybox: nothing was tested on a real engine ***\n");
            return false;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy("/bin/busybox", folder.path().join("busybox")).unwrap();
        let first = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nCMD [\"sleep\", \"1000\"]\n";
        for (name, text) in [(IMAGE, first.to_owned()), (OTHER, format!("{first}LABEL other=yes\n"))] {
            // Made anew it might get another id under the stacks of tests that run at the same time.
            if docker(&["image", "inspect", name]).status.success() {
                continue;
            }
            std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
            let build = Command::new("docker")
                .env("DOCKER_BUILDKIT", "0")
                .args(["build", "-q", "-t", name])
                .arg(folder.path())
                .output()
                .unwrap();
            assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
        }
        true
    })
}

/// Which program runs a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Ours,
    /// docker compose 2.
    Peer,
}

impl Tool {
    /// Whether the tool and an engine are there; says so once where they are not.
    pub fn is_ready(self) -> bool {
        static SAID: OnceLock<()> = OnceLock::new();
        let is_there = self == Tool::Ours || peer().is_some();
        if !is_there {
            SAID.get_or_init(|| {
                say("\n*** SKIPPED: docker compose 2 is not there (PEER_COMPOSE=path): scenarios run against us alone ***\n");
            });
        }
        is_there && is_ready()
    }

    pub fn other(self) -> Self {
        match self {
            Tool::Ours => Tool::Peer,
            Tool::Peer => Tool::Ours,
        }
    }

    fn program(self) -> PathBuf {
        match self {
            Tool::Ours => env!("CARGO_BIN_EXE_inception").into(),
            Tool::Peer => peer().expect("docker compose is there").to_owned(),
        }
    }
}

/// Where docker compose 2 is.
pub fn peer() -> Option<&'static Path> {
    static PEER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let is_second = |path: &PathBuf| {
        let output = Command::new(path).args(["version", "--short"]).output();
        output.is_ok_and(|output| {
            let text = String::from_utf8_lossy(&output.stdout).trim_start_matches('v').to_owned();
            text.starts_with(|first: char| ('2'..='9').contains(&first))
        })
    };
    let find = || {
        #[allow(clippy::disallowed_methods)]
        let named = std::env::var_os("PEER_COMPOSE").map(PathBuf::from);
        let known = ["/usr/local/lib", "/usr/lib", "/usr/libexec", "/usr/local/libexec"]
            .map(|folder| PathBuf::from(folder).join("docker/cli-plugins/docker-compose"));
        named.into_iter().chain(known).chain(["docker-compose".into()]).find(is_second)
    };
    PEER.get_or_init(find).as_deref()
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The exit code; none after a signal, or when the run was cut off.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it was cut off because it did not end in time.
    pub is_cut_off: bool,
    pub out: String,
    pub errors: String,
}

impl Run {
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }
}

/// A run that goes on.
pub struct Running {
    child: Child,
    readers: Vec<std::thread::JoinHandle<Vec<u8>>>,
}

impl Running {
    pub fn begin(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be run");
        let pipes: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        let read = |mut pipe: Box<dyn Read + Send>| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = pipe.read_to_end(&mut bytes);
                bytes
            })
        };
        Self { child, readers: pipes.into_iter().map(read).collect() }
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal);
    }

    /// Waits for the end; kills what has not ended within the limit.
    pub fn end_within(mut self, limit: Duration) -> Run {
        let begun = Instant::now();
        let mut is_cut_off = false;
        let status: ExitStatus = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > limit && !is_cut_off {
                is_cut_off = true;
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut texts = self
            .readers
            .into_iter()
            .map(|reader| String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned());
        let (out, errors) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        Run { code: status.code(), signal: status.signal(), is_cut_off, out, errors }
    }

    pub fn end(self) -> Run {
        self.end_within(LIMIT)
    }
}

/// A container of a stack as the engine shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    pub name: String,
    pub id: String,
    pub state: String,
    pub started: String,
}

/// A folder with a compose file and a project name of its own.
pub struct Stack {
    pub folder: tempfile::TempDir,
    pub project: String,
    pub tool: Tool,
    /// The engine's address, where it is not the usual one.
    pub host: Option<String>,
}

impl Stack {
    /// A stack that we run.
    pub fn new(yaml: &str) -> Self {
        Self::with(Tool::Ours, yaml)
    }

    pub fn with(tool: Tool, yaml: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let project = format!("inception-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self::named(tool, yaml, project)
    }

    pub fn named(tool: Tool, yaml: &str, project: String) -> Self {
        let stack = Self { folder: tempfile::tempdir().unwrap(), project, tool, host: None };
        stack.write(yaml);
        stack
    }

    /// Writes the compose file. `IMAGE`, `OTHER` and `PROJECT` stand for their values.
    pub fn write(&self, yaml: &str) {
        let text = yaml.replace("IMAGE", IMAGE).replace("OTHER", OTHER).replace("PROJECT", &self.project);
        self.file("compose.yaml", &text);
    }

    pub fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn command(&self, tool: Tool, arguments: &[&str]) -> Command {
        let mut command = Command::new(tool.program());
        command
            .current_dir(self.folder.path())
            .env("COMPOSE_PROJECT_NAME", &self.project)
            .env_remove("PWD")
            .args(arguments);
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host);
        }
        command
    }

    pub fn begin(&self, arguments: &[&str]) -> Running {
        Running::begin(self.command(self.tool, arguments))
    }

    pub fn go(&self, arguments: &[&str]) -> Run {
        self.begin(arguments).end()
    }

    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let run = self.go(arguments);
        (run.code.unwrap_or(-1), run.out, run.errors)
    }

    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let run = self.go(arguments);
        assert!(run.is_success(), "{arguments:?}: {run:?}");
        run.out
    }

    /// Runs the other tool on this stack; it must succeed.
    #[track_caller]
    pub fn ok_with(&self, tool: Tool, arguments: &[&str]) {
        let run = Running::begin(self.command(tool, arguments)).end();
        assert!(run.is_success(), "{tool:?} {arguments:?}: {run:?}");
    }

    /// What every tool must satisfy.
    #[track_caller]
    pub fn both(&self, what: &str, holds: bool) {
        assert!(holds, "{:?}: not so: {what}", self.tool);
    }

    /// What only we promise; of docker compose it is recorded (`--nocapture` shows it).
    #[track_caller]
    pub fn ours(&self, what: &str, holds: bool) {
        match self.tool {
            Tool::Ours => assert!(holds, "not so: {what}"),
            Tool::Peer => println!("docker compose: {}: {what}", if holds { "also so" } else { "not so" }),
        }
    }

    pub fn name(&self, service: &str) -> String {
        format!("{}-{service}-1", self.project)
    }

    pub fn inspect(&self, service: &str, format: &str) -> String {
        told(&["inspect", "-f", format, &self.name(service)])
    }

    pub fn id(&self, service: &str) -> String {
        self.inspect(service, "{{.Id}}")
    }

    pub fn is_running(&self, service: &str) -> bool {
        self.inspect(service, "{{.State.Status}}") == "running"
    }

    /// Runs a command in a service's first container.
    pub fn exec(&self, service: &str, command: &[&str]) -> String {
        told(&[&["exec", &self.name(service)], command].concat())
    }

    /// Writes a word into a file of a service's first container.
    #[track_caller]
    pub fn put(&self, service: &str, path: &str, word: &str) {
        let script = format!("echo {word} > {path}");
        let output = docker(&["exec", &self.name(service), "sh", "-c", &script]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn filter(&self) -> String {
        format!("label=com.docker.compose.project={}", self.project)
    }

    /// All containers of the project by name.
    pub fn containers(&self) -> Vec<Shown> {
        let ids = told(&["ps", "-aq", "--no-trunc", "--filter", &self.filter()]);
        let ids: Vec<&str> = ids.lines().collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let format = "{{.Name}}\t{{.Id}}\t{{.State.Status}}\t{{.State.StartedAt}}";
        let text = told(&[&["inspect", "-f", format], ids.as_slice()].concat());
        let mut all: Vec<Shown> = text
            .lines()
            .map(|line| {
                let mut parts = line.split('\t').map(str::to_owned);
                let mut next = || parts.next().unwrap_or_default();
                Shown { name: next().trim_start_matches('/').to_owned(), id: next(), state: next(), started: next() }
            })
            .collect();
        all.sort();
        all
    }

    /// Names of running containers, and of others with their state.
    pub fn names(&self) -> Vec<String> {
        let start = format!("{}-", self.project);
        let name = |one: &Shown| {
            let name = one.name.strip_prefix(&start).unwrap_or(&one.name).to_owned();
            if one.state == "running" { name } else { format!("{name} {}", one.state) }
        };
        self.containers().iter().map(name).collect()
    }

    pub fn networks(&self) -> Vec<String> {
        self.list("network", "{{.Name}}")
    }

    pub fn volumes(&self) -> Vec<String> {
        self.list("volume", "{{.Name}}")
    }

    fn list(&self, kind: &str, format: &str) -> Vec<String> {
        let text = told(&[kind, "ls", "--format", format, "--filter", &self.filter()]);
        let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
        all.sort();
        all
    }

    /// How many containers, networks and volumes there are.
    pub fn count(&self) -> usize {
        self.containers().len() + self.networks().len() + self.volumes().len()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let filter = self.filter();
        for (list, remove) in [
            (vec!["ps", "-aq"], vec!["rm", "-fv"]),
            // Podman removes no container while another one shares its network.
            (vec!["ps", "-aq"], vec!["rm", "-fv"]),
            (vec!["network", "ls", "-q"], vec!["network", "rm"]),
            (vec!["volume", "ls", "-q"], vec!["volume", "rm"]),
        ] {
            let found = told(&[list.as_slice(), &["--filter", &filter]].concat());
            let ids: Vec<&str> = found.lines().collect();
            if !ids.is_empty() {
                docker(&[remove.as_slice(), &ids].concat());
            }
        }
    }
}

/// Something of nobody's project; it goes with its guard.
pub struct Stranger {
    kind: &'static str,
    pub name: String,
}

impl Stranger {
    /// Makes it by `docker ARGUMENTS`.
    #[track_caller]
    pub fn new(kind: &'static str, name: &str, arguments: &[&str]) -> Self {
        let stranger = Self { kind, name: name.to_owned() };
        let output = docker(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        stranger
    }

    #[track_caller]
    pub fn container(name: &str, options: &[&str]) -> Self {
        let start = ["run", "-d", "--init", "--name", name];
        Self::new("container", name, &[&start, options, &[IMAGE, "sleep", "1000"]].concat())
    }

    #[track_caller]
    pub fn network(name: &str) -> Self {
        Self::new("network", name, &["network", "create", name])
    }

    #[track_caller]
    pub fn volume(name: &str) -> Self {
        Self::new("volume", name, &["volume", "create", name])
    }

    #[track_caller]
    pub fn image(name: &str) -> Self {
        Self::new("image", name, &["tag", IMAGE, name])
    }

    pub fn exists(&self) -> bool {
        docker(&[self.kind, "inspect", &self.name]).status.success()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        match self.kind {
            "container" => docker(&["rm", "-fv", &self.name]),
            kind => docker(&[kind, "rm", &self.name]),
        };
    }
}
