//! Go's templates, as far as `--format` needs them. This room knows nothing about containers.
//!
//! Pure: no I/O, no clock. A text becomes a tree ([`Template::parse`]), which runs once for each row of a listing
//! ([`Template::run`]). Size, depth and work are limited, because a template may come from a stranger's script. The
//! output is the same as docker compose's; `cases.json` holds answers of docker compose.
//!
//! | file | what it holds |
//! |---|---|
//! | `token` | text to tokens |
//! | `tree` | the nodes |
//! | `parse`, `expression` | tokens to nodes: blocks, and the contents of braces |
//! | `run` | nodes and a row to text |
//! | `functions`, `compare`, `printf` | the functions: `{{upper .Name}}`, `{{eq .A .B}}`, `{{printf "%s" .Name}}` |
//! | `value` | values and how they are printed |

mod compare;
mod expression;
mod fault;
mod functions;
mod parse;
mod printf;
mod run;
#[cfg(test)]
mod tests;
mod token;
mod tree;
mod value;

pub use parse::Vocabulary;
pub use run::Subject;
pub use value::{Value, json_line};

use fault::Fault;
use tree::Node;

/// The longest template, in bytes.
const LONGEST: usize = 16 * 1024;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    nodes: Vec<Node>,
}

impl Template {
    /// Reads the template that begins at byte `start` of a text. The error says what is wrong, and at which column of
    /// the text.
    pub fn parse(text: &str, start: usize, vocabulary: &Vocabulary<'_>) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("a template has at most {} KiB", LONGEST / 1024));
        }
        let read = || parse::parse(&token::tokens(text, start)?, vocabulary);
        match read() {
            Ok(nodes) => Ok(Self { text: text.to_owned(), nodes }),
            Err(fault) => Err(fault.told(text)),
        }
    }

    /// Returns whether the template has braces.
    pub fn has_actions(&self) -> bool {
        self.nodes.iter().any(|node| !matches!(node, Node::Text(_)))
    }

    /// Returns the output of the template for one row. The error says what cannot be done, and at which column of the
    /// text.
    pub fn run(&self, subject: &dyn Subject) -> Result<String, String> {
        run::run(&self.nodes, subject).map_err(|fault: Fault| fault.told(&self.text))
    }
}
