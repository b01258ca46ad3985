//! The short form of volumes: `[SOURCE:]TARGET[:OPTIONS]`.

use super::template;

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

/// Returns whether the options of a short form contain variables. Their meaning is known only after interpolation.
pub fn has_open_options(text: &str) -> bool {
    split(text).get(2).is_some_and(|options| !template::references(options, false).is_empty())
}

/// Splits at colons, but not inside `${...}` (`${STORE:-/mnt}/a:/b`), and not at the colon after a drive letter of
/// Windows.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in template::outside(text).filter(|(_, char)| *char == ':') {
        let is_letter = at - start == 1 && text[start..at].chars().all(|char| char.is_ascii_alphabetic());
        let is_drive = is_letter && text[at + 1..].starts_with(['/', '\\', '$']);
        if !(is_drive && parts.len() < 2) {
            parts.push(text[start..at].to_owned());
            start = at + 1;
        }
    }
    parts.push(text[start..].to_owned());
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
        let parts = |text: &str| parse(text).map(|volume| (volume.kind, volume.source, volume.target)).unwrap();
        let whole = |kind, source: &str, target: &str| (kind, source.to_owned(), target.to_owned());
        assert_eq!(parts("${STORE:-/mnt/x}/app:/data"), whole("volume", "${STORE:-/mnt/x}/app", "/data"));
        assert_eq!(parts("./a:${T:-${U:?no: u}}:ro"), whole("bind", "./a", "${T:-${U:?no: u}}"));
        assert_eq!(parts("${ALL:-a:/b}"), whole("volume", "", "${ALL:-a:/b}"));
        assert!(has_open_options("data:/b:${MODE:-ro}") && !has_open_options("${A}:/b:ro"));
        assert!(parse("a:b:c:d").is_err());
        assert!(parse(":/b").is_err());
    }
}
