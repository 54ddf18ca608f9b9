//! Plain tables for the terminal.

/// Returns rows of cells as columns under each other, two blanks apart; the last column is not
/// padded, and columns without any text are left out. Columns in `right` are aligned right.
pub(super) fn columns(rows: &[Vec<String>], right: &[usize]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            if widths[column] == 0 {
                continue;
            }
            if column > 0 {
                line.push_str("  ");
            }
            let padding = " ".repeat(widths[column] - cell.chars().count());
            if right.contains(&column) {
                line.push_str(&padding);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&padding);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["bcd".to_owned(), "23".to_owned()]];
        assert_eq!(columns(&rows, &[]), "a    1\nbcd  23\n");
        let gap = [vec!["a".to_owned(), String::new(), "1".to_owned()]];
        assert_eq!(columns(&gap, &[]), "a  1\n");
        assert_eq!(columns(&rows, &[1]), "a     1\nbcd  23\n");
    }
}
