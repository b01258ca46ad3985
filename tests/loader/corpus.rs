//! The kept corpus of the fuzz targets, run through the functions that the fuzzers call.
#![allow(clippy::print_stdout)]

use std::path::Path;

use inception::loader::fuzzing;
use inception::ui::{Style, diagnostics};

/// Calls `door` with each file of a corpus, which must not be empty.
fn each(target: &str, mut door: impl FnMut(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // As libFuzzer's harness, skip what is not UTF-8.
        let Ok(text) = String::from_utf8(std::fs::read(&path).unwrap()) else { continue };
        println!("{}", path.display());
        door(&text);
        count += 1;
    }
    assert!(count > 5, "only {count} inputs in {}", folder.display());
}

#[test]
fn whole_loads_end_print_the_same_and_have_no_control_characters_in_messages() {
    let folder = tempfile::tempdir().unwrap();
    each("loader", |input| {
        let (told, sources) = fuzzing::loader(input, folder.path());
        let shown = diagnostics::render(&told, &sources, Style::default());
        assert!(!shown.contains(|char: char| char.is_control() && char != '\n'), "{shown:?}");
    });
}

#[test]
fn interpolation_is_bounded_and_doubled_dollars_come_back() {
    each("interpolation", fuzzing::interpolation);
}

#[test]
fn env_files_have_places_inside_their_text() {
    each("env_file", fuzzing::env_file);
}

#[test]
fn ports_can_be_written_and_read_again() {
    each("ports", fuzzing::ports);
}

#[test]
fn parsing_a_volume_ends() {
    each("volumes", fuzzing::volumes);
}

#[test]
fn durations_print_as_they_were_read() {
    each("durations", fuzzing::durations);
}
