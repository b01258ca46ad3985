//! `ps` and `logs`.

use clap::{ArgAction, Args};

use super::FileOption;
use crate::app::logs::{self, FollowRequest, LogsRequest};
use crate::app::ps::{self, PsRequest};
use crate::failure::{Exit, Failure};
use crate::settings::Context;
use crate::ui::listing::{ContainerRow, Format, Row};

/// Flags of `ps`.
#[derive(Args, Debug)]
pub struct PsArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services; all where none is named
    services: Vec<String>,
    /// Show also what does not run
    #[arg(short, long)]
    all: bool,
    /// Show only containers in this state
    #[arg(long, value_name = "STATE")]
    status: Vec<String>,
    /// Show only what matches: status=STATE
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Format of the output: `table`, `json`, or fields such as `{{.Name}}: {{.Status}}`; with `table ` in front and `\t`
    /// between them in columns
    #[arg(long, default_value = "table")]
    format: String,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print names of services only
    #[arg(long = "services")]
    only_services: bool,
    /// Cut nothing
    #[arg(long)]
    no_trunc: bool,
    /// Show containers of services that are not in the file
    #[arg(long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    orphans: bool,
}

/// Flags of `logs`; its `-f` follows.
#[derive(Args, Debug, Default)]
pub struct LogsArgs {
    /// Services; all where none is named
    services: Vec<String>,
    /// Go on until everything has ended
    #[arg(short, long)]
    follow: bool,
    /// Only this replica
    #[arg(long, value_name = "N")]
    index: Option<u32>,
    /// Print without colour
    #[arg(long)]
    no_color: bool,
    /// Print without the container's name in front
    #[arg(long)]
    no_log_prefix: bool,
    /// Only what is not older than this moment or duration
    #[arg(long, value_name = "WHEN", value_parser = when)]
    since: Option<String>,
    /// Only what is older than this moment or duration
    #[arg(long, value_name = "WHEN", value_parser = when)]
    until: Option<String>,
    /// Only the last lines of each container, or `all`
    #[arg(short = 'n', long, value_name = "N", default_value = "all", value_parser = tail, allow_hyphen_values = true)]
    tail: Tail,
    /// Print time stamps
    #[arg(short, long)]
    timestamps: bool,
}

/// How many lines; `None` is all.
#[derive(Clone, Copy, Debug, Default)]
struct Tail(Option<u64>);

/// Compat: for the engine any negative number means all lines.
fn tail(text: &str) -> Result<Tail, String> {
    match text.parse::<i64>() {
        _ if text == "all" => Ok(Tail(None)),
        Ok(lines) => Ok(Tail(u64::try_from(lines).ok())),
        Err(_) => Err("it must be a number of lines, or `all`".to_owned()),
    }
}

/// Checks a moment: `2026-01-02T03:04:05Z`, a date, seconds since 1970, or a duration back from now such as `42m`.
fn when(text: &str) -> Result<String, String> {
    let is_moment = text.parse::<f64>().is_ok_and(f64::is_finite)
        || text.parse::<jiff::Timestamp>().is_ok()
        || text.parse::<jiff::civil::DateTime>().is_ok()
        || text.parse::<jiff::SignedDuration>().is_ok_and(|back| jiff::Timestamp::now().checked_sub(back).is_ok());
    match is_moment {
        true => Ok(text.to_owned()),
        false => Err("it must be a moment (`2026-01-02T03:04:05Z`), or a time back from now (`42m`)".to_owned()),
    }
}

pub(super) fn ps(context: &Context, args: PsArgs) -> Result<Exit, Failure> {
    let mut statuses = args.status;
    if let Some(filter) = &args.filter {
        statuses.push(status(filter)?.to_owned());
    }
    let request = PsRequest {
        services: args.services,
        all: args.all,
        statuses,
        quiet: args.quiet,
        only_services: args.only_services,
        format: format(&args.format)?,
        no_truncation: args.no_trunc,
        orphans: args.orphans,
    };
    ps::ps(context, &request)
}

/// Returns the state that a filter asks for.
fn status(filter: &str) -> Result<&str, Failure> {
    filter.strip_prefix("status=").ok_or_else(|| {
        let message = format!("`--filter {}` is not known", crate::text::escape_controls(filter));
        super::up::wrong(&message, "the one filter there is: `status=STATE`")
    })
}

fn format(text: &str) -> Result<Format, Failure> {
    Format::parse(text, ContainerRow::FIELDS).map_err(|message| {
        let fields: Vec<&str> = ContainerRow::FIELDS.iter().map(|(name, _)| *name).collect();
        let help = format!("`table`, `json`, or a template with the fields {}", fields.join(", "));
        super::up::wrong(&format!("--format: {message}"), &help)
    })
}

pub(super) fn logs(context: &Context, args: LogsArgs) -> Result<Exit, Failure> {
    let request = LogsRequest {
        services: args.services,
        index: args.index,
        follow: FollowRequest {
            no_color: args.no_color,
            no_prefix: args.no_log_prefix,
            timestamps: args.timestamps,
            ..FollowRequest::default()
        },
        is_following: args.follow,
        since: args.since,
        until: args.until,
        tail: args.tail.0,
    };
    logs::logs(context, &request)
}
