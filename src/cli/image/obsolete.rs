//! Flags of `build` and `pull` that docker-compose 1 had.

use clap::Args;

use crate::cli::{booleans, values};

/// Hidden flags that docker compose still accepts. All but `--parallel` have no effect, as with docker compose.
#[derive(Args, Debug, Default)]
pub struct ObsoleteBuildFlags {
    #[arg(long, hide = true)]
    compress: bool,
    #[arg(long, hide = true)]
    force_rm: bool,
    #[arg(long, hide = true)]
    no_rm: bool,
    #[command(flatten)]
    parallel: ParallelFlag,
}

/// Hidden flags of `pull` that docker compose still accepts.
#[derive(Args, Debug, Default)]
pub struct ObsoletePullFlags {
    #[arg(long, hide = true)]
    no_parallel: bool,
    #[command(flatten)]
    parallel: ParallelFlag,
}

/// `--parallel` after `build` and `pull`: a truth value here, the global option's number elsewhere. The id is that of the
/// global option, so a value is the global option's value.
#[derive(Args, Debug, Default)]
struct ParallelFlag {
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "-1", value_parser = parallel)]
    parallel: Option<i64>,
}

/// Reads a truth value as a number of calls at the same time: no limit, or 1.
fn parallel(text: &str) -> Result<i64, String> {
    match booleans::parse(text) {
        // `1` is a number, too, and means the same as a number.
        Some(is_on) if text.parse::<i64>().is_err() => Ok(if is_on { -1 } else { 1 }),
        _ => values::parallel(text),
    }
}
