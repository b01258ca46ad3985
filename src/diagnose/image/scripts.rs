//! Rules about scripts: those that are copied into an image, and the commands of Dockerfiles and compose files.

use std::ops::Range;

use super::dockerfile::{SECRET_IN_IMAGE, shell_findings};
use crate::diag::Severity;
use crate::diagnose::compose::{may_be_secret, names_secret};
use crate::diagnose::contents::{instructions, parsed};
use crate::diagnose::facts::{Image, ImageFile, Text, services, texts};
use crate::diagnose::parse::dockerfile::{Instruction, lines};
use crate::diagnose::parse::shell::{self, Command};
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;
use crate::model::Sources;

static ENDLESS_LOOP: Rule = Rule::subject(
    "endless-loop",
    Severity::Error,
    "subject P1",
    "an endless loop keeps the container up although the service is gone",
    "let `exec SERVICE` be the last command; wait with an end: `for i in $(seq 60); do …; done`",
);
static IDLE_PROCESS: Rule = Rule::subject(
    "idle-process",
    Severity::Error,
    "subject P1",
    "the container stays up although the service is gone, so nobody restarts it",
    "run the service itself in the foreground, as the last command: `exec SERVICE`",
);
static BACKGROUND_PROCESS: Rule = Rule::subject(
    "background-process",
    Severity::Error,
    "subject P2",
    "process 1 does not see the end of a process in the background, and does not pass signals on",
    "run the service in the foreground; prepare a database by its `init-file` or `--bootstrap` instead of a temporary server",
);
static SAFE_WRAPPER: Rule = Rule::subject(
    "safe-wrapper",
    Severity::Note,
    "subject P4",
    "the wrapper restarts the server by itself, and passes SIGTERM on late or not at all",
    "run the server itself: `exec mariadbd --user=mysql`",
);
static FIXED_SLEEP: Rule = Rule::subject(
    "fixed-sleep",
    Severity::Note,
    "subject section 1.1",
    "the time is too short on a slow machine, and wasted on a fast one",
    "ask the other service until it answers, at most a number of times; or `depends_on` with `service_healthy`",
);
static ENDLESS_WAIT: Rule = Rule::subject(
    "endless-wait",
    Severity::Note,
    "subject section 1.1",
    "if the other service never answers, the container hangs for ever instead of failing with a word",
    "count the attempts, and end with an error",
);
static NO_EXEC: Rule = Rule::subject(
    "no-exec",
    Severity::Warning,
    "subject P4",
    "the shell stays process 1, so SIGTERM does not reach the service, and it is killed after 10 s",
    "write `exec` before the last command",
);

