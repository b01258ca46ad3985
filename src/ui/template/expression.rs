//! Reads the contents of braces: pipelines, commands, operands.

use super::fault::Fault;
use super::functions;
use super::parse::Parser;
use super::token::{Kind, Token};
use super::tree::{Bind, Command, FieldName, Head, Operand, Pipeline, Term};
use crate::text::escape_controls;

/// The method for labels of a row.
pub(super) const LABEL: &str = "Label";

impl Parser<'_> {
    /// Reads a pipeline. Only the pipeline of a `range` may set two variables.
    pub(super) fn pipeline(&mut self, is_range: bool) -> Result<Pipeline, Fault> {
        let at = self.peek().map_or(0, |token| token.at);
        let bind = self.bind(is_range)?;
        let mut commands = vec![self.command(false)?];
        while self.takes(&Kind::Pipe) {
            commands.push(self.command(true)?);
        }
        // A variable is visible after the pipeline that sets it.
        if let Some(Bind { names, is_new: true }) = &bind {
            self.variables.extend(names.iter().cloned());
        }
        Ok(Pipeline { at, bind, commands })
    }

    /// Reads `$x :=`, `$x =` or `$i, $x :=`, if one of them is next.
    fn bind(&mut self, is_range: bool) -> Result<Option<Bind>, Fault> {
        let Some(Token { kind: Kind::Variable(name), .. }) = self.peek() else { return Ok(None) };
        if !matches!(self.second(), Some(Token { kind: Kind::Declare | Kind::Assign | Kind::Comma, .. })) {
            return Ok(None);
        }
        let at = self.take().map_or(0, |token| token.at);
        let mut names = vec![name.clone()];
        if self.takes(&Kind::Comma) {
            match self.take() {
                Some(Token { kind: Kind::Variable(second), .. }) if is_range => names.push(second.clone()),
                _ => return Err(Fault::new(at, "only `range $i, $x := …` sets two variables")),
            }
        }
        let is_new = self.takes(&Kind::Declare);
        if !is_new && !self.takes(&Kind::Assign) {
            return Err(Fault::new(at, "`:=` is expected after the variables"));
        }
        for name in &names {
            if name.is_empty() {
                return Err(Fault::new(at, "`$` is the row and cannot be set"));
            }
            if !is_new {
                self.known_variable(at, name)?;
            }
        }
        Ok(Some(Bind { names, is_new }))
    }

    fn known_variable(&self, at: usize, name: &str) -> Result<(), Fault> {
        match name.is_empty() || self.variables.iter().any(|known| known == name) {
            true => Ok(()),
            false => Err(Fault::new(at, format!("there is no variable `${name}`"))),
        }
    }

    /// Reads a command. A piped one gets the previous value as its last operand.
    fn command(&mut self, is_piped: bool) -> Result<Command, Fault> {
        let at = self.peek().map_or(0, |token| token.at);
        let head = match self.peek() {
            Some(Token { kind: Kind::Word(word), .. }) if !is_constant(word) => {
                self.take();
                let function = functions::find(word).ok_or_else(|| unknown_function(at, word))?;
                Head::Function(function)
            }
            _ => Head::Operand(self.operand()?),
        };
        let mut arguments = Vec::new();
        while let Some(token) = self.peek()
            && !matches!(token.kind, Kind::Pipe | Kind::Close | Kind::Closing)
        {
            let argument = self.operand()?;
            self.check_fields(&argument, 0)?;
            arguments.push(argument);
        }
        let count = arguments.len() + usize::from(is_piped);
        match &head {
            Head::Function(function) => function.check(count).map_err(|message| Fault::new(at, message))?,
            Head::Operand(operand) if operand.fields.is_empty() && count > 0 => {
                return Err(Fault::new(at, "only functions and `.Label` take values"));
            }
            Head::Operand(Operand { term: Term::Nil, .. }) => {
                return Err(Fault::new(at, "`nil` by itself cannot be printed"));
            }
            Head::Operand(operand) => self.check_fields(operand, count)?,
        }
        Ok(Command { at, head, arguments })
    }

    fn operand(&mut self) -> Result<Operand, Fault> {
        let Some(token) = self.take() else { return Err(Fault::new(0, "a value is expected")) };
        let at = token.at;
        let mut fields = Vec::new();
        let term = match &token.kind {
            Kind::Dot => Term::Dot,
            Kind::Field(name) => {
                fields.push(FieldName { at, name: name.clone() });
                Term::Dot
            }
            Kind::Variable(name) => {
                self.known_variable(at, name)?;
                Term::Variable(name.clone())
            }
            Kind::Number(number) => Term::Number(*number),
            Kind::Quoted(text) => Term::Text(text.clone()),
            Kind::Word(word) if word == "nil" => Term::Nil,
            Kind::Word(word) if is_constant(word) => Term::Bool(word == "true"),
            Kind::Word(word) if functions::find(word).is_some() => {
                return Err(Fault::new(at, format!("put parentheses around `{word}` and its values")));
            }
            Kind::Word(word) => return Err(unknown_function(at, word)),
            Kind::Opening => {
                let group = self.deeper(at, |parser| parser.pipeline(false))?;
                if !self.takes(&Kind::Closing) {
                    return Err(Fault::new(at, "this parenthesis is not closed"));
                }
                Term::Group(Box::new(group))
            }
            _ => return Err(Fault::new(at, "a value is expected here")),
        };
        while let Some(Token { at, kind: Kind::Field(name), is_joined: true }) = self.peek() {
            fields.push(FieldName { at: *at, name: name.clone() });
            self.take();
        }
        Ok(Operand { at, term, fields })
    }

    /// Checks the first field of an operand, if it is a field of the row, and the number of values after it.
    fn check_fields(&self, operand: &Operand, count: usize) -> Result<(), Fault> {
        let Some(first) = operand.fields.first() else { return Ok(()) };
        let is_row = match &operand.term {
            Term::Dot => self.is_row,
            Term::Variable(name) => name.is_empty(),
            _ => false,
        };
        let fault = |message: String| Err(Fault::new(first.at, message));
        let shown = escape_controls(&first.name);
        let is_label = self.vocabulary.has_labels && first.name == LABEL;
        if is_label && (operand.fields.len() > 1 || count != 1) && is_row {
            return fault("`.Label` takes one name: `.Label \"name\"`, in parentheses if it is a value".to_owned());
        }
        if is_row && !is_label && !self.vocabulary.fields.contains(&first.name.as_str()) {
            return fault(format!("there is no field `.{shown}`"));
        }
        if count > 0 && !is_label {
            return fault(format!("`.{shown}` takes no values"));
        }
        Ok(())
    }
}

fn is_constant(word: &str) -> bool {
    matches!(word, "true" | "false" | "nil")
}

fn unknown_function(at: usize, word: &str) -> Fault {
    let names = functions::names().join(", ");
    Fault::new(at, format!("there is no function `{}`; there are {names}", escape_controls(word)))
}
