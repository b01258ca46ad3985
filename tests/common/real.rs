//! Stacks on a real engine. A stack is run by us or by docker compose; the checks look at the engine through `docker`.
//!
//! The images are built from the system's static busybox, so no registry is needed. Each stack removes its containers,
//! networks and volumes, also when the test fails. Without an engine or docker compose, tests are skipped with a
//! message.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The image of the stacks; replaces `IMAGE` in a file.
pub const IMAGE: &str = "inception-test/busybox:1";
/// The same image with another id; replaces `OTHER` in a file.
pub const OTHER: &str = "inception-test/busybox:2";
/// The longest time that a run of a test may take.
const LIMIT: Duration = Duration::from_secs(120);

pub fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).stdin(Stdio::null()).output().expect("docker is there")
}

/// Returns the output of `docker`, without the blanks around it.
pub fn told(arguments: &[&str]) -> String {
    String::from_utf8_lossy(&docker(arguments).stdout).trim().to_owned()
}

/// Prints words also for a test that passes, whose captured output the test runner hides.
pub fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// Whether an engine answers and the test images are there. Builds the images when they are missing.
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
            // Tests that run at the same time use the image: a second build could change its id.
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

/// Whether a process of this machine has a word in its command line: a step of a build, which is no container.
pub fn is_running(word: &str) -> bool {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter(|process| process.file_name().to_string_lossy() != own).any(|process| {
        let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(word)
    })
}

/// The program that runs a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Ours,
    /// docker compose 2.
    Peer,
}

impl Tool {
    /// Whether the tool and an engine are available; a missing one is reported once.
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

    pub fn program(self) -> PathBuf {
        match self {
            Tool::Ours => env!("CARGO_BIN_EXE_inception").into(),
            Tool::Peer => peer().expect("docker compose is there").to_owned(),
        }
    }
}

/// Returns the path of docker compose 2.
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
    /// The exit code. There is none after a signal, or when the run was killed at its time limit.
    pub code: Option<i32>,
    /// The signal that ended the run.
    pub signal: Option<i32>,
    /// Whether the run was killed at its time limit.
    pub is_cut_off: bool,
    pub out: String,
    pub errors: String,
}

impl Run {
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// Checks that another program printed the same on standard output, and ended with the same code.
    #[track_caller]
    pub fn assert_as(&self, theirs: &Self, arguments: &[&str]) {
        let (ours, found) = ((self.code, &self.out), (theirs.code, &theirs.out));
        assert_eq!(ours, found, "{arguments:?}\n{}\n{}", self.errors, theirs.errors);
    }
}

/// Returns a command that heeds all signals, also where the tests themselves were told to ignore some (`nohup`, `&`).
fn with_usual_signals(program: &Path) -> Command {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    let probe =
        || Command::new("env").args(["--default-signal", "true"]).output().is_ok_and(|run| run.status.success());
    if !IS_THERE.get_or_init(probe) {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.arg("--default-signal").arg(program);
    command
}

/// A run that has not ended yet.
pub struct Running {
    child: Child,
    readers: Vec<std::thread::JoinHandle<Vec<u8>>>,
}

impl Running {
    pub fn begin(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::begin_fed(command)
    }

    /// Begins a run whose standard input is what the command says.
    pub fn begin_fed(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be run");
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

    /// Waits for the end; kills the run when it takes longer than the limit.
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
        let mut texts = std::mem::take(&mut self.readers)
            .into_iter()
            .map(|reader| String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned());
        let (out, errors) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        Run { code: status.code(), signal: status.signal(), is_cut_off, out, errors }
    }

    pub fn end(self) -> Run {
        self.end_within(LIMIT)
    }
}

/// A test that fails leaves no program behind.
impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A container of a stack, as `docker inspect` shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    pub name: String,
    pub id: String,
    pub state: String,
    pub started: String,
}

/// A folder with a compose file, and a project name that no other test uses.
pub struct Stack {
    pub folder: tempfile::TempDir,
    pub project: String,
    pub tool: Tool,
    /// The engine's address, where it is not the default.
    pub host: Option<String>,
    /// Further variables of the environment of runs.
    pub variables: Vec<(&'static str, String)>,
}

impl Stack {
    /// Creates a stack that inception runs.
    pub fn new(yaml: &str) -> Self {
        Self::with(Tool::Ours, yaml)
    }

    pub fn with(tool: Tool, yaml: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let project = format!("inception-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self::named(tool, yaml, project)
    }

    pub fn named(tool: Tool, yaml: &str, project: String) -> Self {
        let stack = Self { folder: tempfile::tempdir().unwrap(), project, tool, host: None, variables: Vec::new() };
        stack.write(yaml);
        stack
    }

    /// Writes the compose file, with `IMAGE`, `OTHER` and `PROJECT` replaced by their values.
    pub fn write(&self, yaml: &str) {
        let text = yaml.replace("IMAGE", IMAGE).replace("OTHER", OTHER).replace("PROJECT", &self.project);
        self.file("compose.yaml", &text);
    }

    pub fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn command(&self, tool: Tool, arguments: &[&str]) -> Command {
        let mut command = with_usual_signals(&tool.program());
        command
            .current_dir(self.folder.path())
            .env("COMPOSE_PROJECT_NAME", &self.project)
            .env_remove("PWD")
            .args(arguments);
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
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

    /// Runs either tool on this stack; the run must succeed.
    #[track_caller]
    pub fn ok_with(&self, tool: Tool, arguments: &[&str]) {
        let run = Running::begin(self.command(tool, arguments)).end();
        assert!(run.is_success(), "{tool:?} {arguments:?}: {run:?}");
    }

    /// Asserts what holds for both tools.
    #[track_caller]
    pub fn both(&self, what: &str, holds: bool) {
        assert!(holds, "{:?}: not so: {what}", self.tool);
    }

    /// Asserts what only inception promises. For docker compose the result is printed (`--nocapture` shows it).
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

    /// Runs a command in a service's first container, and returns its output.
    pub fn exec(&self, service: &str, command: &[&str]) -> String {
        told(&[&["exec", &self.name(service)], command].concat())
    }

    /// Writes a word into a file in a service's first container.
    #[track_caller]
    pub fn put(&self, service: &str, path: &str, word: &str) {
        let script = format!("echo {word} > {path}");
        let output = docker(&["exec", &self.name(service), "sh", "-c", &script]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn filter(&self) -> String {
        format!("label=com.docker.compose.project={}", self.project)
    }

    /// Returns all containers of the project, sorted by name.
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

    /// Returns the names of the containers, without the project's name. A container that does not run has its state
    /// behind its name.
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

    /// Returns how many containers, networks and volumes the project has.
    pub fn count(&self) -> usize {
        self.containers().len() + self.networks().len() + self.volumes().len()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let filter = self.filter();
        for (list, remove) in [
            (vec!["ps", "-aq"], vec!["rm", "-fv"]),
            // A container stays while another one shares its network (Podman); the second removal then finds it free.
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

/// A container, network, volume or image that belongs to no project; removed when the value is dropped.
pub struct Stranger {
    kind: &'static str,
    pub name: String,
}

impl Stranger {
    /// Creates the object by `docker ARGUMENTS`.
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
