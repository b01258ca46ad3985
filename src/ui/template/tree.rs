//! The nodes of a template. Each `at` is the position in the text where the node begins, in bytes.

use super::functions::Function;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Text outside of braces.
    Text(String),
    /// `{{PIPELINE}}`.
    Print(Pipeline),
    /// `{{if PIPELINE}} … {{else}} … {{end}}`.
    If(Block),
    /// `{{with PIPELINE}} … {{else}} … {{end}}`.
    With(Block),
    /// `{{range PIPELINE}} … {{else}} … {{end}}`.
    Range(Block),
    /// `{{break}}`.
    Break,
    /// `{{continue}}`.
    Continue,
}

/// The body of a condition or a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) test: Pipeline,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// `$x := COMMAND | COMMAND`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) at: usize,
    pub(super) bind: Option<Bind>,
    pub(super) commands: Vec<Command>,
}

/// The variables that a pipeline sets: one, or for `range` up to two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bind {
    pub(super) names: Vec<String>,
    /// `:=`, which makes a new variable; `=` changes an existing one.
    pub(super) is_new: bool,
}

/// An operand, or a function with its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) head: Head,
    pub(super) arguments: Vec<Operand>,
}

/// The beginning of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Function(&'static Function),
    Operand(Operand),
}

/// A value and the fields that are read from it: `$p.URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) term: Term,
    pub(super) fields: Vec<FieldName>,
}

/// A name after a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldName {
    pub(super) at: usize,
    pub(super) name: String,
}

/// The beginning of an operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(i64),
    Text(String),
    /// The name without its `$`; empty for the row.
    Variable(String),
    Group(Box<Pipeline>),
}
