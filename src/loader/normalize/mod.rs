//! Makes everything uniform: long forms, defaults, implicit values, and only the enabled services.

mod implicit;
mod long_form;
mod profiles;

pub use implicit::{NAMESPACES, defaults, normalize, scales};
pub use long_form::long_form;
pub use profiles::{disable, drop_unused, inactive_service, needed, no_such_service, select};
