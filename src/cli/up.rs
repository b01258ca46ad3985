//! `up`, `create`, `build`, `pull`, `plan`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::FileOption;
use crate::app;
use crate::app::logs::FollowRequest;
use crate::app::plan::PlanRequest;
use crate::app::run::saved::Saved;
use crate::app::up::{self, UpRequest};
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::model::{ServiceName, Sources, Span};
use crate::plan::{ImageOptions, PullPolicy, Recreate, UpOptions};
use crate::settings::Context;
use crate::ui;

/// What decides how containers are made; `up`, `create` and `plan` have it.
#[derive(Args, Debug, Default)]
pub struct MakeArgs {
    /// Build images before starting containers
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Never build images
    #[arg(long)]
    no_build: bool,
    /// When to pull images
    #[arg(long, value_enum, value_name = "POLICY")]
    pull: Option<Pull>,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
    /// How many containers of a service: SERVICE=N
    #[arg(long, value_name = "SERVICE=N", value_parser = scale)]
    scale: Vec<(String, u32)>,
    /// Recreate containers even if nothing has changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Never recreate containers
    #[arg(long)]
    no_recreate: bool,
    /// Recreate what the named services depend on, too
    #[arg(long)]
    always_recreate_deps: bool,
    /// Leave out what the named services depend on
    #[arg(long)]
    no_deps: bool,
    /// Make anonymous volumes anew instead of carrying them over
    #[arg(short = 'V', long)]
    renew_anon_volumes: bool,
    /// Remove a volume whose definition has changed, WITH ITS DATA, and make it anew
    #[arg(long, value_name = "VOLUME")]
    recreate_volume: Vec<String>,
    /// Seconds between stop signal and kill
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Pull without progress
    #[arg(long, hide = true)]
    quiet_pull: bool,
    /// Build without progress
    #[arg(long, hide = true)]
    quiet_build: bool,
    /// Answer yes to every question
    #[arg(short, long = "yes", alias = "y")]
    yes: bool,
}

/// `--pull`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pull {
    Always,
    Missing,
    Never,
    Build,
}

/// Flags of `up`.
#[derive(Args, Debug, Default)]
pub struct UpArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    #[command(flatten)]
    make: MakeArgs,
    /// Services to start, with what they depend on; all where none is named
    services: Vec<String>,
    /// Go back to the shell once everything is up
    #[arg(short, long)]
    detach: bool,
    /// Wait until everything is running or healthy; implies --detach
    #[arg(long)]
    wait: bool,
    /// Seconds after which a wait has failed
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
    /// Create but do not start
    #[arg(long)]
    no_start: bool,
    /// Print output without colour
    #[arg(long)]
    no_color: bool,
    /// Print output without the container's name in front
    #[arg(long)]
    no_log_prefix: bool,
    /// Print output with time stamps
    #[arg(long)]
    timestamps: bool,
    /// Stop everything when one container ends
    #[arg(long)]
    abort_on_container_exit: bool,
    /// Stop everything when one container fails
    #[arg(long)]
    abort_on_container_failure: bool,
    /// End with the exit code of this service's container
    #[arg(long, value_name = "SERVICE")]
    exit_code_from: Option<String>,
    /// Follow only these services
    #[arg(long, value_name = "SERVICE")]
    attach: Vec<String>,
    /// Do not follow these services
    #[arg(long, value_name = "SERVICE")]
    no_attach: Vec<String>,
    /// Follow also what the named services depend on
    #[arg(long)]
    attach_dependencies: bool,
    /// Accepted for docker compose's sake: there is no menu
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    menu: Option<bool>,
    /// Refused: nothing is watched here
    #[arg(short, long, hide = true)]
    watch: bool,
    /// Run the plan that `plan -o FILE` has written, and nothing else: refused where the world has moved
    #[arg(long, value_name = "FILE", conflicts_with_all = DECIDED_BY_PLAN)]
    pub(super) plan: Option<PathBuf>,
}

/// What a plan has decided already.
const DECIDED_BY_PLAN: [&str; 16] = [
    "services",
    "wait",
    "wait_timeout",
    "no_start",
    "build",
    "no_build",
    "pull",
    "remove_orphans",
    "scale",
    "force_recreate",
    "no_recreate",
    "always_recreate_deps",
    "no_deps",
    "renew_anon_volumes",
    "recreate_volume",
    "timeout",
];

/// Flags of `create`.
#[derive(Args, Debug, Default)]
pub struct CreateArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    #[command(flatten)]
    make: MakeArgs,
    /// Services to create
    services: Vec<String>,
}

/// Flags of `plan`.
#[derive(Args, Debug, Default)]
pub struct PlanArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    #[command(flatten)]
    make: MakeArgs,
    /// Services, as for `up`
    services: Vec<String>,
    /// Plan for `up --wait`
    #[arg(long)]
    wait: bool,
    /// Seconds after which a wait has failed
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: PlanFormat,
    /// Keep the plan in a file, for `up --plan FILE`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// `plan --format`, `drift --format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    #[default]
    Text,
    Json,
}

