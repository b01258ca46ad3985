//! The table of commands and flags in `docs/compat.md`: docker compose's on one side, ours on the other, with a reason for
//! each difference. `scripts/flags.sh` writes it anew; this test holds it.
//!
//! `peer.tsv` has docker compose's commands and flags, so the test needs no docker compose; where one of the same version is
//! there, the file is compared with it. `notes.tsv` says how something differs, or why it is left out. Nothing is noted of
//! what works, and of commands that are not built yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::real;

/// The version that `peer.tsv` is about.
const VERSION: &str = "2.40.3";
/// The name of the global options among commands.
const GLOBAL: &str = "(global)";
const BEGIN: &str = "<!-- flags: written by scripts/flags.sh -->\n";
const END: &str = "<!-- flags: end -->\n";

/// A flag as a help text shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Flag {
    short: String,
    takes_value: bool,
    /// Accepted, but not shown in the help text.
    is_hidden: bool,
}

/// The flags of all commands, by command and long name. A command has an entry also where it has no flag.
type Flags = BTreeMap<String, BTreeMap<String, Flag>>;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

fn help(program: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).env("COLUMNS", "200").output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn ours() -> PathBuf {
    env!("CARGO_BIN_EXE_inception").into()
}

/// Reads the flags of a help text. Both programs write `  -f, --file VALUE` at the beginning of a line.
fn flags(help: &str) -> BTreeMap<String, Flag> {
    let flag = |line: &str| {
        let line = line.trim_start();
        let (short, rest) = match line.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
            Some(rest) => (rest.get(..1)?, rest.get(1..)?.strip_prefix(", ")?),
            None => ("", line),
        };
        let rest = rest.strip_prefix("--")?;
        let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '-').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        // `--file string   words`, `--file <FILE>`; a value after `[=` may be left out.
        let takes_value = rest.starts_with(' ') && !rest.starts_with("  ");
        let flag = Flag { short: short.to_owned(), takes_value, is_hidden: false };
        (!name.is_empty()).then(|| (name.to_owned(), flag))
    };
    let options = help.lines().skip_while(|line| !line.ends_with("ptions:"));
    // Words below a flag are indented further.
    options.filter(|line| line.starts_with("  -") || line.starts_with("      --")).filter_map(flag).collect()
}

/// Reads the commands of a help text.
fn commands(help: &str) -> Vec<String> {
    let begins = |line: &&str| line.ends_with("ommands:");
    let mut found = Vec::new();
    let mut is_within = false;
    for line in help.lines() {
        is_within = begins(&line) || is_within && line.starts_with("  ");
        let name = line.split_whitespace().next().unwrap_or_default();
        if is_within && !begins(&line) && line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
            found.push(name.to_owned());
        }
    }
    found
}

/// Reads everything that a program's help texts show. Options that may stand before and after the command count once.
fn shown(program: &Path) -> Flags {
    let (_, text) = help(program, &["--help"]);
    let global = flags(&text);
    let mut all: Flags = commands(&text)
        .into_iter()
        .map(|name| {
            let mut own = flags(&help(program, &[&name, "--help"]).1);
            own.retain(|flag, found| !["dry-run", "help"].contains(&flag.as_str()) && global.get(flag) != Some(found));
            (name, own)
        })
        .collect();
    all.insert(GLOBAL.to_owned(), global.into_iter().filter(|(name, _)| name != "help").collect());
    all
}

/// Reads `peer.tsv`.
fn recorded() -> Flags {
    let mut all = Flags::new();
    for line in read("tests/cli/flags/peer.tsv").lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [command, long, short, kind] = cells[..] else { panic!("not four cells: {line}") };
        let own = all.entry(command.to_owned()).or_default();
        if !long.is_empty() {
            let (takes_value, is_hidden) = (kind.contains("value"), kind.contains("hidden"));
            own.insert(long.to_owned(), Flag { short: short.to_owned(), takes_value, is_hidden });
        }
    }
    all
}

