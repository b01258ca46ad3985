//! Turns YAML text into a tree of values, each with its place in the text.

mod changed;
mod merge_tags;
mod node;
mod number;
mod parse;
mod path;
mod scalar;
mod shapes;

pub use changed::Changed;
pub use merge_tags::{apply_tags, drop_reset_items, drop_resets, tags, untag};
pub use node::{Entry, Map, Node, Tag, Value, children, truth};
pub use number::print_float;
pub use parse::parse;
pub use path::ModelPath;
pub use scalar::{is_timestamp, resolve};
pub use shapes::{depends_on, keys, sequence, with_context};
