//! What lies in which grid: read when the grids change.

use rusqlite::{Connection, Row, params};
use suishou_core::{
    error::{Error, Result},
    geo::Position,
    id::{DocumentId, GridId},
    model::{DocumentKind, task::TaskState},
    store::sql,
    time::Timestamp,
};

use super::id;

/// Open work that lies in a grid.
#[derive(Clone, Debug)]
pub struct Lying {
    /// Which.
    pub document: DocumentId,
    /// What.
    pub kind: DocumentKind,
    /// In this grid.
    pub grid: GridId,
    /// Where it is.
    pub position: Option<Position>,
}

const LYING: &str = "SELECT document, kind, grid, latitude_e7, longitude_e7 FROM work
    WHERE is_open = 1 AND grid IS NOT NULL AND kind IN (?1, ?2)";

/// Open incidents and households that are looked after, in the order of their ids.
pub fn lying(connection: &Connection) -> Result<Vec<Lying>> {
    let mut statement = connection.prepare(&format!("{LYING} ORDER BY document")).map_err(sql)?;
    let kinds = params![DocumentKind::Incident.number(), DocumentKind::Household.number()];
    let mut rows = statement.query(kinds).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Where one lies, if it is open and lies in a grid.
pub fn lying_of(connection: &Connection, document: DocumentId) -> Result<Option<Lying>> {
    let mut statement = connection.prepare_cached(&format!("{LYING} AND document = ?3")).map_err(sql)?;
    let wanted =
        params![DocumentKind::Incident.number(), DocumentKind::Household.number(), document.as_ref()];
    let mut rows = statement.query(wanted).map_err(sql)?;
    rows.next().map_err(sql)?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<Lying> {
    let units: (Option<i32>, Option<i32>) = (row.get(3).map_err(sql)?, row.get(4).map_err(sql)?);
    let position = units.0.zip(units.1);
    Ok(Lying {
        document: id(row, 0).map_err(sql)?,
        kind: kind(row)?,
        grid: grid(row)?,
        position: position.map(|(north, east)| Position::from_units(north, east)).transpose()?,
    })
}

/// Tasks that are not closed, warnings and notices that hold, each with every grid that it is for.
pub fn addressed(connection: &Connection, now: Timestamp) -> Result<Vec<(DocumentId, DocumentKind, GridId)>> {
    let mut statement = connection
        .prepare(
            "SELECT w.document, w.kind, g.value FROM work w, json_each(w.json, '$.audience.grids') g
             WHERE (w.kind = ?1 AND (w.is_open = 1 OR w.state = ?2))
                OR (w.kind IN (?3, ?4) AND w.is_open = 1 AND (w.due_at IS NULL OR w.due_at > ?5))
             ORDER BY w.document, g.key",
        )
        .map_err(sql)?;
    let wanted = params![
        DocumentKind::Task.number(),
        TaskState::Finished.as_str(),
        DocumentKind::Warning.number(),
        DocumentKind::Notice.number(),
        now.millis(),
    ];
    let mut rows = statement.query(wanted).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        found.push((id(row, 0).map_err(sql)?, kind(row)?, grid(row)?));
    }
    Ok(found)
}

fn kind(row: &Row<'_>) -> Result<DocumentKind> {
    DocumentKind::from_number(row.get(1).map_err(sql)?).ok_or(Error::Corrupt("a document's kind"))
}

fn grid(row: &Row<'_>) -> Result<GridId> {
    GridId::new(&row.get::<_, String>(2).map_err(sql)?).map_err(|_| Error::Corrupt("a row's grid"))
}
