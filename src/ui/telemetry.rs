//! Logs spans of commands, steps and engine calls to standard error, at the level of `--log-level` or `INCEPTION_LOG`.
//!
//! The log has only names and durations; never bodies, variables or secrets.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::settings::LogLevel;
use crate::ui::output::LogLines;

/// Starts logging. At [`LogLevel::Off`] nothing is set up, so that spans cost nothing.
pub fn start(level: LogLevel) {
    let filter = match level {
        LogLevel::Off => return,
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(filter)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(LogLines::default)
        .with_target(false)
        .finish();
    // If the process has started logging before, as in a test, the first subscriber stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
