//! Tables with aligned columns.

/// Renders a line of titles and a line for each row, with three blanks between columns and none at the end of a line.
/// Control characters in cells become visible.
pub fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    with_columns_of(0, head, rows)
}

/// As [`table`], with columns of at least 20 characters, as in docker compose.
pub fn wide_table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    with_columns_of(17, head, rows)
}

fn with_columns_of(least: usize, head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut all: Vec<Vec<String>> = vec![head.iter().map(|title| (*title).to_owned()).collect()];
    all.extend(
        rows.into_iter().map(|row| row.iter().map(|cell| crate::text::escape_controls(cell).into_owned()).collect()),
    );
    let columns = head.len();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0).max(least)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("   ").trim_end())
    };
    all.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = super::table(&["A", "LONG"], vec![vec!["xyz".into(), "1".into()]]);
        assert_eq!(text, "A     LONG\nxyz   1\n");
    }
}
