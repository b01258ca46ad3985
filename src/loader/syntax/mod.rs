//! Small grammars inside values: a text to its parts, without knowledge of where the text stands.

pub mod clean_path;
pub mod duration;
pub mod port;
pub mod size;
pub mod template;
pub mod volume;
pub mod words;
