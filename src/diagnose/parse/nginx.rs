//! Configurations of nginx: directives and blocks.

use std::ops::Range;

/// A directive with its block, if it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directive {
    /// The name.
    pub name: String,
    /// The arguments, without quotes.
    pub arguments: Vec<String>,
    /// The place, from the name to the last argument.
    pub range: Range<usize>,
    /// The directives of the block.
    pub block: Vec<Directive>,
}

impl Directive {
    /// Returns this directive and all below it.
    pub fn all(&self) -> Vec<&Directive> {
        let mut found = vec![self];
        self.block.iter().for_each(|one| found.extend(one.all()));
        found
    }
}

/// Blocks within blocks beyond this depth are passed over. nginx itself knows six levels.
const DEEPEST: usize = 64;

/// Reads a configuration. A variable's braces (`${x}`) belong to a word.
pub fn parse(text: &str) -> Vec<Directive> {
    let mut open: Vec<Vec<Directive>> = vec![Vec::new()];
    let mut heads: Vec<Directive> = Vec::new();
    let mut words: Vec<(String, Range<usize>)> = Vec::new();
    let mut too_deep = 0_usize;
    for (word, range) in tokens(text) {
        match word.as_str() {
            "{" if heads.len() >= DEEPEST => too_deep += 1,
            "}" if too_deep > 0 => too_deep -= 1,
            ";" => {
                let one = directive(std::mem::take(&mut words));
                open.last_mut().into_iter().zip(one).for_each(|(list, one)| list.push(one));
            }
            "{" => {
                heads.push(directive(std::mem::take(&mut words)).unwrap_or_default());
                open.push(Vec::new());
            }
            "}" if !heads.is_empty() => {
                words.clear();
                let block = open.pop().unwrap_or_default();
                let head = heads.pop().unwrap_or_default();
                if let Some(list) = open.last_mut() {
                    list.push(Directive { block, ..head });
                }
            }
            _ => words.push((word, range)),
        }
    }
    // Of a block that is not closed, what is there counts.
    while open.len() > 1 {
        let rest = open.pop().unwrap_or_default();
        open.last_mut().into_iter().for_each(|list| list.extend(rest.clone()));
    }
    open.pop().unwrap_or_default()
}

fn directive(words: Vec<(String, Range<usize>)>) -> Option<Directive> {
    let end = words.last()?.1.end;
    let mut words = words.into_iter();
    let (name, range) = words.next()?;
    let arguments = words.map(|(word, _)| word).collect();
    Some(Directive { name, arguments, range: range.start..end, block: Vec::new() })
}

fn tokens(text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '#' => while chars.next_if(|(_, char)| *char != '\n').is_some() {},
            ';' | '{' | '}' => found.push((char.to_string(), at..at + 1)),
            quote @ ('"' | '\'') => {
                let mut word = String::new();
                let mut end = at + 1;
                for (at, char) in chars.by_ref() {
                    end = at + char.len_utf8();
                    if char == quote {
                        break;
                    }
                    word.push(char);
                }
                found.push((word, at..end));
            }
            char if char.is_whitespace() => {}
            char => {
                let mut word = char.to_string();
                let mut end = at + char.len_utf8();
                let mut is_variable = char == '$';
                while let Some((at, char)) = chars.next_if(|(_, next)| {
                    let braces = matches!(next, '{' | '}') && !is_variable && !word.contains("${");
                    !next.is_whitespace() && *next != ';' && !braces
                }) {
                    word.push(char);
                    end = at + char.len_utf8();
                    is_variable = char == '$';
                    if char == '}' && word.contains("${") {
                        word = word.replace("${", "$");
                    }
                }
                found.push((word, at..end));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_have_their_arguments_blocks_and_places() {
        let text = "http { # x { \n server { listen 443 ssl; server_name ${D}; return 301 \"a;b\"; } }\nuser x;";
        let found = parse(text);
        let server = &found[0].block[0];
        assert_eq!(server.block.len(), 3);
        assert_eq!(server.block[0].arguments, ["443", "ssl"]);
        assert_eq!(&text[server.block[0].range.clone()], "listen 443 ssl");
        assert_eq!(found[1].name, "user");
    }
}
