//! Reads the files that the rules of `check` look at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::diagnose::{Facts, Folder, Image, ImageFile, Text, wanted};
use crate::loader::Node;
use crate::model::{ContextSource, Sources};
use crate::observe::texts;

/// Endings of the files that rules look at. A file without an ending may be a script.
const ENDINGS: &[&str] = &["sh", "bash", "conf", "cnf", "ini", "template", "tmpl", "tpl", "j2", "default"];

/// Gathers the facts about all services. Lines of files outside the directories `inside` are never shown.
pub(super) fn facts(root: &Node, directory: &Path, inside: &[&Path], sources: &mut Sources) -> Facts {
    let mut facts = Facts { directory: directory.to_owned(), ..Facts::default() };
    let mut reader = Reader { inside, sources, known: BTreeMap::new() };
    for (name, entry) in root.get("services").into_iter().flat_map(Node::entries) {
        facts.images.extend(reader.image(name, &entry.node));
        facts.mounted.extend(reader.mounted(&entry.node).into_iter().map(|file| (name.to_owned(), file)));
    }
    facts
}

/// Reads the folder that is handed in.
pub(super) fn folder(folder: &Path, sources: &mut Sources) -> Folder {
    let tracked = texts::tracked(folder);
    let is_env = |path: &&String| path.rsplit('/').next().is_some_and(|name| name.ends_with(".env"));
    let env_files: Vec<&String> = tracked.iter().flatten().filter(is_env).collect();
    let inside = [folder];
    let mut reader = Reader { inside: &inside, sources, known: BTreeMap::new() };
    let documents = ["README.md", "USER_DOC.md", "DEV_DOC.md"];
    Folder {
        makefile: reader.read(&folder.join("Makefile")),
        documents: documents
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), reader.read(&folder.join(name))?)))
            .collect(),
        has_srcs: texts::is_directory(&folder.join("srcs")),
        env_files: env_files.into_iter().filter_map(|path| reader.hidden(&folder.join(path))).collect(),
        tracked,
    }
}

struct Reader<'a> {
    inside: &'a [&'a Path],
    sources: &'a mut Sources,
    /// What was read already, so that two services of one Dockerfile share its findings.
    known: BTreeMap<std::path::PathBuf, Text>,
}

impl Reader<'_> {
    fn read(&mut self, path: &Path) -> Option<Text> {
        let text = self.hidden(path)?;
        if texts::is_within(path, self.inside) {
            self.sources.show(text.begin().file);
        }
        Some(text)
    }

    /// Reads a file whose lines are not shown.
    fn hidden(&mut self, path: &Path) -> Option<Text> {
        if let Some(text) = self.known.get(path) {
            return Some(text.clone());
        }
        let content: std::sync::Arc<str> = texts::read(path)?.into();
        let text = Text::of_file(self.sources.add_file(path, content.clone()), content);
        self.known.insert(path.to_owned(), text.clone());
        Some(text)
    }

    fn image(&mut self, service: &str, node: &Node) -> Option<Image> {
        let build = node.get("build")?;
        let span = match build.get("context") {
            Some(context) if !context.span.is_none() => context.span,
            _ => build.span,
        };
        let context = build.get_text("context").unwrap_or_default();
        if ContextSource::of(context) != ContextSource::Directory {
            return None;
        }
        let context = Path::new(context);
        let dockerfile = match build.get("dockerfile_inline").and_then(|inline| Some((inline.as_text()?, inline.span)))
        {
            Some((text, span)) => Some(Text::of_value(text, span, self.sources)),
            None => self.read(&context.join(build.get_text("dockerfile").unwrap_or("Dockerfile"))),
        };
        let arguments = build.get("args").map(arguments).unwrap_or_default();
        let target = build.get_text("target").map(str::to_owned);
        let mut image = Image { service: service.to_owned(), span, dockerfile, arguments, target, files: Vec::new() };
        image.files = self.files(&image, context);
        Some(image)
    }

    fn files(&mut self, image: &Image, context: &Path) -> Vec<ImageFile> {
        let mut found: Vec<ImageFile> = Vec::new();
        let mut seen = BTreeSet::new();
        for one in wanted(image) {
            for (path, name) in texts::files(context, &one.source) {
                let target =
                    if one.target.ends_with('/') { format!("{}{name}", one.target) } else { one.target.clone() };
                let target = match texts::is_directory(&context.join(one.source.trim_start_matches('/'))) {
                    true => format!("{}/{name}", one.target.trim_end_matches('/')),
                    false => target,
                };
                if !is_of_interest(&name) || !seen.insert(path.clone()) {
                    continue;
                }
                found.extend(self.read(&path).map(|text| ImageFile { target, text }));
            }
        }
        found
    }

    /// Reads the configurations that a service mounts from the project.
    fn mounted(&mut self, service: &Node) -> Vec<ImageFile> {
        let mut found = Vec::new();
        for mount in service.get("volumes").map(Node::items).unwrap_or_default() {
            let (Some("bind"), Some(source), Some(target)) =
                (mount.get_text("type"), mount.get_text("source"), mount.get_text("target"))
            else {
                continue;
            };
            let path = Path::new(source);
            let is_wanted = is_of_interest(target) && target.contains('.') && texts::is_within(path, self.inside);
            if let Some(text) = self.read(path).filter(|_| is_wanted) {
                found.push(ImageFile { target: target.to_owned(), text });
            }
        }
        found
    }
}

fn is_of_interest(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    match name.rsplit_once('.') {
        Some((_, ending)) => ENDINGS.contains(&ending),
        None => true,
    }
}

fn arguments(node: &Node) -> BTreeMap<String, String> {
    let entries = node.entries().filter_map(|(key, entry)| Some((key.to_owned(), entry.node.scalar_text()?)));
    let items = node.items().iter().filter_map(|item| {
        let text = item.scalar_text()?;
        text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
    });
    entries.chain(items).collect()
}
