//! Templates print what docker compose prints. `cases.json` holds two rows of its `ps`, its output of them for each
//! template, and the templates that it refuses with its messages. `tests/cli/formats.rs` asks docker compose again.

use expect_test::expect_file;
use serde_json::Value as Json;

use super::*;

const FIELDS: [&str; 20] = [
    "Command",
    "CreatedAt",
    "ExitCode",
    "Health",
    "ID",
    "Image",
    "Labels",
    "LocalVolumes",
    "Mounts",
    "Name",
    "Names",
    "Networks",
    "Ports",
    "Project",
    "Publishers",
    "RunningFor",
    "Service",
    "Size",
    "State",
    "Status",
];
const WORDS: Vocabulary<'static> = Vocabulary { fields: &FIELDS, has_labels: true };

fn cases() -> Json {
    serde_json::from_str(include_str!("cases.json")).unwrap()
}

struct Row(Json);

impl Subject for Row {
    fn field(&self, name: &str) -> Option<Value> {
        self.0["row"].get(name).map(Value::of)
    }

    fn label(&self, name: &str) -> Value {
        Value::Data(self.0["labels"][name].as_str().unwrap_or_default().into())
    }

    fn whole(&self) -> Json {
        self.0["row"].clone()
    }
}

fn printed(text: &str, row: &Row) -> Result<String, String> {
    Template::parse(text, 0, &WORDS)?.run(row)
}

/// Returns the output of a template for a row with one field.
fn of_name(text: &str, name: &str) -> Result<String, String> {
    printed(text, &Row(serde_json::json!({"row": {"Name": name}, "labels": {"l": name}})))
}

fn rows() -> Vec<Row> {
    cases()["rows"].as_array().unwrap().iter().cloned().map(Row).collect()
}

#[test]
fn templates_print_what_docker_compose_prints() {
    let mut count = 0;
    for case in cases()["printed"].as_array().unwrap() {
        let (text, wanted) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        // Columns are made by the listing.
        if text.starts_with("table ") {
            continue;
        }
        let found: Result<String, String> =
            rows().iter().map(|row| printed(text, row).map(|text| text + "\n")).collect();
        assert_eq!(found.as_deref(), Ok(wanted), "{text}");
        count += 1;
    }
    assert!(count > 70, "{count}");
}

#[test]
fn what_docker_compose_refuses_is_refused_with_its_column() {
    let mut told = String::new();
    for case in cases()["refused"].as_array().unwrap() {
        let text = case[0].as_str().unwrap();
        let mut errors = rows().into_iter().filter_map(|row| printed(text, &row).err());
        let error = errors.next().unwrap_or_else(|| panic!("{text} is not refused"));
        assert!(error.starts_with("column "), "{text}: {error}");
        told.push_str(&format!("{text}\n    {error}\n"));
    }
    expect_file!["refused.txt"].assert_eq(&told);
}

#[test]
fn json_of_the_row_is_the_row() {
    let row = &rows()[1];
    for text in ["{{json .}}", "{{. | json}}", "{{json $}}", "{{range .Publishers}}{{break}}{{end}}{{json $}}"] {
        assert_eq!(printed(text, row), Ok(row.whole().to_string()), "{text}");
    }
    assert!(printed("{{.}}", row).unwrap_err().contains("`{{json .}}` prints it"));
    assert!(printed("{{printf \"%v\" .}}", row).is_err() && printed("{{print 1 .}}", row).is_err());
}

#[test]
fn nothing_of_a_row_controls_the_terminal() {
    let name = "a\x1b[31m\nb\u{9b}c\td";
    for text in [
        "{{.Name}}",
        "{{upper .Name}}",
        "{{printf \"%s|%v\" .Name .Name}}",
        "{{print .Name}}",
        "{{println .Name}}",
        "{{slice .Name 1}}",
        "{{join (split .Name \"[\") \"+\"}}",
        "{{split .Name \"[\"}}",
        "{{.Label \"l\"}}",
        "{{pad .Name 1 1}}{{truncate .Name 3}}{{title .Name}}",
        "{{json .Name}}{{json (split .Name \"\")}}{{json .}}",
        "{{range split .Name \"\"}}{{.}}{{end}}",
        "{{printf \"%q\" .Name}}{{printf \"%d\" .Name}}{{printf \"\" .Name}}",
        "{{printf \"%c\" (index .Name 1)}}",
        "{{range split .Name \"\"}}{{printf .}}{{end}}",
    ] {
        let shown = of_name(text, name).unwrap();
        let shown = shown.trim_end_matches('\n');
        assert!(!shown.contains(char::is_control), "{text}: {shown:?}");
    }
    assert_eq!(of_name("{{.Name}}", "a\nb").as_deref(), Ok("a\\nb"));
    // JSON keeps the value unchanged.
    let json: String = serde_json::from_str(&of_name("{{json .Name}}", name).unwrap()).unwrap();
    assert_eq!(json, name);
}

