//! Results go to stdout, as text or as JSON; everything else goes to stderr.

use std::io::{self, Write as _};

use serde_json::Value;

/// How results are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Writes a result in the form that was asked for.
    pub(crate) fn show(self, json: &Value, text: &str) -> io::Result<()> {
        if self.json {
            line(&json.to_string())
        } else {
            line(text.trim_end_matches('\n'))
        }
    }
}

/// Writes one line. That nobody reads any more (`vuzo … | head -1`) is no trouble.
fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Rows under headings, in columns as wide as they need to be.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .chain([heading.len()])
                .max()
                .unwrap_or_default()
        })
        .collect();
    let write = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![write(&mut headings.iter().copied())];
    for row in rows {
        lines.push(write(&mut row.iter().map(String::as_str)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![
            vec!["a".to_owned(), "long enough".to_owned(), "x".to_owned()],
            vec!["bcd".to_owned(), "é".to_owned(), String::new()],
        ];
        assert_eq!(
            table(&["id", "name", "note"], &rows),
            "id   name         note\na    long enough  x\nbcd  é"
        );
    }
}
