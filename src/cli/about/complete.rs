//! `inception __complete WORD...`: what the last word, which may be empty, can become. For the scripts of `inception
//! completion`.
//!
//! The answer has the shape that docker's own completion reads: a candidate a line, with a tab before its description, and a
//! last line `:N`, in which 4 means "no files besides" and 2 "no blank after the word". Whatever is typed, the exit code is 0.

use clap::{Arg, ArgAction, Args, Command};

use crate::app::complete::{self, Wanted};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, GlobalFlags};
use crate::failure::{Exit, Failure};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// Print what the last word can become
#[derive(Args, Debug, Default)]
#[command(hide = true)]
pub struct CompleteArgs {
    /// The words after the program's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl CommandArgs for CompleteArgs {
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let mut root = (invocation.program)();
        root.build();
        let (last, before) = self.words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
        let typed = Typed::read(&root, before);
        let (mut answer, names) = typed.answer(last);
        let environment = typed.flags.complete(None, invocation.context.environment.clone());
        let settings = typed.flags.clone().settings(None, &environment);
        let context = Context::new(environment, settings);
        for (wanted, end) in names {
            let all = complete::names(&context, &wanted).into_iter();
            answer.candidates.extend(all.map(|(name, about)| (format!("{name}{end}"), about)));
        }
        ui::print_owned(answer.text(last));
        Ok(Exit::SUCCESS)
    }
}

/// What was typed before the word in question.
struct Typed<'c> {
    root: &'c Command,
    /// The command; the program itself where none was typed.
    command: &'c Command,
    /// The option whose value the word is.
    pending: Option<&'c Arg>,
    /// Words of the command that are no options.
    words: Vec<String>,
    /// Options that say which project is meant.
    flags: GlobalFlags,
    /// Whether `--` was typed.
    is_over: bool,
}

impl<'c> Typed<'c> {
    fn read(root: &'c Command, words: &[String]) -> Self {
        let flags = GlobalFlags::default();
        let mut typed = Self { root, command: root, pending: None, words: Vec::new(), flags, is_over: false };
        for word in words {
            typed.take(word);
        }
        typed
    }

    fn take(&mut self, word: &str) {
        if let Some(option) = self.pending.take() {
            return self.value(option, word);
        }
        let is_trailing = self.command.get_positionals().any(Arg::is_trailing_var_arg_set) && !self.words.is_empty();
        if self.is_over || is_trailing || !word.starts_with('-') || word == "-" {
            match self.root.find_subcommand(word) {
                Some(found) if std::ptr::eq(self.command, self.root) => self.command = found,
                _ => self.words.push(word.to_owned()),
            }
            return;
        }
        if word == "--" {
            self.is_over = true;
            return;
        }
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let Some(option) = self.option(name).filter(|option| takes_value(option)) else { return };
        match value {
            Some(value) => self.value(option, value),
            None if !option.is_require_equals_set() => self.pending = Some(option),
            None => {}
        }
    }

    /// Finds an option by `--name`, or by `-n`, the last letter of several.
    fn option(&self, word: &str) -> Option<&'c Arg> {
        let is_it = |option: &&Arg| match word.strip_prefix("--") {
            Some(long) => {
                option.get_long() == Some(long) || option.get_all_aliases().is_some_and(|all| all.contains(&long))
            }
            None => option.get_short().is_some() && option.get_short() == word.chars().next_back(),
        };
        self.command.get_arguments().find(is_it)
    }

    /// Takes the value of an option that says which project is meant.
    fn value(&mut self, option: &Arg, value: &str) {
        match option.get_id().as_str() {
            "files" | "command_files" => self.flags.files.push(value.into()),
            "project_name" => self.flags.project_name = Some(value.to_owned()),
            "profiles" => self.flags.profiles.push(value.to_owned()),
            "env_files" => self.flags.env_files.push(value.into()),
            "project_directory" => self.flags.project_directory = Some(value.into()),
            "host" => self.flags.host = Some(value.to_owned()),
            "context" => self.flags.context = Some(value.to_owned()),
            _ => {}
        }
    }

    /// Returns what is known without a look at the project, and which names are wanted besides, each with an end to add.
    fn answer(&self, last: &str) -> (Answer, Vec<(Wanted, &'static str)>) {
        if let Some(option) = self.pending {
            return self.values(option);
        }
        if last.starts_with('-') && !self.is_over {
            return match last.split_once('=').and_then(|(name, _)| Some((name, self.option(name)?))) {
                Some((name, option)) => {
                    let (mut answer, names) = self.values(option);
                    answer.before = format!("{name}=");
                    (answer, names)
                }
                None => (Answer::of(self.options()), Vec::new()),
            };
        }
        if std::ptr::eq(self.command, self.root) {
            return (Answer::of(commands(self.root)), Vec::new());
        }
        let positionals: Vec<&Arg> = self.command.get_positionals().collect();
        match positionals.get(self.words.len()).or(positionals.last().filter(|last| is_repeated(last))) {
            Some(positional) => self.values(positional),
            None => Default::default(),
        }
    }

    /// Returns the values of an option or a positional.
    fn values(&self, arg: &Arg) -> (Answer, Vec<(Wanted, &'static str)>) {
        let name = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
        let words = arg.get_possible_values();
        let words = words.iter().filter(|word| !word.is_hide_set());
        let mut answer =
            Answer::of(words.map(|word| {
                (word.get_name().to_owned(), word.get_help().map(ToString::to_string).unwrap_or_default())
            }));
        let names = match (name, arg.get_id().as_str()) {
            ("SERVICE" | "SERVICES", _) | (_, "service" | "services") => vec![(Wanted::Services, "")],
            ("SERVICE=N", _) => vec![(Wanted::Services, "=")],
            (_, "profiles") => vec![(Wanted::Profiles, "")],
            (_, "project_name") => vec![(Wanted::Projects, "")],
            (_, "index") => self.words.first().map(|one| (Wanted::Replicas(service(one)), "")).into_iter().collect(),
            ("SOURCE" | "TARGET", _) => vec![(Wanted::Services, ":")],
            _ => Vec::new(),
        };
        answer.has_files = matches!(name, "FILE" | "DIRECTORY" | "PATH" | "SOURCE" | "TARGET");
        answer.goes_on = names.iter().any(|(_, end)| !end.is_empty());
        (answer, names)
    }

    /// Returns the options of the command, the program's global ones among them.
    fn options(&self) -> impl Iterator<Item = (String, String)> {
        let shown = self.command.get_arguments().filter(|option| !option.is_hide_set());
        shown.filter_map(|option| {
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            Some((format!("--{}", option.get_long()?), help))
        })
    }
}

fn commands(root: &Command) -> impl Iterator<Item = (String, String)> {
    let shown = root.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| {
        (command.get_name().to_owned(), command.get_about().map(ToString::to_string).unwrap_or_default())
    })
}