#[test]
fn line_ends_and_tabs_of_the_template_are_kept() {
    assert_eq!(of_name("{{join (split .Name \"-\") \"\\n\"}}", "a-b").as_deref(), Ok("a\nb"));
    assert_eq!(of_name("{{printf \"%s\\t%s\\n\" .Name \"x\"}}", "a").as_deref(), Ok("a\tx\n"));
    assert_eq!(of_name("{{printf \"%c\" 10}}", "a").as_deref(), Ok("\n"));
}

#[test]
fn a_fault_names_its_line_where_a_template_has_several() {
    assert!(of_name("a\nü{{.Nmae}}", "x").unwrap_err().starts_with("line 2, column 4: there is no field"));
}

#[test]
fn fields_of_the_row_are_checked_before_there_is_a_row() {
    let parse = |text: &str| Template::parse(text, 0, &WORDS).map(|_| ());
    for text in [
        "{{if .Name}}{{.Nmae}}{{end}}",
        "{{with .Name}}{{$.Nmae}}{{end}}",
        "{{range .Publishers}}{{else}}{{.Nmae}}{{end}}",
    ] {
        assert!(parse(text).unwrap_err().contains("there is no field `.Nmae`"), "{text}");
    }
    assert_eq!(parse("{{range .Publishers}}{{.Anything}}{{end}}"), Ok(()));
    let no_labels = Vocabulary { fields: &FIELDS, has_labels: false };
    assert!(Template::parse("{{.Label \"a\"}}", 0, &no_labels).unwrap_err().contains("there is no field `.Label`"));
    assert!(of_name("{{with $}}{{.Nmae}}{{end}}", "x").unwrap_err().contains("there is no field `.Nmae`"));
}

#[test]
fn size_depth_and_work_are_bounded() {
    let nested = |depth: usize| format!("{}1{}", "{{if true}}".repeat(depth), "{{end}}".repeat(depth));
    let grouped = |depth: usize| format!("{{{{{}1{}}}}}", "(".repeat(depth), ")".repeat(depth));
    let chained = |depth: usize| format!("{{{{if 0}}}}{}{{{{end}}}}", "{{else if 0}}".repeat(depth));
    for make in [&nested as &dyn Fn(usize) -> String, &grouped, &chained] {
        assert!(of_name(&make(30), "x").is_ok());
        for depth in [33, 500] {
            assert!(of_name(&make(depth), "x").unwrap_err().contains("at most 32 deep"));
        }
    }
    assert!(of_name(&"a".repeat(16 * 1024 + 1), "x").unwrap_err().contains("16 KiB"));
    let doubled = format!("{{{{$x := .Name}}}}{}", "{{$x = printf \"%s%s\" $x $x}}".repeat(40));
    for text in [
        "{{range 9223372036854775807}}{{end}}",
        "{{range 9999999}}{{.}}{{end}}",
        "{{range 9999}}{{range 9999}}{{range 9999}}{{end}}{{end}}{{end}}",
        "{{printf \"%9999999999999999999999s\" .Name}}",
        "{{printf \"%1000000d%1000000d%1000000d\" 1 2 3}}",
        "{{printf \"%.99999999d\" 1}}",
        "{{pad .Name 9999999999 1}}",
        "{{pad .Name 9223372036854775807 9223372036854775807}}",
        doubled.as_str(),
    ] {
        assert!(of_name(text, "x").is_err(), "{text}");
    }
}

#[test]
fn no_template_and_no_row_makes_it_panic() {
    let parts = [
        "{{", "}}", "{{-", "-}}", " ", ".", ".Name", "$", "$x", ":=", "=", "|", "(", ")", "\"", "`", "\\", "%", "ä",
        "0", "-1", "if", "else", "end", "range", "with", "break", "printf", "slice", "index", "eq", "json", "/*", "*/",
        ",", "\"%5.2", "\u{0}",
    ];
    // Pseudorandom numbers with a fixed seed (a linear congruence) combine the parts.
    let mut seed = 7_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut read = 0;
    for _ in 0..60_000 {
        let text: String = (0..next(14)).map(|_| parts[next(parts.len())]).collect();
        let text = if next(2) == 0 { text } else { format!("{{{{{text}}}}}") };
        read += usize::from(of_name(&text, "ä-b").is_ok());
    }
    assert!(read > 1000, "{read}");
}
