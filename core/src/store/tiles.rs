//! A base map that somebody made elsewhere: raster tiles in an MBTiles file, which is a SQLite database. Read by relay
//! and phone alike, and never written.
//!
//! The file is hostile until shown otherwise: a statement that runs for too long is cut off, and only pictures come out.
//! Rows count from the south in such files; here a tile is asked for as browsers do, with `y` from the north.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rusqlite::Connection;
use serde::Serialize;

use super::{
    open::{creator, reader},
    optional, sql,
};
use crate::{
    capture::picture_type,
    error::{Error, Problem, Result},
};

/// Deepest zoom that anybody makes.
const MAX_ZOOM: u8 = 22;
/// Largest tile in bytes.
const MAX_TILE_BYTES: u32 = 1024 * 1024;
/// Longest name or attribution in characters.
const MAX_WORDS: usize = 200;
/// Instructions between two looks at how long a statement has run.
const STEP: i32 = 10_000;
/// So many looks, and it is cut off: some tenths of a second.
const MAX_STEPS: u32 = 2_000;

/// What a file of tiles says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TilesInfo {
    /// What it is called.
    pub name: String,
    /// Whose data it is, to be shown beside the map.
    pub attribution: String,
    /// The shallowest zoom.
    pub min_zoom: u8,
    /// The deepest zoom.
    pub max_zoom: u8,
    /// West, south, east, north, in degrees, if the file says so.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Vec<f64>>))]
    pub bounds: Option<[f64; 4]>,
}

/// A file of tiles, open.
#[derive(Debug)]
pub struct Tiles {
    connection: Connection,
    steps: Arc<AtomicU32>,
    info: TilesInfo,
}

impl Tiles {
    /// Opens a file and looks whether it can be drawn: raster tiles with an index.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |_| Error::malformed("an MBTiles file");
        let mut connection = reader(path).map_err(unreadable)?;
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        connection
            .progress_handler(STEP, Some(move || counted.fetch_add(1, Ordering::Relaxed) > MAX_STEPS))
            .map_err(sql)?;
        let mut tiles = Self { connection, steps, info: TilesInfo::default() };
        tiles.check_index().map_err(unreadable)?;
        tiles.info = tiles.read_info().map_err(unreadable)?;
        tiles.check_format()?;
        Ok(tiles)
    }

    /// What the file says of itself.
    pub fn info(&self) -> &TilesInfo {
        &self.info
    }

    /// One tile, `x` from the west and `y` from the north; none if the file has none there, or no picture.
    pub fn tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>> {
        let Some(row) = from_south(z, x, y) else { return Ok(None) };
        self.begin();
        let found: Option<Vec<u8>> = optional(
            self.connection
                .prepare_cached(
                    "SELECT tile_data FROM tiles
                     WHERE zoom_level = ?1 AND tile_column = ?2 AND tile_row = ?3 AND length(tile_data) <= ?4",
                )
                .map_err(sql)?
                .query_row((z, x, row, MAX_TILE_BYTES), |row| row.get(0)),
        )?;
        Ok(found.filter(|bytes| picture_type(bytes).is_some()))
    }

    /// The next statement may take its time.
    fn begin(&self) {
        self.steps.store(0, Ordering::Relaxed);
    }

    /// Without an index every tile is looked for in all of them.
    fn check_index(&self) -> Result<()> {
        self.begin();
        let plan: Vec<String> = self
            .connection
            .prepare(
                "EXPLAIN QUERY PLAN SELECT tile_data FROM tiles
                 WHERE zoom_level = 1 AND tile_column = 1 AND tile_row = 1",
            )
            .and_then(|mut explain| explain.query_map([], |row| row.get(3))?.collect())
            .map_err(sql)?;
        if plan.is_empty() || plan.iter().any(|step| step.starts_with("SCAN")) {
            return Err(Error::malformed("an MBTiles file"));
        }
        Ok(())
    }

    fn read_info(&self) -> Result<TilesInfo> {
        self.begin();
        let zoom = |order: &str| -> Result<Option<u8>> {
            let statement = format!("SELECT zoom_level FROM tiles ORDER BY zoom_level {order} LIMIT 1");
            optional(self.connection.query_row(&statement, [], |row| row.get(0)))
        };
        let (min_zoom, max_zoom) = match (zoom("ASC")?, zoom("DESC")?) {
            (Some(min), Some(max)) if max <= MAX_ZOOM => (min, max),
            _ => return Err(Error::malformed("an MBTiles file")),
        };
        let words = |text: Option<String>| text.unwrap_or_default().chars().take(MAX_WORDS).collect();
        let bounds = self.said("bounds")?;
        Ok(TilesInfo {
            name: words(self.said("name")?),
            attribution: words(self.said("attribution")?),
            min_zoom,
            max_zoom,
            bounds: bounds.and_then(|text| read_bounds(&text)),
        })
    }

    fn said(&self, name: &str) -> Result<Option<String>> {
        optional(self.connection.query_row(
            "SELECT CAST(value AS TEXT) FROM metadata WHERE name = ?1",
            [name],
            |row| row.get(0),
        ))
    }

    /// Vector tiles and what else there may be can't be drawn here: told by the bytes and not by a name.
    fn check_format(&self) -> Result<()> {
        self.begin();
        let first: Vec<u8> = self
            .connection
            .query_row(
                "SELECT tile_data FROM tiles WHERE length(tile_data) <= ?1 LIMIT 1",
                [MAX_TILE_BYTES],
                |row| row.get(0),
            )
            .map_err(|_| Error::malformed("an MBTiles file"))?;
        match picture_type(&first) {
            Some(_) => Ok(()),
            None => Err(Error::invalid(Problem::Malformed("raster tiles (PNG, JPEG or WebP)"))),
        }
    }
}

