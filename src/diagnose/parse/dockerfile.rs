//! Dockerfiles: instructions and stages.

use std::collections::BTreeMap;
use std::ops::Range;

/// An instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// The keyword in capitals.
    pub keyword: String,
    /// What follows the keyword. Continuations and comments are blanked, so each byte stays where it is in the file.
    pub rest: String,
    /// The offset of `rest` in the file.
    pub at: usize,
    /// The first line of the instruction in the file.
    pub line: Range<usize>,
}

impl Instruction {
    /// Returns the place of a range of `rest`.
    pub fn range(&self, range: Range<usize>) -> Range<usize> {
        self.at + range.start..self.at + range.end
    }

    /// Returns the words of an exec form (`["a", "b"]`), or `None` for a shell form.
    pub fn exec_form(&self) -> Option<Vec<String>> {
        serde_json::from_str(self.rest.trim()).ok()
    }

    /// Returns the arguments without the flags (`--chown=a:b`), of either form.
    pub fn arguments(&self) -> Vec<String> {
        let words = self.rest.split_whitespace().skip_while(|word| word.starts_with("--"));
        let rest = words.collect::<Vec<_>>().join(" ");
        serde_json::from_str(&rest).unwrap_or_else(|_| rest.split_whitespace().map(str::to_owned).collect())
    }

    /// Returns the value of a flag: `site` of `--from=site`.
    pub fn flag(&self, name: &str) -> Option<&str> {
        let flags = self.rest.split_whitespace().take_while(|word| word.starts_with("--"));
        flags.filter_map(|word| word[2..].split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// A stage: from one `FROM` to the next.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The base image with variables filled in.
    pub base: String,
    /// The name after `AS`.
    pub name: Option<String>,
    /// The instructions; the first one is `FROM`.
    pub instructions: Vec<Instruction>,
}

/// A whole Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Dockerfile {
    /// The stages in their order.
    pub stages: Vec<Stage>,
}

impl Dockerfile {
    /// Reads a Dockerfile. `arguments` are build arguments, which override the defaults of `ARG`.
    pub fn parse(text: &str, arguments: &BTreeMap<String, String>) -> Self {
        let mut values = BTreeMap::new();
        let mut stages: Vec<Stage> = Vec::new();
        for instruction in instructions(text) {
            match (instruction.keyword.as_str(), stages.last_mut()) {
                ("FROM", _) => stages.push(stage(instruction, &values)),
                ("ARG", None) => {
                    let rest = instruction.rest.trim();
                    let (name, default) = rest.split_once('=').unwrap_or((rest, ""));
                    let value = arguments.get(name).cloned().unwrap_or_else(|| default.trim_matches('"').to_owned());
                    values.insert(name.to_owned(), value);
                }
                (_, Some(stage)) => stage.instructions.push(instruction),
                (_, None) => {}
            }
        }
        Self { stages }
    }

    /// Returns the index of the stage with a name or number.
    fn index(&self, name: &str) -> Option<usize> {
        let named = |stage: &Stage| stage.name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name));
        self.stages.iter().position(named).or_else(|| name.parse().ok().filter(|index| *index < self.stages.len()))
    }

    /// Returns the stages that the image is made of, the first one first: the last stage or the target, and the stages
    /// it is based on.
    pub fn final_stages(&self, target: Option<&str>) -> Vec<&Stage> {
        let mut found = Vec::new();
        let mut next = target.and_then(|name| self.index(name)).or_else(|| self.stages.len().checked_sub(1));
        while let Some(stage) = next.and_then(|index| self.stages.get(index)) {
            let before = next.unwrap_or_default();
            found.insert(0, stage);
            next = self.index(&stage.base).filter(|index| *index < before);
        }
        found
    }

    /// Returns whether a name of `FROM` is an earlier stage.
    pub fn is_stage(&self, base: &str) -> bool {
        self.stages.iter().any(|stage| stage.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(base)))
    }
}

fn stage(instruction: Instruction, values: &BTreeMap<String, String>) -> Stage {
    let words = instruction.arguments();
    let name = match words.get(1) {
        Some(word) if word.eq_ignore_ascii_case("as") => words.get(2).cloned(),
        _ => None,
    };
    let base = fill(words.first().map_or("", String::as_str), values);
    Stage { base, name, instructions: vec![instruction] }
}

/// Fills in `$NAME`, `${NAME}` and `${NAME:-default}`.
fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, after) = match rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, after)) => (name, after),
            None => {
                let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
                rest.split_at(rest.find(|char| !is_part(char)).unwrap_or(rest.len()))
            }
        };
        let (name, default) = name.split_once(":-").unwrap_or((name, ""));
        let value = values.get(name).map(String::as_str).filter(|value| !value.is_empty());
        out.push_str(value.unwrap_or(default));
        rest = after;
    }
    out + rest
}

/// Splits a Dockerfile into instructions.
fn instructions(text: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut lines = lines(text).peekable();
    while let Some((start, line)) = lines.next() {
        let words = line.trim();
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let keyword = words.split_whitespace().next().unwrap_or_default();
        let mut rest = line[indent + keyword.len()..].to_owned();
        let at = start + indent + keyword.len();
        while rest.trim_end().ends_with('\\') {
            let blank = rest.rfind('\\').unwrap_or_default();
            rest.replace_range(blank..=blank, " ");
            // Comments and empty lines may stand between continued lines.
            let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
            while let Some((_, comment)) = lines.next_if(|(_, line)| is_blank(line)) {
                rest.push(' ');
                rest.push_str(&" ".repeat(comment.len()));
            }
            let Some((_, more)) = lines.next() else { break };
            rest.push(' ');
            rest.push_str(more);
        }
        if let Some(end) = heredoc(keyword, &rest) {
            for (_, more) in lines.by_ref() {
                rest.push('\n');
                rest.push_str(more);
                if more.trim() == end {
                    break;
                }
            }
        }
        let line = start + indent..start + line.trim_end().len();
        found.push(Instruction { keyword: keyword.to_ascii_uppercase(), rest, at, line });
    }
    found
}

/// Returns the word that ends the here-document of an instruction.
fn heredoc(keyword: &str, rest: &str) -> Option<String> {
    if !matches!(keyword.to_ascii_uppercase().as_str(), "RUN" | "COPY") {
        return None;
    }
    let (before, after) = rest.split_once("<<")?;
    // `<<<` is a string for bash.
    if after.starts_with('<') { None } else { super::shell::heredoc_end(before, after) }
}

/// Returns the lines of a text with their offsets.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continued_lines_keep_their_places_and_stages_follow_each_other() {
        let text = "ARG V=12\nFROM debian:$V AS a\nRUN x \\\n # no\n && curl y\nFROM a\nCMD [\"n\", \"m\"]\n";
        let file = Dockerfile::parse(text, &BTreeMap::new());
        assert_eq!(file.stages[0].base, "debian:12");
        let run = &file.stages[0].instructions[1];
        let at = run.rest.find("curl").unwrap();
        assert_eq!(&text[run.range(at..at + 4)], "curl");
        assert_eq!(file.final_stages(None).len(), 2);
        assert_eq!(file.stages[1].instructions[1].exec_form().unwrap(), ["n", "m"]);
    }
}
