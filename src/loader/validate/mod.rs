//! Rules that the schema cannot say.

mod consistency;
mod fields;
mod yaml_numbers;

pub use consistency::consistency;
pub use fields::fields;
pub use yaml_numbers::yaml_numbers;
