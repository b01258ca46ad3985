//! Plans of the commands beside `up`.

mod down;
mod lifecycle;
mod run;
