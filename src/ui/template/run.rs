//! Runs nodes for a row: the result is text.

use serde_json::Value as Json;

use super::expression::LABEL;
use super::fault::Fault;
use super::printf;
use super::tree::{Block, Command, FieldName, Head, Node, Operand, Pipeline, Term};
use super::value::{Value, json_line};
use crate::text::escape_controls;

/// The most work for one row: steps, and bytes of values.
const MOST_WORK: usize = 4 * 1024 * 1024;

/// A row, or the titles of a table.
pub trait Subject {
    /// Returns a field, if it exists.
    fn field(&self, name: &str) -> Option<Value>;

    /// Returns the value of a label; empty if the row does not have the label.
    fn label(&self, name: &str) -> Value;

    /// Returns the whole row, for `{{json .}}`.
    fn whole(&self) -> Json;

    /// Returns whether these are titles. Functions that change letters leave titles unchanged, and an operation that is
    /// impossible with a title prints nothing.
    fn is_title(&self) -> bool {
        false
    }
}

/// Runs nodes for a subject.
pub(super) fn run(nodes: &[Node], subject: &dyn Subject) -> Result<String, Fault> {
    let mut run = Run { subject, out: String::new(), variables: Vec::new(), work: MOST_WORK };
    run.nodes(nodes, &Value::Row)?;
    Ok(run.out)
}

struct Run<'a> {
    subject: &'a dyn Subject,
    out: String,
    /// The visible variables; of two with the same name the last one counts.
    variables: Vec<(String, Value)>,
    work: usize,
}

