//! GeoJSON in WGS-84, longitude first: a point for each row, the lines of a patrol, the areas of a warning; a row
//! without a place has no geometry.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
};

use serde_json::{Map, Value, json};
use suishou_core::{error::Error, geo::Position};

use super::{Cell, Line, Shape, Sink, failed};
use crate::relay::error::Result;

pub(super) struct GeoJson {
    file: BufWriter<File>,
    columns: &'static [&'static str],
    is_first: bool,
}

impl GeoJson {
    pub(super) fn new(file: File, columns: &'static [&'static str]) -> Result<Self> {
        let mut file = BufWriter::new(file);
        file.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[").map_err(failed)?;
        Ok(Self { file, columns, is_first: true })
    }

    pub(super) fn end(mut self) -> Result<()> {
        self.file.write_all(b"\n]}\n").and_then(|()| self.file.flush()).map_err(failed)
    }
}

impl Sink for GeoJson {
    fn take(&mut self, line: Line) -> Result<()> {
        let properties: Map<String, Value> = self
            .columns
            .iter()
            .zip(line.cells)
            .filter(|(column, _)| !matches!(**column, "latitude" | "longitude"))
            .map(|(column, cell)| ((*column).to_owned(), value(cell)))
            .collect();
        let geometry = geometry(line.shape);
        let feature = json!({ "type": "Feature", "geometry": geometry, "properties": properties });
        let before: &[u8] = if self.is_first { b"\n" } else { b",\n" };
        self.is_first = false;
        self.file.write_all(before).map_err(failed)?;
        serde_json::to_writer(&mut self.file, &feature).map_err(|error| {
            error.io_error_kind().map_or(Error::Corrupt("a feature").into(), |kind| failed(kind.into()))
        })
    }
}

fn geometry(shape: Shape) -> Value {
    let at = |position: Position| [position.longitude(), position.latitude()];
    match shape {
        Shape::Nowhere => Value::Null,
        Shape::Point(position) => json!({ "type": "Point", "coordinates": at(position) }),
        Shape::Lines(lines) => {
            let lines: Vec<Vec<[f64; 2]>> =
                lines.into_iter().map(|line| line.into_iter().map(at).collect()).collect();
            json!({ "type": "MultiLineString", "coordinates": lines })
        }
        Shape::Areas(areas) => json!({ "type": "MultiPolygon", "coordinates": areas }),
    }
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) | Cell::Word(_, text) => text.into(),
        Cell::Count(number) => number.into(),
        Cell::Number(number) => number.into(),
        Cell::Time(time) => time.to_rfc3339().into(),
        Cell::Flag(is) => is.into(),
    }
}
