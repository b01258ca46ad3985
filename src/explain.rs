//! The pages about the codes of errors and warnings, and about the rules of `check`. Each page is a section of
//! `docs/diagnostics.md` or `docs/rules.md`.

const TEXTS: [&str; 2] = [include_str!("../docs/diagnostics.md"), include_str!("../docs/rules.md")];

/// The page about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The code, such as `unknown-key`.
    pub code: &'static str,
    /// The text in Markdown.
    pub body: &'static str,
}

impl Page {
    /// Returns the first sentence of the page.
    pub fn summary(&self) -> String {
        let paragraph = self.body.split("\n\n").next().unwrap_or_default();
        let line = paragraph.lines().collect::<Vec<_>>().join(" ");
        let end = line.find(". ").map_or(line.len(), |at| at + 1);
        line[..end].to_owned()
    }
}

/// Returns all pages, in the order of the documents.
pub fn pages() -> impl Iterator<Item = Page> {
    TEXTS.into_iter().flat_map(|text| text.split("\n### ").skip(1)).filter_map(|section| {
        let (code, rest) = section.split_once('\n')?;
        let body = rest.split("\n## ").next().unwrap_or(rest).trim();
        Some(Page { code: code.trim().trim_matches('`'), body })
    })
}

/// Returns the page about a code.
pub fn page(code: &str) -> Option<Page> {
    pages().find(|page| page.code == code)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test reads the sources of the program")]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Finds the codes in the sources: the first argument of each call that makes a diagnostic.
    fn used(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                used(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in [
                "Diagnostic::error(",
                "Diagnostic::warning(",
                "Diagnostic::note(",
                "fault(",
                "self.tell(",
                "StepError::",
                "Rule::security(",
                "Rule::subject(",
                "Rule::both(",
            ] {
                for (at, _) in text.match_indices(call) {
                    let rest = text[at + call.len()..].trim_start();
                    let rest = match call {
                        "StepError::" => rest.split_once("=> ").map_or("", |(_, rest)| rest),
                        _ => rest,
                    };
                    let Some(code) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
                    if !code.is_empty()
                        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                    {
                        found.insert(code.to_owned());
                    }
                }
            }
        }
    }

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let mut codes = BTreeSet::new();
        used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut codes);
        let documented: BTreeSet<String> = pages().map(|page| page.code.to_owned()).collect();
        let missing: Vec<_> = codes.difference(&documented).collect();
        let stale: Vec<_> = documented.difference(&codes).collect();
        assert!(missing.is_empty() && stale.is_empty(), "without a page: {missing:?}; without a use: {stale:?}");
        assert!(pages().all(|page| !page.summary().is_empty()));
    }
}
