//! Runs cases with inception and with docker compose (the peer), where it is installed.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use inception::env::Environment;
use inception::loader::{self, LoadOptions, Loaded};
use serde_json::Value;

/// Says on standard error that nothing was compared.
pub fn skipped(why: &str) {
    eprintln!("\n*** SKIPPED: {why} ***\n");
}

/// Finds docker compose 2 or later: `PEER_COMPOSE`, `docker-compose`, or the program of the plugin.
pub fn peer() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let plugins = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"];
    let plugins = plugins.map(|folder| Path::new(folder).join("docker/cli-plugins/docker-compose"));
    let given = std::env::var_os("PEER_COMPOSE").map(PathBuf::from);
    let candidates = given.into_iter().chain([PathBuf::from("docker-compose")]);
    let candidates = candidates.chain([home.join(".docker/cli-plugins/docker-compose")]).chain(plugins);
    let is_new = |program: &PathBuf| {
        let output = Command::new(program).args(["version", "--short"]).output();
        let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let major =
            version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
        major.is_some_and(|major| major >= 2)
    };
    let found = candidates.into_iter().find(is_new);
    if found.is_none() {
        skipped("docker compose is not installed (PEER_COMPOSE can name it): nothing was compared with it");
    }
    found
}

/// A folder with files, and the arguments of `config` there.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// Arguments before `config`.
    pub before: Vec<String>,
    /// Services that are named after `config`.
    pub after: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub start: String,
    pub is_error: bool,
    pub topic: String,
    pub must_mention: Vec<String>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Folder(PathBuf),
    Files(Vec<(String, String)>),
}

/// The folder of a case; removed when the value is dropped.
pub struct Place {
    _folder: tempfile::TempDir,
    pub folder: PathBuf,
    start: PathBuf,
    environment: BTreeMap<String, String>,
    case: Case,
}

#[derive(Clone, Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub errors: String,
}

/// Returns the cases of the conformance corpus (`CONFORMANCE_DIR` or `../shared/conformance`), if it is there.
pub fn corpus() -> Option<Vec<Case>> {
    let folder = corpus_folder()?;
    let mut cases: Vec<Case> = std::fs::read_dir(folder.join("cases"))
        .unwrap()
        .filter_map(|entry| read_case(&entry.unwrap().path()))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(cases.len() > 100, "only {} cases in {}", cases.len(), folder.display());
    Some(cases)
}

pub fn corpus_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CONFORMANCE_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance"), PathBuf::from);
    if !folder.join("compare.py").exists() {
        skipped(&format!("the conformance corpus is not at {}: nothing was compared", folder.display()));
        return None;
    }
    Some(folder)
}

fn read_case(folder: &Path) -> Option<Case> {
    let text = std::fs::read_to_string(folder.join("case.json")).ok()?;
    let value: Value = serde_json::from_str(&text).unwrap();
    let texts = |key: &str| -> Vec<String> {
        let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let arguments = texts("args");
    let at = arguments.iter().position(|argument| argument == "config")?;
    let environment = value["env"].as_object().into_iter().flatten();
    Some(Case {
        name: folder.file_name()?.to_str()?.to_owned(),
        before: arguments[..at].to_vec(),
        after: arguments[at + 1..].iter().filter(|one| !one.starts_with('-') && *one != "json").cloned().collect(),
        environment: environment.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect(),
        start: value["cwd"].as_str().unwrap_or(".").to_owned(),
        is_error: folder.join("expected-error.txt").exists(),
        topic: value["topic"].as_str().unwrap_or_default().to_owned(),
        must_mention: texts("must_mention"),
        source: Source::Folder(folder.to_owned()),
    })
}

/// Returns the cases of `tests/loader/oracle`. Each is a file that begins with `# args:`, `# env:` and `# after:`
/// lines; a line `-- NAME --` begins a further file.
pub fn own_cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loader/oracle");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    paths.sort();
    paths.iter().map(|path| own_case(path)).collect()
}