fn written(all: &Flags) -> String {
    let mut text = format!(
        "# docker compose {VERSION}: command, flag, its letter, whether it takes a value. Written by scripts/flags.sh;\n# lines with `hidden` are kept: no help text shows these flags.\n"
    );
    for (command, own) in all {
        if own.is_empty() {
            let _ = writeln!(text, "{command}\t\t\t");
        }
        for (long, flag) in own {
            let kind = match (flag.takes_value, flag.is_hidden) {
                (false, false) => "",
                (true, false) => "value",
                (false, true) => "hidden",
                (true, true) => "value hidden",
            };
            let _ = writeln!(text, "{command}\t{long}\t{}\t{kind}", flag.short);
        }
    }
    text
}

/// A difference: whether the flag is left out, and the words.
type Note = (bool, String);

/// Reads `notes.tsv`: command, flag (`*` for the whole command), `differs` or `left out`, words.
fn notes() -> BTreeMap<(String, String), Note> {
    let note = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [command, flag, kind, words] = cells[..] else { panic!("not four cells: {line}") };
        assert!(["differs", "left out"].contains(&kind) && !words.is_empty(), "{line}");
        ((command.to_owned(), flag.to_owned()), (kind == "left out", words.to_owned()))
    };
    read("tests/cli/flags/notes.tsv").lines().filter(|line| !line.starts_with('#')).map(note).collect()
}

/// Whether we accept a flag, also one that our help does not show.
fn accepts(command: &str, long: &str, flag: &Flag) -> bool {
    let typed = if flag.takes_value { format!("--{long}=1") } else { format!("--{long}") };
    let arguments =
        if command == GLOBAL { vec![typed.as_str(), "ps", "--help"] } else { vec![command, &typed, "--help"] };
    !help(&ours(), &arguments).1.contains("unexpected argument")
}

/// One row of the table.
#[derive(Default)]
struct Row {
    works: Vec<String>,
    differs: Vec<String>,
    left_out: Vec<String>,
    /// Flags that docker compose does not have.
    own: Vec<String>,
}

impl Row {
    /// Compares a command. `faults` gets what nobody has explained.
    fn of(
        command: &str,
        peer: &BTreeMap<String, Flag>,
        ours: &BTreeMap<String, Flag>,
        notes: &mut BTreeMap<(String, String), Note>,
        faults: &mut Vec<String>,
    ) -> Self {
        let mut row = Self::default();
        for (long, flag) in peer {
            let note = notes.remove(&(command.to_owned(), long.clone()));
            let shown = ours.get(long);
            let is_alike = shown.is_none_or(|one| one.short == flag.short && one.takes_value == flag.takes_value);
            let is_accepted = shown.is_some() || accepts(command, long, flag);
            let name = format!("`--{long}`");
            match note {
                Some((true, _)) if shown.is_some() => faults.push(format!("{command} {name} is noted as left out")),
                Some((true, words)) => row.left_out.push(format!("{name}: {words}")),
                Some((false, _)) if !is_accepted => faults.push(format!("{command} {name} is noted, but unknown")),
                Some((false, words)) => row.differs.push(format!("{name}: {words}")),
                None if !is_accepted => faults.push(format!("{command} {name} is missing without a reason")),
                None if !is_alike => {
                    faults.push(format!("{command} {name} has another letter, or a value: {flag:?} {shown:?}"))
                }
                None => row.works.push(name),
            }
        }
        let new = ours.keys().filter(|long| !peer.contains_key(*long) && *long != "file");
        row.own = new.map(|long| format!("`--{long}`")).collect();
        row
    }
}

