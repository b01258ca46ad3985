//! Turns tokens into nodes: text, conditions, loops. The contents of braces are read by `expression`.

use super::fault::Fault;
use super::token::{Kind, Token};
use super::tree::{Block, Node};

/// The deepest nesting of blocks and parentheses.
const DEEPEST: usize = 32;

/// The names that templates of a listing may use.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// The fields of a row.
    pub fields: &'a [&'a str],
    /// Whether rows have labels, for `.Label "name"`.
    pub has_labels: bool,
}

/// Reads a template.
pub(super) fn parse(tokens: &[Token], vocabulary: &Vocabulary<'_>) -> Result<Vec<Node>, Fault> {
    let mut parser = Parser { tokens, next: 0, vocabulary, variables: Vec::new(), is_row: true, depth: 0, loops: 0 };
    match parser.nodes(None)? {
        (nodes, Stop::TextEnd) => Ok(nodes),
        (_, Stop::End(at)) => Err(Fault::new(at, "this `end` closes no block")),
        (_, Stop::Else(at)) => Err(Fault::new(at, "this `else` belongs to no block")),
    }
}

pub(super) struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    pub(super) vocabulary: &'a Vocabulary<'a>,
    /// Names of the visible variables.
    pub(super) variables: Vec<String>,
    /// Whether the dot is certainly the row, so that its fields are known.
    pub(super) is_row: bool,
    depth: usize,
    loops: usize,
}

/// What ended a list of nodes, and its position.
enum Stop {
    TextEnd,
    End(usize),
    Else(usize),
}

/// The keyword that began a block, and its position.
#[derive(Clone, Copy)]
struct Opened<'a> {
    at: usize,
    word: &'a str,
}

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    pub(super) fn take(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.next);
        self.next += 1;
        token
    }

    /// Takes a token of a kind, if it is the next one.
    pub(super) fn takes(&mut self, kind: &Kind) -> bool {
        let is_next = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(is_next);
        is_next
    }

    /// Returns the token after the next one.
    pub(super) fn second(&self) -> Option<&'a Token> {
        self.tokens.get(self.next + 1)
    }

    /// Reads `}}`.
    fn close(&mut self) -> Result<(), Fault> {
        let at = self.peek().map_or(0, |token| token.at);
        if self.takes(&Kind::Close) { Ok(()) } else { Err(Fault::new(at, "`}}` is expected here")) }
    }

    /// Runs a reader one nesting level deeper.
    pub(super) fn deeper<T>(
        &mut self,
        at: usize,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            return Err(Fault::new(at, format!("blocks and parentheses nest at most {DEEPEST} deep")));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Reads nodes up to the `end` or `else` of the block that was opened.
    fn nodes(&mut self, opened: Option<Opened<'_>>) -> Result<(Vec<Node>, Stop), Fault> {
        let mut nodes = Vec::new();
        while let Some(token) = self.take() {
            if let Kind::Outside(text) = &token.kind {
                nodes.push(Node::Text(text.clone()));
                continue;
            }
            let Some(Token { at, kind: Kind::Word(word), .. }) = self.peek() else {
                nodes.push(self.print()?);
                continue;
            };
            match word.as_str() {
                "end" => {
                    self.take();
                    self.close()?;
                    return Ok((nodes, Stop::End(*at)));
                }
                "else" => {
                    self.take();
                    return Ok((nodes, Stop::Else(*at)));
                }
                "if" | "with" | "range" => {
                    nodes.push(self.deeper(*at, |parser| parser.block(Opened { at: *at, word }))?);
                }
                "break" | "continue" => nodes.push(self.leap(Opened { at: *at, word })?),
                "define" | "template" | "block" => {
                    return Err(Fault::new(
                        *at,
                        format!("`{word}` is not supported: `--format` has no named templates"),
                    ));
                }
                _ => nodes.push(self.print()?),
            }
        }
        match opened {
            None => Ok((nodes, Stop::TextEnd)),
            Some(Opened { at, word }) => Err(Fault::new(at, format!("this `{word}` has no `{{{{end}}}}`"))),
        }
    }

    fn print(&mut self) -> Result<Node, Fault> {
        let pipeline = self.pipeline(false)?;
        self.close()?;
        Ok(Node::Print(pipeline))
    }

    fn leap(&mut self, opened: Opened<'_>) -> Result<Node, Fault> {
        self.take();
        self.close()?;
        match (self.loops, opened.word) {
            (0, word) => Err(Fault::new(opened.at, format!("`{word}` is allowed only inside `range`"))),
            (_, "break") => Ok(Node::Break),
            _ => Ok(Node::Continue),
        }
    }

    /// Reads a block whose keyword is the next token.
    fn block(&mut self, opened: Opened<'_>) -> Result<Node, Fault> {
        self.take();
        let (outer, is_outer_row) = (self.variables.len(), self.is_row);
        let is_range = opened.word == "range";
        let test = self.pipeline(is_range)?;
        self.close()?;
        let inner = self.variables.len();
        self.is_row = is_outer_row && opened.word == "if";
        self.loops += usize::from(is_range);
        let (body, stop) = self.nodes(Some(opened))?;
        self.loops -= usize::from(is_range);
        self.is_row = is_outer_row;
        self.variables.truncate(inner);
        let otherwise = match stop {
            Stop::Else(at) => self.otherwise(opened, at)?,
            _ => Vec::new(),
        };
        self.variables.truncate(outer);
        let block = Block { test, body, otherwise };
        Ok(match opened.word {
            "if" => Node::If(block),
            "with" => Node::With(block),
            _ => Node::Range(block),
        })
    }

    /// Reads the part after the `else` of a block: `{{else}} … {{end}}`, or `{{else if …}}`, which has the same `end`.
    fn otherwise(&mut self, opened: Opened<'_>, at: usize) -> Result<Vec<Node>, Fault> {
        if let Some(Token { at, kind: Kind::Word(word), .. }) = self.peek() {
            if *word != opened.word || word == "range" {
                return Err(Fault::new(*at, format!("`{}` has no `else {word}`", opened.word)));
            }
            return Ok(vec![self.deeper(*at, |parser| parser.block(Opened { at: *at, word }))?]);
        }
        self.close()?;
        match self.nodes(Some(Opened { at, word: "else" }))? {
            (nodes, Stop::End(_)) => Ok(nodes),
            (_, Stop::Else(at)) => Err(Fault::new(at, format!("this is the second `else` of one `{}`", opened.word))),
            (_, Stop::TextEnd) => Err(Fault::new(at, "this `else` has no `{{end}}`")),
        }
    }
}
