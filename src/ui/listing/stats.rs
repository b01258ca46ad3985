//! Rows of `stats`: what containers use.

use serde_json::{Value, json};

use super::format::{Row, Shape};
use super::template::Field;
use crate::text::{binary_size, decimal_size};

/// What one container uses.
#[derive(Clone, Debug, Default)]
pub struct StatsRow {
    /// The container's id, whole.
    pub id: String,
    /// The container's name.
    pub name: String,
    /// `None` while the engine has told nothing yet.
    pub usage: Option<Use>,
    /// `cpus` of the service in the file; `None` where the file declares none, or there is no file.
    pub cpus: Option<f64>,
    /// `mem_limit` of the service in the file, in bytes.
    pub memory: Option<u64>,
    /// `--no-trunc`: whether the id is shown whole.
    pub is_whole: bool,
}

/// Numbers at one moment. Bytes are those since the container's start, but memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use {
    /// In percent of one processor.
    pub cpu: f64,
    /// Bytes in use.
    pub memory: u64,
    /// The engine's limit of memory: the container's, or the machine's memory.
    pub memory_limit: u64,
    /// Bytes from networks.
    pub received: u64,
    /// Bytes into networks.
    pub sent: u64,
    /// Bytes from block devices.
    pub read: u64,
    /// Bytes into block devices.
    pub written: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// What is shown where nothing is known.
const UNKNOWN: &str = "--";

impl StatsRow {
    fn id(&self) -> &str {
        if self.is_whole { &self.id } else { self.id.get(..12).unwrap_or(&self.id) }
    }

    fn shown(&self, text: impl Fn(&Use) -> String, unknown: &str) -> String {
        self.usage.as_ref().map_or_else(|| unknown.to_owned(), text)
    }

    fn memory_share(&self) -> String {
        self.shown(|usage| percent(share(usage.memory as f64, usage.memory_limit as f64)), UNKNOWN)
    }

    fn two(&self, unit: fn(u64) -> String, values: impl Fn(&Use) -> (u64, u64)) -> String {
        let text = |usage: &Use| {
            let (first, second) = values(usage);
            format!("{} / {}", unit(first), unit(second))
        };
        self.shown(text, "-- / --")
    }

    /// Returns how much of the limits in the file is used: `cpu 12% of 0.5, memory 3% of 64MiB`.
    fn of_declared(&self) -> String {
        let Some(usage) = &self.usage else { return UNKNOWN.to_owned() };
        let cpu = self.cpus.map(|cpus| format!("cpu {:.0}% of {cpus}", share(usage.cpu / 100.0, cpus)));
        let memory = self
            .memory
            .map(|limit| format!("memory {:.0}% of {}", share(usage.memory as f64, limit as f64), binary_size(limit)));
        let both: Vec<String> = cpu.into_iter().chain(memory).collect();
        if both.is_empty() { UNKNOWN.to_owned() } else { both.join(", ") }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

fn decimal(bytes: u64) -> String {
    decimal_size(i64::try_from(bytes).unwrap_or(i64::MAX))
}

impl Row for StatsRow {
    const FIELDS: &'static [Field] = &[
        ("BlockIO", "BLOCK I/O"),
        ("CPUPerc", "CPU %"),
        ("Container", "CONTAINER"),
        ("Declared", "USE OF LIMITS IN THE FILE"),
        ("ID", "CONTAINER ID"),
        ("MemPerc", "MEM %"),
        ("MemUsage", "MEM USAGE / LIMIT"),
        ("Name", "NAME"),
        ("NetIO", "NET I/O"),
        ("PIDs", "PIDS"),
    ];
    const TITLES: &'static [&'static str] = &[
        "CONTAINER ID",
        "NAME",
        "CPU %",
        "MEM USAGE / LIMIT",
        "MEM %",
        "NET I/O",
        "BLOCK I/O",
        "PIDS",
        "USE OF LIMITS IN THE FILE",
    ];
    // The last column is what no other program shows.
    const DISPENSABLE: &'static [&'static str] = &["CONTAINER ID", "BLOCK I/O", "NET I/O", "PIDS", "MEM %"];
    const SHAPE: Shape = Shape::Lines;

    fn cells(&self) -> Vec<String> {
        vec![
            self.id().to_owned(),
            self.name.clone(),
            self.shown(|usage| percent(usage.cpu), UNKNOWN),
            self.two(binary_size, |usage| (usage.memory, usage.memory_limit)),
            self.memory_share(),
            self.two(decimal, |usage| (usage.received, usage.sent)),
            self.two(decimal, |usage| (usage.read, usage.written)),
            self.shown(|usage| usage.pids.to_string(), UNKNOWN),
            self.of_declared(),
        ]
    }

    /// Compat: the keys of `docker stats --format json`, and `Declared`.
    fn object(&self) -> Value {
        let cells = self.cells();
        json!({
            "BlockIO": cells[6],
            "CPUPerc": cells[2],
            "Container": self.id,
            "Declared": cells[8],
            "ID": cells[0],
            "MemPerc": cells[4],
            "MemUsage": cells[3],
            "Name": cells[1],
            "NetIO": cells[5],
            "PIDs": cells[7],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::listing::{Format, render_on};

    #[test]
    fn use_is_told_against_the_engines_limit_and_the_files() {
        let usage = Use { cpu: 25.0, memory: 16 << 20, memory_limit: 64 << 20, received: 1040, ..Use::default() };
        let row = StatsRow { usage: Some(usage), cpus: Some(0.5), memory: Some(32 << 20), ..StatsRow::default() };
        assert_eq!(row.cells()[2..7], ["25.00%", "16MiB / 64MiB", "25.00%", "1.04kB / 0B", "0B / 0B"]);
        assert_eq!(row.of_declared(), "cpu 50% of 0.5, memory 50% of 32MiB");
        let name = "a-project-web-1".to_owned();
        let id = "0123456789abcdef".to_owned();
        let row = StatsRow { id, name, ..row };
        let shown = |columns| render_on(columns, &Format::Table, std::slice::from_ref(&row)).unwrap();
        assert_eq!(shown(None), shown(Some(200)));
        assert!(shown(None).starts_with("CONTAINER ID"));
        let narrow = shown(Some(100));
        assert!(narrow.ends_with(" cpu 50% of 0.5, memory 50% of 32MiB\n"), "{narrow}");
        assert!(narrow.lines().all(|line| line.len() <= 100) && narrow.contains("16MiB / 64MiB"), "{narrow}");
        let row = StatsRow { usage: Some(usage), ..StatsRow::default() };
        assert_eq!(row.of_declared(), "--");
        assert_eq!(StatsRow::default().cells()[2..], ["--", "-- / --", "--", "-- / --", "-- / --", "--", "--"]);
    }
}
