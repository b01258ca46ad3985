//! Patterns of paths by the rules of `.dockerignore`, which also `develop.watch` has.
//!
//! A pattern is relative to the root of the context. It covers the path that it matches, and everything below. The last
//! pattern that covers a path decides; a pattern with `!` includes the path again. `**` crosses directories; braces are
//! ordinary characters.

/// The patterns of one file.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    parts: Vec<String>,
    takes_back: bool,
}

impl Ignore {
    /// Splits a pattern or path into its parts, cleaned as Go's `filepath.Clean` does. A slash at the beginning has no
    /// effect, because every pattern is relative to the context's root.
    pub(crate) fn parts(line: &str) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for part in line.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part.to_owned()),
            }
        }
        parts
    }

    /// Reads the patterns of a file. Comments, blank lines and patterns that name the root itself are left out.
    pub fn parse(text: &str) -> Self {
        let pattern = |line: &str| {
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.starts_with('#') {
                return None;
            }
            let (line, takes_back) = match line.strip_prefix('!') {
                Some(rest) => (rest.trim(), true),
                None => (line, false),
            };
            let parts = Ignore::parts(line);
            (!parts.is_empty()).then_some(Pattern { parts, takes_back })
        };
        Self { patterns: text.lines().filter_map(pattern).collect() }
    }

    /// Returns whether a path is excluded. The path is relative to the context, with `/` between its parts.
    pub fn excludes(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        self.patterns.iter().fold(false, |excluded, pattern| {
            // A pattern that would not change the result need not be matched.
            if excluded != pattern.takes_back {
                excluded
            } else if covers(&pattern.parts, &parts) {
                !pattern.takes_back
            } else {
                excluded
            }
        })
    }

    /// Returns whether a text matches one pattern with the wildcards `*`, `?` and `[a-z]`.
    pub fn matches(pattern: &str, text: &str) -> bool {
        matches(pattern, text)
    }

    /// Returns whether a pattern may include a path below an excluded directory again. Such a directory must be walked.
    pub fn may_take_back_below(&self, directory: &str) -> bool {
        let parts: Vec<&str> = directory.split('/').collect();
        self.patterns.iter().filter(|pattern| pattern.takes_back).any(|pattern| {
            pattern.parts.iter().zip(&parts).all(|(pattern, part)| pattern == "**" || matches(pattern, part))
                || pattern.parts.iter().any(|part| part == "**")
        })
    }
}

/// Returns whether a pattern matches a path or a directory above the path.
fn covers(pattern: &[String], path: &[&str]) -> bool {
    (1..=path.len()).any(|length| matches_parts(pattern, &path[..length]))
}

fn matches_parts(pattern: &[String], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        // At the end, `**` covers what is below a directory, and not the directory.
        Some((first, [])) if first == "**" => !path.is_empty(),
        Some((first, rest)) if first == "**" => (0..=path.len()).any(|skip| matches_parts(rest, &path[skip..])),
        Some((first, rest)) => match path.split_first() {
            // `**` inside a part (`a**b`) crosses directories, too, so the rest is matched as one text.
            _ if first.contains("**") => matches(&pattern.join("/"), &path.join("/")),
            Some((part, others)) => matches(first, part) && matches_parts(rest, others),
            None => false,
        },
    }
}

/// Returns whether a text matches a pattern with shell wildcards: `*`, `?`, `[a-z]`, `\` before an ordinary character.
/// `**` also matches slashes.
fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '[', '\\']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    wild(&pattern, &text, &mut 100_000)
}

/// Matches recursively. `budget` limits the steps: a pattern with many `*` could take very long on a long text.
fn wild(pattern: &[char], text: &[char], budget: &mut u32) -> bool {
    if *budget == 0 {
        return false;
    }
    *budget -= 1;
    match pattern {
        [] => text.is_empty(),
        ['*', '*', rest @ ..] => (0..=text.len()).any(|skip| wild(rest, &text[skip..], budget)),
        ['*', rest @ ..] => (0..=text.len())
            .take_while(|skip| *skip == 0 || text[skip - 1] != '/')
            .any(|skip| wild(rest, &text[skip..], budget)),
        ['?', rest @ ..] => text.first().is_some_and(|char| *char != '/') && wild(rest, &text[1..], budget),
        ['[', rest @ ..] => match class(rest, text.first().copied()) {
            Some((true, used)) => wild(&rest[used..], &text[1..], budget),
            _ => false,
        },
        ['\\', char, rest @ ..] | [char, rest @ ..] => text.first() == Some(char) && wild(rest, &text[1..], budget),
    }
}

/// Returns whether a character is in a class such as `[a-z]`, and the length of the class after its `[`, with the `]`.
/// `None` if there is no character to match, or if the class does not end.
fn class(pattern: &[char], char: Option<char>) -> Option<(bool, usize)> {
    let char = char?;
    let negated = pattern.first() == Some(&'^');
    let mut at = usize::from(negated);
    let mut found = false;
    loop {
        let low = *pattern.get(at)?;
        if low == ']' && at > usize::from(negated) {
            return Some((found != negated, at + 1));
        }
        let high = if pattern.get(at + 1) == Some(&'-') && pattern.get(at + 2).is_some_and(|next| *next != ']') {
            at += 2;
            *pattern.get(at)?
        } else {
            low
        };
        found |= (low..=high).contains(&char);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &str, out: &[&str], kept: &[&str]) {
        let ignore = Ignore::parse(patterns);
        for path in out {
            assert!(ignore.excludes(path), "{path} is left out by {patterns:?}");
        }
        for path in kept {
            assert!(!ignore.excludes(path), "{path} is kept by {patterns:?}");
        }
    }

    #[test]
    fn patterns_count_from_the_root_and_cover_what_is_below() {
        check("node_modules\n", &["node_modules", "node_modules/a/b"], &["src/node_modules"]);
        check("/a/b/\n# x\n", &["a/b/c"], &["a/c", "b"]);
    }

    #[test]
    fn the_last_match_decides() {
        check("*.md\n!README.md\n", &["a.md"], &["README.md", "x/a.md"]);
        check("!a\na\n", &["a"], &[]);
        check("docs\n!docs/keep\n", &["docs/x"], &["docs/keep", "docs/keep/y"]);
    }

    #[test]
    fn two_stars_cross_directories_and_one_does_not() {
        check("**/*.log\n", &["a.log", "x/y/a.log"], &["a.txt"]);
        check("a/**\n", &["a/b", "a/b/c"], &["a", "b"]);
        check("**\n", &["a", "a/b"], &[]);
        check("*/tmp\n", &["a/tmp", "a/tmp/x"], &["tmp", "a/b/tmp"]);
    }

    #[test]
    fn braces_are_ordinary_and_classes_work() {
        check("{a,b}\n", &["{a,b}"], &["a", "b"]);
        check("file[0-9]\n", &["file7"], &["filex"]);
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_bounded() {
        let ignore = Ignore::parse(&"*a".repeat(60));
        assert!(!ignore.excludes(&"a".repeat(200).replace('a', "ab")));
    }
}
