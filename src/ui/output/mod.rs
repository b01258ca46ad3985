//! Standard output and standard error. All text goes through a queue to a thread that writes.
//!
//! A reader that is slow, stopped (`up | less`, Ctrl-S) or gone blocks only that thread. No function here blocks,
//! except [`close()`] and the wait before a question. Start at [`print()`] for data and at [`tell()`] for messages;
//! `queue` says what may be dropped.
//!
//! If both streams are the same file (a terminal, `2>&1`), they share one queue, so that data and messages keep their
//! order.

mod close;
mod print;
mod queue;
mod writer;

pub use close::close;
pub(super) use close::hurry;
pub use print::{
    LogLines, failed, pass, print, print_data, print_lines, print_owned, ready, status_to_stdout, tell, written,
};
pub(super) use print::{frame, has_room, print_bytes, status, status_often, status_surely, tell_surely, wait_told};
