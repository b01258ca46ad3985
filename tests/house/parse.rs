//! What a source file says about modules, imports, paths and functions: a walk over tokens, without a full grammar.

use crate::tokens::{Token, tokens};

/// A name that a `use` imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The whole path. Example: `use crate::a::{b, self as c}` gives two: `crate a b` and `crate a`.
    pub path: Vec<String>,
    /// The name in this module; none for `*` and `as _`.
    pub name: Option<String>,
    pub is_glob: bool,
    /// Whether the `use` is `pub` in any form.
    pub is_public: bool,
}

/// A path outside `use`, or a single word that may be the name of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub path: Vec<String>,
}

/// A module: a file or a `mod x { }`. Everything under `#[cfg(test)]` is left out.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub name: String,
    /// Names of the functions, types, constants and macros that the module defines.
    pub defined: Vec<String>,
    /// `mod x;`
    pub declared: Vec<String>,
    pub uses: Vec<Use>,
    pub mentions: Vec<Mention>,
    /// `mod x { ... }`
    pub inner: Vec<Scope>,
}

/// A function and how many lines it has, from `fn` to its closing brace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub lines: usize,
}

/// A source file.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub scope: Scope,
    pub functions: Vec<Function>,
}

const KEYWORDS: [&str; 36] = [
    "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern", "false", "fn", "for", "if",
    "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static", "struct", "trait",
    "true", "type", "unsafe", "use", "where", "while", "Self", "union",
];

/// Reads a file.
pub fn parse(text: &str) -> Source {
    let mut walk = Walk { tokens: tokens(text), at: 0, functions: Vec::new() };
    let mut scope = Scope::default();
    walk.module(&mut scope);
    Source { scope, functions: walk.functions }
}

struct Walk {
    tokens: Vec<Token>,
    at: usize,
    functions: Vec<Function>,
}

