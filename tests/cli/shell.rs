//! What surrounds the commands: completion in a shell, manual pages, and the program as a plugin of docker.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::common::real::{Stack, docker, is_ready, say};

const STACK: &str = "
services:
  web: { image: IMAGE, init: true, command: sleep 1000, stop_grace_period: 0s }
  worker: { image: IMAGE, command: sh -c 'exit 7', profiles: [jobs] }
";

/// What bash would offer for a line. The folder and the program are the stack's.
fn offered(stack: &Stack, line: &str) -> String {
    let program = env!("CARGO_BIN_EXE_inception");
    let script = format!(
        "inception() {{ {program} \"$@\"; }}; source <(inception completion bash)
         COMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}}; _inception; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(stack.folder.path()).env_remove("PWD");
    let output = command.env("COMPOSE_PROJECT_NAME", &stack.project).stderr(Stdio::inherit()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().replace('\n', " ").trim().to_owned()
}

#[test]
fn bash_completes_commands_services_profiles_and_files() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(STACK);
    assert_eq!(offered(&stack, "inception resta"), "restart");
    assert_eq!(offered(&stack, "inception up w"), "web worker");
    assert_eq!(offered(&stack, "inception --profile "), "jobs");
    assert_eq!(offered(&stack, "inception up --pull=mi"), "missing");
    assert_eq!(offered(&stack, "inception up --scale we"), "web=");
    assert!(
        offered(&stack, "inception cp ").contains("web:") && offered(&stack, "inception cp ").contains("compose.yaml")
    );
    assert_eq!(offered(&stack, "inception -f comp"), "compose.yaml");
    // A file that is broken still tells its services; a name without a file goes by labels.
    stack.ok(&["up", "-d"]);
    stack.write(&format!("{STACK}\nbroken: [yes"));
    assert_eq!(offered(&stack, "inception up nothing-like-it"), "");
    assert_eq!(offered(&stack, &format!("inception -p {} stop w", stack.project)), "web");
    assert_eq!(offered(&stack, &format!("inception -p {} port web --index ", stack.project)), "1");
    let projects = offered(&stack, "inception -p inception-test");
    assert!(projects.split(' ').any(|name| name == stack.project), "{projects}");
    let nowhere = Command::new(env!("CARGO_BIN_EXE_inception"))
        .args(["__complete", "--", "up", ""])
        .env("DOCKER_HOST", "unix:///no/such")
        .current_dir("/")
        .output()
        .unwrap();
    assert!(nowhere.status.success() && nowhere.stdout == b":4\n" && nowhere.stderr.is_empty(), "{nowhere:?}");
}

#[test]
fn fish_completes_with_the_descriptions() {
    if !is_ready() || Command::new("fish").arg("--version").output().is_err() {
        return say("\n*** SKIPPED: fish is not installed ***\n");
    }
    let stack = Stack::new(STACK);
    let program = env!("CARGO_BIN_EXE_inception");
    let script = format!(
        "function inception; {program} $argv; end; inception completion fish | source; complete -C 'inception up wo'; \
         complete -C 'inception resta'; complete -C 'inception cp compose'"
    );
    let mut command = Command::new("fish");
    command.args(["--no-config", "-c", &script]).current_dir(stack.folder.path()).env_remove("PWD");
    let output = command.env("HOME", stack.folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(lines, ["worker", "restart", "compose.yaml"], "{text}");
    assert!(text.contains("restart\tRestart containers"), "{text}");
}

#[test]
fn completions_and_manual_pages_are_installed_where_a_system_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/install-texts.sh");
    let output = Command::new(script).arg(env!("CARGO_BIN_EXE_inception")).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert!(text("bash-completion/completions/inception").contains("complete -F"));
    assert!(text("zsh/site-functions/_inception").starts_with("#compdef inception\n"));
    assert!(text("fish/vendor_completions.d/inception.fish").contains("complete -c inception"));
    let page = text("man/man1/inception-up.1");
    assert!(page.contains(".TH inception") && page.contains("detach"), "{page}");
    assert!(folder.path().join("man/man1/inception.1").exists());
    assert!(!folder.path().join("man/man1/inception-man.1").exists());
}