/// Flags of `drift`.
#[derive(Args, Debug, Default)]
pub struct DriftArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services; all, with networks and volumes, where none is named
    services: Vec<String>,
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: PlanFormat,
}

/// Flags of `build`.
#[derive(Args, Debug, Default)]
pub struct BuildArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services whose images to build
    services: Vec<String>,
    /// Set a build argument: NAME=VALUE
    #[arg(long, value_name = "NAME=VALUE")]
    build_arg: Vec<String>,
    /// Use no cache
    #[arg(long)]
    no_cache: bool,
    /// Look for newer base images
    #[arg(long)]
    pull: bool,
    /// Build also what the services depend on
    #[arg(long)]
    with_dependencies: bool,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
    /// Accepted for docker compose's sake, with a warning: it is the engine that builds
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    #[command(flatten)]
    lacking: LackingBuildArgs,
}

/// Flags of docker compose's `build` that ask for what is not there: refused by name.
#[derive(Args, Debug, Default)]
struct LackingBuildArgs {
    #[arg(long, hide = true)]
    ssh: Vec<String>,
    #[arg(long, hide = true)]
    provenance: Option<String>,
    #[arg(long, hide = true)]
    sbom: Option<String>,
    #[arg(long, hide = true)]
    check: bool,
    #[arg(long, hide = true)]
    print: bool,
    #[arg(long, hide = true)]
    push: bool,
    #[arg(short, long, hide = true)]
    memory: Option<String>,
}

impl LackingBuildArgs {
    fn refuse(&self) -> Result<(), Failure> {
        let given = [
            ("--ssh", !self.ssh.is_empty()),
            ("--provenance", self.provenance.is_some()),
            ("--sbom", self.sbom.is_some()),
            ("--check", self.check),
            ("--print", self.print),
            ("--push", self.push),
            ("--memory", self.memory.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some(("--push", _)) => Err(wrong("`build --push` is not there", "push with `docker push IMAGE`")),
            Some((flag, _)) => {
                let message = format!("`build {flag}` is not there: images are built by the engine's classic builder");
                Err(wrong(&message, "leave it out, or build with `docker buildx build`"))
            }
        }
    }
}

/// Flags of `pull`.
#[derive(Args, Debug, Default)]
pub struct PullArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services whose images to pull
    services: Vec<String>,
    /// Leave images alone that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Go on when an image cannot be pulled
    #[arg(long)]
    ignore_pull_failures: bool,
    /// Pull also what the services depend on
    #[arg(long)]
    include_deps: bool,
    /// When to pull
    #[arg(long, value_enum, value_name = "POLICY")]
    policy: Option<Pull>,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

fn scale(text: &str) -> Result<(String, u32), String> {
    let (name, count) = text.split_once('=').ok_or("it must be SERVICE=N")?;
    let count = count.parse().map_err(|_| format!("`{count}` is no number of containers"))?;
    Ok((name.to_owned(), count))
}

impl MakeArgs {
    fn options(&self) -> UpOptions {
        let recreate = match (self.force_recreate, self.no_recreate) {
            (true, _) => Recreate::Force,
            (_, true) => Recreate::Never,
            _ => Recreate::Diverged,
        };
        UpOptions {
            no_dependencies: self.no_deps,
            recreate,
            recreate_dependencies: if self.always_recreate_deps { Recreate::Force } else { Recreate::Diverged },
            renew_anonymous_volumes: self.renew_anon_volumes,
            recreate_volumes: self.recreate_volume.iter().cloned().collect(),
            remove_orphans: self.remove_orphans,
            scale: self.scale.iter().map(|(name, count)| (ServiceName::from(name.as_str()), *count)).collect(),
            grace: self.timeout.map(super::seconds),
            ..UpOptions::default()
        }
    }