fn takes_value(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
}

fn is_repeated(positional: &Arg) -> bool {
    matches!(positional.get_action(), ArgAction::Append)
}

/// Returns the service of `SERVICE` or `SERVICE:PATH`.
fn service(word: &str) -> String {
    word.split(':').next().unwrap_or_default().to_owned()
}

/// What the word can become.
#[derive(Debug, Default)]
struct Answer {
    /// What the word begins with that is no part of the candidates: `--profile=`.
    before: String,
    /// Candidates with their descriptions.
    candidates: Vec<(String, String)>,
    /// Whether files are candidates, too.
    has_files: bool,
    /// Whether a candidate is not the whole word yet.
    goes_on: bool,
}

impl Answer {
    fn of(candidates: impl Iterator<Item = (String, String)>) -> Self {
        Self { candidates: candidates.collect(), ..Self::default() }
    }

    fn text(&self, last: &str) -> String {
        let mut out = String::new();
        for (candidate, about) in &self.candidates {
            let candidate = format!("{}{}", self.before, escape_controls(candidate));
            if candidate.starts_with(last) {
                let about = about.lines().next().unwrap_or_default();
                let tab = if about.is_empty() { "" } else { "\t" };
                out.push_str(&format!("{candidate}{tab}{}\n", escape_controls(about)));
            }
        }
        let directive = if self.has_files { 0 } else { 4 } + if self.goes_on { 2 } else { 0 };
        out + &format!(":{directive}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(line: &str) -> String {
        let mut root = <crate::cli::Cli as clap::CommandFactory>::command();
        root.build();
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let last = words.pop().unwrap();
        let (answer, names) = Typed::read(&root, &words).answer(&last);
        let names: String = names.iter().map(|(wanted, end)| format!("{wanted:?}{end}\n")).collect();
        names + &answer.text(&last)
    }

    #[test]
    fn commands_options_and_values_are_candidates() {
        assert!(answer("").contains("up\t") && answer("").ends_with(":4\n") && !answer("").contains("__complete"));
        assert!(answer("re").starts_with("restart\t") && !answer("re").contains("up"));
        assert!(answer("up --re").contains("--remove-orphans\t") && !answer("up --re").contains("--detach"));
        assert!(answer("up --pro").contains("--progress\t"));
        assert!(answer("up --pull ").contains("always") && answer("--progress=").contains("--progress=json"));
        assert!(answer("completion ").starts_with("bash\nzsh\nfish\n"));
        assert_eq!(answer("version extra "), ":4\n");
    }

    #[test]
    fn names_of_the_project_are_candidates_where_they_belong() {
        for line in ["up ", "up -d web ", "logs -f ", "up --exit-code-from ", "port ", "--profile x stop "] {
            assert!(answer(line).starts_with("Services\n"), "{line}: {}", answer(line));
        }
        assert_eq!(answer("--profile "), "Profiles\n:4\n");
        assert_eq!(answer("-p "), "Projects\n:4\n");
        assert_eq!(answer("up --scale "), "Services=\n:6\n");
        assert_eq!(answer("cp "), "Services:\n:2\n");
        assert_eq!(answer("port web --index "), "Replicas(\"web\")\n:4\n");
        assert_eq!(answer("-f "), ":0\n");
        assert_eq!(answer("kill -s "), ":4\n");
    }
}
