//! Makes relative paths absolute. A path is relative to the directory of its file.

use std::path::{Component, Path, PathBuf};

use crate::loader::syntax::clean_path::clean_path;
use crate::loader::syntax::volume::is_windows_path;
use crate::loader::tree::{Node, Value, children};
use crate::model::ContextSource;

/// The directories for relative paths and for `~`.
pub struct Base<'a> {
    pub directory: &'a Path,
    pub home: Option<&'a Path>,
}

impl Base<'_> {
    /// Returns an absolute, clean path. `~` is the home directory.
    pub fn absolute(&self, path: &str) -> String {
        // Compat: `~name` is a path below the user's own home directory, too; for a shell it would be the home of
        // `name`.
        if let (Some(rest), Some(home)) = (path.strip_prefix('~'), self.home) {
            return clean_path(&format!("{}/{rest}", home.display()));
        }
        // Compat: an absolute path is not cleaned.
        let is_windows =
            is_windows_path(path) && path.as_bytes().get(2).is_some_and(|byte| matches!(byte, b'\\' | b'/'));
        if path.starts_with('/') || is_windows {
            return path.to_owned();
        }
        clean_path(&format!("{}/{path}", self.directory.display()))
    }

    fn text(&self, node: Option<&mut Node>) {
        if let Some(node) = node
            && let Value::Text(text) = &mut node.value
        {
            *text = self.absolute(text).into();
        }
    }

    /// As [`Base::text`], but an empty path stays empty.
    fn text_if_any(&self, node: Option<&mut Node>) {
        self.text(node.filter(|node| node.as_text() != Some("")));
    }

    /// As [`Base::text`] for a build context, which may also be a URL, an image or another service.
    fn context(&self, node: Option<&mut Node>) {
        if let Some(node) = node
            && let Some(text) = node.as_text()
            && !is_remote(text)
        {
            self.text(Some(node));
        }
    }

    /// Makes the paths of a whole tree absolute.
    pub fn resolve(&self, root: &mut Node) {
        for (_, service) in children(root, "services") {
            self.service(service);
        }
        for kind in ["configs", "secrets"] {
            for (_, resource) in children(root, kind) {
                self.text(resource.get_mut("file"));
            }
        }
        for (_, volume) in children(root, "volumes") {
            let is_local = volume.get_text("driver") == Some("local");
            let options = volume.get_mut("driver_opts").filter(|_| is_local);
            if let Some(options) = options
                && options.get_text("o").is_some_and(|o| o.split(',').any(|o| o == "bind" || o == "rbind"))
                && options.get_text("type").is_none_or(|kind| kind == "none" || kind.is_empty() || kind == "bind")
            {
                self.text(options.get_mut("device"));
            }
        }
        for include in root.get_mut("include").and_then(Node::as_list_mut).into_iter().flatten() {
            for item in include.get_mut("path").and_then(Node::as_list_mut).into_iter().flatten() {
                self.context(Some(item));
            }
            self.text(include.get_mut("project_directory"));
            for item in include.get_mut("env_file").and_then(Node::as_list_mut).into_iter().flatten() {
                self.text(Some(item));
            }
        }
    }

    fn service(&self, service: &mut Node) {
        if let Some(build) = service.get_mut("build") {
            self.context(build.get_mut("context"));
            if let Some(contexts) = build.get_mut("additional_contexts").and_then(Node::as_map_mut) {
                let contexts = contexts.values_mut().filter(|entry| entry.node.as_text() != Some(""));
                contexts.for_each(|entry| self.context(Some(&mut entry.node)));
            }
            if let Some(keys) = build.get_mut("ssh").and_then(Node::as_map_mut) {
                keys.values_mut().for_each(|entry| self.text_if_any(Some(&mut entry.node)));
            }
        }
        for file in service.get_mut("env_file").and_then(Node::as_list_mut).into_iter().flatten() {
            self.text_if_any(file.get_mut("path"));
        }
        for file in service.get_mut("label_file").and_then(Node::as_list_mut).into_iter().flatten() {
            self.text(Some(file));
        }
        if let Some(extends) = service.get_mut("extends") {
            self.context(extends.get_mut("file"));
        }
        let watches =
            service.get_mut("develop").and_then(|develop| develop.get_mut("watch")).and_then(Node::as_list_mut);
        for watch in watches.into_iter().flatten() {
            self.text(watch.get_mut("path"));
        }
        for volume in service.get_mut("volumes").and_then(Node::as_list_mut).into_iter().flatten() {
            if volume.get_text("type") == Some("bind") {
                self.text(volume.get_mut("source"));
            }
        }
    }
}

/// Returns the relative path from one directory to another. Both are absolute and clean.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

/// Returns whether a text is no path, but an address, an image or a service. Files of `include` and `extends` follow
/// the rule of build contexts.
pub fn is_remote(text: &str) -> bool {
    ContextSource::of(text) != ContextSource::Directory
}
