//! The images that a Dockerfile names. Whatever is not understood for certain gives no answer, and the build is carried out.

use std::collections::BTreeSet;

/// Returns the names of the images that a build of this Dockerfile may use. `None` where the text does not tell all of them
/// (variables in a name, a frontend of its own), or where a step fetches something by an address.
pub(super) fn named(text: &str) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    // Stages by name and by number.
    let mut stages = BTreeSet::from(["scratch".to_owned()]);
    let mut count = 0;
    for line in instructions(text)? {
        let mut words = line.split_whitespace();
        let Some(instruction) = words.next() else { continue };
        let words: Vec<&str> = words.collect();
        match instruction.to_ascii_uppercase().as_str() {
            "FROM" => {
                let (name, stage) = from(&words)?;
                add(name, &stages, &mut found)?;
                stages.insert(count.to_string());
                stages.extend(stage.map(str::to_ascii_lowercase));
                count += 1;
            }
            "COPY" => {
                for name in words.iter().filter_map(|word| word.strip_prefix("--from=")) {
                    add(name, &stages, &mut found)?;
                }
            }
            "RUN" => {
                for flag in words.iter().take_while(|word| word.starts_with("--")) {
                    // Quotes, escapes and variables hide what is meant.
                    if flag.contains(['"', '\'', '\\', '$']) {
                        return None;
                    }
                    let fields = flag.strip_prefix("--mount=").into_iter().flat_map(|mount| mount.split(','));
                    let pairs = fields.filter_map(|field| field.split_once('='));
                    for (_, name) in pairs.filter(|(key, _)| key.eq_ignore_ascii_case("from")) {
                        add(name, &stages, &mut found)?;
                    }
                }
            }
            // An address, or what may become one, is looked at anew in each build.
            "ADD" if ["://", "@", "github.com", "$"].iter().any(|mark| line.contains(mark)) => return None,
            _ => {}
        }
    }
    Some(found)
}

/// Returns the instructions, each on one line. `None` for a text with a frontend or an escape character of its own, or
/// with a here-document.
fn instructions(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut current = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let trimmed = line.trim();
        if let Some(comment) = trimmed.strip_prefix('#') {
            let word = comment.trim_start().to_ascii_lowercase();
            if word.starts_with("syntax") || word.starts_with("escape") {
                return None;
            }
            continue;
        }
        if line.contains("<<") {
            return None;
        }
        match trimmed.strip_suffix('\\') {
            Some(part) => current.push_str(&format!("{part} ")),
            // A blank line in the middle of an instruction is left out.
            None if trimmed.is_empty() => {}
            None => {
                current.push_str(trimmed);
                found.push(std::mem::take(&mut current));
            }
        }
    }
    found.push(current);
    Some(found)
}

/// Reads `NAME [AS STAGE]`. `None` with a flag: the platform decides whether a local image is taken.
fn from<'a>(words: &[&'a str]) -> Option<(&'a str, Option<&'a str>)> {
    match words {
        [name] if !name.starts_with("--") => Some((*name, None)),
        [name, word, stage] if !name.starts_with("--") && word.eq_ignore_ascii_case("as") => {
            Some((*name, Some(*stage)))
        }
        _ => None,
    }
}

fn add(name: &str, stages: &BTreeSet<String>, found: &mut BTreeSet<String>) -> Option<()> {
    if name.is_empty() || name.contains(['$', '"', '\'']) {
        return None;
    }
    if !stages.contains(&name.to_ascii_lowercase()) {
        found.insert(name.to_owned());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        Some(named(text)?.into_iter().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn images_are_told_and_stages_are_not() {
        let text = "# check=x\nFROM a:1 AS First\nCOPY --from=first /x /\nCOPY --chown=1 --from=0 /x /\nfrom first\n\
                    RUN --mount=type=cache,target=/c --mount=type=bind,From=tools/b@sha256:1,target=/t \\\n  # why\n  make\n\
                    COPY --from=other/c /y /\nFROM scratch\nADD local.tar /\n";
        assert_eq!(told(text).as_deref(), Some("a:1 other/c tools/b@sha256:1"));
        assert_eq!(told("FROM scratch").as_deref(), Some(""));
    }

    #[test]
    fn what_may_change_unseen_gives_no_answer() {
        for text in [
            "# syntax=docker/dockerfile:1\nFROM a",
            "# escape=`\nFROM a",
            "FROM a\nRUN <<EOF\nEOF",
            "ARG B=a\nFROM $B",
            "FROM --platform=linux/arm64 a",
            "FROM a\nCOPY --from=$X /a /b",
            "FROM a\nADD https://host/x /x",
            "FROM a\nADD [\"git@host:x\", \"/x\"]",
            "FROM a\nADD $WHERE /x",
            "FROM a\nADD \\\n  https://host/x /x",
            "FROM a\nRUN --mount=type=bind,\"from=b\" x",
            "FROM a\nRUN --mount=type=bind,From=$B x",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
