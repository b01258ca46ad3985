//! Secrets that stand in compose files.

use crate::diag::Severity;
use crate::diagnose::facts::{is_literal, pairs, services, texts};
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;
use crate::model::Sources;

static SECRET_IN_ENVIRONMENT: Rule = Rule::both(
    "secret-in-environment",
    Severity::Warning,
    "OWASP Docker 12, subject F4",
    "the password is in the file and its history, in `docker inspect`, and in the environment of every process",
    "put it into a file and give the service that as a secret: `secrets:`, and `…_FILE: /run/secrets/NAME`",
);
static SECRET_IN_BUILD: Rule = Rule::both(
    "secret-in-build",
    Severity::Warning,
    "CIS Docker 4.10, OWASP Docker 12, subject D5",
    "a build argument stays readable in the history of the image",
    "use `build.secrets` and `RUN --mount=type=secret`, or give the secret at run time",
);
static SECRET_IN_COMMAND: Rule = Rule::both(
    "secret-in-command",
    Severity::Warning,
    "OWASP Docker 12, subject F4",
    "every user of this machine sees it in the list of processes",
    "let the program read the password from a file: `secrets:`",
);

/// Returns whether a name is that of a secret itself, and not of its file, its length or its name.
pub fn names_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let parts: Vec<&str> =
        upper.split(|char: char| !char.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let Some(last) = parts.last().map(|part| part.trim_end_matches(|char: char| char.is_ascii_digit())) else {
        return false;
    };
    let is_key = last == "KEY"
        && parts.len() > 1
        && matches!(parts[parts.len() - 2], "API" | "SECRET" | "PRIVATE" | "ACCESS" | "ENCRYPTION" | "MASTER");
    let words = ["PASSWORD", "PASSWD", "PASS", "PWD", "SECRET", "TOKEN", "APIKEY", "PASSPHRASE"];
    is_key || words.iter().any(|word| last == *word || (word.len() > 4 && last.ends_with(word)))
}

/// Returns whether a value can be a secret: not empty, no truth, no path, no variable of another program.
pub fn may_be_secret(value: &str) -> bool {
    let is_word = matches!(value.to_ascii_lowercase().as_str(), "" | "true" | "false" | "yes" | "no" | "none" | "null");
    !is_word && !value.starts_with('/') && !value.contains('$')
}

/// Returns whether a text has an address with a password: `scheme://user:password@host`.
pub fn has_login(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let Some((login, _)) = rest.split(['/', '?']).next().unwrap_or_default().rsplit_once('@') else { return false };
    login.split_once(':').is_some_and(|(_, password)| may_be_secret(password))
}

/// Applies the rules.
pub fn findings(root: &Node, sources: &Sources) -> Vec<Finding> {
    let mut found = Vec::new();
    for (service, _, node) in services(root) {
        for (name, value, span) in pairs(node.get("environment")) {
            let value = value.unwrap_or_default();
            let is_secret = (names_secret(&name) && may_be_secret(&value)) || has_login(&value);
            if is_secret && is_literal(sources, span) {
                let words = format!("the value of `{name}` stands in the file");
                found.push(Finding::new(&SECRET_IN_ENVIRONMENT, span, words).of(service).secret());
            }
        }
        for (name, value, span) in pairs(node.get("build").and_then(|build| build.get("args"))) {
            // Also a value that comes from a variable is kept in the image.
            if names_secret(&name) && value.as_deref().is_none_or(|value| !value.is_empty()) {
                let words = format!("the build argument `{name}` is a secret");
                found.push(Finding::new(&SECRET_IN_BUILD, span, words).of(service).secret());
            }
        }
        for key in ["command", "entrypoint"] {
            found.extend(command(node.get(key), sources).map(|one| one.of(service)));
        }
    }
    found
}

fn command(node: Option<&Node>, sources: &Sources) -> Option<Finding> {
    let words: Vec<(String, _)> = texts(node)
        .into_iter()
        .flat_map(|(text, span)| text.split_whitespace().map(|word| (word.to_owned(), span)).collect::<Vec<_>>())
        .collect();
    let option = |word: &str| {
        word.starts_with("--") && names_secret(word.trim_start_matches('-'))
            || matches!(word, "--requirepass" | "--masterauth")
    };
    let at = words.iter().enumerate().find_map(|(index, (word, span))| {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), words.get(index + 1).map(|(next, _)| next.as_str())),
        };
        let value = value.filter(|value| may_be_secret(value) && !value.starts_with('-'));
        (option(name) && value.is_some() && is_literal(sources, *span)).then(|| (name.to_owned(), *span))
    })?;
    Some(Finding::new(&SECRET_IN_COMMAND, at.1, format!("the command has a password behind `{}`", at.0)).secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_around_them() {
        for name in ["DB_PASSWORD", "MYSQL_ROOT_PASSWORD", "PGPASSWORD", "API_KEY", "JWT_SECRET", "SMTP_PASS", "TOKEN2"]
        {
            assert!(names_secret(name), "{name}");
        }
        for name in [
            "DB_PASSWORD_FILE",
            "TOKEN_TTL",
            "POSTGRES_HOST_AUTH_METHOD",
            "SORT_KEY",
            "KEYCLOAK_USER",
            "COMPASS",
            "PASSENGER",
        ] {
            assert!(!names_secret(name), "{name}");
        }
        assert!(
            has_login("postgres://app:hunter2@db/app")
                && !has_login("postgres://app:$P@db/app")
                && !has_login("http://db/")
        );
    }
}
