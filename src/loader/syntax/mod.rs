//! The small syntaxes inside values: text to parts, without knowledge of where the text stands.

pub mod duration;
pub mod port;
pub mod size;
pub mod volume;
pub mod words;
