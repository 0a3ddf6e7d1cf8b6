//! The one place that writes to the terminal: lines, JSON, and aligned tables.
//!
//! What people wrote may not steer the terminal: control characters never leave here.

use std::{
    fmt::{self, Display, Write as _},
    io::{self, IsTerminal, Write},
};

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::failure::Failure;
use crate::words::Words;

/// To standard output: one line or several.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()))
}

/// A text of the words files.
pub(super) fn tell(words: &Words, key: &str, values: &[(&str, &dyn Display)]) -> Result<(), Failure> {
    say(&words.say(key, values))
}

/// JSON for another program.
pub(super) fn say_json(value: &Value) -> Result<(), Failure> {
    say(&escaped(&format!("{value:#}")))
}

/// Whether a person is looking.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// To standard error, for what went wrong.
pub(super) fn complain(text: &str) {
    let mut err = io::stderr().lock();
    // Nobody is left to tell if this fails.
    drop(writeln!(err, "{text}"));
}

/// A reader that has gone (`| head`) is no failure.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error.kind())),
        _ => Ok(()),
    }
}

/// Control characters that JSON leaves as they are.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        let written: fmt::Result = if is_steering(c) && c != '\n' {
            write!(text, "\\u{:04x}", u32::from(c))
        } else {
            text.write_char(c)
        };
        debug_assert!(written.is_ok(), "writing to memory does not fail");
    }
    text
}

/// Moves the cursor, rings, or turns the direction of text.
fn is_steering(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// A text that somebody wrote, on one line.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_steering(*c)).collect()
}

/// A text cut to so many cells, with a sign that it goes on.
pub(super) fn cut(text: &str, cells: usize) -> String {
    let text = clean(text);
    if text.width() <= cells {
        return text;
    }
    let mut kept = String::new();
    let mut width = 1;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width > cells {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// Rows under a head, aligned by the width of characters: Chinese ones are two cells wide.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns, by their keys in the words files.
    pub(super) fn new(words: &Words, columns: &[&str]) -> Self {
        let head = columns.iter().map(|column| words.word(&format!("column.{column}")).to_owned()).collect();
        Self { rows: vec![head] }
    }

    /// A table with these heads, which are words already.
    pub(super) fn with_heads(heads: impl IntoIterator<Item = String>) -> Self {
        Self { rows: vec![heads.into_iter().collect()] }
    }

    /// One more row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    /// The lines, or the words for an empty table.
    pub(super) fn lines(&self, words: &Words) -> String {
        if self.rows.len() < 2 {
            return words.word("say.none").to_owned();
        }
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let lines = self.rows.iter().map(|row| {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()))));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Lang;

    #[test]
    fn chinese_and_latin_cells_stand_under_each_other() {
        let mut table = Table { rows: vec![vec!["编号".to_owned(), "x".to_owned()]] };
        table.row(["a1".to_owned(), "金华镇".to_owned()]);
        table.row(["网格员一".to_owned(), "y".to_owned()]);
        let lines = table.lines(Words::of(Lang::Chinese));
        let starts: Vec<usize> = lines
            .lines()
            .zip(["x", "金", "y"])
            .map(|(line, second)| line.split_once(second).unwrap().0.width())
            .collect();
        assert_eq!(starts, [10, 10, 10]);
    }

    #[test]
    fn nothing_that_was_written_steers_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\u{9b}c\u{202e}\nd\te"), "a[31mbc d e");
        assert_eq!(escaped("\"\u{9b}\u{202e}\"\n"), "\"\\u009b\\u202e\"\n");
        assert_eq!(cut("金华镇网格", 7), "金华镇…");
        assert_eq!(cut("金华镇", 6), "金华镇");
    }
}
