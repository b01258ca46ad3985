//! `smoke`: carries out the checks that the stack file declares under `x-smoke`.

#![expect(clippy::disallowed_methods, reason = "the days that a certificate has left depend on the time of day")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::crash;
use crate::app::project;
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::diagnose::{Kind, Smoke, smoke_checks};
use crate::engine::EngineHandle;
use crate::engine::ExecSpec;
use crate::failure::{Exit, Failure};
use crate::loader::{self, LoadOptions};
use crate::model::Span;
use crate::observe::probe::{self, Request, Server};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;
use crate::ui::smoke::{Format, Outcome};

/// So many checks run at the same time.
const AT_ONCE: usize = 8;
/// The time between two attempts.
const PAUSE: Duration = Duration::from_millis(200);

/// What is asked of `smoke`.
#[derive(Clone, Debug, Default)]
pub struct SmokeRequest {
    /// Names of checks; all if there is none.
    pub names: Vec<String>,
    /// Checks that disturb the stack run, too.
    pub disturb: bool,
    /// How outcomes are printed.
    pub format: Format,
}

/// What the checks need besides themselves.
struct Surroundings {
    /// Relative paths are below this directory.
    directory: PathBuf,
    project: String,
    engine: Option<EngineHandle>,
}

/// Runs `smoke`. Exit codes: 0 where all checks pass, 2 where one fails, 1 where the checks cannot be carried out.
pub fn smoke(context: &Context, request: &SmokeRequest) -> Result<Exit, Failure> {
    let options = LoadOptions { needs_no_contents: true, ..project::load_options(context) };
    let mut loaded = loader::load(&options, &context.environment);
    let root = loaded.tree.take();
    let (checks, faults) = root.as_ref().map(smoke_checks).unwrap_or_default();
    let mut list: Vec<Diagnostic> = loaded.diagnostics.iter().filter(|one| one.is_error()).cloned().collect();
    list.extend(faults);
    list.extend(selection(&checks, request).err());
    if !list.is_empty() {
        return Err(Failure::Diagnostics { list, sources: Box::new(loaded.sources) });
    }
    let checks = selection(&checks, request).unwrap_or_default();
    session::block_on(async {
        let asks_engine = |one: &Smoke| match one.kind {
            Kind::Survives { .. } => request.disturb,
            _ => matches!(one.kind, Kind::Exec { .. }),
        };
        let needs_engine = checks.iter().any(|one| asks_engine(one));
        let session = if needs_engine { Some(Session::without_lock(context).await?) } else { None };
        let around = Surroundings {
            directory: loaded.working_dir.clone(),
            project: loaded.name.clone(),
            engine: session.as_ref().and_then(Session::changing).cloned(),
        };
        let mut outcomes = Vec::new();
        let (disturbing, harmless): (Vec<&Smoke>, Vec<&Smoke>) =
            checks.into_iter().partition(|one| one.kind.disturbs());
        let mut running = stream::iter(harmless).map(|one| judged(one, &around)).buffered(AT_ONCE);
        while let Some(outcome) = running.next().await {
            ui::smoke::tell(request.format, &outcome);
            outcomes.push(outcome);
        }
        // One after the other, and after the rest, which would see the disturbance.
        for one in disturbing {
            let outcome = match request.disturb {
                true => judged(one, &around).await,
                false => Outcome::skipped(&one.name, "disturbs the stack: `--disturb` carries it out"),
            };
            ui::smoke::tell(request.format, &outcome);
            outcomes.push(outcome);
        }
        ui::smoke::summary(request.format, &outcomes);
        Ok(if outcomes.iter().any(Outcome::is_failure) { Exit::CHANGES } else { Exit::SUCCESS })
    })
}

/// Returns the checks that are asked for.
fn selection<'a>(checks: &'a [Smoke], request: &SmokeRequest) -> Result<Vec<&'a Smoke>, Diagnostic> {
    let known = || checks.iter().map(|one| one.name.as_str());
    if checks.is_empty() {
        let help = "write `x-smoke: { page: { http: http://127.0.0.1:8080/ } }` into the file";
        return Err(Diagnostic::error("no-smoke", Span::NONE, "the file declares no check under `x-smoke`").help(help));
    }
    if let Some(name) = request.names.iter().find(|name| !known().any(|one| one == name.as_str())) {
        let message = format!("no check is named `{}`", escape_controls(name));
        let error = Diagnostic::error("no-smoke", Span::NONE, message);
        return Err(match loader::nearest(name, known()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("there are {}", known().collect::<Vec<_>>().join(", "))),
        });
    }
    let is_asked = |one: &&Smoke| request.names.is_empty() || request.names.contains(&one.name);
    Ok(checks.iter().filter(is_asked).collect())
}

