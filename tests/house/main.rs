//! The rules of the house, checked by reading `src/`: which room may use which, no circle of files, no file, folder or
//! function that is too large, every room named in `lib.rs`.
//!
//! `rooms.rs` says which room may use which; `known.rs` lists the exceptions. A file is read in three steps: `tokens`,
//! `parse` (what the file says), `tree` (what its names stand for). File A uses file B when an import or a path in A
//! has a name that B defines. A name that a `mod.rs` passes on by `pub use` counts for the file that defines the name.
//! `mod x;`, methods, and everything under `#[cfg(test)]` do not count.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod known;
mod parse;
mod parse_tests;
mod rooms;
mod tokens;
mod tree;
mod tree_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use tree::{Files, Tree};

const MOST_LINES_OF_A_FILE: usize = 500;
const MOST_LINES_OF_A_FUNCTION: usize = 60;
const MOST_FILES_OF_A_FOLDER: usize = 15;

/// Source files of `src` and `tests`.
static FILES: LazyLock<Files> = LazyLock::new(|| {
    let mut files = Files::new();
    for folder in ["src", "tests"] {
        read(Path::new(env!("CARGO_MANIFEST_DIR")), folder, &mut files);
    }
    files
});

static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::new(&FILES));

fn read(root: &Path, folder: &str, files: &mut Files) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            read(root, &name, files);
        } else if name.ends_with(".rs") {
            files.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// Compares what was found (key and message) with the known exceptions. A known exception that was not found fails,
/// too.
fn judge(found: &BTreeMap<String, String>, known: &[(&str, &str)]) {
    let is_known = |key: &str| known.iter().any(|(one, _)| *one == key);
    let new = found.iter().filter(|(key, _)| !is_known(key)).map(|(_, words)| words.clone());
    let stale = known.iter().filter(|(key, _)| !found.contains_key(*key));
    let stale = stale.map(|(key, _)| format!("{key}: no longer so, remove the line from tests/house/known.rs"));
    let told: Vec<String> = new.chain(stale).collect();
    assert!(told.is_empty(), "\n{}\n", told.join("\n"));
}

/// Returns the room of a file: its first folder or its file name under `src`.
fn room(file: &str) -> &str {
    let path = file.trim_start_matches("src/");
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn rooms_use_only_what_is_below_them() {
    let mut found = BTreeMap::new();
    for (from, used) in &TREE.arrows {
        let Some((_, below)) = rooms::MAY_USE.iter().find(|(name, _)| *name == room(from)) else {
            let words =
                format!("{from}: the room `{}` is new: say in tests/house/rooms.rs what it may use", room(from));
            found.insert(from.clone(), words);
            continue;
        };
        for to in used.iter().filter(|to| room(to) != room(from) && !below.contains(&room(to))) {
            let words = format!(
                "{from} uses {to}, but `{}` may use only {below:?}: move what is needed to a room below both",
                room(from)
            );
            found.insert(format!("{from} -> {to}"), words);
        }
    }
    judge(&found, known::ARROWS);
}

#[test]
fn the_rooms_themselves_form_no_circle() {
    let below = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let arrows: BTreeMap<String, BTreeSet<String>> =
        rooms::MAY_USE.iter().map(|(name, names)| ((*name).to_owned(), below(names))).collect();
    assert_eq!(tree::circles(&arrows, &[]), Vec::<Vec<String>>::new(), "tests/house/rooms.rs: something points back");
}

#[test]
fn other_crates_and_the_world_are_used_only_where_they_belong() {
    let mut found = BTreeMap::new();
    for (file, paths) in &TREE.outside {
        for path in paths {
            let is_under =
                |stem: &str| path == stem || path.strip_prefix(stem).is_some_and(|rest| rest.starts_with("::"));
            let foreign = rooms::ONLY_IN.iter().find(|(stem, _)| is_under(stem));
            if let Some((stem, places)) = foreign
                && !places.iter().any(|place| file.starts_with(place))
            {
                let words = format!("{file} names `{path}`: `{stem}` is used only in {places:?}; ask for it there");
                found.insert(format!("{file}: {stem}"), words);
            }
            let is_in =
                |pure: &&str| file.strip_prefix("src/").is_some_and(|path| path.starts_with(&format!("{pure}/")));
            if (rooms::PURE.contains(&room(file)) || rooms::PURE.iter().any(is_in))
                && let Some(stem) = rooms::WORLD.iter().find(|stem| is_under(stem))
            {
                let words = format!(
                    "{file} names `{path}`: `{}` is pure (no files, clocks, environment, network); pass in what it needs to know",
                    room(file)
                );
                found.insert(format!("{file}: {stem}"), words);
            }
        }
    }
    judge(&found, known::OUTSIDE);
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let pairs: Vec<(&str, &str)> = known::CIRCLES.iter().map(|(arrow, _)| arrow.split_once(" -> ").unwrap()).collect();
    let mut found = BTreeMap::new();
    for way in tree::circles(&TREE.arrows, &pairs) {
        let (first, second) = (&way[0], &way[1]);
        let by = if way.len() > 3 { ", which uses it through others" } else { ", which uses it" };
        let words =
            format!("{first} uses {second}{by}: {}: move what both need into a file of its own", way.join(" -> "));
        found.insert(way.join(" -> "), words);
    }
    // A known arrow must be there, and must still close a circle.
    for (from, to) in &pairs {
        let is_there = TREE.arrows.get(*from).is_some_and(|used| used.contains(*to));
        if is_there && tree::shortest_way(&TREE.arrows, to, from, &[]).is_some() {
            found.insert(format!("{from} -> {to}"), String::new());
        }
    }
    judge(&found, known::CIRCLES);
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let lines = FILES.iter().map(|(file, text)| (file, text.lines().count()));
    let long = lines.filter(|(_, lines)| *lines > MOST_LINES_OF_A_FILE);
    let words =
        |lines| format!("has {lines} lines, not {MOST_LINES_OF_A_FILE} at most: which two things is the file doing?");
    judge(&long.map(|(file, lines)| (file.clone(), format!("{file} {}", words(lines)))).collect(), known::FILES);
}

#[test]
fn no_folder_has_more_than_15_files_side_by_side() {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for (folder, _) in FILES.keys().filter_map(|file| file.rsplit_once('/')) {
        *folders.entry(folder).or_default() += 1;
    }
    let full = folders.into_iter().filter(|(_, files)| *files > MOST_FILES_OF_A_FOLDER).map(|(folder, files)| {
        let words =
            format!("{folder} has {files} files, not {MOST_FILES_OF_A_FOLDER} at most: which of them belong together?");
        (folder.to_owned(), words)
    });
    judge(&full.collect(), known::FOLDERS);
}

#[test]
fn no_function_is_longer_than_60_lines() {
    let mut found = BTreeMap::new();
    for (file, functions) in &TREE.functions {
        for one in functions.iter().filter(|one| one.lines > MOST_LINES_OF_A_FUNCTION) {
            let key = format!("{file}: {}", one.name);
            let words = format!("has {} lines, not {MOST_LINES_OF_A_FUNCTION} at most: name a part of it", one.lines);
            found.insert(key.clone(), format!("{key} {words}"));
        }
    }
    judge(&found, known::FUNCTIONS);
}

#[test]
fn every_room_is_named_in_the_table_of_lib_rs() {
    let table: Vec<&str> = FILES["src/lib.rs"].lines().filter(|line| line.starts_with("//! |")).collect();
    let rooms: BTreeSet<&str> = FILES
        .keys()
        .filter(|file| file.starts_with("src/"))
        .map(|file| room(file))
        .filter(|room| !["lib", "main"].contains(room))
        .collect();
    let is_named = |room: &str| {
        let words = [format!("[`{room}`]"), format!("[`mod@{room}`]")];
        table.iter().any(|line| words.iter().any(|word| line.contains(word)))
    };
    let missing = rooms.into_iter().filter(|room| !is_named(room)).map(|room| {
        (room.to_owned(), format!("`{room}` is not in the table of src/lib.rs: add a line that says what lives there"))
    });
    judge(&missing.collect(), &[]);
}

/// No rule reads a file that no `mod` declares. Files of tests are left out: they may be declared under `#[cfg(test)]`.
#[test]
fn every_file_is_read_as_a_module() {
    let is_left_out =
        |file: &&String| file.starts_with("src/") && !TREE.arrows.contains_key(*file) && !file.ends_with("tests.rs");
    let found = FILES.keys().filter(is_left_out);
    judge(&found.map(|file| (file.clone(), format!("{file}: no `mod` declares the file"))).collect(), &[]);
}