impl Walk {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::is_word)
    }

    /// Returns the position of the bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0;
        for at in open..self.tokens.len() {
            match self.text(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        self.tokens.len()
    }

    /// Walks to the end of a module: its closing brace or the end of the file.
    fn module(&mut self, scope: &mut Scope) {
        let mut depth = 0;
        while self.at < self.tokens.len() {
            match self.text(self.at).to_owned().as_str() {
                "{" => depth += 1,
                "}" if depth == 0 => return,
                "}" => depth -= 1,
                "#" if self.attribute_of_tests() => continue,
                _ if self.is_word(self.at) => {
                    self.item_or_mention(scope, depth == 0);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// At `#`: skips an item under `#[cfg(test)]`, with the attribute. Any other attribute stays where it is.
    fn attribute_of_tests(&mut self) -> bool {
        let open = self.at + 1 + usize::from(self.text(self.at + 1) == "!");
        if self.text(open) != "[" {
            return false;
        }
        let end = self.closing(open);
        let words = || (open..end).map(|at| self.text(at));
        let is_of_tests =
            self.text(open + 1) == "cfg" && words().any(|word| word == "test") && words().all(|word| word != "not");
        if is_of_tests {
            self.at = end + 1;
            self.pass_item();
        }
        is_of_tests
    }

    /// Skips an item: up to its `;` or its closing brace.
    fn pass_item(&mut self) {
        while self.text(self.at) == "#" {
            self.at = self.closing(self.at + 1) + 1;
        }
        while self.at < self.tokens.len() {
            match self.text(self.at) {
                ";" => break,
                "{" => {
                    self.at = self.closing(self.at);
                    break;
                }
                "(" | "[" => self.at = self.closing(self.at),
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
    }

    fn item_or_mention(&mut self, scope: &mut Scope, is_top: bool) {
        let (word, next) = (self.text(self.at).to_owned(), self.text(self.at + 1).to_owned());
        let is_named = self.is_word(self.at + 1);
        match word.as_str() {
            "use" if next != "<" => return self.imports(scope),
            "mod" if is_named && self.text(self.at + 2) == ";" => scope.declared.push(next),
            "mod" if is_named && self.text(self.at + 2) == "{" => {
                let mut inner = Scope { name: next, ..Scope::default() };
                self.at += 3;
                self.module(&mut inner);
                scope.inner.push(inner);
                self.at += 1;
                return;
            }
            "fn" if is_named => {
                self.function();
                if is_top {
                    scope.defined.push(next);
                }
            }
            "struct" | "enum" | "trait" | "type" | "const" | "static" | "union"
                if is_top && is_named && next != "fn" =>
            {
                scope.defined.push(next);
            }
            "macro_rules" => scope.defined.push(self.text(self.at + 2).to_owned()),
            _ => {
                if is_top && next == "!" {
                    self.defined_by_macro(scope);
                }
                return self.mention(scope);
            }
        }
        // The name of an item that is defined here is no mention of another item.
        self.at += if word == "const" && KEYWORDS.contains(&self.text(self.at + 1)) { 1 } else { 2 };
    }

    /// At `name!(...)` outside functions: the macro may define the types that are named in the brackets.
    fn defined_by_macro(&self, scope: &mut Scope) {
        let words = (self.at + 2..self.closing(self.at + 2)).filter(|at| self.is_word(*at)).map(|at| self.text(at));
        scope.defined.extend(words.filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned));
    }

    /// At `fn`: notes the length of the function. A declaration without a body has none.
    fn function(&mut self) {
        let mut at = self.at;
        while at < self.tokens.len() {
            match self.text(at) {
                ";" => return,
                "{" => break,
                "(" | "[" => at = self.closing(at),
                _ => {}
            }
            at += 1;
        }
        let last = self.tokens.get(self.closing(at)).map_or(0, |token| token.line);
        let lines = last.saturating_sub(self.tokens[self.at].line) + 1;
        self.functions.push(Function { name: self.text(self.at + 1).to_owned(), lines });
    }

    /// At the first word of a path, or at a single word.
    fn mention(&mut self, scope: &mut Scope) {
        let begun = self.at;
        let mut path = vec![self.text(begun).to_owned()];
        self.at += 1;
        while self.text(self.at) == "::" && self.is_word(self.at + 1) {
            path.push(self.text(self.at + 1).to_owned());
            self.at += 2;
        }
        let before = |back: usize| begun.checked_sub(back).map_or("", |at| self.text(at));
        let is_field_or_rest = before(1) == "::" || before(1) == "." && before(2) != ".";
        if is_field_or_rest || KEYWORDS.contains(&path[0].as_str()) {
            return;
        }
        if path.len() == 1 {
            // A lower-case word is a function where it is called or passed as an argument; else it is a variable or a
            // field.
            let is_type = path[0].starts_with(char::is_uppercase);
            let is_called = matches!(self.text(self.at), "(" | "!");
            let is_handed = matches!(before(1), "(" | ",") && matches!(self.text(self.at), ")" | ",");
            if !(is_type || is_called || is_handed) || before(1) == "fn" {
                return;
            }
        }
        scope.mentions.push(Mention { path });
    }

    /// At `use`: expands the braces to one entry for each name.
    fn imports(&mut self, scope: &mut Scope) {
        let mut back = self.at;
        if back > 0 && self.text(back - 1) == ")" {
            while back > 0 && self.text(back) != "(" {
                back -= 1;
            }
        }
        let is_public = back > 0 && self.text(back - 1) == "pub";
        self.at += 1;
        self.branch(&[], is_public, &mut scope.uses);
        while self.at < self.tokens.len() && self.text(self.at) != ";" {
            self.at += 1;
        }
        self.at += 1;
    }

    fn branch(&mut self, stem: &[String], is_public: bool, found: &mut Vec<Use>) {
        let mut path = stem.to_vec();
        let mut name = None;
        loop {
            match self.text(self.at) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(self.at), "}" | "") {
                        self.branch(&path, is_public, found);
                        self.at += usize::from(self.text(self.at) == ",");
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    return found.push(Use { path, name: None, is_glob: true, is_public });
                }
                "as" => {
                    name = Some(self.text(self.at + 1).to_owned());
                    self.at += 1;
                }
                "self" if !path.is_empty() => {}
                "::" => {}
                _ if self.is_word(self.at) => path.push(self.text(self.at).to_owned()),
                _ => break,
            }
            self.at += 1;
        }
        let name = name.or_else(|| path.last().cloned()).filter(|name| name != "_");
        found.push(Use { path, name, is_glob: false, is_public });
    }
}
