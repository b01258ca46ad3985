//! Output of containers: one reader of lines for `logs` and an attached `up`.

pub(super) mod lines;
