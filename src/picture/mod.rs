//! Pictures of a project: which service needs which, what they share, and how they are.
//!
//! [`Chart::new`] turns a project into boxes, arrows and frames; each format draws the chart: [`text`], [`mermaid`], [`dot`], and
//! [`svg`] with the coordinates of [`layout`]. Everything here only computes: the same project gives the same bytes.

pub mod chart;
pub mod dot;
pub mod layout;
pub mod mermaid;
pub mod status;
pub mod svg;
#[cfg(test)]
mod tests;
pub mod text;

pub use chart::{Arrow, Chart, Kind, Mood, Need, Node, Status};