/// A `docker` whose only plugin we are.
fn as_plugin(stack: &Stack, arguments: &[&str]) -> Command {
    let plugins = stack.folder.path().join("docker/cli-plugins");
    if !plugins.exists() {
        std::fs::create_dir_all(&plugins).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_inception"), plugins.join("docker-inception")).unwrap();
    }
    let mut command = Command::new("docker");
    command.arg("inception").args(arguments).current_dir(stack.folder.path()).env_remove("PWD");
    command.env("DOCKER_CONFIG", stack.folder.path().join("docker")).env("COMPOSE_PROJECT_NAME", &stack.project);
    command
}

#[test]
fn docker_runs_us_as_a_plugin_and_hands_exit_codes_and_signals_on() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(STACK);
    let output = as_plugin(&stack, &["version", "--short"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), stack.ok(&["version", "--short"]));
    let code = |arguments: &[&str]| as_plugin(&stack, arguments).output().unwrap().status.code();
    assert_eq!(code(&["up", "-d"]), Some(0));
    assert_eq!(code(&["restrat"]), Some(1));
    assert_eq!(code(&["--profile", "jobs", "up", "--exit-code-from", "worker", "worker"]), Some(7));
    // Docker passes a signal on by a closed socket since 25; before that only terminals told a plugin.
    if docker(&["version", "-f", "{{.Client.Version}}"]).stdout.first().is_none_or(|first| *first != b'2') {
        return;
    }
    let mut child = as_plugin(&stack, &["stats", "web"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("CONTAINER ID"));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    // The output ends when we do, not only docker.
    lines.by_ref().for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Runs `init` in a folder.
fn init(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inception"));
    command.arg("init").args(arguments).current_dir(folder).env_remove("PWD").stdin(Stdio::null()).output().unwrap()
}

#[test]
fn init_writes_a_stack_that_loads_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dry = init(folder.path(), &["--dry-run"]);
    assert!(dry.status.success() && std::fs::read_dir(folder.path()).unwrap().next().is_none(), "{dry:?}");
    let first = init(folder.path(), &["shop"]);
    assert!(first.status.success() && first.stdout.is_empty(), "{first:?}");
    let load = |folder: &std::path::Path, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inception"));
        let output = command.args(arguments).current_dir(folder).env_remove("PWD").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let shop = folder.path().join("shop");
    assert!(load(&shop, &["config"]).starts_with("name: shop\n"));
    // Neither the file itself nor another file that would be read in its place.
    let before = std::fs::read_to_string(shop.join("compose.yml")).unwrap();
    for template in ["minimal", "inception"] {
        let again = init(&shop, &["--template", template]);
        let words = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(again.status.code() == Some(1) && words.contains("nothing was written"), "{words}");
    }
    assert_eq!(std::fs::read_to_string(shop.join("compose.yml")).unwrap(), before);
    assert_eq!(std::fs::read_dir(&shop).unwrap().count(), 1);
}

#[test]
fn init_makes_the_inception_stack_with_settings_secrets_and_certificates() {
    if Command::new("openssl").arg("version").output().is_err() {
        return say("\n*** SKIPPED: there is no openssl ***\n");
    }
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), &["--template", "inception"]);
    assert!(output.status.success(), "{output:?}");
    for path in [
        "compose.yml",
        "srcs/.env",
        "secrets/db_password.txt",
        "secrets/server.crt",
        "secrets/server.key",
        ".gitignore",
        ".data/database",
        "srcs/requirements/nginx/tools/entrypoint.sh",
    ] {
        assert!(folder.path().join(path).exists(), "{path}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_inception"));
    let config =
        command.args(["--profile", "*", "config"]).current_dir(folder.path()).env_remove("PWD").output().unwrap();
    let text = String::from_utf8_lossy(&config.stdout);
    assert!(config.status.success() && config.stderr.is_empty(), "{config:?}");
    assert!(
        text.contains("  redis:") && text.contains(&format!("{}/secrets/server.key", folder.path().display())),
        "{text}"
    );
}
