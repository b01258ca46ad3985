//! Templates of `--format` for a listing: lines of text, or, after `table `, columns under titles.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::table::table;
use crate::ui::template::{self, Subject, Value, Vocabulary};

/// The prefix that asks for columns.
const TABLE: &str = "table ";

/// A parsed template. After `table ` the rows become columns under titles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    is_table: bool,
    program: template::Template,
}

/// A field's name and the title of its column.
pub type Field = (&'static str, &'static str);

/// A row as templates see it.
#[derive(Debug)]
pub struct Fields<'a> {
    /// The row as a JSON object.
    pub object: Json,
    /// The labels, if the listing has labels.
    pub labels: Option<&'a BTreeMap<String, String>>,
}

impl Template {
    /// Reads a template with the fields of `known`, and with labels if rows have labels. The error says what is wrong,
    /// and at which column.
    pub fn parse(text: &str, known: &[Field], has_labels: bool) -> Result<Self, String> {
        let is_table = text.starts_with(TABLE);
        let start = match is_table {
            true => text.len() - text[TABLE.len()..].trim_start().len(),
            false => 0,
        };
        let fields: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let program = template::Template::parse(text, start, &Vocabulary { fields: &fields, has_labels })?;
        if !program.has_actions() {
            return Err(format!("`{}` is no format", crate::text::escape_controls(text)));
        }
        Ok(Self { is_table, program })
    }

    /// Renders rows. Tabs in the template separate columns. The error says what cannot be done with a row, and at which
    /// column of the template.
    pub fn render<'a>(&self, known: &[Field], rows: impl Iterator<Item = Fields<'a>>) -> Result<String, String> {
        let texts = rows.map(|row| self.program.run(&row)).collect::<Result<Vec<String>, String>>()?;
        if !self.is_table {
            return Ok(texts.into_iter().map(|text| text + "\n").collect());
        }
        let cells = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let mut titles = cells(&self.program.run(&Titles(known))?);
        let rows: Vec<Vec<String>> = texts.iter().flat_map(|text| text.split('\n')).map(cells).collect();
        // With conditions a row may have more columns than the titles.
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(titles.len());
        titles.resize(columns, String::new());
        Ok(table(&titles.iter().map(String::as_str).collect::<Vec<_>>(), rows))
    }
}

impl Subject for Fields<'_> {
    fn field(&self, name: &str) -> Option<Value> {
        self.object.get(name).map(Value::of)
    }

    fn label(&self, name: &str) -> Value {
        let found = self.labels.and_then(|labels| labels.get(name));
        Value::Data(found.map(String::as_str).unwrap_or_default().into())
    }

    fn whole(&self) -> Json {
        self.object.clone()
    }
}

/// The titles of fields, used like a row.
struct Titles<'a>(&'a [Field]);

impl Subject for Titles<'_> {
    fn field(&self, name: &str) -> Option<Value> {
        let found = self.0.iter().find(|(field, _)| *field == name);
        found.map(|(_, title)| Value::Data((*title).into()))
    }

    /// Compat: the title of a label is the part after the last dot of its name.
    fn label(&self, name: &str) -> Value {
        Value::Data(name.rsplit('.').next().unwrap_or_default().replace(['-', '_'], " ").into())
    }

    fn whole(&self) -> Json {
        Json::Null
    }

    fn is_title(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KNOWN: [Field; 3] = [("Name", "NAME"), ("RunningFor", "CREATED"), ("Ports", "PORTS")];

    fn shown(text: &str) -> Result<String, String> {
        let labels = BTreeMap::from([("org.team-name".to_owned(), "core\tteam".to_owned())]);
        let rows = [("web", "1 hour"), ("database", "2 days")].map(|(name, age)| Fields {
            object: json!({"Name": name, "RunningFor": age, "Ports": [{"Number": 80}]}),
            labels: Some(&labels),
        });
        Template::parse(text, &KNOWN, true)?.render(&KNOWN, rows.into_iter())
    }

    #[test]
    fn fields_are_replaced_and_columns_aligned() {
        assert_eq!(shown("{{.Name}}").unwrap(), "web\ndatabase\n");
        assert_eq!(shown("{{ .Name }}: {{.RunningFor}}!").unwrap(), "web: 1 hour!\ndatabase: 2 days!\n");
        assert_eq!(
            shown(r"table {{.Name}}\t{{.RunningFor}}").unwrap(),
            "NAME       CREATED\nweb        1 hour\ndatabase   2 days\n"
        );
    }

    #[test]
    fn titles_stay_as_they_are_whatever_a_template_does_with_values() {
        let text = r#"table {{upper .Name}}\t{{json .RunningFor}}\t{{.Label "org.team-name"}}\t{{range .Ports}}{{.Number}}{{end}}"#;
        assert_eq!(
            shown(text).unwrap(),
            "NAME       CREATED    team name   \nWEB        \"1 hour\"   core team   80\nDATABASE   \"2 days\"   core team   80\n"
                .replace("name   \n", "name\n")
        );
        assert_eq!(shown("table {{(index .Ports 0).Number}}").unwrap(), "\n80\n80\n");
    }

    #[test]
    fn no_column_is_lost_where_rows_have_more_of_them_than_the_titles() {
        let text = r#"table {{.Name}}{{if eq .Name "web"}}\t{{.RunningFor}}{{end}}"#;
        assert_eq!(shown(text).unwrap(), "NAME\nweb        1 hour\ndatabase\n");
        assert_eq!(shown("table {{.Name}}{{println}}+").unwrap(), "NAME\n+\nweb\n+\ndatabase\n+\n");
    }

    #[test]
    fn a_fault_is_told_with_its_column() {
        for (text, words) in [
            ("{{.Nmae}}", "column 3: there is no field `.Nmae`"),
            ("table  {{.Name}} {{.Nmae}}", "column 20: there is no field `.Nmae`"),
            ("{{.Name.x}}", "column 8: `.x` is not available: this value is text"),
            ("{{range .Ports}}{{.Nmae}}{{end}}", "column 19: there is no field `.Nmae` here; there are Number"),
            ("ä{{.Name", "column 2: this `{{` has no `}}`"),
            ("jsno", "`jsno` is no format"),
            ("table ", "is no format"),
        ] {
            let error = shown(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
