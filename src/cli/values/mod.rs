//! Checks of the values of options: each function reads the text of one value for clap, as a `value_parser`. An error says
//! what the value must be; clap puts the option and the text before it.

mod boolean;
mod filter;
mod moment;
mod number;
mod pair;
mod signal;

pub use boolean::boolean;
pub use filter::{STATES, format, name_filter, ps_format, status_filter};
pub use moment::moment;
pub use number::{Lines, Replica, lines, parallel, replica, seconds, size};
pub use pair::{build_arg, scale};
pub use signal::signal;