/// Makes the table. Everything that is neither alike nor explained is told together.
fn table() -> String {
    let (peer, ours, mut notes, mut faults) = (recorded(), shown(&ours()), notes(), Vec::new());
    let mut text = "| command | works as there | differs | left out | only here |\n|---|---|---|---|---|\n".to_owned();
    let names: BTreeSet<&String> = peer.keys().chain(ours.keys()).collect();
    for command in names {
        let name = if command == GLOBAL { "before the command".to_owned() } else { format!("`{command}`") };
        let whole = notes.remove(&(command.clone(), "*".to_owned()));
        let (Some(theirs), Some(own)) = (peer.get(command), ours.get(command)) else {
            let words = match (peer.contains_key(command), whole) {
                (false, _) => format!("| {name} | | | | all of it |"),
                (true, Some((true, words))) => format!("| {name} | | | all of it: {words} | |"),
                (true, Some(_)) => panic!("`{command}` does not differ: it is not there"),
                (true, None) => format!("| {name} | | | all of it: not built yet | |"),
            };
            let _ = writeln!(text, "{words}");
            notes.retain(|(other, _), _| other != command || ours.contains_key(command));
            continue;
        };
        let mut row = Row::of(command, theirs, own, &mut notes, &mut faults);
        match whole {
            Some((true, _)) => faults.push(format!("{command} is noted as left out")),
            Some((false, words)) => row.differs.insert(0, words),
            None => {}
        }
        if row.works.is_empty() && row.differs.is_empty() {
            row.works.push("yes".to_owned());
        }
        let cells = [row.works.join(" "), row.differs.join("; "), row.left_out.join("; "), row.own.join(" ")];
        let cells = cells.map(|cell| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") });
        let _ = writeln!(text, "| {name} |{}", cells.concat());
    }
    faults.extend(notes.keys().map(|(command, flag)| format!("a note is about nothing: {command} {flag}")));
    assert!(faults.is_empty(), "see tests/cli/flags/notes.tsv:\n{}", faults.join("\n"));
    text
}

/// Whether the files are to be written, by `scripts/flags.sh`.
fn is_writing() -> bool {
    std::env::var_os("WRITE_FLAGS").is_some()
}

#[test]
fn the_table_of_flags_is_what_both_programs_say() {
    let table = table();
    let page = read("docs/compat.md");
    let (before, rest) = page.split_once(BEGIN).expect("the page has a place for the table");
    let (found, after) = rest.split_once(END).expect("the table has an end");
    if is_writing() {
        std::fs::write(file("docs/compat.md"), [before, BEGIN, &table, END, after].concat()).unwrap();
        return;
    }
    assert!(found == table, "the table in docs/compat.md is old: run scripts/flags.sh");
}

#[test]
fn the_record_of_docker_compose_is_what_it_says_itself() {
    let Some(peer) = real::peer().filter(|path| help(path, &["version", "--short"]).1.trim() == VERSION) else {
        real::say("\n*** SKIPPED: docker compose 2.40.3 is not there: its recorded flags are not compared ***\n");
        return;
    };
    let mut found = shown(peer);
    // What no help text shows is asked for by name.
    for (command, own) in recorded() {
        for (long, flag) in own.into_iter().filter(|(_, flag)| flag.is_hidden) {
            let typed = if flag.takes_value { format!("--{long}=1") } else { format!("--{long}") };
            let arguments =
                if command == GLOBAL { vec![typed.as_str(), "ps", "--help"] } else { vec![&command, &typed, "--help"] };
            let (is_accepted, text) = help(peer, &arguments);
            assert!(is_accepted, "{command} --{long}: {text}");
            found.entry(command.clone()).or_default().insert(long, flag);
        }
    }
    if is_writing() {
        std::fs::write(file("tests/cli/flags/peer.tsv"), written(&found)).unwrap();
        return;
    }
    assert_eq!(written(&found), read("tests/cli/flags/peer.tsv"), "run scripts/flags.sh");
}

#[test]
fn flags_are_read_from_help_texts_of_both_kinds() {
    let text = "Usage: x\n\nOptions:\n  -f, --file stringArray   Compose files,\n                           --not-a flag\n      --all                All\n";
    let found = flags(text);
    let flag = |short: &str, takes_value| Flag { short: short.to_owned(), takes_value, is_hidden: false };
    assert_eq!(found.get("file"), Some(&flag("f", true)));
    assert_eq!(found.get("all"), Some(&flag("", false)));
    let text = "Options:\n  -t, --timeout <SECONDS>\n          Seconds\n      --orphans[=<ORPHANS>]\n";
    assert_eq!(flags(text).get("timeout"), Some(&flag("t", true)));
    assert_eq!(flags(text).get("orphans"), Some(&flag("", false)));
    assert_eq!(commands("Commands:\n  up    Bring up\n        more\n  help  Help\n\nOptions:\n  -x\n"), ["up"]);
}
