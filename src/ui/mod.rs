//! Turns events, plans and diagnostics into text: the only place that prints.
//!
//! Data goes to standard output, everything else to standard error. Start at [`output`], through which all text goes.
//!
//! | module | what lives there |
//! |---|---|
//! | [`output`] | the queues and threads in front of standard output and standard error |
//! | [`terminal`] | size, raw mode, hidden cursor, and restoring the terminal at every exit |
//! | [`mod@diagnostics`] | errors and warnings as text, JSON lines and SARIF |
//! | [`findings`] | what `check` has found, as text, JSON lines and SARIF |
//! | [`smoke`] | the outcomes of `smoke`, as lines, JSON and JUnit |
//! | [`inside`] | what `inside` has found |
//! | [`progress`] | a listener for the events of a run: live view, lines, JSON |
//! | [`listing`] | tables, JSON and templates of everything that is listed (`ps`, `config --services`, `drift`) |
//! | [`mod@template`] | Go's templates, for `--format` |
//! | [`plan`] | a plan as text and as JSON |
//! | [`live`] | a table that is drawn again and again |
//! | [`logs`] | lines of containers, with the container's name in front |
//! | [`input`] | standard input, as data |
//! | [`telemetry`] | spans and engine calls on standard error, with `--log-level` |

mod confirm;
pub mod diagnostics;
pub mod findings;
pub mod input;
pub mod inside;
pub mod listing;
pub mod live;
pub mod logs;
pub mod output;
pub mod plan;
pub mod progress;
mod report;
pub mod smoke;
pub mod telemetry;
pub mod template;
pub mod terminal;

pub use confirm::{confirm, is_interactive};
pub use diagnostics::Style;
pub use listing::table::{table, wide_table};
pub use output::{failed, pass, print, print_data, print_lines, print_owned, ready, status_to_stdout, tell, written};
pub use report::{close, diagnostics, failure, finish, style};
