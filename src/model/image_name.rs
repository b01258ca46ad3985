//! Names of images: the forms that the engine and docker compose show, and the grammar.

/// Returns a name as the engine lists it: without the default registry, and with a tag or a digest.
/// `docker.io/library/nginx` becomes `nginx:latest`.
pub fn familiar(image: &str) -> String {
    let short = image
        .strip_prefix("docker.io/library/")
        .or_else(|| image.strip_prefix("index.docker.io/library/"))
        .or_else(|| image.strip_prefix("docker.io/"))
        .or_else(|| image.strip_prefix("index.docker.io/"))
        .or_else(|| image.strip_prefix("library/"))
        .unwrap_or(image);
    if let Some((name, digest)) = short.split_once('@') {
        // With both a tag and a digest the engine ignores the tag.
        return format!("{}@{digest}", without_tag(name));
    }
    if without_tag(short).len() == short.len() && !short.starts_with("sha256:") {
        format!("{short}:latest")
    } else {
        short.to_owned()
    }
}

/// Returns a name in full, as docker compose prints resolved names: registry, path, and either digest or tag. `nginx`
/// becomes `docker.io/library/nginx:latest`.
pub fn canonical(image: &str) -> String {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (without_tag(name), Some(digest)),
        None => (image, None),
    };
    let is_host = |host: &str| host.contains(['.', ':']) || host == "localhost" || has_capital(host);
    let full = match name.split_once('/') {
        Some(("index.docker.io", rest)) => format!("docker.io/{rest}"),
        Some((host, _)) if is_host(host) => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    };
    match digest {
        Some(digest) => format!("{full}@{digest}"),
        None if without_tag(&full).len() == full.len() => format!("{full}:latest"),
        None => full,
    }
}

/// Returns a name without its tag.
fn without_tag(name: &str) -> &str {
    match name.rfind(':') {
        Some(colon) if !name[colon..].contains('/') => &name[..colon],
        _ => name,
    }
}

/// Checks that a text is the name of an image: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` (the `reference` grammar of
/// distribution). The error says in a few words which part is wrong.
pub fn check(image: &str) -> Result<(), &'static str> {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err("what follows `@` is no digest such as `sha256:` and 64 hexadecimal digits");
    }
    let path = without_tag(name);
    if let Some(tag) = name.get(path.len()..).and_then(|rest| rest.strip_prefix(':'))
        && !is_tag(tag)
    {
        return Err("a tag is 1 to 128 letters, digits, `_`, `.` or `-`, and starts with none of the last two");
    }
    let path = match path.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" || has_capital(host) => {
            if !is_host(host) {
                return Err("the registry before the first `/` is no host name");
            }
            rest
        }
        _ => path,
    };
    if has_capital(path) {
        return Err("its path must be in lower case");
    }
    if !path.split('/').all(is_component) {
        return Err("its path consists of letters and digits, with single `.`, `_`, `__` or `-` between them");
    }
    if name.len() > 255 { Err("it is longer than 255 characters") } else { Ok(()) }
}

fn has_capital(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !tag.is_empty()
        && tag.len() <= 128
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
        && tag.bytes().next().is_some_and(is_word)
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_address = name.starts_with('[') && name.ends_with(']');
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (is_address || name.split('.').all(is_label))
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns whether a text is one component of a path: letters and digits with `.`, `_`, `__` or dashes between them.
fn is_component(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (mut separator, mut last_was_word) = (String::new(), false);
    for byte in part.bytes() {
        if is_word(byte) {
            let fits = matches!(separator.as_str(), "" | "." | "_" | "__") || separator.bytes().all(|one| one == b'-');
            if !fits || (!separator.is_empty() && !last_was_word) {
                return false;
            }
            separator.clear();
            last_was_word = true;
        } else if matches!(byte, b'.' | b'_' | b'-') && last_was_word {
            separator.push(char::from(byte));
        } else {
            return false;
        }
    }
    last_was_word && separator.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_names_are_compared_as_the_engine_lists_them() {
        assert_eq!(familiar("nginx"), "nginx:latest");
        assert_eq!(familiar("docker.io/library/nginx:1"), "nginx:1");
        assert_eq!(familiar("host:5000/a/b"), "host:5000/a/b:latest");
        assert_eq!(familiar("host:5000/a/b:2"), "host:5000/a/b:2");
        assert_eq!(familiar("a:1@sha256:00"), "a@sha256:00");
    }

    #[test]
    fn image_names_are_written_in_full() {
        for (image, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("a/b:1", "docker.io/a/b:1"),
            ("host:5000/a", "host:5000/a:latest"),
            ("host:5000/a:1@sha256:00", "host:5000/a@sha256:00"),
        ] {
            assert_eq!(canonical(image), full);
        }
    }

    #[test]
    fn image_names_are_told_from_other_texts() {
        let digest = format!("a/b@sha256:{}", "0".repeat(64));
        for good in [
            "a",
            "a:1",
            "a/b-c.d_e__f:v1.2-x",
            "localhost/a",
            "host:5000/a/b:2",
            "Reg.io/x",
            "a--b",
            &digest,
            "[::1]:5000/a",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in
            ["", "a b", "A", "a:", "a:-", "a//b", "/a", "a/", "a-", "-a", "a._b", "a@sha256:12", "é", "a..b", ":1"]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
