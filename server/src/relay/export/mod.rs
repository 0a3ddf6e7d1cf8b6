//! Exports: rows out of the township as CSV, XLSX or GeoJSON, whole and with the memory flat.
//!
//! A file is made beside the writer and then sent, so that neither a slow reader nor a fault in the middle is
//! anybody's trouble. Nobody's name stands in an export: authors are the document's aliases.

mod csv;
mod geojson;
mod rows;
mod xlsx;

use std::{
    fs::{self, File},
    io,
    path::Path,
    str::FromStr,
};

use serde_json::Value;
use suishou_core::{
    error::{Error, Problem},
    geo::Position,
    model::settings::Settings,
    time::Timestamp,
};

use self::rows::columns;
use super::{
    Relay,
    error::{RelayError, Result},
    figures::{By, Period, statement},
};
use crate::{
    blobs::Blobs,
    db::{self, Connection},
    words::Words,
};

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Incidents with their texts.
    Incidents,
    /// Patrols with their figures.
    Patrols,
    /// Tasks with their titles and counts.
    Tasks,
    /// Visits with what was said.
    Visits,
    /// Warnings with their counts.
    Warnings,
    /// Statistics.
    Figures(By),
}

/// As which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For programs: the columns' ids, codes, times with their offset.
    Csv,
    /// For Excel: a mark that it is UTF-8, and words.
    ExcelCsv,
    /// For Excel, with typed cells.
    Xlsx,
    /// Points, lines and areas in WGS-84.
    GeoJson,
}

impl Format {
    /// As a browser is told.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv | Self::ExcelCsv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::GeoJson => "application/geo+json",
        }
    }

    /// The end of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv | Self::ExcelCsv => "csv",
            Self::Xlsx => "xlsx",
            Self::GeoJson => "geojson",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "csv" => Ok(Self::Csv),
            "xlsx" => Ok(Self::Xlsx),
            "geojson" => Ok(Self::GeoJson),
            other => {
                let code = other.chars().take(20).collect();
                Err(Error::invalid(Problem::Unknown { what: "format", code }))
            }
        }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// What somebody wrote, or a code.
    Text(String),
    /// One of the program's own words: `state`, `closed`.
    Word(&'static str, String),
    /// A whole number.
    Count(u64),
    /// Any number.
    Number(f64),
    /// A moment.
    Time(Timestamp),
    /// Yes or no.
    Flag(bool),
}

/// Where a row is.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Not known, or everywhere.
    Nowhere,
    /// At one place.
    Point(Position),
    /// Along these lines; between two of them nothing is known.
    Lines(Vec<Vec<Position>>),
    /// In these polygons, as GeoJSON has their coordinates.
    Areas(Vec<Value>),
}

impl From<Option<Position>> for Shape {
    fn from(position: Option<Position>) -> Self {
        position.map_or(Self::Nowhere, Self::Point)
    }
}

/// A row with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    cells: Vec<Cell>,
    shape: Shape,
}

/// What to export.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// What.
    pub what: What,
    /// As which file.
    pub format: Format,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub to: Option<Timestamp>,
    /// Whose words.
    pub words: &'static Words,
}

/// Takes lines one after the other.
trait Sink {
    fn take(&mut self, line: Line) -> Result<()>;
}

fn failed(error: io::Error) -> RelayError {
    Error::file("writing an export")(error).into()
}

/// The columns' ids, in order.
pub fn column_ids(what: What) -> &'static [&'static str] {
    columns(what)
}

/// What an export is made from.
#[derive(Clone, Copy, Debug)]
pub struct Township<'a> {
    /// Its database.
    pub connection: &'a Connection,
    /// Its attachments, for the paths of patrols.
    pub blobs: &'a Blobs,
    /// Its settings.
    pub settings: &'a Settings,
    /// As things stand then.
    pub now: Timestamp,
}

/// Makes the file; answers with the number of rows.
pub fn write(from: &Township<'_>, order: &Order, path: &Path) -> Result<u64> {
    let snapshot = db::snapshot(from.connection)?;
    let from = &Township { connection: &snapshot, ..*from };
    let mut count = 0;
    let columns = columns(order.what);
    match order.format {
        Format::Csv | Format::ExcelCsv => {
            let file = File::create(path).map_err(failed)?;
            let mut sink = csv::Csv::new(file, columns, order.format == Format::ExcelCsv, order.words)?;
            each(from, order, &mut sink, &mut count)?;
            sink.end()?;
        }
        Format::GeoJson => {
            if matches!(order.what, What::Figures(_)) {
                return Err(RelayError::invalid(Problem::Missing("the position")));
            }
            let mut sink = geojson::GeoJson::new(File::create(path).map_err(failed)?, columns)?;
            each(from, order, &mut sink, &mut count)?;
            sink.end()?;
        }
        Format::Xlsx => {
            let mut sink = xlsx::Xlsx::new(path, columns, order.words)?;
            each(from, order, &mut sink, &mut count)?;
            sink.end(path)?;
        }
    }
    Ok(count)
}

fn each(from: &Township<'_>, order: &Order, sink: &mut dyn Sink, count: &mut u64) -> Result<()> {
    let What::Figures(by) = order.what else {
        return rows::each(from, order, |line| {
            *count += 1;
            sink.take(line)
        });
    };
    let period = Period { from: order.from, to: order.to, grid: None };
    let statement = statement(from.connection, from.settings, from.now, by, &period)?;
    for line in rows::figures(from.settings, order.words, &statement) {
        *count += 1;
        sink.take(line)?;
    }
    Ok(())
}

impl Relay {
    /// Makes the file of an export and opens it; its name is gone already, its bytes go with the reader.
    pub async fn export(&self, order: Order) -> Result<(File, u64)> {
        let blobs = std::sync::Arc::clone(&self.inner.blobs);
        self.with(move |connection, shared| {
            let path = blobs.spool()?;
            let (settings, now) = (shared.settings(), shared.clock.now());
            let from = Township { connection, blobs: &blobs, settings: &settings, now };
            let written = write(&from, &order, &path);
            let opened = written.and_then(|count| Ok((File::open(&path).map_err(failed)?, count)));
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(kind = %error.kind(), "an export's file stays behind until the next start");
            }
            opened
        })
        .await
    }
}