    fn images(&self) -> ImageOptions {
        ImageOptions {
            build: self.build || self.pull == Some(Pull::Build),
            no_build: self.no_build,
            pull: self.pull.map(policy),
            ..ImageOptions::default()
        }
    }
}

fn policy(pull: Pull) -> PullPolicy {
    match pull {
        Pull::Always => PullPolicy::Always,
        Pull::Missing => PullPolicy::Missing,
        Pull::Never => PullPolicy::Never,
        Pull::Build => PullPolicy::Build,
    }
}

impl UpArgs {
    fn follow(&self) -> FollowRequest {
        FollowRequest {
            no_color: self.no_color,
            no_prefix: self.no_log_prefix,
            timestamps: self.timestamps,
            abort_on_exit: self.abort_on_container_exit,
            abort_on_failure: self.abort_on_container_failure,
            exit_code_from: self.exit_code_from.clone(),
            attach: self.attach.clone(),
            no_attach: self.no_attach.clone(),
            with_dependencies: self.attach_dependencies,
        }
    }
}

impl PlanArgs {
    fn request(self) -> UpRequest {
        let mut options = self.make.options();
        options.wait = self.wait;
        options.wait_limit = self.wait_timeout.map(super::seconds);
        let images = self.make.images();
        UpRequest { services: self.services, options, images, detach: true, command: "plan", ..UpRequest::default() }
    }
}

pub(super) fn wrong(message: &str, help: &str) -> Failure {
    Failure::one(Diagnostic::error("usage", Span::NONE, message).help(help))
}

pub(super) fn up(context: &Context, args: UpArgs) -> Result<Exit, Failure> {
    if args.watch {
        return Err(wrong("`up --watch` is not there", "run `up` again after a change; it changes only what differs"));
    }
    let stops_all = args.abort_on_container_exit || args.abort_on_container_failure || args.exit_code_from.is_some();
    if args.detach && stops_all {
        return Err(wrong(
            "--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure or --exit-code-from",
            "leave out one of them",
        ));
    }
    let mut options = args.make.options();
    options.wait = args.wait;
    options.wait_limit = args.wait_timeout.map(super::seconds);
    options.start = !args.no_start;
    let follow = args.follow();
    let request = UpRequest {
        services: args.services,
        options,
        images: args.make.images(),
        is_agreed: args.make.yes,
        detach: args.detach || args.wait,
        follow,
        command: "up",
        saved: None,
    };
    up::up(context, &request)
}

/// Runs a plan that was shown before; `plan` is its command line.
pub(super) fn up_saved(context: &Context, args: &UpArgs, plan: PlanArgs, saved: Saved) -> Result<Exit, Failure> {
    let request = UpRequest {
        is_agreed: args.make.yes,
        detach: args.detach || plan.wait,
        follow: args.follow(),
        command: "up",
        saved: Some(saved),
        ..plan.request()
    };
    up::up(context, &request)
}

pub(super) fn create(context: &Context, args: CreateArgs) -> Result<Exit, Failure> {
    let mut options = args.make.options();
    options.start = false;
    let request = UpRequest {
        services: args.services,
        options,
        images: args.make.images(),
        detach: true,
        command: "create",
        ..UpRequest::default()
    };
    up::up(context, &request)
}

pub(super) fn plan(context: &Context, args: PlanArgs, arguments: &[OsString]) -> Result<Exit, Failure> {
    let texts: Option<Vec<String>> = arguments.iter().map(|text| text.to_str().map(str::to_owned)).collect();
    if args.output.is_some() && texts.is_none() {
        return Err(wrong("a plan can be kept only where the whole command line is UTF-8", "name files in UTF-8"));
    }
    let show = PlanRequest {
        is_json: args.format == PlanFormat::Json,
        output: args.output.clone(),
        arguments: texts.unwrap_or_default(),
    };
    app::plan::plan(context, &args.request(), &show)
}

pub(super) fn drift(context: &Context, args: &DriftArgs) -> Result<Exit, Failure> {
    app::drift::drift(context, &args.services, args.format == PlanFormat::Json)
}

pub(super) fn build(context: &Context, args: BuildArgs) -> Result<Exit, Failure> {
    args.lacking.refuse()?;
    if let Some(builder) = &args.builder {
        let builder = crate::text::escape_controls(builder);
        let told = Diagnostic::warning("usage", Span::NONE, format!("builder `{builder}` is not used"))
            .help("images are built by the engine's classic builder");
        ui::diagnostics(context, &[told], &Sources::default());
    }
    let build_args: BTreeMap<String, Option<String>> = args
        .build_arg
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text.clone(), context.environment.get(text).map(str::to_owned)),
        })
        .collect();
    let images = ImageOptions {
        build: true,
        no_cache: args.no_cache,
        pull_base: args.pull,
        build_args,
        only_build: true,
        ..ImageOptions::default()
    };
    let options = UpOptions { no_dependencies: !args.with_dependencies, ..UpOptions::default() };
    let request = UpRequest { services: args.services, options, images, command: "build", ..UpRequest::default() };
    app::images::images(&quiet(context, args.quiet), &request)
}

pub(super) fn pull(context: &Context, args: PullArgs) -> Result<Exit, Failure> {
    let images = ImageOptions {
        only_pull: true,
        pull: args.policy.map(policy),
        ignore_buildable: args.ignore_buildable,
        ignore_pull_failures: args.ignore_pull_failures,
        ..ImageOptions::default()
    };
    let options = UpOptions { no_dependencies: !args.include_deps, ..UpOptions::default() };
    let request = UpRequest { services: args.services, options, images, command: "pull", ..UpRequest::default() };
    app::images::images(&quiet(context, args.quiet), &request)
}

fn quiet(context: &Context, is_quiet: bool) -> Context {
    let mut context = context.clone();
    if is_quiet {
        context.settings.progress = crate::settings::ProgressKind::Quiet;
    }
    context
}
