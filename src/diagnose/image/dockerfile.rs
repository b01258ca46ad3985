//! Rules about the instructions of a Dockerfile.

use std::ops::Range;

use crate::diag::Severity;
use crate::diagnose::compose::{USER_ROOT, may_be_secret, names_secret};
use crate::diagnose::contents::{instructions, packages, parsed};
use crate::diagnose::facts::{Facts, Image, Text};
use crate::diagnose::parse::dockerfile::Instruction;
use crate::diagnose::parse::shell;
use crate::diagnose::role::{Role, role};
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;

static DOCKERFILE_MISSING: Rule = Rule::subject(
    "dockerfile-missing",
    Severity::Error,
    "subject D1",
    "each service needs a Dockerfile of its own that is not empty",
    "write the Dockerfile, or correct `build.context` and `build.dockerfile`",
);
/// A secret that stays in an image, in a Dockerfile or a script.
pub static SECRET_IN_IMAGE: Rule = Rule::both(
    "secret-in-image",
    Severity::Error,
    "CIS Docker 4.10, OWASP Docker 12, subject D5",
    "everybody who has the image reads the secret in it, and everybody who has the repository",
    "read the secret from `/run/secrets/NAME` when the container starts",
);
static FOREIGN_SERVER: Rule = Rule::subject(
    "foreign-server",
    Severity::Error,
    "subject D6",
    "no web server may be in the images of WordPress and MariaDB; nginx has its own container",
    "install php-fpm without a web server; Debian's package `wordpress` brings Apache, so unpack it instead of installing it",
);
static SEVERAL_SERVICES: Rule = Rule::subject(
    "several-services",
    Severity::Error,
    "subject D7",
    "each service must run in a container of its own",
    "split the image",
);
static BARE_SHELL: Rule = Rule::subject(
    "bare-shell",
    Severity::Error,
    "subject P3",
    "a container that only runs a shell does no work; a shell may only run a script",
    "name the service's own program: `CMD [\"nginx\", \"-g\", \"daemon off;\"]`",
);
static SHELL_FORM: Rule = Rule::subject(
    "shell-form",
    Severity::Warning,
    "subject P3, subject P4",
    "process 1 is then `sh -c`, which does not pass SIGTERM on: the service is killed after 10 s instead of ending",
    "write the exec form: `ENTRYPOINT [\"program\", \"argument\"]`",
);
static STOP_SIGNAL: Rule = Rule::subject(
    "stop-signal",
    Severity::Note,
    "subject P4",
    "at SIGTERM nginx and php-fpm drop the requests that are under way; at SIGQUIT they finish them",
    "write `STOPSIGNAL SIGQUIT`",
);
static REMOTE_ADD: Rule = Rule::security(
    "remote-add",
    Severity::Warning,
    "CIS Docker 4.9",
    "nobody checks what comes from the address, and it may be something else tomorrow",
    "fetch it with `ADD --checksum=sha256:…`, or compare its checksum after `curl`",
);
/// A download that is run unseen, in a Dockerfile or a script.
pub static PIPED_DOWNLOAD: Rule = Rule::security(
    "piped-download",
    Severity::Warning,
    "OWASP Docker 13",
    "whoever controls the address, or the way to it, runs programs here as root",
    "fetch the file, compare its checksum, then run it",
);
/// Files that every user may write, in a Dockerfile or a script.
pub static WORLD_WRITABLE: Rule = Rule::security(
    "world-writable",
    Severity::Warning,
    "OWASP Docker 8",
    "every process of the container may change the files, also one that a stranger controls",
    "give the files to the user that needs them: `chown`, and `chmod u+rwX`",
);
static KEY_IN_IMAGE: Rule = Rule::both(
    "key-in-image",
    Severity::Warning,
    "CIS Docker 4.10, OWASP Docker 12, subject T2",
    "everybody who has the image has the private key, and all containers of the image share it",
    "give the key as a secret, or make it at the first start",
);
static SSH_SERVER: Rule = Rule::security(
    "ssh-server",
    Severity::Warning,
    "CIS Docker 5.7",
    "a second way in, with its own users and keys, that nobody watches",
    "remove the package; `inception exec SERVICE sh` opens a shell",
);

