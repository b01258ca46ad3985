//! Splits text into tokens.

use super::fault::Fault;

/// A token and its position in the text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
    /// Whether no blank is before it: `.a.b` is one operand, `.a .b` are two.
    pub(super) is_joined: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text outside of braces.
    Outside(String),
    Open,
    Close,
    /// A keyword or the name of a function.
    Word(String),
    /// `.Name`, without its dot.
    Field(String),
    Dot,
    /// `$name`, without its `$`.
    Variable(String),
    Number(i64),
    /// Text in quotes.
    Quoted(String),
    Pipe,
    Comma,
    Opening,
    Closing,
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

/// Reads the tokens from the byte `start` on.
pub(super) fn tokens(text: &str, start: usize) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { text, at: start, out: Vec::new() };
    let mut is_trimmed = false;
    loop {
        let rest = lexer.rest();
        let open = rest.find("{{").unwrap_or(rest.len());
        let is_trimmed_after = begins_trimmed(rest.get(open + 2..).unwrap_or_default());
        lexer.outside(&rest[..open], is_trimmed, is_trimmed_after);
        if open == rest.len() {
            return Ok(lexer.out);
        }
        lexer.at += open;
        let opened = lexer.at;
        lexer.at += if is_trimmed_after { 3 } else { 2 };
        is_trimmed = match lexer.rest().trim_start().starts_with("/*") {
            true => lexer.comment(opened)?,
            false => lexer.inside(opened)?,
        };
    }
}

/// Returns whether braces begin with a minus that removes the blanks before them.
fn begins_trimmed(inside: &str) -> bool {
    inside.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

/// Compat: on a command line, tabs and line ends are written as two characters.
fn with_tabs(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    out: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, at: usize, kind: Kind, is_joined: bool) {
        self.out.push(Token { at, kind, is_joined });
    }

    fn outside(&mut self, text: &str, is_trimmed_before: bool, is_trimmed_after: bool) {
        let text = with_tabs(text);
        let text = if is_trimmed_before { text.trim_start() } else { &text };
        let text = if is_trimmed_after { text.trim_end() } else { text };
        if !text.is_empty() {
            self.push(self.at, Kind::Outside(text.to_owned()), false);
        }
    }

    /// Skips a comment. Returns whether blanks after it are removed.
    fn comment(&mut self, opened: usize) -> Result<bool, Fault> {
        let end = self.rest().find("*/").ok_or_else(|| Fault::new(opened, "this comment has no `*/`"))?;
        self.at += end + 2;
        let rest = self.rest().trim_start();
        let is_trimmed = rest.starts_with("-}}");
        let rest = rest
            .strip_prefix(if is_trimmed { "-}}" } else { "}}" })
            .ok_or_else(|| Fault::new(opened, "nothing but `}}` may stand after a comment"))?;
        self.at = self.text.len() - rest.len();
        Ok(is_trimmed)
    }

    /// Reads the contents of braces. Returns whether blanks after them are removed.
    fn inside(&mut self, opened: usize) -> Result<bool, Fault> {
        self.push(opened, Kind::Open, false);
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let is_joined = trimmed.len() == rest.len();
            self.at += rest.len() - trimmed.len();
            let at = self.at;
            let is_trimmed = !is_joined && trimmed.starts_with("-}}");
            if is_trimmed || trimmed.starts_with("}}") {
                self.push(at, Kind::Close, false);
                self.at += if is_trimmed { 3 } else { 2 };
                return Ok(is_trimmed);
            }
            let first = trimmed.chars().next().ok_or_else(|| Fault::new(opened, "this `{{` has no `}}`"))?;
            let kind = self.token(first)?;
            self.push(at, kind, is_joined);
        }
    }

    fn token(&mut self, first: char) -> Result<Kind, Fault> {
        let simple = |kind: Kind| Ok((first.len_utf8(), kind));
        let rest = self.rest();
        let (length, kind) = match first {
            '|' => simple(Kind::Pipe),
            ',' => simple(Kind::Comma),
            '(' => simple(Kind::Opening),
            ')' => simple(Kind::Closing),
            '=' => simple(Kind::Assign),
            ':' if rest.starts_with(":=") => Ok((2, Kind::Declare)),
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => Err(self.fault("text must stand in double quotes or in backquotes")),
            '.' => match name_of(&rest[1..]) {
                "" => Ok((1, Kind::Dot)),
                name => Ok((1 + name.len(), Kind::Field(name.to_owned()))),
            },
            '$' => {
                let name = name_of(&rest[1..]);
                Ok((1 + name.len(), Kind::Variable(name.to_owned())))
            }
            '+' | '-' | '0'..='9' => self.number(),
            first if is_name(first) => {
                let name = name_of(rest);
                Ok((name.len(), Kind::Word(name.to_owned())))
            }
            first => Err(self.fault(format!("`{}` is not understood", shown(first)))),
        }?;
        self.at += length;
        Ok(kind)
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.at, message)
    }

    fn number(&self) -> Result<(usize, Kind), Fault> {
        let rest = self.rest();
        let end = |char: char| !(is_name(char) || matches!(char, '.' | '+' | '-'));
        let word = &rest[..rest.find(end).unwrap_or(rest.len())];
        match word.parse() {
            Ok(number) => Ok((word.len(), Kind::Number(number))),
            Err(_) => Err(self.fault(format!("`{word}` is no whole number"))),
        }
    }

    fn raw(&self) -> Result<(usize, Kind), Fault> {
        let (inside, _) =
            self.rest()[1..].split_once('`').ok_or_else(|| self.fault("this quoted text is not closed"))?;
        Ok((inside.len() + 2, Kind::Quoted(with_tabs(inside))))
    }

    fn quoted(&self) -> Result<(usize, Kind), Fault> {
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => return Ok((at + 1, Kind::Quoted(out))),
                '\n' => break,
                '\\' => {
                    let fault = || Fault::new(self.at + at, "this escape sequence is not known");
                    let (_, letter) = chars.next().ok_or_else(fault)?;
                    let digits = match letter {
                        'x' => 2,
                        'u' => 4,
                        'U' => 8,
                        _ => 0,
                    };
                    let number: String = chars.by_ref().take(digits).map(|(_, digit)| digit).collect();
                    out.push(escaped(letter, &number).ok_or_else(fault)?);
                }
                char => out.push(char),
            }
        }
        Err(self.fault("this quoted text is not closed"))
    }
}

/// Returns the character of an escape: the letter after the backslash, and the digits after it.
fn escaped(letter: char, digits: &str) -> Option<char> {
    let plain = "abfnrtv\\\"".find(letter).map(|place| b"\x07\x08\x0c\n\r\t\x0b\\\""[place]);
    match (letter, plain) {
        (_, Some(byte)) => Some(char::from(byte)),
        ('x', _) => u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).filter(char::is_ascii),
        ('u' | 'U', _) => u32::from_str_radix(digits, 16).ok().and_then(char::from_u32),
        _ => None,
    }
}

fn name_of(text: &str) -> &str {
    &text[..text.find(|char| !is_name(char)).unwrap_or(text.len())]
}

fn shown(char: char) -> String {
    crate::text::escape_controls(&char.to_string()).into_owned()
}
