//! Rust source as tokens: words and signs, each with its line. Comments, strings, characters and numbers are left out.

/// A word, `::`, or a single other sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// The line, from 1.
    pub line: usize,
}

impl Token {
    /// Whether the token is an identifier or a keyword.
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|char: char| char.is_alphabetic() || char == '_')
    }
}

/// Splits source into tokens.
pub fn tokens(source: &str) -> Vec<Token> {
    Lexer { chars: source.chars().collect(), at: 0, line: 1, found: Vec::new() }.run()
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    found: Vec<Token>,
}

impl Lexer {
    fn run(mut self) -> Vec<Token> {
        while let Some(char) = self.peek(0) {
            match char {
                '/' if self.peek(1) == Some('/') => self.skip_while(|char| char != '\n'),
                '/' if self.peek(1) == Some('*') => self.block_comment(),
                '"' => self.string(),
                '\'' => self.quote(),
                _ if char.is_alphabetic() || char == '_' => self.word(),
                _ if char.is_ascii_digit() => self.skip_while(|char| char.is_alphanumeric() || char == '_'),
                ':' if self.peek(1) == Some(':') => {
                    self.push("::".to_owned());
                    self.step(2);
                }
                _ if char.is_whitespace() => self.step(1),
                _ => {
                    self.push(char.to_string());
                    self.step(1);
                }
            }
        }
        self.found
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn push(&mut self, text: String) {
        self.found.push(Token { text, line: self.line });
    }

    fn step(&mut self, count: usize) {
        for _ in 0..count {
            self.line += usize::from(self.peek(0) == Some('\n'));
            self.at += 1;
        }
    }

    fn skip_while(&mut self, is_inside: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&is_inside) {
            self.step(1);
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.peek(0).is_some() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => (depth, _) = (depth + 1, self.step(2)),
                (Some('*'), Some('/')) => (depth, _) = (depth - 1, self.step(2)),
                _ => self.step(1),
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.step(1);
        while let Some(char) = self.peek(0) {
            self.step(if char == '\\' { 2 } else { 1 });
            if char == '"' {
                return;
            }
        }
    }

    /// `r"..."`, `r#"..."#`: the end has as many `#` as the beginning.
    fn raw_string(&mut self) {
        let mut marks = 0;
        while self.peek(0) == Some('#') {
            (marks, _) = (marks + 1, self.step(1));
        }
        self.step(1);
        while let Some(char) = self.peek(0) {
            self.step(1);
            if char == '"' && (0..marks).all(|ahead| self.peek(ahead) == Some('#')) {
                return self.step(marks);
            }
        }
    }

    /// A character (`'a'`, `'\n'`) or a lifetime (`'a`).
    fn quote(&mut self) {
        if self.peek(1) == Some('\\') {
            self.step(3);
            self.skip_while(|char| char != '\'');
            self.step(1);
        } else if self.peek(2) == Some('\'') {
            self.step(3);
        } else {
            self.step(1);
            self.skip_while(|char| char.is_alphanumeric() || char == '_');
        }
    }

    fn word(&mut self) {
        let begun = self.at;
        let line = self.line;
        self.skip_while(|char| char.is_alphanumeric() || char == '_');
        let text: String = self.chars[begun..self.at].iter().collect();
        match (text.as_str(), self.peek(0), self.peek(1)) {
            ("r" | "br" | "cr", Some('"'), _) | ("r" | "br" | "cr", Some('#'), Some('"' | '#')) => self.raw_string(),
            ("b" | "c", Some('"'), _) => self.string(),
            ("b", Some('\''), _) => self.quote(),
            // A raw identifier: `r#type`.
            ("r", Some('#'), Some(_)) => {
                self.step(1);
                self.word();
            }
            _ => self.found.push(Token { text, line }),
        }
    }
}

#[test]
fn comments_strings_characters_and_numbers_are_left_out() {
    let words = |source: &str| tokens(source).into_iter().map(|one| one.text).collect::<Vec<_>>().join(" ");
    assert_eq!(words("a // b\n c /* d /* e */ f */ g"), "a c g");
    assert_eq!(words(r##"x = "use crate::a; \" b"; r#"use "crate"::b"# ; b"c" ; y"##), "x = ; ; ; y");
    assert_eq!(words("fn f<'a>(c: char) { c == '\\'' || c == '\"' || c == 'x' || b'\\n' }"), {
        "fn f < > ( c : char ) { c = = | | c = = | | c = = | | }"
    });
    assert_eq!(words("1e3 0x1F_u8 1.5 a..2 r#type"), ". a . . type");
    assert_eq!(words("crate::a::<B>"), "crate :: a :: < B >");
    assert_eq!(tokens("a\n\"\n\"\nb").iter().map(|one| one.line).collect::<Vec<_>>(), [1, 4]);
}
