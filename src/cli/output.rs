//! Printing: tables for people, JSON and YAML for programs.

use std::io::{IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use super::{Failure, yaml};

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns
    Table,
    /// JSON: a list is an array, one thing an object
    Json,
    /// The same as YAML
    Yaml,
}

/// A column of a table: its heading and how it is read off an item.
pub type Column<T> = (&'static str, fn(&T) -> String);

/// Where and how results are printed.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    format: Format,
    /// Cells longer than this are cut; only on a terminal.
    widest: Option<usize>,
}

/// The longest cell on a terminal.
const WIDEST: usize = 60;

impl Output {
    /// To standard output.
    pub fn stdout(format: Format) -> Self {
        Self { format, widest: std::io::stdout().is_terminal().then_some(WIDEST) }
    }

    /// Prints items: as rows, or as a JSON array of their serialised form.
    pub fn list<T: Serialize>(&self, items: &[T], columns: &[Column<T>]) {
        match self.format {
            Format::Json | Format::Yaml => self.value(&items),
            Format::Table if items.is_empty() => note("nothing found"),
            Format::Table => {
                let headings = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
                let rows = items.iter().map(|item| columns.iter().map(|(_, cell)| cell(item)).collect());
                self.line(&table(headings, rows.collect(), self.widest));
            }
        }
    }

    /// Prints one thing: a line per column (more where a cell has more), or its serialised form.
    pub fn record<T: Serialize>(&self, item: &T, columns: &[Column<T>]) {
        if self.format != Format::Table {
            return self.value(item);
        }
        let width = columns.iter().map(|(heading, _)| heading.chars().count()).max().unwrap_or_default();
        let lines: Vec<String> = columns.iter().map(|(heading, cell)| entry(heading, &cell(item), width)).collect();
        self.line(&lines.join("\n"));
    }

    /// Prints that something was done: the sentence, or an object with `result`.
    pub fn done(&self, sentence: &str, result: &impl Serialize) {
        match self.format {
            Format::Json | Format::Yaml => self.value(&json!({ "result": result })),
            Format::Table => self.line(sentence),
        }
    }

    /// Prints one thing: as `words` tell it, or its serialised form.
    pub fn told<T: Serialize>(&self, item: &T, words: fn(&T) -> String) {
        match self.format {
            Format::Json | Format::Yaml => self.value(item),
            Format::Table => self.line(&words(item)),
        }
    }

    /// Whether programs read what is printed.
    pub(super) fn is_for_programs(&self) -> bool {
        self.format != Format::Table
    }

    /// Prints a serialised form.
    fn value(&self, item: &impl Serialize) {
        let value = serde_json::to_value(item).unwrap_or_default();
        self.line(&if self.format == Format::Yaml { yaml::document(&value) } else { pretty(&value) });
    }

    /// Prints a text as it is.
    pub fn line(&self, text: &str) {
        // A reader that closed the pipe has seen enough.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Says on standard error why it failed.
    pub(super) fn failure(&self, failure: &Failure) {
        let said = json!({ "error": failure.message, "exit": failure.exit as u8 });
        match self.format {
            Format::Json => note(&said.to_string()),
            Format::Yaml => note(&yaml::document(&said)),
            Format::Table => note(&format!("concord: {}", failure.message)),
        }
    }
}

/// A remark for people, on standard error.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Aligned columns; the last one is not padded.
fn table(headings: Vec<String>, rows: Vec<Vec<String>>, widest: Option<usize>) -> String {
    let rows: Vec<Vec<String>> =
        std::iter::once(headings).chain(rows).map(|row| row.iter().map(|cell| shortened(&clean(cell), widest)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A heading and what belongs to it; further lines stand below the first.
fn entry(heading: &str, cell: &str, width: usize) -> String {
    let lines = if cell.is_empty() { vec![String::new()] } else { cell.lines().map(clean).collect() };
    let lines = lines.iter().enumerate().map(|(number, line)| format!("{:width$}  {line}", if number == 0 { heading } else { "" }));
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// What came from outside must not move the terminal's cursor.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn shortened(text: &str, widest: Option<usize>) -> String {
    match widest {
        Some(most) if text.chars().count() > most => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, entry, table};

    #[test]
    fn columns_are_aligned_and_cut() {
        let rows = vec![vec!["a".to_owned(), "x".repeat(10)], vec!["long".to_owned(), "счёт".to_owned()]];
        let headings = vec!["ID".to_owned(), "NAME".to_owned()];
        assert_eq!(table(headings, rows, Some(5)), "ID    NAME\na     xxxx…\nlong  счёт");
        assert_eq!(clean("a\u{1b}[2Jb\n"), "a [2Jb ");
        assert_eq!(entry("id", "one\ntwo\u{1b}", 4), "id    one\n      two");
        assert_eq!(entry("id", "", 4), "id");
    }
}
