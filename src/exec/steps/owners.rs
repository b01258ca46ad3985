//! The owners of the configs and secrets in a container.
//!
//! By the specification, a file belongs to the user that the compose file names, else to the user of the container.
//! Numbers are used as they are. Names are looked up in the image's `/etc/passwd` and `/etc/group`, which are read from
//! the container. The engine is never asked for a user: it would look in the files of its own machine. A name that the
//! image does not have becomes root, with a warning.

use std::collections::BTreeSet;
use std::io::Read;

use futures_util::StreamExt;

use crate::engine::{EngineError, EngineResult, ErrorKind, FileKind};
use crate::exec::runner::Runner;
use crate::model::{ContainerId, FileSpec};

/// Where an image keeps its users and groups.
const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// How many links are followed to such a file.
const MOST_LINKS: usize = 8;
/// The most bytes that are read of such a file, in its archive.
const LARGEST: usize = 1 << 20;

/// Files with the numbers of their owners.
pub(super) struct Owned {
    /// The archive.
    pub archive: bytes::Bytes,
    /// Sentences about names that the image does not have.
    pub unknown: Vec<String>,
}

impl Runner {
    /// Packs files for a container with the owners that they have in it.
    pub(super) async fn packed(&self, id: &ContainerId, files: &[FileSpec]) -> EngineResult<Owned> {
        let needs_user = files.iter().any(|file| file.uid.is_none() || file.gid.is_none());
        let user = if needs_user { self.user_of(id).await? } else { String::new() };
        let mut users = Users { user: User::parse(&user), ..Users::default() };
        if users.needs_passwd(files) {
            users.passwd = self.text_in(id, PASSWD).await?;
        }
        if users.needs_group(files) {
            users.group = self.text_in(id, GROUP).await?;
        }
        let mut unknown = BTreeSet::new();
        let owners: Vec<(u32, u32)> = files.iter().map(|file| users.owner(file, &mut unknown)).collect();
        let name = |(kind, name)| format!("the image has no {kind} `{}`", crate::text::escape_controls(name));
        let unknown = unknown.into_iter().map(name).collect();
        Ok(Owned { archive: pack(files, &owners)?, unknown })
    }

    /// Puts files into a container; a second upload writes the same files again. Returns sentences about owners that
    /// the image does not have.
    pub(super) async fn upload(&self, id: &ContainerId, files: &[FileSpec]) -> EngineResult<Vec<String>> {
        let Owned { archive, unknown } = self.packed(id, files).await?;
        self.certain(|| self.engine.write_archive(id, "/", archive.clone())).await?;
        Ok(unknown)
    }

    /// Returns the user of a container: the service's, else the image's; blank for root.
    async fn user_of(&self, id: &ContainerId) -> EngineResult<String> {
        let details = self.look(id).await?;
        Ok(details.definition.get("user").and_then(|user| user.as_str()).unwrap_or_default().to_owned())
    }

    /// Reads a text file of a container; blank if there is none.
    async fn text_in(&self, id: &ContainerId, path: &str) -> EngineResult<String> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            match self.certain(|| self.entry_in(id, &path)).await {
                Ok(Entry::Text(text)) => return Ok(text),
                Ok(Entry::Link(target)) => path = target,
                Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unsupported) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(String::new())
    }

    async fn entry_in(&self, id: &ContainerId, path: &str) -> EngineResult<Entry> {
        let (stat, mut stream) = self.engine.read_archive(id, path).await?;
        match (stat.kind, stat.link_target) {
            (FileKind::Link, Some(target)) => return Ok(Entry::Link(target)),
            (FileKind::File, _) => {}
            _ => return Ok(Entry::Text(String::new())),
        }
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece?);
            if bytes.len() > LARGEST {
                break;
            }
        }
        Ok(Entry::Text(first_text(&bytes)))
    }
}

/// Packs files into a tar archive with the numbers of their owners.
fn pack(files: &[FileSpec], owners: &[(u32, u32)]) -> EngineResult<bytes::Bytes> {
    archive(files, owners)
        .map_err(|error| EngineError::new(ErrorKind::Invalid, "pack configs and secrets", error.to_string()))
}

/// Packs files into a tar archive with absolute owners and modes. The engine creates missing folders.
fn archive(files: &[FileSpec], owners: &[(u32, u32)]) -> std::io::Result<bytes::Bytes> {
    let mut builder = tar::Builder::new(Vec::new());
    for (file, (uid, gid)) in files.iter().zip(owners) {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode);
        header.set_uid(u64::from(*uid));
        header.set_gid(u64::from(*gid));
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, file.path.trim_start_matches('/'), file.content.as_ref())?;
    }
    Ok(builder.into_inner()?.into())
}

/// What is at a path of a container.
enum Entry {
    Text(String),
    Link(String),
}

