//! The short form of volumes: `[SOURCE:]TARGET[:OPTIONS]`.

/// The parts of a short form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// `bind` or `volume`.
    pub kind: &'static str,
    /// Path on the host or name of the volume; empty for an anonymous volume.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// `ro`.
    pub is_read_only: bool,
    /// `nocopy`.
    pub nocopy: bool,
    /// `z` or `Z`.
    pub selinux: Option<String>,
    /// `rshared`, `private` and the like.
    pub propagation: Option<String>,
}

/// Reads a short form.
///
/// Compat: docker compose ignores unknown options.
pub fn parse(text: &str) -> Result<Volume, String> {
    if text.is_empty() {
        return Err("a volume must not be empty".to_owned());
    }
    let parts = split(text);
    let mut volume = Volume { kind: "volume", ..Volume::default() };
    match parts.as_slice() {
        [target] => volume.target = target.clone(),
        [source, target] if !source.is_empty() && !target.is_empty() => {
            volume.source = source.clone();
            volume.target = target.clone();
        }
        [source, target, options] if !source.is_empty() && !target.is_empty() && !options.is_empty() => {
            volume.source = source.clone();
            volume.target = target.clone();
            for option in options.split(',') {
                match option {
                    "ro" => volume.is_read_only = true,
                    "rw" => volume.is_read_only = false,
                    "nocopy" => volume.nocopy = true,
                    "z" | "Z" => volume.selinux = Some(option.to_owned()),
                    "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                        volume.propagation = Some(option.to_owned())
                    }
                    _ => {}
                }
            }
        }
        [_, _] | [_, _, _] => return Err(format!("invalid spec: `{text}`: empty section between colons")),
        _ => return Err(format!("invalid spec: `{text}`: too many colons")),
    }
    if is_path(&volume.source) {
        volume.kind = "bind";
    }
    Ok(volume)
}

/// Splits at colons, but not at the colon after a drive letter of Windows.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let last = parts.len() - 1;
        let is_drive = parts[last].len() == 1
            && parts[last].chars().all(|char| char.is_ascii_alphabetic())
            && matches!(chars.peek(), Some('/' | '\\'));
        if char == ':' && !(is_drive && last < 2) {
            parts.push(String::new());
        } else {
            parts[last].push(char);
        }
    }
    parts
}

fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~', '\\']) || is_windows_path(source)
}

/// Returns whether a path begins with a drive letter: `C:\data` or `C:/data`.
pub fn is_windows_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_split_at_colons() {
        let volume = parse("./a:/b:ro,z").unwrap();
        assert_eq!(
            (volume.kind, volume.source.as_str(), volume.target.as_str(), volume.is_read_only),
            ("bind", "./a", "/b", true)
        );
        assert_eq!(parse("data:/b").unwrap().kind, "volume");
        assert_eq!(parse("/b").unwrap().source, "");
        assert!(parse("a:b:c:d").is_err());
        assert!(parse(":/b").is_err());
    }
}