/// Applies the rules that hold for any image.
pub fn findings(image: &Image) -> Vec<Finding> {
    let Some((file, text)) = parsed(image) else {
        return vec![Finding::new(&DOCKERFILE_MISSING, image.span, "the Dockerfile cannot be read")];
    };
    if file.stages.is_empty() {
        return vec![Finding::new(&DOCKERFILE_MISSING, text.begin(), "the Dockerfile has no FROM")];
    }
    let mut found = Vec::new();
    for instruction in file.stages.iter().flat_map(|stage| &stage.instructions) {
        match instruction.keyword.as_str() {
            "ENV" | "ARG" => found.extend(secret(instruction, text)),
            "ADD" => found.extend(remote(instruction, text)),
            "RUN" => found.extend(run(instruction, text)),
            _ => {}
        }
    }
    let last = instructions(image);
    found.extend(last.iter().filter_map(|one| key(one, text)));
    let user = last.iter().rev().find(|one| one.keyword == "USER");
    if let Some(one) = user.filter(|one| matches!(one.rest.trim().split(':').next(), Some("root" | "0"))) {
        found.push(Finding::new(&USER_ROOT, text.span(one.line.clone()), "the image is told to run as root"));
    }
    found.extend(
        packages(image)
            .into_iter()
            .filter(|(name, _)| name == "openssh-server" || name == "dropbear")
            .map(|(name, range)| Finding::new(&SSH_SERVER, text.span(range), format!("the image installs `{name}`"))),
    );
    found.extend(forms(&last, text));
    found
}

/// Applies the rules that depend on the service's part in the stack of the subject.
pub fn of_role(facts: &Facts, root: &Node, image: &Image) -> Vec<Finding> {
    let Some((_, text)) = parsed(image) else { return Vec::new() };
    let service = root.get("services").and_then(|all| all.get(&image.service));
    let role = service.and_then(|node| role(facts, &image.service, node));
    let installed = packages(image);
    let mut found = Vec::new();
    for (name, range) in &installed {
        let is_server = matches!(name.as_str(), "apache2" | "lighttpd" | "caddy") || name.starts_with("nginx");
        let words = match role {
            Some(Role::WordPress | Role::MariaDb) if is_server => format!("the image installs `{name}`"),
            Some(Role::WordPress) if name == "wordpress" => "the package `wordpress` installs Apache, too".to_owned(),
            _ => continue,
        };
        found.push(Finding::new(&FOREIGN_SERVER, text.span(range.clone()), words));
    }
    found.extend(several(&installed, text));
    let is_server = |one: &&(String, Range<usize>)| {
        one.0.starts_with("nginx") || one.0.contains("-fpm") || one.0.starts_with("php") && one.0.ends_with("fpm")
    };
    let signal = service.and_then(|node| node.get_text("stop_signal"));
    let own = instructions(image).into_iter().rev().find(|one| one.keyword == "STOPSIGNAL");
    let is_quit = |word: &str| matches!(word.trim(), "SIGQUIT" | "QUIT" | "3");
    let is_right = signal.map_or_else(|| own.as_ref().is_some_and(|one| is_quit(&one.rest)), is_quit);
    if let Some((name, range)) = installed.iter().find(is_server).filter(|_| !is_right) {
        let place = own.map_or_else(|| text.span(range.clone()), |one| text.span(one.line));
        found.push(Finding::new(&STOP_SIGNAL, place, format!("`{name}` is not stopped by SIGQUIT")));
    }
    found
}

fn several(installed: &[(String, Range<usize>)], text: &Text) -> Option<Finding> {
    let family = |name: &str| match name {
        "supervisor" | "runit" | "s6" | "s6-overlay" | "systemd" => Some("a supervisor of several services"),
        name if name.starts_with("mariadb-server") || name.starts_with("mysql-server") => Some("MariaDB"),
        name if name.starts_with("nginx") => Some("nginx"),
        name if name.starts_with("php") && name.contains("fpm") => Some("php-fpm"),
        "redis" | "redis-server" => Some("Redis"),
        "vsftpd" | "proftpd" => Some("an FTP server"),
        _ => None,
    };
    let mut first: Option<&str> = None;
    for (name, range) in installed {
        let Some(own) = family(name) else { continue };
        if own.starts_with("a supervisor") {
            return Some(Finding::new(
                &SEVERAL_SERVICES,
                text.span(range.clone()),
                format!("`{name}` runs several services in one container"),
            ));
        }
        match first {
            // A web server beside PHP is told by another rule.
            Some(before) if before != own && !matches!((before, own), ("nginx", "php-fpm") | ("php-fpm", "nginx")) => {
                let words = format!("{before} and {own} are in one image");
                return Some(Finding::new(&SEVERAL_SERVICES, text.span(range.clone()), words));
            }
            _ => first = Some(own),
        }
    }
    None
}

fn secret(instruction: &Instruction, text: &Text) -> Vec<Finding> {
    let rest = &instruction.rest;
    let mut found = Vec::new();
    let has_equals = rest.split_whitespace().next().is_some_and(|word| word.contains('='));
    let pairs: Vec<(&str, &str)> = match (instruction.keyword.as_str(), has_equals) {
        ("ENV", false) => rest.trim().split_once(char::is_whitespace).into_iter().collect(),
        _ => rest.split_whitespace().map(|word| word.split_once('=').unwrap_or((word, ""))).collect(),
    };
    for (name, value) in pairs {
        let is_argument = instruction.keyword == "ARG";
        let is_value = may_be_secret(value.trim_matches(['"', '\'']));
        if names_secret(name) && (is_argument || is_value) {
            let start = name.as_ptr() as usize - rest.as_ptr() as usize;
            let words = match is_argument {
                true => format!("the build argument `{name}` is a secret, and stays in the history of the image"),
                false => format!("the variable `{name}` has its value in the image"),
            };
            let span = text.span(instruction.range(start..start + name.len()));
            found.push(Finding::new(&SECRET_IN_IMAGE, span, words).secret());
        }
    }
    found
}

