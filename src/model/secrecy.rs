//! Which names and texts look secret, so that no message, plan or log shows their values.

/// Returns whether the name of a field suggests that its value is secret: `environment.DB_PASSWORD`.
pub fn looks_secret(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path).to_ascii_uppercase();
    let has_word = |word: &str| name.split(|char: char| !char.is_ascii_alphanumeric()).any(|part| part == word);
    has_word("PW")
        || ["PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "SALT", "JWT", "DSN", "WEBHOOK"]
            .iter()
            .any(|word| name.contains(word))
}

/// Returns whether a text contains an address with a password: `postgres://user:password@host/`,
/// `user:password@tcp(host)/`.
fn holds_password(text: &str) -> bool {
    let holds = |credentials: Option<(&str, &str)>| credentials.is_some_and(|(user, _)| user.contains(':'));
    // In `https://NAME@host` the name is often an access key, so the name alone counts as a password. With other
    // schemes (`ssh://git@host`) the name is the user's.
    let authority = |scheme: &str, rest: &str| {
        let credentials = rest.split(['/', '?', '#']).next().and_then(|it| it.rsplit_once('@'));
        holds(credentials) || (credentials.is_some() && (scheme.ends_with("http") || scheme.ends_with("https")))
    };
    let is_plain = |word: &str| {
        let credentials = word.rsplit_once('@');
        holds(credentials.filter(|(user, _)| !user.split(':').next().unwrap_or_default().contains('/')))
    };
    text.split(|char: char| char.is_whitespace() || matches!(char, '"' | '\'')).any(|word| match word.contains("://") {
        true => word.split("://").zip(word.split("://").skip(1)).any(|(scheme, rest)| authority(scheme, rest)),
        false => is_plain(word),
    })
}

/// Returns whether a text names or contains a secret: `--db-password=x`, `API_KEY=x`.
pub fn holds_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "credential",
        "pass=",
        "key=",
        "key:",
        "bearer ",
        "authorization",
    ];
    words.iter().any(|word| lower.contains(word)) || holds_password(text) || has_login(text)
}

/// Returns whether a command line contains a login.
fn has_login(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let has_client = words.iter().any(|word| is_client(word));
    let before = std::iter::once("").chain(words.iter().copied());
    before.zip(&words).any(|(before, word)| is_login(before, word, has_client))
}

/// Returns whether a word of a command line contains a login: `-u user:password`, or `-ppassword` of a database client.
pub fn is_login(before: &str, word: &str, has_client: bool) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Two numbers (`-u 33:33`) are a user and a group, not a login.
    let is_pair = |text: &str| text.split_once(':').is_some_and(|(user, rest)| !(is_number(user) && is_number(rest)));
    let glued = word.strip_prefix("--user=").or_else(|| word.strip_prefix("-u"));
    (matches!(before, "-u" | "--user") && is_pair(word))
        || glued.is_some_and(is_pair)
        || (has_client && word.len() > 2 && word.starts_with("-p"))
}

/// Returns whether a word names a client of MySQL or MariaDB. These clients take a password with `-p`.
pub fn is_client(word: &str) -> bool {
    let program = word.rsplit('/').next().unwrap_or(word);
    program.starts_with("mysql") || program.starts_with("mariadb")
}

/// Returns whether the value of a variable must not be shown: its name or the value itself looks secret.
pub fn is_secret_variable(name: &str, value: &str) -> bool {
    // Shells set these variables to directories.
    let is_directory = matches!(name, "PWD" | "OLDPWD") && value.starts_with('/');
    !is_directory && (looks_secret(name) || holds_secret(value))
}
