//! Tests of what a name stands for.

use std::collections::BTreeMap;

use crate::tree::{Tree, circles};

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::new(&files.iter().map(|(name, text)| (format!("src/{name}"), (*text).to_owned())).collect())
}

fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    let short = |file: &str| file.trim_start_matches("src/").trim_end_matches(".rs").to_owned();
    let tree = tree(files);
    let all = tree.arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)));
    all.map(|(from, to)| format!("{} -> {}", short(from), short(to))).collect()
}

#[test]
fn what_a_folder_hands_on_is_used_where_it_is_defined() {
    let files = [
        ("lib.rs", "pub mod a; mod b; pub use b::handed;"),
        ("a/mod.rs", "mod x; mod y; pub use x::X; pub use self::y::{Y, y}; pub use y::*; pub struct Own;"),
        ("a/x.rs", "pub struct X; impl From<super::Own> for X {}"),
        ("a/y.rs", "use super::X; pub struct Y; pub fn y() {} pub fn glob() {}"),
        ("b.rs", "use crate::a::{self, X}; fn f() { a::y(); a::glob() } pub fn handed() {}"),
    ];
    assert_eq!(arrows(&files), ["a/x -> a/mod", "a/y -> a/x", "b -> a/x", "b -> a/y"]);
}

#[test]
fn a_folder_that_needs_what_it_hands_on_uses_it() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod x; pub use x::X; pub struct Own { x: X }"),
        ("a/x.rs", "pub struct X;"),
    ];
    assert_eq!(arrows(&files), ["a/mod -> a/x"]);
}

#[test]
fn names_come_by_super_by_self_by_star_and_by_new_names() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "mod deep; pub struct A; pub fn helper() {}"),
        (
            "a/deep.rs",
            "use super::*; fn f() { helper() } mod inner { use super::super::A; use crate::b as other; type T = other::B; }",
        ),
        ("b.rs", "pub struct B; fn f() { self::g() } fn g() {}"),
        ("c.rs", "use crate::b::B as C; fn f(c: C) -> crate::a::A { use crate::a::deep; }"),
    ];
    assert_eq!(arrows(&files), ["a/deep -> a", "a/deep -> b", "c -> a", "c -> a/deep", "c -> b"]);
}

#[test]
fn what_a_macro_defines_is_found_where_the_macro_is_called() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod names; pub use names::*;"),
        ("a/names.rs", "macro_rules! name { ($name:ident) => { pub struct $name; } } name!(ServiceName);"),
        ("b.rs", "use crate::a::ServiceName; use crate::a::{Unknown}; "),
    ];
    assert_eq!(arrows(&files), ["b -> a/mod", "b -> a/names"]);
}

#[test]
fn a_function_may_have_the_name_of_a_module() {
    let files = [
        ("lib.rs", "pub mod a; mod b;"),
        ("a/mod.rs", "mod up; mod other; mod same; pub use other::up; pub use same::same;"),
        ("a/up.rs", "pub fn inner() {}"),
        ("a/same.rs", "pub fn same() {}"),
        ("a/other.rs", "use super::up; pub fn up() { up::inner() }"),
        ("b.rs", "use crate::a; fn f() { a::up(); a::same() }"),
    ];
    assert_eq!(arrows(&files), ["a/other -> a/up", "b -> a/other", "b -> a/same"]);
}

#[test]
fn the_program_uses_the_library_and_other_crates_are_told_with_their_paths() {
    let files = [
        ("lib.rs", "pub mod cli;"),
        (
            "cli.rs",
            "use std::{fs, time::{Duration, Instant}}; use bollard as api; fn f() { fs::read(); api::Docker; tokio::time::sleep() } pub fn run() {}",
        ),
        ("main.rs", "use std::env; fn main() { inception::cli::run(env::args()) }"),
    ];
    assert_eq!(arrows(&files), ["main -> cli"]);
    let told = tree(&files).outside;
    let told: BTreeMap<&str, String> =
        told.iter().map(|(file, paths)| (file.as_str(), paths.iter().cloned().collect::<Vec<_>>().join(" "))).collect();
    assert_eq!(
        told["src/cli.rs"],
        "bollard bollard::Docker std::fs std::fs::read std::time::Duration std::time::Instant tokio::time::sleep"
    );
    assert_eq!(told["src/main.rs"], "std::env std::env::args");
}

#[test]
fn circles_are_found_through_any_number_of_files() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::a::A; pub struct C;"),
        ("d.rs", "use crate::a::A; #[cfg(test)] mod tests { use crate::e; }"),
    ];
    let arrows = tree(&files).arrows;
    assert_eq!(circles(&arrows, &[]), [["src/a.rs", "src/b.rs", "src/c.rs", "src/a.rs"]]);
    assert!(circles(&arrows, &[("src/c.rs", "src/a.rs")]).is_empty());
}