fn remote(instruction: &Instruction, text: &Text) -> Option<Finding> {
    let is_remote = |word: &String| word.starts_with("http://") || word.starts_with("https://");
    let address = instruction.arguments().into_iter().find(is_remote)?;
    let is_checked = instruction.flag("checksum").is_some();
    (!is_checked).then(|| {
        let words = format!("ADD fetches `{}` unchecked", without_login(&address));
        let finding = Finding::new(&REMOTE_ADD, text.span(instruction.line.clone()), words);
        if address.contains(['@', '?']) { finding.secret() } else { finding }
    })
}

/// Returns an address without its login and its query, either of which may hold a token.
fn without_login(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    format!("{scheme}://{}/{path}", host.rsplit('@').next().unwrap_or_default())
}

fn key(instruction: &Instruction, text: &Text) -> Option<Finding> {
    let words = match instruction.keyword.as_str() {
        "COPY" | "ADD" if instruction.flag("from").is_none() => {
            let is_key = |word: &String| {
                word.ends_with(".key")
                    || word.ends_with("privkey.pem")
                    || word.ends_with("key.pem")
                    || word.ends_with("id_rsa")
            };
            let name = instruction.arguments().into_iter().find(is_key)?;
            return Some(Finding::new(
                &KEY_IN_IMAGE,
                text.span(instruction.line.clone()),
                format!("the private key `{name}` is copied into the image"),
            ));
        }
        "RUN" => shell::commands(&instruction.rest).into_iter().find(|command| {
            let has = |word: &str| command.words.iter().any(|one| one == word);
            command.program() == "openssl"
                && (has("genrsa") || has("genpkey") || (has("req") && (has("-x509") || has("-newkey"))))
        })?,
        _ => return None,
    };
    Some(Finding::new(
        &KEY_IN_IMAGE,
        text.span(instruction.range(words.range)),
        "the build makes a private key, which stays in the image",
    ))
}

fn run(instruction: &Instruction, text: &Text) -> Vec<Finding> {
    let place = |range: Range<usize>| text.span(instruction.range(range));
    shell_findings(&instruction.rest)
        .into_iter()
        .map(|(rule, range, words)| Finding::new(rule, place(range), words))
        .collect()
}

/// Returns what is wrong in any shell text: a download that is run, files for everybody.
pub fn shell_findings(text: &str) -> Vec<(&'static Rule, Range<usize>, String)> {
    let commands = shell::commands(text);
    let mut found = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let next = commands.get(index + 1);
        let between = next.and_then(|next| text.get(command.range.end..next.range.start)).unwrap_or_default();
        let is_piped = between.trim().starts_with('|') && !between.trim().starts_with("||");
        let is_shell = next.is_some_and(|next| {
            matches!(next.program(), "sh" | "bash" | "dash" | "python" | "python3" | "perl" | "php")
        });
        if is_piped && is_shell && matches!(command.program(), "curl" | "wget") {
            found.push((
                &PIPED_DOWNLOAD,
                command.range.clone(),
                format!("what `{}` fetches is run unseen", command.program()),
            ));
        }
        let mode = |word: &String| {
            matches!(word.as_str(), "777" | "0777" | "a+rwx" | "ugo+rwx" | "a+w" | "o+w" | "666" | "0666")
        };
        if command.program() == "chmod" && command.words.iter().any(mode) {
            found.push((&WORLD_WRITABLE, command.range.clone(), "everybody may write the files".to_owned()));
        }
    }
    found
}

/// Judges the last ENTRYPOINT and CMD.
fn forms(instructions: &[Instruction], text: &Text) -> Vec<Finding> {
    let last = |keyword: &str| instructions.iter().rev().find(|one| one.keyword == keyword);
    let mut found = Vec::new();
    for one in [last("ENTRYPOINT"), last("CMD")].into_iter().flatten() {
        let span = text.span(one.line.clone());
        let is_shell = |word: &str| matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash" | "zsh"));
        match one.exec_form() {
            Some(words) if words.len() == 1 && is_shell(&words[0]) => {
                found.push(Finding::new(&BARE_SHELL, span, format!("{} only runs a shell", one.keyword)));
            }
            Some(_) => {}
            None if is_shell(one.rest.trim()) => {
                found.push(Finding::new(&BARE_SHELL, span, format!("{} only runs a shell", one.keyword)));
            }
            // `exec` replaces the shell, so the service is process 1 all the same.
            None if one.rest.trim().starts_with("exec ") => {}
            None => {
                found.push(Finding::new(&SHELL_FORM, span, format!("{} is written in the shell form", one.keyword)))
            }
        }
    }
    found
}