/// Returns the text of the first file of an archive, as far as it is there.
fn first_text(archive: &[u8]) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut entries) = tar::Archive::new(archive).entries()
        && let Some(Ok(entry)) = entries.next()
    {
        // The archive may have been cut off.
        let _ = entry.take(LARGEST as u64).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A user as `USER[:GROUP]`, each a number or a name.
#[derive(Debug, Default)]
struct User {
    name: String,
    group: Option<String>,
}

impl User {
    fn parse(text: &str) -> Self {
        let (name, group) = text.split_once(':').map_or((text, None), |(name, group)| (name, Some(group)));
        Self { name: name.to_owned(), group: group.filter(|group| !group.is_empty()).map(str::to_owned) }
    }
}

/// The users of a container.
#[derive(Debug, Default)]
struct Users {
    /// The user of the container.
    user: User,
    /// The text of `/etc/passwd`: `NAME:x:UID:GID:…`.
    passwd: String,
    /// The text of `/etc/group`: `NAME:x:GID:…`.
    group: String,
}

impl Users {
    /// Returns whether `/etc/passwd` is needed: an owner is a name, or the first group of a user other than root.
    fn needs_passwd(&self, files: &[FileSpec]) -> bool {
        files.iter().any(|file| {
            let uid = file.uid.as_deref().unwrap_or(&self.user.name);
            let takes_group_of_user = file.gid.is_none() && self.user.group.is_none() && !is_root(&self.user.name);
            number(uid).is_none() || takes_group_of_user
        })
    }

    /// Returns whether `/etc/group` is needed.
    fn needs_group(&self, files: &[FileSpec]) -> bool {
        files
            .iter()
            .any(|file| file.gid.as_deref().or(self.user.group.as_deref()).is_some_and(|gid| number(gid).is_none()))
    }

    /// Returns owner and group of a file. Unknown names become root, and are noted with their kind.
    fn owner<'a>(&'a self, file: &'a FileSpec, unknown: &mut BTreeSet<(&'static str, &'a str)>) -> (u32, u32) {
        let uid = file.uid.as_deref().unwrap_or(&self.user.name);
        let of_name = || line(&self.passwd, 0, uid).and_then(|line| field(line, 2));
        let uid = number(uid).or_else(of_name).unwrap_or_else(|| {
            unknown.insert(("user", uid));
            0
        });
        let gid = match file.gid.as_deref().or(self.user.group.as_deref()) {
            Some(name) => {
                let of_name = || line(&self.group, 0, name).and_then(|line| field(line, 2));
                number(name).or_else(of_name).unwrap_or_else(|| {
                    unknown.insert(("group", name));
                    0
                })
            }
            None => self.first_group(),
        };
        (uid, gid)
    }

    /// Returns the first group of the container's user; as in engines, root's for an unknown number.
    fn first_group(&self) -> u32 {
        let name = self.user.name.as_str();
        if is_root(name) {
            return 0;
        }
        let found = line(&self.passwd, 0, name).or_else(|| number(name).and_then(|_| line(&self.passwd, 2, name)));
        found.and_then(|line| field(line, 3)).unwrap_or(0)
    }
}

fn is_root(user: &str) -> bool {
    matches!(user, "" | "root" | "0")
}

/// Returns the number of a user or group that is written as a number, or is root.
fn number(text: &str) -> Option<u32> {
    if matches!(text, "" | "root") { Some(0) } else { text.parse().ok() }
}

/// Returns the line of a database whose field is a word.
fn line<'a>(text: &'a str, at: usize, word: &str) -> Option<&'a str> {
    text.lines().find(|line| line.split(':').nth(at) == Some(word))
}

fn field(line: &str, at: usize) -> Option<u32> {
    line.split(':').nth(at)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1005:1006::/:\n# no line\nodd:x:many:1::/:\n";
    const GROUP: &str = "root:x:0:\nstaff:x:50:app\n";

    fn file(uid: Option<&str>, gid: Option<&str>) -> FileSpec {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let content = b"x".as_slice().into();
        FileSpec { path: "/x".to_owned(), content, uid: own(uid), gid: own(gid), mode: 0o444, copied: None }
    }

    #[track_caller]
    fn check(user: &str, uid: Option<&str>, gid: Option<&str>, expected: (u32, u32), names: &[&str]) {
        let files = [file(uid, gid)];
        let mut users = Users { user: User::parse(user), ..Users::default() };
        // A file that is not needed is not read.
        if users.needs_passwd(&files) {
            users.passwd = PASSWD.to_owned();
        }
        if users.needs_group(&files) {
            users.group = GROUP.to_owned();
        }
        let mut unknown = BTreeSet::new();
        assert_eq!(users.owner(&files[0], &mut unknown), expected, "{user} {uid:?} {gid:?}");
        assert_eq!(unknown.into_iter().map(|(_, name)| name).collect::<Vec<_>>(), names);
    }

    #[test]
    fn files_belong_to_the_containers_user() {
        check("", None, None, (0, 0), &[]);
        check("root", None, None, (0, 0), &[]);
        check("1000:1001", None, None, (1000, 1001), &[]);
        check("1000", None, None, (1000, 0), &[]);
        check("1005", None, None, (1005, 1006), &[]);
        check("app", None, None, (1005, 1006), &[]);
        check("app:staff", None, None, (1005, 50), &[]);
        check("app:7", None, None, (1005, 7), &[]);
        check("0:staff", None, None, (0, 50), &[]);
    }

    #[test]
    fn an_owner_of_the_file_is_stronger() {
        check("app", Some("3"), None, (3, 1006), &[]);
        check("app", None, Some("4"), (1005, 4), &[]);
        check("app", Some("root"), Some("root"), (0, 0), &[]);
        check("", Some("app"), Some("staff"), (1005, 50), &[]);
    }

    #[test]
    fn a_name_that_the_image_does_not_have_is_root_and_told() {
        check("nobody:people", None, None, (0, 0), &["people", "nobody"]);
        check("1:1", Some("ghost"), None, (0, 1), &["ghost"]);
        check("odd", None, None, (0, 1), &["odd"]);
        // The number is too large, so it counts as an unknown name.
        check("4294967296", None, None, (0, 0), &["4294967296"]);
    }

    #[test]
    fn the_text_of_an_archive_is_read_as_far_as_it_is_there() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(PASSWD.len() as u64);
        builder.append_data(&mut header, "passwd", PASSWD.as_bytes()).unwrap();
        let bytes = builder.into_inner().unwrap();
        assert_eq!(first_text(&bytes), PASSWD);
        assert_eq!(first_text(&bytes[..600]), PASSWD[..88.min(PASSWD.len())]);
        assert_eq!(first_text(b"no archive"), "");
    }
}
