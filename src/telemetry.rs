//! Spans of commands, steps and engine calls to standard error, where `--log-level` or `INCEPTION_LOG` asks for them.
//!
//! Names and durations only: never bodies, variables or secrets.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::settings::LogLevel;
use crate::ui::output::LogLines;

/// Starts logging; does nothing at [`LogLevel::Off`], so that it costs nothing.
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
    // A second start in one process keeps the first one's subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
