//! `--detach=true`, `--build=false`: flags that are on or off, with a value.
//!
//! clap knows such a flag only without a value. [`without_values`] rewrites a command line before clap reads it: the flag alone
//! stands for `=true`, and nothing for `=false`, so conflicts between flags count only for flags that are on.
//!
//! Compat: as with docker compose, the value needs an `=`, its words are those of Go's `strconv.ParseBool`, the last of several
//! values counts, and short flags take a value, too (`-d=false`).

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, Id};

/// Returns the meaning of a word of Go's `strconv.ParseBool`.
pub fn parse(word: &str) -> Option<bool> {
    match word {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Rewrites a command line (the program's name first) so that no flag that is on or off has a value. The error is about a
/// value that is neither. `program` makes the program's options and commands, for the rare command line that needs them.
pub fn without_values(program: fn() -> Command, arguments: &[OsString]) -> Result<Vec<OsString>, clap::Error> {
    let has_value = |text: &str| text.starts_with('-') && text.contains('=');
    if !arguments.iter().any(|argument| argument.to_str().is_some_and(has_value)) {
        return Ok(arguments.to_vec());
    }
    let mut command = program();
    // Only a built command tells the global flags that stand after the command's name.
    command.build();
    let mut reader = Reader { command: &command, is_sub: false, words: Vec::new(), is_on: BTreeMap::new() };
    reader.read(arguments).map_err(|(flag, value)| {
        let value = crate::text::escape_controls(&value).into_owned();
        let message = format!("invalid value '{value}' for '{flag}'\n  [possible values: true, false]");
        reader.command.clone().error(ErrorKind::InvalidValue, message)
    })?;
    let Reader { words, is_on, .. } = reader;
    let is_kept = |id: &Option<Id>| id.as_ref().is_none_or(|id| is_on.get(id) == Some(&true));
    Ok(words.into_iter().filter(|(_, id)| is_kept(id)).map(|(word, _)| word).collect())
}

/// A flag and its value, which is no truth value.
type Fault = (String, String);

/// Reads a command line as clap does, as far as that tells flags from values.
struct Reader<'a> {
    /// The command whose flags are read.
    command: &'a Command,
    /// Whether the name of a command was read.
    is_sub: bool,
    /// The words so far; a word that is a flag alone with the flag's id.
    words: Vec<(OsString, Option<Id>)>,
    /// Whether a flag is on, by its last value.
    is_on: BTreeMap<Id, bool>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, arguments: &[OsString]) -> Result<(), Fault> {
        let mut rest = arguments.iter();
        self.words.extend(rest.next().map(|program| (program.clone(), None)));
        while let Some(word) = rest.next() {
            let text = word.to_str().unwrap_or_default();
            let takes_next = match text.strip_prefix("--") {
                Some("") => {
                    self.words.push((word.clone(), None));
                    break;
                }
                Some(long) => self.long(word, long)?,
                None if text.len() > 1 && text.starts_with('-') => self.short(word, &text[1..])?,
                None => {
                    self.words.push((word.clone(), None));
                    if self.ends_at(text) {
                        break;
                    }
                    false
                }
            };
            if takes_next {
                self.words.extend(rest.next().map(|value| (value.clone(), None)));
            }
        }
        self.words.extend(rest.map(|word| (word.clone(), None)));
        Ok(())
    }

    /// Reads a word that is no flag. Returns whether all words after it are values, as in `exec web ls -l`.
    fn ends_at(&mut self, text: &str) -> bool {
        if self.is_sub {
            return self.command.get_positionals().any(Arg::is_trailing_var_arg_set);
        }
        if let Some(found) = self.command.find_subcommand(text) {
            (self.command, self.is_sub) = (found, true);
        }
        false
    }

    /// Reads `--name` or `--name=value`. Returns whether the next word is its value.
    fn long(&mut self, word: &OsString, text: &str) -> Result<bool, Fault> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let is_it = |arg: &&Arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
        };
        let found = self.command.get_arguments().find(is_it);
        let Some(flag) = found.filter(|arg| is_flag(arg)) else {
            self.words.push((word.clone(), None));
            return Ok(value.is_none() && found.is_some_and(takes_value));
        };
        self.flag(flag, format!("--{name}"), value)?;
        Ok(false)
    }

    /// Reads `-abc`, `-d=false` or `-t5`. Returns whether the next word is the value of the last option.
    fn short(&mut self, word: &OsString, text: &str) -> Result<bool, Fault> {
        for (at, short) in text.char_indices() {
            let rest = &text[at + short.len_utf8()..];
            let is_it = |arg: &&Arg| {
                arg.get_short() == Some(short) || arg.get_all_short_aliases().is_some_and(|all| all.contains(&short))
            };
            let found = self.command.get_arguments().find(is_it);
            let Some(flag) = found.filter(|arg| is_flag(arg)) else {
                let whole = if at == 0 { word.clone() } else { format!("-{}", &text[at..]).into() };
                self.words.push((whole, None));
                return Ok(rest.is_empty() && found.is_some_and(takes_value));
            };
            if let Some(value) = rest.strip_prefix('=') {
                self.flag(flag, format!("-{short}"), Some(value))?;
                break;
            }
            self.flag(flag, format!("-{short}"), None)?;
        }
        Ok(false)
    }

    fn flag(&mut self, flag: &Arg, typed: String, value: Option<&str>) -> Result<(), Fault> {
        let is_on = value.map_or(Some(true), parse);
        let Some(is_on) = is_on else { return Err((typed, value.unwrap_or_default().to_owned())) };
        self.is_on.insert(flag.get_id().clone(), is_on);
        if is_on {
            self.words.push((typed.into(), Some(flag.get_id().clone())));
        }
        Ok(())
    }
}

/// Returns whether an option is on or off.
fn is_flag(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Returns whether an option has a value that may be the next word.
fn takes_value(arg: &Arg) -> bool {
    let least = arg.get_num_args().map_or(1, |range| range.min_values());
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && least > 0 && !arg.is_require_equals_set()
}
