//! Tables of the manual in columns, cells wrapped so that a row fits the line.

use super::text::wrapped;

/// Blanks between columns.
const GAP: usize = 2;

/// Returns the rows, the first of which is the head, in columns that fit `width` where words allow.
pub(super) fn table(rows: &[Vec<String>], width: usize) -> String {
    let widths = widths(rows, width);
    let mut out = String::new();
    for (place, row) in rows.iter().enumerate() {
        push_row(&mut out, row, &widths);
        if place == 0 {
            let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
            push_row(&mut out, &rules, &widths);
        }
    }
    out
}

/// The widest columns give way until a row fits; none becomes narrower than its longest word.
fn widths(rows: &[Vec<String>], width: usize) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let greatest = |column: usize, measure: fn(&str) -> usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| measure(cell)).max().unwrap_or(0)
    };
    let longest_word =
        |text: &str| text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
    let mut widths: Vec<usize> =
        (0..columns).map(|column| greatest(column, |text| text.chars().count())).collect();
    let least: Vec<usize> = (0..columns).map(|column| greatest(column, longest_word)).collect();
    while widths.iter().sum::<usize>() + GAP * columns.saturating_sub(1) > width {
        let shrinks = (0..columns).filter(|&column| widths[column] > least[column]);
        let Some(widest) = shrinks.max_by_key(|&column| widths[column]) else {
            break;
        };
        widths[widest] -= 1;
    }
    widths
}

fn push_row(out: &mut String, row: &[String], widths: &[usize]) {
    let cells: Vec<Vec<String>> =
        row.iter().zip(widths).map(|(cell, &width)| wrapped(cell, width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        let mut text = String::new();
        for (cell, &width) in cells.iter().zip(widths) {
            let part = cell.get(line).map_or("", String::as_str);
            let padding = width + GAP - part.chars().count().min(width);
            text.push_str(&format!("{part}{:padding$}", ""));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = [row(["key", "meaning"]), row(["`a`", "one two three four"])];
        let expected = "key  meaning\n---  ----------\n`a`  one two\n     three four\n";
        assert_eq!(table(&rows, 15), expected);
    }
}
