//! What may use what. `docs/architecture.md` says why.

/// Rooms, the highest first, and the rooms that each may use. A room may use the rooms below; nothing points back.
pub const MAY_USE: &[(&str, &[&str])] = &[
    ("main", &["cli", "env"]),
    ("lib", &[]),
    ("cli", &["app", "plan", "ui", "explain", "settings", "failure", "diag", "env", "model", "text"]),
    (
        "app",
        &[
            "loader", "observe", "plan", "exec", "ui", "engine", "event", "graph", "settings", "failure", "diag",
            "env", "model", "text",
        ],
    ),
    ("ui", &["event", "plan", "explain", "settings", "failure", "diag", "model", "text"]),
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

/// Crates that one place hides from the rest: the crate, and where a file may name something of the crate.
pub const ONLY_IN: &[(&str, &[&str])] = &[
    ("bollard", &["src/engine/docker/"]),
    ("hyper", &["src/engine/docker/"]),
    ("hyper_util", &["src/engine/docker/"]),
    ("http_body_util", &["src/engine/docker/"]),
    ("tokio_rustls", &["src/engine/docker/"]),
    ("petgraph", &["src/graph.rs"]),
    ("clap", &["src/cli/", "src/settings.rs"]),
    ("granit_parser", &["src/loader/tree/parse.rs"]),
    ("annotate_snippets", &["src/ui/"]),
    ("crossterm", &["src/ui/"]),
    ("notify", &["src/app/watch/"]),
    ("tracing_subscriber", &["src/ui/telemetry.rs"]),
];

/// Rooms that only compute: same values in, same values out. A folder of a room may be one, too.
pub const PURE: &[&str] = &["plan", "model", "graph", "diag", "event", "explain", "text", "ui/template"];

/// What no pure room may name. Methods such as `Path::exists` are held by `clippy.toml`.
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
