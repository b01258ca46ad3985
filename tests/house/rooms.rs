//! Which room may use which. The reasons are in `docs/architecture.md`.

/// The rooms, highest first, each with the rooms that it may use. All of them are below it.
pub const MAY_USE: &[(&str, &[&str])] = &[
    ("main", &["cli", "env"]),
    ("lib", &[]),
    ("cli", &["app", "plan", "ui", "explain", "diagnose", "settings", "failure", "diag", "env", "model", "text"]),
    (
        "app",
        &[
            "loader", "observe", "plan", "exec", "ui", "engine", "event", "graph", "settings", "failure", "diag",
            "diagnose", "picture", "env", "model", "text",
        ],
    ),
    ("ui", &["event", "plan", "explain", "settings", "failure", "diag", "diagnose", "model", "text"]),
    ("diagnose", &["loader", "diag", "model", "text"]),
    ("picture", &["model", "text"]),
    ("exec", &["plan", "engine", "event", "model", "text"]),
    ("event", &["plan", "diag", "model"]),
    ("observe", &["engine", "model", "diag", "text"]),
    ("failure", &["engine", "diag", "model"]),
    ("engine", &["env", "model", "text"]),
    ("plan", &["graph", "diag", "model", "text"]),
    ("loader", &["graph", "diag", "env", "model", "text"]),
    ("graph", &["diag", "model"]),
    ("settings", &["env"]),
    ("explain", &[]),
    ("diag", &["model"]),
    ("model", &["text"]),
    ("env", &[]),
    ("text", &[]),
];

/// Crates that only one room may name, so that the other rooms stay independent of them: the crate, and the room's
/// files.
pub const ONLY_IN: &[(&str, &[&str])] = &[
    ("bollard", &["src/engine/docker/"]),
    ("hyper", &["src/engine/docker/"]),
    ("hyper_util", &["src/engine/docker/"]),
    ("http_body_util", &["src/engine/docker/"]),
    ("tokio_rustls", &["src/engine/docker/", "src/observe/probe/"]),
    ("petgraph", &["src/graph.rs"]),
    ("clap", &["src/cli/", "src/settings.rs"]),
    ("granit_parser", &["src/loader/tree/parse.rs"]),
    ("annotate_snippets", &["src/ui/"]),
    ("crossterm", &["src/ui/"]),
    ("notify", &["src/app/watch/"]),
    ("tracing_subscriber", &["src/ui/telemetry.rs"]),
];

/// Rooms and folders that only compute: the same input gives the same output.
pub const PURE: &[&str] =
    &["plan", "model", "graph", "diag", "diagnose", "picture", "event", "explain", "text", "ui/template"];

/// What no pure room may name. Methods such as `Path::exists` are banned by `clippy.toml`.
pub const WORLD: &[&str] = &[
    "std::fs",
    "std::env",
    "std::io",
    "std::process",
    "std::thread",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "rustix",
    "jiff",
];