/// Writes a new file of tiles, as other programs do: what it says of itself, and each tile with zoom, `x` and `y` from the
/// north. For townships that are made up.
pub fn write(path: &Path, said: &[(&str, &str)], tiles: &[(u8, u32, u32, Vec<u8>)]) -> Result<()> {
    const TABLES: &str = "CREATE TABLE metadata (name TEXT, value TEXT);
        CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB);
        CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);";
    let mut connection = creator(path)?;
    let transaction = connection.transaction().map_err(sql)?;
    transaction.execute_batch(TABLES).map_err(sql)?;
    for pair in said {
        transaction.execute("INSERT INTO metadata VALUES (?1, ?2)", *pair).map_err(sql)?;
    }
    for (z, x, y, bytes) in tiles {
        let row = from_south(*z, *x, *y).ok_or(Error::malformed("a tile's place"))?;
        transaction.execute("INSERT INTO tiles VALUES (?1, ?2, ?3, ?4)", (z, x, row, bytes)).map_err(sql)?;
    }
    transaction.commit().map_err(sql)?;
    connection.close().map_err(|(_, error)| sql(error))
}

/// The row as it stands in the file; none if there is no such tile on Earth.
fn from_south(z: u8, x: u32, y: u32) -> Option<u32> {
    let across = 1_u32.checked_shl(z.into()).filter(|_| z <= MAX_ZOOM)?;
    (x < across && y < across).then(|| across - 1 - y)
}