/// A breach in a shell text, with its place there.
type Breach = (&'static Rule, Range<usize>, String);

/// Applies the rules to the scripts and commands of an image.
pub fn findings(image: &Image) -> Vec<Finding> {
    let mut found = Vec::new();
    let last = instructions(image);
    let entry = entry(&last);
    for file in image.files.iter().filter(|file| is_script(file)) {
        let text = &file.text;
        let mut own = breaches(&text.text);
        own.extend(shell_findings(&text.text));
        if entry.as_deref() == Some(base_name(&file.target)) {
            own.extend(no_exec(&text.text));
        }
        found.extend(own.into_iter().map(|(rule, range, words)| Finding::new(rule, text.span(range), words)));
        found.extend(secrets(text));
    }
    if let Some((_, text)) = parsed(image) {
        let commands = ["ENTRYPOINT", "CMD"].map(|keyword| last.iter().rev().find(|one| one.keyword == keyword));
        for one in commands.into_iter().flatten() {
            let own = command(one).into_iter();
            found.extend(own.map(|(rule, words)| Finding::new(rule, text.span(one.line.clone()), words)));
        }
    }
    found
}

/// Applies the rules to `command` and `entrypoint` of services.
pub fn of_services(root: &Node, sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, _, service) in services(root) {
        for key in ["entrypoint", "command"] {
            let words = texts(service.get(key));
            let Some((_, span)) = words.first().cloned() else { continue };
            let is_line = service.get(key).is_some_and(|node| node.as_list().is_none());
            let line = match is_line {
                true => unquoted_script(&words[0].0),
                false => script_of(&words.iter().map(|(word, _)| word.clone()).collect::<Vec<_>>()),
            };
            // A value over several lines is told at the line of its fault.
            let text = Text::of_value(&line, words.last().map_or(span, |(_, span)| *span), sources);
            let own = breaches(&line).into_iter();
            found.extend(own.map(|(rule, range, words)| Finding::new(rule, text.span(range), words).of(name)));
        }
    }
    found
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_script(file: &ImageFile) -> bool {
    let first = file.text.text.lines().next().unwrap_or_default();
    let is_shell =
        first.starts_with("#!") && first.split(['/', ' ']).any(|word| matches!(word, "sh" | "bash" | "ash" | "dash"));
    is_shell || (file.target.ends_with(".sh") && !first.starts_with("#!"))
}

/// Returns the file name of the script that a container starts with.
fn entry(instructions: &[Instruction]) -> Option<String> {
    let last = |keyword: &str| instructions.iter().rev().find(|one| one.keyword == keyword);
    let one = last("ENTRYPOINT").or_else(|| last("CMD"))?;
    let words = one.exec_form().unwrap_or_else(|| one.rest.split_whitespace().map(str::to_owned).collect());
    let is_shell = |word: &String| matches!(base_name(word), "sh" | "bash" | "ash" | "dash" | "exec");
    words.iter().find(|word| !is_shell(word) && !word.starts_with('-')).map(|word| base_name(word).to_owned())
}

/// Returns the script of `sh -c SCRIPT`, or the words as a line.
fn script_of(words: &[String]) -> String {
    let is_shell = words.first().is_some_and(|word| matches!(base_name(word), "sh" | "bash" | "ash" | "dash"));
    match words {
        [_, flag, script, ..] if is_shell && flag.starts_with('-') && flag.ends_with('c') => script.clone(),
        words => words.join(" "),
    }
}

/// Returns the script of a line `sh -c "SCRIPT"`, or the line.
fn unquoted_script(line: &str) -> String {
    match line.split_once(" -c ") {
        Some((shell, script)) if matches!(base_name(shell.trim()), "sh" | "bash" | "ash" | "dash") => {
            script.trim().trim_matches(['"', '\'']).to_owned()
        }
        _ => line.to_owned(),
    }
}

/// Judges an ENTRYPOINT or CMD.
fn command(one: &Instruction) -> Vec<(&'static Rule, String)> {
    let line = match one.exec_form() {
        Some(words) => script_of(&words),
        None => one.rest.clone(),
    };
    let mut found: Vec<(&'static Rule, String)> =
        breaches(&line).into_iter().map(|(rule, _, words)| (rule, words)).collect();
    found.dedup_by_key(|(rule, _)| rule.code);
    found
}

/// Returns what is wrong in a shell text that runs when a container starts.
fn breaches(text: &str) -> Vec<Breach> {
    let commands = shell::commands(text);
    let mut found = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let range = command.range.clone();
        let mut tell = |rule, words: String| found.push((rule, range.clone(), words));
        let program = command.program();
        let argument = command.words.get(1).map_or("", String::as_str);
        let is_loop = |word: &str| command.keywords.iter().any(|keyword| keyword == word);
        let shown = command.words.join(" ");
        let is_endless = is_loop("while") && matches!(program, "true" | ":" | "1");
        if (is_endless || (is_loop("until") && program == "false")) && !leaves(body(&commands[index..])) {
            tell(&ENDLESS_LOOP, format!("the loop over `{shown}` has no end"));
        } else if !is_endless
            && (is_loop("until") || (is_loop("while") && is_loop("!")))
            && !has_end(&commands[index..], text)
        {
            tell(&ENDLESS_WAIT, format!("the script waits for `{program}` without an end"));
        }
        match program {
            "sleep" if matches!(argument, "infinity" | "inf") => {
                tell(&IDLE_PROCESS, format!("`{shown}` does nothing for ever"))
            }
            "tail" if command.words.iter().any(|word| follows(word)) => {
                tell(&IDLE_PROCESS, format!("`{shown}` does nothing for ever"))
            }
            "cat" | "read" if index + 1 == commands.len() && command.words.len() == 1 => {
                tell(&IDLE_PROCESS, format!("`{program}` as the last command waits for ever"));
            }
            "sleep" if command.depth == 0 => tell(&FIXED_SLEEP, format!("`{shown}` waits a fixed time")),
            "service" | "rc-service" if command.words.iter().any(|word| word == "start" || word == "restart") => {
                tell(&BACKGROUND_PROCESS, format!("`{shown}` starts a service in the background"));
            }
            name if name.ends_with("_safe") || name.ends_with("-safe") => {
                tell(&SAFE_WRAPPER, format!("`{name}` runs the server"))
            }
            _ if program == "exec" && (argument.ends_with("_safe") || argument.ends_with("-safe")) => {
                tell(&SAFE_WRAPPER, format!("`{}` runs the server", base_name(argument)));
            }
            _ => {}
        }
        let is_init = command.words.first().is_some_and(|word| word.starts_with("/etc/init.d/")) && argument == "start";
        if command.is_background || is_init {
            tell(
                &BACKGROUND_PROCESS,
                format!("`{}` runs in the background", if program.is_empty() { "a block" } else { program }),
            );
        }
    }
    found.extend(arithmetic_loop(text));
    found
}

fn follows(word: &str) -> bool {
    let is_short = word.starts_with('-') && !word.starts_with("--") && word.contains(['f', 'F']);
    is_short || word.starts_with("--follow")
}

/// Returns the commands of a loop that begins here.
fn body(commands: &[Command]) -> &[Command] {
    let outside = commands[0].depth;
    let end =
        commands.iter().skip(1).position(|one| one.keywords.iter().any(|word| word == "done") && one.depth <= outside);
    &commands[..end.map_or(commands.len(), |end| end + 2).min(commands.len())]
}

/// Returns whether a loop has a command that leaves it.
fn leaves(body: &[Command]) -> bool {
    body.iter().any(|one| matches!(one.program(), "break" | "exit" | "return" | "timeout" | "fail" | "die" | "exec"))
}

/// Returns whether a loop that begins here can end: it counts, or leaves.
fn has_end(commands: &[Command], text: &str) -> bool {
    let body = body(commands);
    let leaves = leaves(body);
    let start = commands[0].range.start;
    let stop = body.last().map_or(text.len(), |one| one.range.end);
    let words = text.get(start..stop).unwrap_or_default();
    leaves
        || ["$((", "-lt ", "-gt ", "-le ", "-ge ", "-eq ", "-ne ", "((", "SECONDS"]
            .iter()
            .any(|word| words.contains(word))
}

/// Finds `for ((;;))`, which the shell reader takes apart.
fn arithmetic_loop(text: &str) -> Vec<Breach> {
    let masked = shell::mask(text);
    let mut found = Vec::new();
    for (start, line) in lines(&masked) {
        let compact: String = line.chars().filter(|char| !char.is_whitespace()).collect();
        if let Some(at) = line.find("for").filter(|_| compact.contains("for((;;))")) {
            found.push((
                &ENDLESS_LOOP,
                start + at..start + line.trim_end().len(),
                "the loop `for ((;;))` has no end".to_owned(),
            ) as Breach);
        }
    }
    found
}

/// Judges the last command of the script that a container starts with.
fn no_exec(text: &str) -> Option<Breach> {
    let commands = shell::commands(text);
    let last =
        commands.iter().rev().find(|one| !one.words.is_empty() && !matches!(one.program(), ";;" | "}" | "fi"))?;
    // A function of the script, such as `main "$@"`, may be what gives way to the service.
    let masked = shell::mask(text);
    let is_function = lines(&masked).any(|(_, line)| {
        let line = line.trim_start();
        let named = line.strip_prefix("function ").unwrap_or(line).strip_prefix(last.program());
        named.is_some_and(|rest| {
            rest.trim_start().starts_with("()") || (line.starts_with("function ") && rest.trim_start().starts_with('{'))
        })
    });
    let gives_way = is_function && commands.iter().any(|one| one.program() == "exec");
    let is_exec = gives_way || last.program() == "exec" || last.keywords.iter().any(|word| word == "exec");
    let is_told = last.is_background || matches!(last.program(), "tail" | "sleep" | "wait" | "cat" | "read" | "break");
    (!is_exec && !is_told).then(|| {
        (&NO_EXEC, last.range.clone(), format!("the script ends with `{}`, without `exec`", last.program())) as Breach
    })
}

/// Finds assignments of passwords, and passwords in SQL.
fn secrets(text: &Text) -> Vec<Finding> {
    let mut found = Vec::new();
    for (start, line) in lines(&text.text) {
        let words = line.trim_start();
        let begin = start + line.len() - words.len();
        let assignment = words.strip_prefix("export ").unwrap_or(words);
        let (name, value) = assignment.split_once('=').unwrap_or(("", ""));
        let value = value.trim_matches(['"', '\'', ';']);
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_literal = may_be_secret(value) && !value.contains(['`', ' ', '(']);
        let sql = words.split_once("IDENTIFIED BY '").or_else(|| words.split_once("identified by '"));
        let is_sql = sql.is_some_and(|(_, rest)| may_be_secret(rest.split('\'').next().unwrap_or_default()));
        if (is_name && names_secret(name) && is_literal) || is_sql {
            let what = if is_sql {
                "a password stands in the SQL".to_owned()
            } else {
                format!("the value of `{name}` stands in the script")
            };
            found.push(Finding::new(&SECRET_IN_IMAGE, text.span(begin..start + line.trim_end().len()), what).secret());
        }
    }
    found
}
