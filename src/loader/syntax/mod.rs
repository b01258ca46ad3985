//! Small grammars inside values. They split a text into its parts, without knowing the attribute.

pub mod clean_path;
pub mod duration;
pub mod port;
pub mod template;
pub mod volume;
pub mod words;
