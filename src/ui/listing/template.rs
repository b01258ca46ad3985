//! Templates of `--format`: text with fields, such as `{{.Name}}`. The rest of Go's template language is not there.

use super::table::table;

/// A template that was read. With `table ` in front the rows become columns under titles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    is_table: bool,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(&'static str),
}

/// A field's name and the title of its column.
pub type Field = (&'static str, &'static str);

impl Template {
    /// Reads a template, which may name the fields in `known`. The error says what is wrong with the template.
    pub fn parse(text: &str, known: &[Field]) -> Result<Self, String> {
        let (is_table, text) = match text.strip_prefix("table ") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        // Compat: a command line has tabs and line ends as two characters.
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, inside)) = rest.split_once("{{") {
            let (inside, after) = inside.split_once("}}").ok_or("a `{{` has no `}}`")?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Field(field(inside, known)?));
            rest = after;
        }
        if parts.is_empty() {
            return Err(format!("`{}` is no format", crate::text::escape_controls(&text)));
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { is_table, parts })
    }

    /// Renders rows: `value` gives the field of a row by the field's name. Tabs in the template part columns.
    pub fn render<T>(&self, known: &[Field], rows: &[T], value: impl Fn(&T, &str) -> String) -> String {
        // In a value a tab does not part columns, and nothing acts on a terminal.
        let line = |row| self.line(|name| crate::text::escape_controls(&value(row, name)).into_owned());
        if !self.is_table {
            return rows.iter().map(|row| line(row) + "\n").collect();
        }
        let title = |name: &str| {
            let found = known.iter().find(|(field, _)| *field == name);
            found.map(|(_, title)| (*title).to_owned()).unwrap_or_default()
        };
        let head = self.line(title);
        let cells = |row| line(row).split('\t').map(str::to_owned).collect::<Vec<_>>();
        table(&head.split('\t').collect::<Vec<_>>(), rows.iter().map(cells).collect())
    }

    fn line(&self, value: impl Fn(&str) -> String) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(name) => value(name),
        };
        self.parts.iter().map(text).collect()
    }
}

/// Reads the field that stands between the braces.
fn field(inside: &str, known: &[Field]) -> Result<&'static str, String> {
    let inside = inside.trim();
    let shown = crate::text::escape_controls(inside);
    let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let Some(name) = inside.strip_prefix('.').filter(is_name) else {
        return Err(format!("`{{{{{shown}}}}}` is not understood: only fields such as `{{{{.Name}}}}` are"));
    };
    known
        .iter()
        .find(|(field, _)| *field == name)
        .map(|(field, _)| *field)
        .ok_or_else(|| format!("there is no field `{shown}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Field; 2] = [("Name", "NAME"), ("RunningFor", "CREATED")];

    fn shown(text: &str) -> String {
        let rows = [["web", "1 hour"], ["database", "2 days"]];
        let value = |row: &[&str; 2], name: &str| row[usize::from(name == "RunningFor")].to_owned();
        Template::parse(text, &KNOWN).unwrap().render(&KNOWN, &rows, value)
    }

    #[test]
    fn fields_are_replaced_and_columns_aligned() {
        assert_eq!(shown("{{.Name}}"), "web\ndatabase\n");
        assert_eq!(shown("{{ .Name }}: {{.RunningFor}}!"), "web: 1 hour!\ndatabase: 2 days!\n");
        assert_eq!(
            shown(r"table {{.Name}}\t{{.RunningFor}}"),
            "NAME       CREATED\nweb        1 hour\ndatabase   2 days\n"
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for (text, words) in [
            ("{{.Nmae}}", "there is no field `.Nmae`"),
            ("{{upper .Name}}", "`{{upper .Name}}` is not understood"),
            ("{{.Name.x}}", "is not understood"),
            ("{{}}", "is not understood"),
            ("{{.Name", "has no `}}`"),
            ("jsno", "`jsno` is no format"),
            ("table ", "is no format"),
        ] {
            let error = Template::parse(text, &KNOWN).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
