//! The rules of `watch`: which files count for which service. Pure.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::model::{Hook, ServiceName, WatchAction};
use crate::text::Ignore;

/// An entry of `develop.watch`, ready to be asked about files.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub service: ServiceName,
    pub action: WatchAction,
    /// The file or directory that is watched, absolute.
    pub root: PathBuf,
    /// Where the root goes in the container, absolute and clean; empty where nothing is synced.
    pub target: String,
    pub exec: Option<Hook>,
    pub initial_sync: bool,
    pub filter: Filter,
}

/// Which files below a root count.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    include: Option<Ignore>,
    ignore: Ignore,
    /// The directory of the service's build and its `.dockerignore`; the directory relative to the root, or the root
    /// relative to the directory.
    context: Option<(Between, Ignore)>,
    /// The compose files and the Dockerfile, relative to the root. No rule syncs them unless it names them.
    own: BTreeSet<String>,
}

/// How the directory of a build and the root of a rule lie to each other.
#[derive(Clone, Debug)]
enum Between {
    /// The root is below the directory, at this path.
    Below(String),
    /// The directory is below the root, at this path.
    Above(String),
}

impl Filter {
    pub(super) fn new(include: &[String], ignore: &[String]) -> Self {
        let include = (!include.is_empty()).then(|| Ignore::parse(&include.join("\n")));
        Self { include, ignore: Ignore::parse(&ignore.join("\n")), ..Self::default() }
    }

    /// Adds the `.dockerignore` of the directory of a build.
    pub(super) fn with_context(mut self, root: &Path, directory: &Path, patterns: &str) -> Self {
        let between = match (relative(root, directory), relative(directory, root)) {
            (Some(below), _) => Between::Below(below),
            (None, Some(above)) => Between::Above(above),
            (None, None) => return self,
        };
        self.context = Some((between, Ignore::parse(patterns)));
        self
    }

    /// Adds files that are not synced unless they are named.
    pub(super) fn without(mut self, root: &Path, files: impl IntoIterator<Item = PathBuf>) -> Self {
        self.own.extend(files.into_iter().filter_map(|file| relative(&file, root)).filter(|file| !file.is_empty()));
        self
    }

    /// Returns whether a file counts. The path is relative to the root; blank is the root itself.
    pub(super) fn covers(&self, path: &str) -> bool {
        let is_included = self.include.as_ref().is_none_or(|include| path.is_empty() || include.excludes(path));
        is_included && !self.is_ignored(path) && (self.include.is_some() || !self.own.contains(path))
    }

    /// Returns whether a directory may hold files that count.
    pub(super) fn enters(&self, path: &str) -> bool {
        if path.is_empty() || !self.is_ignored(path) {
            return true;
        }
        let taken_back = self
            .context
            .as_ref()
            .is_some_and(|(between, ignore)| between.path(path).is_some_and(|path| ignore.may_take_back_below(&path)));
        !is_passing(path) && (self.ignore.may_take_back_below(path) || taken_back)
    }

    fn is_ignored(&self, path: &str) -> bool {
        if path.is_empty() {
            return false;
        }
        is_passing(path)
            || self.ignore.excludes(path)
            || self
                .context
                .as_ref()
                .is_some_and(|(between, ignore)| between.path(path).is_some_and(|path| ignore.excludes(&path)))
    }
}

/// Returns whether no rule is about a file: what editors write for a moment, and the folders of git and of editors.
fn is_passing(path: &str) -> bool {
    let is_swap = |name: &str| {
        let end = name.rsplit_once('.').map(|(_, end)| end).unwrap_or_default();
        name.starts_with('.') && end.len() == 3 && end.starts_with("sw")
    };
    path.split('/').any(|name| {
        matches!(name, ".git" | ".idea" | ".DS_Store")
            || name.ends_with('~')
            || name.len() > 1 && name.starts_with('#') && name.ends_with('#')
            || [".#", ".~lock", ".goutputstream-"].iter().any(|start| name.starts_with(start))
            || name.contains("___jb_tmp___")
            || name.contains("___jb_old___")
            || is_swap(name)
    })
}

impl Between {
    /// Returns a path of the root as a path of the directory; `None` for a path outside the directory.
    fn path(&self, path: &str) -> Option<String> {
        match self {
            Between::Below(below) if below.is_empty() => Some(path.to_owned()),
            Between::Below(below) => Some(format!("{below}/{path}")),
            Between::Above(above) => path.strip_prefix(above.as_str())?.strip_prefix('/').map(str::to_owned),
        }
    }
}

/// Returns a path relative to a directory above, with `/` between its parts; blank for the directory itself.
fn relative(path: &Path, directory: &Path) -> Option<String> {
    path.strip_prefix(directory).ok()?.to_str().map(str::to_owned)
}

