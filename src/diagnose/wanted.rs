//! Which files of a build context the rules want to see.

use super::contents::parsed;
use super::facts::Image;

/// A file or directory of a build context that an image gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Path in the build context.
    pub source: String,
    /// Path in the image: of the file, or of the directory if it ends with `/`.
    pub target: String,
}

/// Returns what COPY and ADD put into an image from its context, in all stages.
pub fn wanted(image: &Image) -> Vec<Wanted> {
    let Some((file, _)) = parsed(image) else { return Vec::new() };
    let mut found = Vec::new();
    for instruction in file.stages.iter().flat_map(|stage| &stage.instructions) {
        if !matches!(instruction.keyword.as_str(), "COPY" | "ADD") || instruction.flag("from").is_some() {
            continue;
        }
        let mut words = instruction.arguments();
        let Some(target) = words.pop().filter(|_| !instruction.rest.contains("<<")) else { continue };
        let is_directory = words.len() > 1 || target.ends_with('/') || target == ".";
        for source in words.into_iter().filter(|word| !word.contains("://")) {
            let target = match is_directory {
                true => format!("{}/", target.trim_end_matches('/')),
                false => target.clone(),
            };
            found.push(Wanted { source, target });
        }
    }
    found
}
