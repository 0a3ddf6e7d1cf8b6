//! XLSX with typed cells: numbers are numbers, times are times, and texts are texts whatever they begin with.

use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use suishou_core::{error::Error, time::Timestamp};

use super::{Cell, Line, Sink, failed};
use crate::{
    relay::error::{RelayError, Result},
    words::Words,
};

/// A sheet holds 1,048,576 rows.
const ROWS: u32 = 1_000_000;
/// Longest text of a cell, in the UTF-16 units that Excel counts.
const MAX_CELL: usize = 32_767;
/// The day from which Excel counts, in days before 1970.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_MS: f64 = 86_400_000.0;
const BEIJING_DAYS: f64 = 8.0 / 24.0;

pub(super) struct Xlsx {
    workbook: Workbook,
    heads: Vec<(String, f64)>,
    words: &'static Words,
    date: Format,
    head: Format,
    sheet: usize,
    row: u32,
}

fn bad(error: XlsxError) -> RelayError {
    match error {
        XlsxError::IoError(error) => failed(error),
        _ => Error::Corrupt("a cell of an export").into(),
    }
}

impl Xlsx {
    /// Rows go to a file beside `path` as they come.
    pub(super) fn new(path: &Path, columns: &[&str], words: &'static Words) -> Result<Self> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(path.parent().unwrap_or(Path::new("."))).map_err(bad)?;
        let heads = columns.iter().map(|column| {
            let width = match *column {
                "text" | "title" => 48.0,
                "id" | "household" | "duplicate_of" => 34.0,
                column if column.ends_with("_at") || column == "at" => 19.0,
                _ => 13.0,
            };
            (words.word(&format!("export.{column}")).to_owned(), width)
        });
        let mut xlsx = Self {
            heads: heads.collect(),
            words,
            date: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            head: Format::new().set_bold(),
            workbook,
            sheet: 0,
            row: 0,
        };
        xlsx.begin_sheet()?;
        Ok(xlsx)
    }

    fn begin_sheet(&mut self) -> Result<()> {
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(bad)?;
        sheet.set_freeze_panes(1, 0).map_err(bad)?;
        for (column, (name, width)) in (0..).zip(&self.heads) {
            sheet.set_column_width(column, *width).map_err(bad)?;
            sheet.write_string_with_format(0, column, name, &self.head).map_err(bad)?;
        }
        self.row = 1;
        Ok(())
    }

    pub(super) fn end(mut self, path: &Path) -> Result<()> {
        self.workbook.save(path).map_err(bad)
    }
}

impl Sink for Xlsx {
    fn take(&mut self, line: Line) -> Result<()> {
        if self.row > ROWS {
            self.sheet += 1;
            self.begin_sheet()?;
        }
        let (row, words, date) = (self.row, self.words, &self.date);
        let sheet = self.workbook.worksheet_from_index(self.sheet).map_err(bad)?;
        for (column, cell) in (0..).zip(line.cells) {
            put(sheet, row, column, cell, words, date).map_err(bad)?;
        }
        self.row += 1;
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and times are far below 2^52")]
fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: Cell,
    words: &Words,
    date: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => sheet.write_string(row, column, cut(text)),
        Cell::Word(kind, word) => sheet.write_string(row, column, words.word(&format!("{kind}.{word}"))),
        Cell::Count(number) => sheet.write_number(row, column, number as f64),
        Cell::Number(number) => sheet.write_number(row, column, number),
        Cell::Time(time) => sheet.write_number_with_format(row, column, serial(time), date),
        Cell::Flag(is) => sheet.write_string(row, column, words.word(if is { "say.yes" } else { "say.no" })),
    }
    .map(drop)
}

/// Beijing time as Excel counts it.
#[expect(clippy::cast_precision_loss, reason = "times are far below 2^52 milliseconds")]
fn serial(time: Timestamp) -> f64 {
    EPOCH_DAYS + BEIJING_DAYS + time.millis() as f64 / DAY_MS
}

fn cut(mut text: String) -> String {
    if text.encode_utf16().count() > MAX_CELL {
        let mut units = 0;
        text = text
            .chars()
            .take_while(|c| {
                units += c.len_utf16();
                units <= MAX_CELL
            })
            .collect();
    }
    text
}