/// How a list of nodes continues.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl Run<'_> {
    fn spend(&mut self, at: usize, work: usize) -> Result<(), Fault> {
        self.work = self.work.checked_sub(work).ok_or_else(|| {
            Fault::limit(at, "this template does too much work for one row: shorten its loops or its texts")
        })?;
        Ok(())
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, Fault> {
        let outer = self.variables.len();
        let mut flow = Flow::Next;
        for node in nodes {
            flow = match self.node(node, dot) {
                Err(fault) if self.subject.is_title() && !fault.is_limit => Flow::Next,
                other => other?,
            };
            if flow != Flow::Next {
                break;
            }
        }
        self.variables.truncate(outer);
        Ok(flow)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<Flow, Fault> {
        match node {
            Node::Text(text) => {
                self.spend(0, 1 + text.len())?;
                self.out.push_str(text);
                Ok(Flow::Next)
            }
            Node::Print(pipeline) => self.print(pipeline, dot),
            Node::If(block) | Node::With(block) => self.condition(block, matches!(node, Node::With(_)), dot),
            Node::Range(block) => self.range(block, dot),
            Node::Break => Ok(Flow::Break),
            Node::Continue => Ok(Flow::Continue),
        }
    }

    fn print(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Flow, Fault> {
        let value = self.set(pipeline, dot)?;
        if pipeline.bind.is_none() {
            let text = printf::shown(&value).map_err(|message| Fault::new(pipeline.at, message))?;
            self.spend(pipeline.at, text.len())?;
            self.out.push_str(&text);
        }
        Ok(Flow::Next)
    }

    fn condition(&mut self, block: &Block, is_with: bool, dot: &Value) -> Result<Flow, Fault> {
        let outer = self.variables.len();
        let value = self.set(&block.test, dot)?;
        let flow = match (value.is_true(), is_with) {
            (true, true) => self.nodes(&block.body, &value),
            (true, false) => self.nodes(&block.body, dot),
            (false, _) => self.nodes(&block.otherwise, dot),
        };
        self.variables.truncate(outer);
        flow
    }

    fn range(&mut self, block: &Block, dot: &Value) -> Result<Flow, Fault> {
        let at = block.test.at;
        let mut count = 0;
        match self.pipeline(&block.test, dot)? {
            Value::List(list) => {
                for one in list.iter().cloned() {
                    let flow = self.turn(block, count, one)?;
                    count += 1;
                    if flow == Flow::Break {
                        break;
                    }
                }
            }
            Value::Int(most) => {
                while count < most {
                    let flow = self.turn(block, count, Value::Int(count))?;
                    count += 1;
                    if flow == Flow::Break {
                        break;
                    }
                }
            }
            Value::None => {}
            other => return Err(Fault::new(at, format!("`range` takes a list, not {}", other.kind()))),
        }
        if count > 0 { Ok(Flow::Next) } else { self.nodes(&block.otherwise, dot) }
    }

    /// Runs the body of a loop once.
    fn turn(&mut self, block: &Block, place: i64, value: Value) -> Result<Flow, Fault> {
        self.spend(block.test.at, 1)?;
        let outer = self.variables.len();
        if let Some(bind) = &block.test.bind {
            let values = match bind.names.len() {
                1 => vec![value.clone()],
                _ => vec![Value::Int(place), value.clone()],
            };
            for (name, value) in bind.names.iter().zip(values) {
                self.assign(name, value, bind.is_new);
            }
        }
        let flow = self.nodes(&block.body, &value);
        self.variables.truncate(outer);
        flow
    }

    fn assign(&mut self, name: &str, value: Value, is_new: bool) {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, known)) if !is_new => *known = value,
            _ => self.variables.push((name.to_owned(), value)),
        }
    }

    /// Computes a pipeline and sets its variable.
    fn set(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, Fault> {
        let value = self.pipeline(pipeline, dot)?;
        if let Some(bind) = &pipeline.bind {
            for name in &bind.names {
                self.assign(name, value.clone(), bind.is_new);
            }
        }
        Ok(value)
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, Fault> {
        let mut piped = None;
        for command in &pipeline.commands {
            let value = self.command(command, piped, dot)?;
            self.spend(command.at, 1 + value.weight())?;
            piped = Some(value);
        }
        Ok(piped.unwrap_or(Value::None))
    }

    fn command(&mut self, command: &Command, piped: Option<Value>, dot: &Value) -> Result<Value, Fault> {
        let function = match &command.head {
            Head::Function(function) => function,
            Head::Operand(operand) => {
                let argument = match command.arguments.first() {
                    Some(argument) => Some(self.operand(argument, None, dot)?),
                    None => piped,
                };
                return self.operand(operand, argument, dot);
            }
        };
        if matches!(function.name, "and" | "or") {
            return self.junction(command, function.name == "or", piped, dot);
        }
        let mut values = Vec::with_capacity(command.arguments.len() + 1);
        for argument in &command.arguments {
            values.push(self.operand(argument, None, dot)?);
        }
        values.extend(piped);
        if function.name == "json" || (self.subject.is_title() && function.spares_titles()) {
            return Ok(self.written(values.first().unwrap_or(&Value::None)));
        }
        function.call(&values).map_err(|message| Fault::new(command.at, message))
    }

    /// Returns the first value that decides, or the last one. The values after it are not computed.
    fn junction(
        &mut self,
        command: &Command,
        decides: bool,
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, Fault> {
        let mut last = Value::None;
        for argument in &command.arguments {
            last = self.operand(argument, None, dot)?;
            if last.is_true() == decides {
                return Ok(last);
            }
        }
        Ok(piped.unwrap_or(last))
    }

    /// Returns a value as JSON; a title unchanged.
    fn written(&self, value: &Value) -> Value {
        match self.subject.is_title() {
            true => value.clone(),
            false => Value::Text(json_line(&value.json(&|| self.subject.whole())).into()),
        }
    }

    /// Computes an operand; `argument` is the value for `.Label`.
    fn operand(&mut self, operand: &Operand, argument: Option<Value>, dot: &Value) -> Result<Value, Fault> {
        self.spend(operand.at, 1)?;
        let mut value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => Value::None,
            Term::Bool(is_so) => Value::Bool(*is_so),
            Term::Number(number) => Value::Int(*number),
            Term::Text(text) => Value::Text(text.as_str().into()),
            Term::Variable(name) => self.variable(name),
            Term::Group(pipeline) => self.pipeline(pipeline, dot)?,
        };
        for (place, field) in operand.fields.iter().enumerate() {
            let argument = argument.as_ref().filter(|_| place + 1 == operand.fields.len());
            value = self.field(&value, field, argument)?;
        }
        Ok(value)
    }

    fn variable(&self, name: &str) -> Value {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        found.map_or(Value::Row, |(_, value)| value.clone())
    }

    fn field(&self, value: &Value, field: &FieldName, argument: Option<&Value>) -> Result<Value, Fault> {
        let name = field.name.as_str();
        match (value, argument) {
            (Value::Row, Some(Value::Text(label) | Value::Data(label))) if name == LABEL => {
                Ok(self.subject.label(label))
            }
            (Value::Row, Some(other)) => {
                Err(Fault::new(field.at, format!("`.Label` takes the name of a label, not {}", other.kind())))
            }
            (Value::Row, None) => self
                .subject
                .field(name)
                .ok_or_else(|| Fault::new(field.at, format!("there is no field `.{}`", escape_controls(name)))),
            (Value::Record(fields), None) => {
                let found = fields.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.clone()).ok_or_else(|| {
                    let known: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
                    Fault::new(field.at, format!("there is no field `.{name}` here; there are {}", known.join(", ")))
                })
            }
            (other, _) => {
                Err(Fault::new(field.at, format!("`.{name}` is not available: this value is {}", other.kind())))
            }
        }
    }
}
