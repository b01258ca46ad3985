//! Rules that a schema cannot express.

mod consistency;
mod fields;
mod outside;
mod yaml_numbers;

pub use consistency::consistency;
pub use fields::fields;
pub use outside::Outside;
pub use yaml_numbers::yaml_numbers;
