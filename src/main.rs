//! The `inception` program: parse, call, exit code.

fn main() {}