/// Returns a path of a container without `.`, `..` and doubled slashes; a relative path starts in `working_dir`.
pub(super) fn clean(target: &str, working_dir: &str) -> String {
    let mut clean = PathBuf::from("/");
    for part in Path::new("/").join(working_dir).join(target).components() {
        match part {
            Component::Normal(part) => clean.push(part),
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    clean.to_string_lossy().into_owned()
}

impl Rule {
    /// Returns where a file goes in the container.
    pub(super) fn destination(&self, path: &str) -> String {
        match (path.is_empty(), self.target.as_str()) {
            (true, target) => target.to_owned(),
            (false, "/") => format!("/{path}"),
            (false, target) => format!("{target}/{path}"),
        }
    }

    /// Returns the path of a file on this machine.
    pub(super) fn source(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    /// Returns the directory of the container that the files go into. `is_file`: the root is a single file.
    pub(super) fn directory(&self, is_file: bool) -> String {
        match self.target.rsplit_once('/') {
            Some((above, _)) if is_file && !above.is_empty() => above.to_owned(),
            _ if is_file => "/".to_owned(),
            _ => self.target.clone(),
        }
    }

    /// Returns the rule in words: `./src -> /app (sync)`.
    pub(super) fn told(&self, project: &Path) -> String {
        let path = match relative(&self.root, project) {
            Some(path) if path.is_empty() => ".".to_owned(),
            Some(path) => path,
            None => self.root.to_string_lossy().into_owned(),
        };
        let action = self.action.as_str();
        match self.action.syncs() {
            true => format!("{path} -> {} ({action})", self.target),
            false => format!("{path} ({action})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn ignored_files_do_not_count_and_included_files_alone_do() {
        let filter = Filter::new(&[], &texts(&["node_modules/", "*.log"]));
        for (path, counts) in
            [("a.js", true), ("sub/a.log", true), ("a.log", false), ("node_modules/x/y", false), ("", true)]
        {
            assert_eq!(filter.covers(path), counts, "{path}");
        }
        assert!(!filter.enters("node_modules") && filter.enters("sub"));
        let filter = Filter::new(&texts(&["**/*.js", "public"]), &texts(&["public/old"]));
        for (path, counts) in
            [("a.js", true), ("x/a.js", true), ("a.ts", false), ("public/a", true), ("public/old/a", false)]
        {
            assert_eq!(filter.covers(path), counts, "{path}");
        }
    }

    #[test]
    fn files_that_editors_and_git_write_for_a_moment_never_count() {
        let filter = Filter::new(&[], &[]);
        for path in [".git/index", "x/.git", "a.txt~", ".a.txt.swp", "x/.#a", ".DS_Store"] {
            assert!(!filter.covers(path), "{path}");
        }
        assert!(filter.covers(".gitignore") && filter.covers("x/.env"));
        assert!(!filter.enters(".git"));
    }

    #[test]
    fn the_dockerignore_of_the_build_counts_from_the_builds_directory() {
        let (root, context) = (Path::new("/p/app/src"), Path::new("/p/app"));
        let filter = Filter::new(&[], &[]).with_context(root, context, "src/gen\n!src/gen/keep\n*.md\n");
        for (path, counts) in [("gen/a", false), ("gen/keep", true), ("a.md", true), ("a.rs", true)] {
            assert_eq!(filter.covers(path), counts, "{path}");
        }
        assert!(filter.enters("gen"));
        // A root above the build's directory.
        let filter = Filter::new(&[], &[]).with_context(Path::new("/p"), context, "*.md\n");
        for (path, counts) in [("app/a.md", false), ("a.md", true), ("app/x/a.md", true)] {
            assert_eq!(filter.covers(path), counts, "{path}");
        }
        let filter = Filter::new(&[], &[]).with_context(Path::new("/q"), context, "*\n");
        assert!(filter.covers("a"));
    }

    #[test]
    fn the_dockerfile_and_the_compose_files_are_synced_only_where_they_are_named() {
        let own = || ["/p/Dockerfile", "/p/sub/compose.yaml", "/other"].map(PathBuf::from);
        let filter = Filter::new(&[], &[]).without(Path::new("/p"), own());
        assert!(!filter.covers("Dockerfile") && !filter.covers("sub/compose.yaml") && filter.covers("sub/Dockerfile"));
        let filter = Filter::new(&texts(&["Dockerfile"]), &[]).without(Path::new("/p"), own());
        assert!(filter.covers("Dockerfile"));
        let filter = Filter::new(&[], &[]).without(Path::new("/p/Dockerfile"), own());
        assert!(filter.covers(""), "the rule's path is the file itself");
    }

    #[test]
    fn targets_are_clean_and_absolute() {
        for (target, working_dir, expected) in [
            ("/app/", "", "/app"),
            ("/app/./x//y/../z", "", "/app/x/z"),
            ("/../..", "", "/"),
            ("src", "/srv/www", "/srv/www/src"),
            ("src", "", "/src"),
        ] {
            assert_eq!(clean(target, working_dir), expected, "{target}");
        }
    }

    #[test]
    fn files_go_below_the_target() {
        let rule = |target: &str| Rule {
            service: "web".into(),
            action: WatchAction::Sync,
            root: "/p/src".into(),
            target: target.to_owned(),
            exec: None,
            initial_sync: false,
            filter: Filter::default(),
        };
        assert_eq!(rule("/app").destination("a/b"), "/app/a/b");
        assert_eq!(rule("/").destination("a"), "/a");
        assert_eq!(rule("/etc/x.conf").destination(""), "/etc/x.conf");
        assert_eq!(rule("/etc/x.conf").directory(true), "/etc");
        assert_eq!(rule("/x.conf").directory(true), "/");
        assert_eq!(rule("/app").directory(false), "/app");
        assert_eq!(rule("/app").told(Path::new("/p")), "src -> /app (sync)");
    }
}
