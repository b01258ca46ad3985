//! The modules of `src/`, what their names stand for, and which file uses which.

use std::collections::{BTreeMap, BTreeSet};

use crate::parse::{Function, Scope, Source, Use, parse};

/// Source files by their path from the root of the package, such as `src/plan/step.rs`.
pub type Files = BTreeMap<String, String>;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Module(usize),
    /// An item; the text is the file that defines the item.
    Item(String),
    /// A part of another crate; the text is the whole path.
    Outside(Vec<String>),
}

struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    scope: Scope,
}

/// The modules of a package and the arrows between the files.
pub struct Tree {
    modules: Vec<Module>,
    /// From a file to the files that it uses.
    pub arrows: BTreeMap<String, BTreeSet<String>>,
    /// From a file to the paths of other crates that it names.
    pub outside: BTreeMap<String, BTreeSet<String>>,
    pub functions: BTreeMap<String, Vec<Function>>,
}

/// The most modules between a name and its item. Re-exports can form circles, so the search needs an end.
const MOST_HOPS: usize = 12;

impl Tree {
    /// Reads `src/lib.rs` and `src/main.rs` and the modules that they declare.
    pub fn new(files: &Files) -> Self {
        let mut tree =
            Self { modules: Vec::new(), arrows: BTreeMap::new(), outside: BTreeMap::new(), functions: BTreeMap::new() };
        for root in ["src/lib.rs", "src/main.rs"] {
            tree.load(files, root, "src", None);
        }
        for module in 0..tree.modules.len() {
            tree.use_arrows(module);
        }
        tree
    }

    /// Adds the module of a file. `folder` is where the files of its child modules are.
    fn load(&mut self, files: &Files, file: &str, folder: &str, parent: Option<usize>) -> Option<usize> {
        let Source { scope, functions } = parse(files.get(file)?);
        self.functions.insert(file.to_owned(), functions);
        self.arrows.entry(file.to_owned()).or_default();
        Some(self.add(files, file, folder, parent, scope))
    }