/// Carries a check out, again and again until it passes or its time is over.
async fn judged(check: &Smoke, around: &Surroundings) -> Outcome {
    let begun = Instant::now();
    let end = begun + check.within;
    let result = loop {
        let result = match &check.kind {
            // A disturbance is not repeated; it waits by itself.
            Kind::Survives { service, is_kill } => {
                break crash::survives(around.engine.as_ref(), &around.project, service, *is_kill, end).await;
            }
            _ => tokio::time::timeout(check.timeout, attempt(&check.kind, around)).await,
        };
        let result = result.unwrap_or_else(|_| silent(check));
        if result.is_ok() || Instant::now() + PAUSE >= end {
            break result;
        }
        tokio::time::sleep(PAUSE).await;
    };
    Outcome::new(&check.name, result, begun.elapsed())
}

/// Returns what silence means. A firewall that drops packets keeps a port closed, too.
fn silent(check: &Smoke) -> Result<String, String> {
    let within = format!("no answer within {} ms", check.timeout.as_millis());
    match &check.kind {
        Kind::Tcp { address, is_open: false } => {
            Ok(format!("{address} is not open: {within}, as where packets are dropped"))
        }
        _ => Err(within),
    }
}

/// Makes one attempt. Returns what was seen, or what is wrong.
async fn attempt(kind: &Kind, around: &Surroundings) -> Result<String, String> {
    match kind {
        Kind::Http { .. } => http(kind, &around.directory).await,
        Kind::Tls { .. } => tls(kind, &around.directory).await,
        Kind::Tcp { address, is_open } => match (probe::is_open(address).await?, is_open) {
            (true, true) => Ok(format!("{address} is open")),
            (false, false) => Ok(format!("{address} is closed")),
            (false, true) => Err(format!("{address} is closed")),
            (true, false) => Err(format!("{address} is open, and must be closed")),
        },
        Kind::Exec { service, command, code, output } => exec(around, service, command, *code, output).await,
        Kind::Survives { .. } => Ok(String::new()),
    }
}

fn below(directory: &Path, path: Option<&String>) -> Option<PathBuf> {
    path.map(|path| directory.join(path))
}

async fn http(kind: &Kind, directory: &Path) -> Result<String, String> {
    let Kind::Http { url, connect, ca, status, headers, body } = kind else { return Ok(String::new()) };
    let mut request =
        Request::parse(url, connect.as_deref()).ok_or_else(|| format!("`{url}` is no address of HTTP"))?;
    request.server.ca = below(directory, ca.as_ref());
    let answer = probe::http(&request).await?;
    if !status.contains(&answer.status) {
        let wanted: Vec<String> = status.iter().map(u16::to_string).collect();
        return Err(format!("status {}, not {}", answer.status, wanted.join(" or ")));
    }
    for (name, wanted) in headers {
        let values: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(one, _)| one.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        match values.as_slice() {
            [] => return Err(format!("the header `{name}` is missing")),
            values if !values.iter().any(|value| value.contains(wanted.as_str())) => {
                return Err(format!("the header `{name}` is `{}`, without `{wanted}`", values.join(", ")));
            }
            _ => {}
        }
    }
    match body.iter().find(|wanted| !answer.body.contains(wanted.as_str())) {
        Some(wanted) => Err(format!("the body ({} bytes) does not contain `{wanted}`", answer.body.len())),
        None => Ok(format!("status {}", answer.status)),
    }
}

async fn tls(kind: &Kind, directory: &Path) -> Result<String, String> {
    let Kind::Tls { address, name, ca, accepts, refuses, days } = kind else { return Ok(String::new()) };
    let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
    let name = name.clone().unwrap_or_else(|| host.trim_matches(['[', ']']).to_owned());
    let server = Server { address: address.clone(), name, ca: below(directory, ca.as_ref()) };
    for version in accepts {
        if !probe::accepts(&server, version).await? {
            return Err(format!("TLS {version} is refused, and must be accepted"));
        }
    }
    for version in refuses {
        if probe::accepts(&server, version).await? {
            return Err(format!("TLS {version} is accepted, and must be refused"));
        }
    }
    let shown = probe::tls(&server, None).await?;
    let left = (shown.not_after - jiff::Timestamp::now().as_second()).div_euclid(86_400);
    match left < *days {
        true if left < 0 => Err(format!("the certificate has expired {} days ago", -left)),
        true => Err(format!("the certificate is valid for {left} more days, not {days}")),
        false => Ok(format!("certificate valid for {left} more days")),
    }
}

async fn exec(
    around: &Surroundings,
    service: &str,
    command: &[String],
    code: i64,
    output: &[String],
) -> Result<String, String> {
    let engine = around.engine.as_ref().ok_or("a dry run starts no command")?;
    let container = crash::running(engine, &around.project, service).await?;
    let spec = ExecSpec { command: command.to_vec(), ..ExecSpec::default() };
    let done = engine.exec(&container.id, &spec).await.map_err(|error| error.message)?;
    let told = done.output.trim();
    if done.exit_code != code {
        let last = told.lines().last().unwrap_or_default();
        let shown: String = last.chars().take(200).collect();
        let words = if shown.is_empty() { String::new() } else { format!(": {shown}") };
        return Err(format!("exit code {}, not {code}{words}", done.exit_code));
    }
    match output.iter().find(|wanted| !told.contains(wanted.as_str())) {
        Some(wanted) => Err(format!("the output does not contain `{wanted}`")),
        None => Ok(format!("exit code {code}")),
    }
}