fn read_bounds(text: &str) -> Option<[f64; 4]> {
    let mut numbers = text.split(',').map(|number| number.trim().parse::<f64>().ok());
    let bounds = [numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()??];
    let [west, south, east, north] = bounds;
    let is_sound = (-180.0..=180.0).contains(&west)
        && (-180.0..=180.0).contains(&east)
        && (-90.0..=90.0).contains(&south)
        && (-90.0..=90.0).contains(&north)
        && west < east
        && south < north;
    (numbers.next().is_none() && is_sound).then_some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

    fn file(statements: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let connection = creator(file.path()).unwrap();
        connection.execute_batch(statements).unwrap();
        file
    }

    const TABLES: &str = "CREATE TABLE metadata (name TEXT, value TEXT);
        CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB);
        CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);";

    fn filled(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let said = [("name", "桥头"), ("bounds", "119.4,28.9,119.9,29.3"), ("attribution", "x")];
        write(file.path(), &said, &[(3, 6, 3, bytes.to_vec()), (5, 26, 13, bytes.to_vec())]).unwrap();
        file
    }

    #[test]
    fn a_tile_is_found_from_the_north_and_the_file_says_what_it_is() {
        let file = filled(PNG);
        let tiles = Tiles::open(file.path()).unwrap();
        let info = TilesInfo {
            name: "桥头".to_owned(),
            attribution: "x".to_owned(),
            min_zoom: 3,
            max_zoom: 5,
            bounds: Some([119.4, 28.9, 119.9, 29.3]),
        };
        assert_eq!(*tiles.info(), info);
        // Row 3 from the north of 8 stands in the file as row 4.
        let row: u32 = tiles
            .connection
            .query_row("SELECT tile_row FROM tiles WHERE zoom_level = 3", [], |row| row.get(0))
            .unwrap();
        assert_eq!(row, 4);
        assert_eq!(tiles.tile(3, 6, 3).unwrap().as_deref(), Some(PNG));
        assert_eq!(tiles.tile(5, 26, 13).unwrap().as_deref(), Some(PNG));
        for (z, x, y) in [(3, 6, 4), (3, 8, 0), (3, 0, 8), (23, 0, 0), (255, 0, 0), (0, u32::MAX, u32::MAX)] {
            assert_eq!(tiles.tile(z, x, y).unwrap(), None, "{z}/{x}/{y}");
        }
    }

    #[test]
    fn what_can_not_be_drawn_is_refused_when_it_is_opened() {
        let no_index =
            TABLES.replace("UNIQUE INDEX tile_index ON tiles (zoom_level", "INDEX i ON tiles (tile_data");
        let no_index = no_index.replace("(tile_data, tile_column, tile_row)", "(tile_data)");
        let endless = "CREATE TABLE metadata (name TEXT, value TEXT);
            CREATE VIEW tiles AS WITH RECURSIVE t(zoom_level, tile_column, tile_row) AS
                (SELECT 1, 1, 1 UNION ALL SELECT zoom_level, tile_column + 1, tile_row FROM t)
                SELECT zoom_level, tile_column, tile_row, x'89504e47' AS tile_data FROM t ORDER BY 2;";
        let deep = format!("{TABLES} INSERT INTO tiles VALUES (40, 1, 1, x'89504e47');");
        let insert = " INSERT INTO tiles VALUES (1, 1, 1, x'89504e47');";
        for statements in [TABLES, &(no_index + insert), endless, &deep, "CREATE TABLE other (id INTEGER);"] {
            let file = file(statements);
            let refused = Tiles::open(file.path()).unwrap_err();
            assert!(matches!(refused, Error::Invalid { .. }), "{statements}: {refused}");
        }
        let vector = filled(&[0x1f, 0x8b, 8, 0]);
        let refused = Tiles::open(vector.path()).unwrap_err().to_string();
        assert!(refused.contains("raster tiles"), "{refused}");
        let garbage = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(garbage.path(), b"SQLite format 3\0 but not really").unwrap();
        assert!(matches!(Tiles::open(garbage.path()).unwrap_err(), Error::Invalid { .. }));
    }

    #[test]
    fn bounds_that_lie_nowhere_are_none() {
        assert_eq!(read_bounds("1, 2,3 ,4"), Some([1.0, 2.0, 3.0, 4.0]));
        for bad in ["", "1,2,3", "1,2,3,4,5", "3,2,1,4", "1,2,3,400", "a,b,c,d", "nan,1,2,3"] {
            assert_eq!(read_bounds(bad), None, "{bad}");
        }
    }
}
