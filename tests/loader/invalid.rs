//! Invalid files: each message points at the line that the file marks with `# <-`.
//!
//! `tests/loader/invalid/NAME.yml` is loaded as `up` would load it. The expected messages are in `NAME.txt`;
//! `UPDATE_EXPECT=1` writes them.

use std::path::{Path, PathBuf};

use inception::diag::Diagnostic;
use inception::env::Environment;
use inception::loader::{self, LoadOptions};
use inception::model::Sources;
use inception::ui::{Style, diagnostics};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loader/invalid")
}

fn load(file: &Path) -> (Vec<Diagnostic>, Sources) {
    let options =
        LoadOptions { files: vec![file.to_owned()], project_name: Some("p".to_owned()), ..LoadOptions::default() };
    let mut loaded = loader::load(&options, &Environment::new([], folder()));
    let _ = loaded.project();
    (loaded.diagnostics, loaded.sources)
}

#[test]
fn each_broken_file_is_told_at_the_line_it_marks() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    files.sort();
    assert!(files.len() >= 40, "only {} files", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let marked = text.lines().position(|line| line.contains("# <-")).map(|index| index + 1);
        let (told, sources) = load(file);
        let shown = diagnostics::render(&told, &sources, Style::default());
        let lines: Vec<Option<usize>> = told
            .iter()
            .filter(|one| one.is_error())
            .map(|one| sources.line_column(one.primary.span).map(|place| place.line))
            .collect();
        if lines.is_empty() || !lines.contains(&marked) {
            wrong.push(format!("{}: marked {marked:?}, told {lines:?}\n{shown}", file.display()));
        }
        let shown = shown.replace(folder().to_str().unwrap(), "@DIR@");
        expect_test::expect_file![file.with_extension("txt")].assert_eq(&shown);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
