//! Tests of the parser.

use crate::parse::{Scope, parse};

fn uses(source: &str) -> Vec<String> {
    let told = parse(source).scope.uses.into_iter().map(|one| {
        let public = if one.is_public { "pub " } else { "" };
        let name = if one.is_glob { "*".to_owned() } else { one.name.unwrap_or_else(|| "_".to_owned()) };
        format!("{public}{} as {name}", one.path.join("::"))
    });
    told.collect()
}

fn mentions(scope: &Scope) -> Vec<String> {
    scope.mentions.iter().map(|one| one.path.join("::")).collect()
}

#[test]
fn braces_globs_and_renames_of_imports_are_expanded() {
    assert_eq!(uses("use a;"), ["a as a"]);
    assert_eq!(
        uses("use crate::a::{self, b::{C, D as E}, f::*, G as _,};"),
        ["crate::a as a", "crate::a::b::C as C", "crate::a::b::D as E", "crate::a::f as *", "crate::a::G as _"]
    );
    assert_eq!(uses("pub use super::a::b; pub(in crate::x) use c::D;"), ["pub super::a::b as b", "pub c::D as D"]);
    assert_eq!(uses("use {a::B, c};"), ["a::B as B", "c as c"]);
    assert_eq!(
        uses("use super::{self as up, x}; fn f() { use self::y; }"),
        ["super as up", "super::x as x", "self::y as y"]
    );
}

#[test]
fn imports_in_comments_strings_and_tests_do_not_count() {
    let source = r#"
        // use crate::a;
        /* use crate::b; */
        const TEXT: &str = "use crate::c;";
        #[cfg(test)]
        use crate::d;
        #[cfg(test)]
        mod tests { use crate::e; fn f() { crate::g::h() } }
        #[cfg(all(test, unix))]
        #[path = "x.rs"]
        mod more;
        #[cfg(not(test))]
        use crate::kept;
    "#;
    assert_eq!(uses(source), ["crate::kept as kept"]);
    assert!(parse(source).scope.declared.is_empty() && parse(source).scope.inner.is_empty());
}

#[test]
fn paths_count_wherever_they_stand_and_fields_and_methods_do_not() {
    let source =
        "fn f(x: &crate::a::B) -> c::D { x.m::<super::E>(); F::new(x.G, ..self::h::I) ; call(one, other) ; json!(J) }";
    assert_eq!(
        mentions(&parse(source).scope),
        ["crate::a::B", "c::D", "super::E", "F::new", "self::h::I", "call", "one", "other", "json", "J"]
    );
}

#[test]
fn items_are_known_by_their_module() {
    let source = "
        mod file;
        pub struct A { b: B }
        pub(crate) const fn c() {}
        const D: u8 = 1;
        impl A { const E: u8 = 2; fn inner() {} }
        pub mod braced { pub enum F {} use super::A; mod deeper { type G = u8; } }
        macro_rules! h { () => {} }
        trait I { type J; }
    ";
    let scope = parse(source).scope;
    assert_eq!((scope.defined.join(" "), scope.declared.join(" ")), ("A c D h I".to_owned(), "file".to_owned()));
    let braced = &scope.inner[0];
    assert_eq!((braced.name.as_str(), braced.defined.join(" ")), ("braced", "F".to_owned()));
    assert_eq!((braced.uses.len(), braced.inner[0].defined.join(" ")), (1, "G".to_owned()));
}

#[test]
fn functions_have_as_many_lines_as_are_seen() {
    let source =
        "trait T {\n  fn none(\n    &self,\n  );\n  fn two() {\n  }\n}\nfn four(\n  a: [u8; 3],\n) {\n}\nfn one() {}\n";
    let told: Vec<_> = parse(source).functions.into_iter().map(|one| (one.name, one.lines)).collect();
    assert_eq!(told, [("two".to_owned(), 2), ("four".to_owned(), 4), ("one".to_owned(), 1)]);
}
