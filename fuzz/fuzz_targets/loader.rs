#![no_main]

use std::sync::OnceLock;

use inception::ui::{Style, diagnostics};
use libfuzzer_sys::fuzz_target;

static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();

fuzz_target!(|input: &str| {
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder for the input's files"));
    let (told, sources) = inception::loader::fuzzing::loader(input, folder.path());
    let shown = diagnostics::render(&told, &sources, Style::default());
    assert!(!shown.contains(|char: char| char.is_control() && char != '\n'), "control characters: {shown:?}");
});
