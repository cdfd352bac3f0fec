//! Aligned columns.

use std::fmt;

use unicode_width::UnicodeWidthStr as _;

use crate::printer::{bounded, one_line};

/// Rows of text under headings; the last column is never padded.
#[derive(Debug, Default)]
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self {
            headings: headings.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    /// Names and values, without headings.
    pub(crate) fn properties() -> Self {
        Self::default()
    }

    /// Adds a row; control characters are made visible, and a text that is longer than any name or sentence is cut.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows
            .push(cells.map(|cell| bounded(&one_line(cell))).to_vec());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || {
            (!self.headings.is_empty())
                .then_some(&self.headings)
                .into_iter()
                .chain(&self.rows)
        };
        let columns = lines().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|at| {
                lines()
                    .filter_map(|line| line.get(at))
                    .map(|cell| cell.width())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for line in lines() {
            let mut text = String::new();
            for (cell, width) in line.iter().zip(&widths) {
                text.push_str(cell);
                text.extend(std::iter::repeat_n(
                    ' ',
                    width.saturating_sub(cell.width()) + 2,
                ));
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_display_width() {
        let mut table = Table::new(["ID", "STATUS"]);
        table.row(["設備", "ok"]);
        table.row(["plain-id", "a\nb"]);
        assert_eq!(
            table.to_string(),
            "ID        STATUS\n設備      ok\nplain-id  a b\n"
        );
    }

    #[test]
    fn a_cell_is_bounded() {
        let mut table = Table::properties();
        table.row(["status", &"x".repeat(1 << 20)]);
        assert!(table.to_string().len() < 1000);
    }

    #[test]
    fn an_empty_table_prints_its_headings_only() {
        assert_eq!(Table::new(["ID"]).to_string(), "ID\n");
        assert_eq!(Table::properties().to_string(), "");
    }
}
