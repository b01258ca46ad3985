//! What an image is made of: instructions and packages.

use std::ops::Range;

use super::facts::{Image, Text};
use super::parse::dockerfile::{Dockerfile, Instruction};
use super::parse::shell;

/// Returns the Dockerfile of an image, parsed.
pub fn parsed(image: &Image) -> Option<(Dockerfile, &Text)> {
    let text = image.dockerfile.as_ref()?;
    Some((Dockerfile::parse(&text.text, &image.arguments), text))
}

/// Returns the instructions that make the final image, those of its base stages first.
pub fn instructions(image: &Image) -> Vec<Instruction> {
    let Some((file, _)) = parsed(image) else { return Vec::new() };
    let stages = file.final_stages(image.target.as_deref());
    stages.into_iter().flat_map(|stage| stage.instructions.iter().cloned()).collect()
}

/// Returns the packages that the final image installs, with their places in the Dockerfile.
pub fn packages(image: &Image) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for instruction in instructions(image).iter().filter(|one| one.keyword == "RUN") {
        for command in shell::commands(&instruction.rest) {
            let installs = matches!(command.program(), "apt-get" | "apt" | "apk" | "aptitude")
                && command.words.iter().any(|word| matches!(word.as_str(), "install" | "add"));
            if !installs {
                continue;
            }
            let names = command.words.iter().skip_while(|word| !matches!(word.as_str(), "install" | "add")).skip(1);
            for name in names.filter(|word| !word.starts_with(['-', '>', '$'])) {
                let within = instruction.rest.get(command.range.clone()).and_then(|text| text.find(name.as_str()));
                let start = instruction.at + command.range.start + within.unwrap_or_default();
                found.push((name.split(['=', '~']).next().unwrap_or_default().to_owned(), start..start + name.len()));
            }
        }
    }
    found
}
