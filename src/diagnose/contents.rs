//! What an image is made of: instructions and packages.

use std::ops::Range;

use super::facts::{Image, Text};
use super::parse::dockerfile::{Dockerfile, Instruction};
use super::parse::shell;

/// Returns the Dockerfile of an image, parsed.
pub fn parsed(image: &Image) -> Option<(Dockerfile, &Text)> {
    let text = image.dockerfile.as_ref()?;
    Some((Dockerfile::parse(&text.text, &image.arguments), text))
}

/// Returns the instructions that make the final image, those of its base stages first.
pub fn instructions(image: &Image) -> Vec<Instruction> {
    let Some((file, _)) = parsed(image) else { return Vec::new() };
    let stages = file.final_stages(image.target.as_deref());
    stages.into_iter().flat_map(|stage| stage.instructions.iter().cloned()).collect()
}

/// Returns what a `RUN` runs, each byte where it stands: without options such as `--mount`, and of a here-document its lines.
fn script(rest: &str) -> String {
    let mut script = rest.to_owned();
    let blank = |script: &mut String, range: Range<usize>| {
        let spaces = " ".repeat(range.len());
        script.replace_range(range, &spaces);
    };
    while let Some(start) = script.find(|char: char| !char.is_whitespace()).filter(|at| script[*at..].starts_with("--"))
    {
        let end = script[start..].find(char::is_whitespace).map_or(script.len(), |length| start + length);
        blank(&mut script, start..end);
    }
    let start = script.find(|char: char| !char.is_whitespace()).unwrap_or(script.len());
    if script[start..].starts_with("<<")
        && let Some(first) = script[start..].find('\n')
    {
        blank(&mut script, start..start + first);
        let last = script.rfind('\n').unwrap_or(start) + 1;
        let end = script.len();
        blank(&mut script, last..end);
    }
    script
}

/// Returns the packages that the final image installs, with their places in the Dockerfile.
pub fn packages(image: &Image) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for instruction in instructions(image).iter().filter(|one| one.keyword == "RUN") {
        let script = script(&instruction.rest);
        for command in shell::commands(&script) {
            let installs = matches!(command.program(), "apt-get" | "apt" | "apk" | "aptitude")
                && command.words.iter().any(|word| matches!(word.as_str(), "install" | "add"));
            if !installs {
                continue;
            }
            let names = command.words.iter().skip_while(|word| !matches!(word.as_str(), "install" | "add")).skip(1);
            for name in names.filter(|word| !word.starts_with(['-', '>', '$'])) {
                let within = script.get(command.range.clone()).and_then(|text| text.find(name.as_str()));
                let start = instruction.at + command.range.start + within.unwrap_or_default();
                found.push((name.split(['=', '~']).next().unwrap_or_default().to_owned(), start..start + name.len()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::script;
    use crate::diagnose::parse::shell;

    #[test]
    fn options_and_here_documents_hide_no_package() {
        for (rest, at) in [
            (" --mount=type=cache,target=/var/cache/apt --network=none apt-get install -y nginx", "apt-get"),
            (" <<EOF_1\nset -e\napt-get install -y nginx\nEOF_1", "set"),
        ] {
            let script = script(rest);
            assert_eq!(script.len(), rest.len());
            let commands = shell::commands(&script);
            assert_eq!(commands[0].program(), at, "{script:?}");
            let last = commands.last().unwrap();
            assert_eq!((last.program(), rest.get(last.range.clone())), ("apt-get", Some("apt-get install -y nginx")));
        }
    }

    #[test]
    fn a_shift_in_arithmetic_begins_no_here_document() {
        let programs = |text: &str| {
            shell::commands(text)
                .iter()
                .map(|one| one.program().to_owned())
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
        };
        assert_eq!(programs("echo $((1<<2))\nsleep 1\n").last().map(String::as_str), Some("sleep"));
        assert_eq!(programs("echo $((a << b))\nsleep 1\n").last().map(String::as_str), Some("sleep"));
        assert_eq!(programs("cat <<END_SQL\nsleep 1\nEND_SQL\ndone_now\n"), ["cat", "done_now"]);
    }
}