    fn add(&mut self, files: &Files, file: &str, folder: &str, parent: Option<usize>, mut scope: Scope) -> usize {
        let number = self.modules.len();
        let (declared, inner) = (std::mem::take(&mut scope.declared), std::mem::take(&mut scope.inner));
        self.modules.push(Module { file: file.to_owned(), parent, children: BTreeMap::new(), scope });
        for name in declared {
            let (flat, nested) = (format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs"));
            let file = if files.contains_key(&flat) { flat } else { nested };
            if let Some(child) = self.load(files, &file, &format!("{folder}/{name}"), Some(number)) {
                self.modules[number].children.insert(name, child);
            }
        }
        for scope in inner {
            let name = scope.name.clone();
            let child = self.add(files, file, &format!("{folder}/{name}"), Some(number), scope);
            self.modules[number].children.insert(name, child);
        }
        number
    }

    /// Returns the root module: the library, for `crate` and for `inception` in `main.rs` (which has no modules of its
    /// own).
    fn root(&self, mut module: usize) -> usize {
        while let Some(parent) = self.modules[module].parent {
            module = parent;
        }
        module
    }

    /// Returns what a path stands for in a module. There can be two answers: a module and a function of the same name.
    fn resolve(&self, module: usize, path: &[String], hops: usize) -> BTreeSet<Found> {
        let Some((head, rest)) = path.split_first() else { return BTreeSet::new() };
        if hops == 0 {
            return BTreeSet::new();
        }
        let mut found = match head.as_str() {
            "crate" => [Found::Module(self.root(module))].into(),
            "inception" => [Found::Module(0)].into(),
            "self" => [Found::Module(module)].into(),
            "super" => self.modules[module].parent.map(Found::Module).into_iter().collect(),
            _ => self.lookup(module, head, hops),
        };
        if found.is_empty() {
            return [Found::Outside(path.to_vec())].into();
        }
        for name in rest {
            found = self.below(found, name, hops);
        }
        found
    }

    /// Returns what `name` stands for inside each of the things found so far.
    fn below(&self, found: BTreeSet<Found>, name: &str, hops: usize) -> BTreeSet<Found> {
        let (modules, others): (BTreeSet<Found>, _) =
            found.into_iter().partition(|one| matches!(one, Found::Module(_)));
        let numbers =
            || modules.iter().filter_map(|one| if let Found::Module(number) = one { Some(*number) } else { None });
        let known: BTreeSet<Found> = numbers()
            .flat_map(|number| match name {
                "super" => self.modules[number].parent.map(Found::Module).into_iter().collect(),
                _ => self.lookup(number, name, hops),
            })
            .collect();
        // `up::x`, where `up` is both a module and a function: the module is meant.
        if !known.is_empty() {
            return known;
        }
        // The item is in no list: a macro of the module may define it.
        let by_macro = numbers().map(|number| Found::Item(self.modules[number].file.clone()));
        let others = others.into_iter().map(|one| match one {
            Found::Outside(mut path) => {
                path.push(name.to_owned());
                Found::Outside(path)
            }
            item => item,
        });
        if others.len() > 0 { others.collect() } else { by_macro.collect() }
    }

    /// Returns what a name stands for in a module: its children, its items, its imports, and what it imports by `*`.
    fn lookup(&self, module: usize, name: &str, hops: usize) -> BTreeSet<Found> {
        let here = &self.modules[module];
        let mut found: BTreeSet<Found> =
            here.children.get(name).map(|child| Found::Module(*child)).into_iter().collect();
        if here.scope.defined.iter().any(|one| one == name) {
            found.insert(Found::Item(here.file.clone()));
        }
        for one in here.scope.uses.iter().filter(|one| one.name.as_deref() == Some(name)) {
            if one.path.first().map(String::as_str) == Some(name) {
                // `pub use up::up`, where `up` is a child module; or `use tokio`, where a second lookup here would
                // never end.
                let child = here.children.get(name).map(|child| Found::Module(*child));
                let head = child.unwrap_or_else(|| Found::Outside(vec![name.to_owned()]));
                found.extend(one.path[1..].iter().fold([head].into(), |found, name| self.below(found, name, hops)));
            } else if hops > 0 {
                found.extend(self.resolve(module, &one.path, hops - 1));
            }
        }
        if found.is_empty() && hops > 0 {
            for glob in here.scope.uses.iter().filter(|one| one.is_glob) {
                for one in self.resolve(module, &glob.path, hops - 1) {
                    if let Found::Module(other) = one
                        && other != module
                    {
                        found.extend(self.lookup(other, name, hops - 1));
                    }
                }
            }
        }
        found
    }

    fn use_arrows(&mut self, module: usize) {
        let here = &self.modules[module];
        let mut used: BTreeSet<Found> = BTreeSet::new();
        for one in here.scope.uses.iter().filter(|one| !one.is_glob) {
            let is_face = self.is_face(module, one);
            for found in self.resolve(module, &one.path, MOST_HOPS) {
                // The import of a module uses nothing by itself: the paths that begin with its name do.
                let is_only_a_name = matches!(found, Found::Module(_))
                    && here.scope.mentions.iter().any(|mention| Some(&mention.path[0]) == one.name.as_ref());
                if !is_face && !is_only_a_name {
                    used.insert(found);
                }
            }
        }
        for glob in here.scope.uses.iter().filter(|one| one.is_glob) {
            used.extend(
                self.resolve(module, &glob.path, MOST_HOPS).into_iter().filter(|one| matches!(one, Found::Outside(_))),
            );
        }
        for mention in &here.scope.mentions {
            let found = self.resolve(module, &mention.path, MOST_HOPS);
            let is_item = found.iter().any(|one| matches!(one, Found::Item(_)));
            used.extend(found.into_iter().filter(|one| match one {
                Found::Item(_) => true,
                // A module and a function of the same name, mentioned alone: the function is meant.
                Found::Module(_) => mention.path.len() > 1 && !is_item,
                Found::Outside(path) => path.len() > 1,
            }));
        }
        let from = here.file.clone();
        for one in used {
            match one {
                Found::Item(file) => self.add_arrow(&from, file),
                Found::Module(number) => self.add_arrow(&from, self.modules[number].file.clone()),
                Found::Outside(path) => {
                    self.outside.entry(from.clone()).or_default().insert(path.join("::"));
                }
            }
        }
    }

    fn add_arrow(&mut self, from: &str, to: String) {
        if from != to {
            self.arrows.entry(from.to_owned()).or_default().insert(to);
        }
    }

    /// Whether a `pub use` only passes on what a child module defines. A `mod.rs` uses no file by that.
    fn is_face(&self, module: usize, one: &Use) -> bool {
        let children = &self.modules[module].children;
        let path = if one.path.first().is_some_and(|head| head == "self") { &one.path[1..] } else { &one.path[..] };
        one.is_public && path.len() > 1 && path.first().is_some_and(|head| children.contains_key(head))
    }
}

/// Returns the circles that remain without the arrows of `without`: the shortest one of each group of files.
pub fn circles(arrows: &BTreeMap<String, BTreeSet<String>>, without: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for start in arrows.keys() {
        if found.iter().flatten().any(|file| file == start) {
            continue;
        }
        found.extend(shortest_circle(arrows, start, without));
    }
    found
}

/// Returns the shortest way from a file back to itself.
pub fn shortest_circle(
    arrows: &BTreeMap<String, BTreeSet<String>>,
    start: &str,
    without: &[(&str, &str)],
) -> Option<Vec<String>> {
    shortest_way(arrows, start, start, without)
}

/// Returns the files on the shortest way between two files, both included.
pub fn shortest_way(
    arrows: &BTreeMap<String, BTreeSet<String>>,
    from: &str,
    to: &str,
    without: &[(&str, &str)],
) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next: std::collections::VecDeque<&str> = [from].into();
    while let Some(file) = next.pop_front() {
        for used in arrows.get(file).into_iter().flatten() {
            if without.contains(&(file, used.as_str())) || came_from.contains_key(used.as_str()) {
                continue;
            }
            came_from.insert(used, file);
            if used == to {
                let mut way = vec![used.clone()];
                let mut at = file;
                while at != from {
                    way.push(at.to_owned());
                    at = came_from[at];
                }
                way.push(from.to_owned());
                way.reverse();
                return Some(way);
            }
            next.push_back(used);
        }
    }
    None
}
