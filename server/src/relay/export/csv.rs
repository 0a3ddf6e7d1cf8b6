//! CSV. What somebody wrote never becomes a formula in whoever's spreadsheet; numbers stay numbers.

use std::{fs::File, io::Write as _};

use suishou_core::error::Error;

use super::{Cell, Line, Sink, failed};
use crate::{
    relay::error::{RelayError, Result},
    times::beijing_to_the_second,
    words::Words,
};

pub(super) struct Csv {
    writer: csv::Writer<File>,
    /// For people: words instead of codes, and Beijing time without its offset.
    words: Option<&'static Words>,
}

fn bad(error: csv::Error) -> RelayError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => failed(error),
        _ => Error::Corrupt("a line of an export").into(),
    }
}

impl Csv {
    pub(super) fn new(
        mut file: File,
        columns: &[&str],
        is_for_excel: bool,
        words: &'static Words,
    ) -> Result<Self> {
        if is_for_excel {
            file.write_all(b"\xef\xbb\xbf").map_err(failed)?;
        }
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        let heads: Vec<String> = columns
            .iter()
            .map(|column| {
                if is_for_excel {
                    words.word(&format!("export.{column}")).to_owned()
                } else {
                    (*column).to_owned()
                }
            })
            .collect();
        writer.write_record(heads).map_err(bad)?;
        Ok(Self { writer, words: is_for_excel.then_some(words) })
    }

    pub(super) fn end(mut self) -> Result<()> {
        self.writer.flush().map_err(failed)
    }

    fn cell(&self, cell: Cell) -> String {
        match (cell, self.words) {
            (Cell::Empty, _) => String::new(),
            (Cell::Text(text), _) => harmless(text),
            (Cell::Word(kind, word), Some(words)) => words.word(&format!("{kind}.{word}")).to_owned(),
            (Cell::Word(_, word), None) => word,
            (Cell::Count(number), _) => number.to_string(),
            (Cell::Number(number), _) => number.to_string(),
            (Cell::Time(time), Some(_)) => beijing_to_the_second(time),
            (Cell::Time(time), None) => format!("{}+08:00", beijing_to_the_second(time).replace(' ', "T")),
            (Cell::Flag(is), Some(words)) => words.word(if is { "say.yes" } else { "say.no" }).to_owned(),
            (Cell::Flag(is), None) => is.to_string(),
        }
    }
}

impl Sink for Csv {
    fn take(&mut self, line: Line) -> Result<()> {
        let cells: Vec<String> = line.cells.into_iter().map(|cell| self.cell(cell)).collect();
        self.writer.write_record(cells).map_err(bad)
    }
}

/// With an apostrophe before what a spreadsheet would take for a formula, also behind blanks and in the full
/// width in which Chinese keyboards write it.
pub(super) fn harmless(text: String) -> String {
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}');
    let first = text.chars().next();
    let meant = text.chars().find(|c| !is_blank(*c));
    let is_sign = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let is_risky = matches!(first, Some('\t' | '\r' | '\n' | '\0')) || meant.is_some_and(is_sign);
    if is_risky { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_somebody_wrote_is_a_formula() {
        for bad in [
            "=1+1",
            "=cmd|' /C calc'!A0",
            "+86 138",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "\u{feff}=1",
            "\u{200b}=1",
            "＝1+1",
            "－1",
            "　＠SUM",
        ] {
            assert_eq!(harmless(bad.to_owned()), format!("'{bad}"), "{bad:?}");
        }
        for good in ["", "桥头积水", "a=b", "1-2", "'quoted", "(=)"] {
            assert_eq!(harmless(good.to_owned()), good);
        }
    }
}
