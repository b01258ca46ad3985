//! Rules of the subject about the folder that is handed in: Makefile, documents, and what is in git.

use super::compose::{may_be_secret, names_secret};
use super::facts::{Folder, Text};
use super::parse::dockerfile::lines;
use super::rule::{Finding, Rule};
use crate::diag::Severity;
use crate::model::Span;

static LAYOUT: Rule = Rule::subject(
    "layout",
    Severity::Error,
    "subject F1",
    "the Makefile must be at the top and the configuration in `srcs/`; `make` builds and starts everything by compose",
    "put the compose file into `srcs/`, and let a Makefile beside it run `docker compose … up --build`",
);
static README: Rule = Rule::subject(
    "readme",
    Severity::Error,
    "subject F2",
    "since version 5 the README must begin with the sentence about the curriculum, in italics, and have the sections Description, Instructions and Resources",
    "begin with `*This project has been created as part of the 42 curriculum by LOGIN*`, and add the sections",
);
static DOCUMENTS: Rule = Rule::subject(
    "documents",
    Severity::Error,
    "subject F3",
    "since version 5 USER_DOC.md and DEV_DOC.md must be at the top, and say something",
    "write how to start, stop and use the stack (USER_DOC.md), and how to set it up and where data lies (DEV_DOC.md)",
);
static SECRET_IN_GIT: Rule = Rule::both(
    "secret-in-git",
    Severity::Error,
    "OWASP Docker 12, subject F4",
    "everybody who has the repository has the credentials, also after they are removed: the history keeps them",
    "take the file out (`git rm --cached FILE`), name it in `.gitignore`, and change the credentials",
);
static CLEANS_ALL: Rule = Rule::subject(
    "cleans-all",
    Severity::Note,
    "subject section 2",
    "the command stops or deletes what other projects of this machine have",
    "use `docker compose down`, with `-v` and `--rmi all` where that is meant",
);
static MAKEFILE_LINK: Rule = Rule::subject(
    "makefile-link",
    Severity::Error,
    "subject N2",
    "`--link` and the network of this machine are forbidden, also in a Makefile",
    "put the services on a network of the compose file",
);

/// Applies the rules.
pub fn findings(folder: &Folder) -> Vec<Finding> {
    let mut found = layout(folder);
    found.extend(readme(folder.documents.get("README.md")));
    for name in ["USER_DOC.md", "DEV_DOC.md"] {
        match folder.documents.get(name) {
            None => found.push(Finding::new(&DOCUMENTS, Span::NONE, format!("`{name}` is missing"))),
            Some(text) if text.text.lines().filter(|line| !line.trim().is_empty()).count() < 10 => {
                found.push(Finding::new(&DOCUMENTS, text.begin(), format!("`{name}` says almost nothing")));
            }
            Some(_) => {}
        }
    }
    found.extend(tracked(folder));
    found
}

fn layout(folder: &Folder) -> Vec<Finding> {
    let mut found = Vec::new();
    if !folder.has_srcs {
        found.push(Finding::new(&LAYOUT, Span::NONE, "there is no compose file in `srcs/`"));
    }
    let Some(makefile) = &folder.makefile else {
        found.push(Finding::new(&LAYOUT, Span::NONE, "there is no Makefile"));
        return found;
    };
    let lower = makefile.text.to_ascii_lowercase();
    if !lower.contains("compose") && !lower.contains("inception") {
        found.push(Finding::new(&LAYOUT, makefile.begin(), "the Makefile does not start the stack by compose"));
    }
    for (start, line) in lines(&makefile.text) {
        let words = line.trim();
        if words.starts_with('#') {
            continue;
        }
        let begin = start + line.len() - line.trim_start().len();
        let span = makefile.span(begin..begin + words.len());
        let is_all = |what: &str| words.contains(what);
        if is_all("docker")
            && (is_all(" prune") || is_all("docker ps -qa") || is_all("docker ps -aq") || is_all("docker ps -a -q"))
        {
            found.push(Finding::new(&CLEANS_ALL, span, "the Makefile cleans the whole machine"));
        }
        if is_all("docker run")
            && (is_all("--link") || is_all("--net=host") || is_all("--network=host") || is_all("--network host"))
        {
            found.push(Finding::new(
                &MAKEFILE_LINK,
                span,
                "the Makefile joins containers by `--link` or the network of this machine",
            ));
        }
    }
    found
}

fn readme(text: Option<&Text>) -> Vec<Finding> {
    let Some(text) = text else { return vec![Finding::new(&README, Span::NONE, "`README.md` is missing")] };
    let first = text.text.lines().next().unwrap_or_default();
    let lower = first.to_ascii_lowercase();
    let is_right = first.starts_with(['*', '_']) && lower.contains("created as part of the") && lower.contains("42");
    let mut found = Vec::new();
    if !is_right {
        found.push(Finding::new(
            &README,
            text.span(0..first.len()),
            "the first line is not the sentence about the curriculum",
        ));
    }
    let headings: Vec<String> =
        text.text.lines().filter(|line| line.starts_with('#')).map(str::to_ascii_lowercase).collect();
    let missing: Vec<&str> = ["description", "instructions", "resources"]
        .into_iter()
        .filter(|word| !headings.iter().any(|line| line.contains(word)))
        .collect();
    if !missing.is_empty() {
        found.push(Finding::new(
            &README,
            text.begin(),
            format!("the README lacks the sections {}", missing.join(", ")),
        ));
    }
    found
}

fn tracked(folder: &Folder) -> Vec<Finding> {
    let mut found = Vec::new();
    for path in folder.tracked.iter().flatten() {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_key = name.ends_with(".key") || name.ends_with(".pem") || name == "id_rsa" || name == "id_ed25519";
        let is_secret =
            path.split('/').any(|part| part == "secrets") && !matches!(name, ".gitkeep" | ".gitignore" | "README.md");
        let is_example = ["example", "sample", "template", "dist"].iter().any(|word| name.contains(word));
        if (is_key || is_secret) && !is_example {
            found.push(Finding::new(&SECRET_IN_GIT, Span::NONE, format!("git tracks `{path}`")));
        }
    }
    for text in &folder.env_files {
        for (start, line) in lines(&text.text) {
            let (name, value) = line.trim().split_once('=').unwrap_or_default();
            if names_secret(name.trim_start_matches("export ")) && may_be_secret(value.trim_matches(['"', '\''])) {
                let span = text.span(start..start + line.find('=').unwrap_or(line.len()));
                found.push(
                    Finding::new(&SECRET_IN_GIT, span, format!("git tracks the value of `{}`", name.trim())).secret(),
                );
                break;
            }
        }
    }
    found
}