fn own_case(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).unwrap();
    let words = |key: &str| -> Vec<String> {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("# {key}: "))).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect()
    };
    let mut files = vec![("compose.yaml".to_owned(), String::new())];
    for line in text.split_inclusive('\n').filter(|line| !line.starts_with("# args: ") && !line.starts_with("# env: "))
    {
        match line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            Some(name) => files.push((name.to_owned(), String::new())),
            None => files.last_mut().unwrap().1.push_str(line),
        }
    }
    files.retain(|(name, text)| name != "compose.yaml" || !text.trim().is_empty());
    Case {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        before: words("args"),
        after: words("after"),
        environment: words("env").iter().filter_map(|pair| pair.split_once('=')).map(owned).collect(),
        start: ".".to_owned(),
        is_error: false,
        topic: String::new(),
        must_mention: Vec::new(),
        source: Source::Files(files),
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

impl Case {
    /// Writes the files of the case into a new folder, three levels deep, as the script of the corpus does.
    pub fn place(&self) -> Place {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap().join("up2/up1").join(&self.name);
        std::fs::create_dir_all(&folder).unwrap();
        match &self.source {
            Source::Folder(source) => copy(source, &folder, true),
            Source::Files(files) => {
                for (name, text) in files {
                    let path = folder.join(name);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, text).unwrap();
                }
            }
        }
        let start = folder.join(&self.start);
        std::fs::create_dir_all(&start).unwrap();
        let start = start.canonicalize().unwrap();
        let mut environment: BTreeMap<String, String> =
            [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/home/conformance")]
                .map(owned)
                .into();
        environment.insert("PWD".to_owned(), start.to_str().unwrap().to_owned());
        for (key, value) in &self.environment {
            environment.insert(key.clone(), value.replace("@DIR@", folder.to_str().unwrap()));
        }
        Place { _folder: temporary, folder, start, environment, case: self.clone() }
    }

    /// Whether a file of the case contains these words.
    pub fn mentions(&self, words: &str) -> bool {
        fn any(folder: &Path, words: &str) -> bool {
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
                true => any(&path, words),
                false => std::fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(words)),
            })
        }
        match &self.source {
            Source::Folder(folder) => any(folder, words),
            Source::Files(files) => files.iter().any(|(_, text)| text.contains(words)),
        }
    }
}

impl Place {
    /// Runs `config` with these additional flags.
    pub fn config(&self, program: &Path, flags: &[&str]) -> Ended {
        let folder = self.folder.to_str().unwrap();
        let before = self.case.before.iter().map(|argument| argument.replace("@DIR@", folder));
        let mut command = Command::new(program);
        command.args(before).arg("config").args(flags).args(&self.case.after);
        command.env_clear().envs(&self.environment).current_dir(&self.start).stdin(Stdio::null());
        let output = command.output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Loads the case by the library, without running a program.
    pub fn load(&self) -> Loaded {
        let mut options = LoadOptions::default();
        let mut arguments = self.case.before.iter().map(|one| one.replace("@DIR@", self.folder.to_str().unwrap()));
        while let Some(argument) = arguments.next() {
            let (flag, value) = match argument.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), value.to_owned()),
                None => (argument, arguments.next().unwrap_or_default()),
            };
            match flag.as_str() {
                "-f" | "--file" => options.files.push(value.into()),
                "-p" | "--project-name" => options.project_name = Some(value),
                "--project-directory" => options.project_directory = Some(value.into()),
                "--profile" => options.profiles.push(value),
                "--env-file" => options.env_files.push(value.into()),
                "--all-resources" => options.all_resources = true,
                other => panic!("{}: `{other}` is not known to this test", self.case.name),
            }
        }
        options.services.clone_from(&self.case.after);
        loader::load(&options, &Environment::new(self.environment.clone(), self.start.clone()))
    }

    /// Replaces the folder, and the folders above it, by `@DIR@`, `@UP1@`, `@UP2@`.
    pub fn without_folder(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (folder, token) in self.folder.ancestors().zip(["@DIR@", "@UP1@", "@UP2@", "@UP3@"]) {
            text = text.replace(folder.to_str().unwrap(), token);
        }
        text
    }
}

fn copy(from: &Path, to: &Path, is_top: bool) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if is_top && (name == "case.json" || name.starts_with("expected")) {
            continue;
        }
        match path.is_dir() {
            true => copy(&path, &to.join(name), false),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

/// Runs a check on every case, on all processors. Returns the findings in the order of the cases.
pub fn for_each<T: Send>(cases: &[Case], check: impl Fn(&Case) -> Vec<T> + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let count = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let said = check(case);
                    found.lock().unwrap().extend(said.into_iter().map(|one| (case.name.clone(), one)));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.into_iter().map(|(_, one)| one).collect()
}

/// Returns the first lines that differ in two texts.
pub fn difference(want: &str, got: &str) -> String {
    let (want, got): (Vec<&str>, Vec<&str>) = (want.lines().collect(), got.lines().collect());
    let at = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let show = |lines: &[&str]| lines.iter().skip(at).take(4).map(|line| format!("    {line}\n")).collect::<String>();
    format!("  line {}\n   wanted\n{}   got\n{}", at + 1, show(&want), show(&got))
}

pub fn ours() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_inception"))
}
