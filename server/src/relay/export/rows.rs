//! What each export has in its columns. The columns' words stand in the words files under `export.ID`.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use suishou_core::{
    error::Error,
    geo::Position,
    id::{DocumentId, GridId},
    model::{
        DocumentKind, decode,
        incident::{IncidentRecord, Matter},
        settings::Settings,
        step::Author,
        visit::VisitRecord,
        warning::WarningState,
    },
    rows::{IncidentRow, PatrolRow, TaskRow, VisitRow, WarningRow},
    time::Timestamp,
};

use super::{Cell, Format, Line, Order, Shape, Township, What};
use crate::{
    blobs::Blobs,
    db::{self, Connection, export::Exported},
    relay::{
        error::Result,
        figures::{By, FIGURES, Statement},
        retention::{Piece, pieces},
    },
    words::{Lang, Words},
};

const INCIDENTS: [&str; 23] = [
    "id",
    "state",
    "category",
    "category_name",
    "severity",
    "grid",
    "grid_name",
    "latitude",
    "longitude",
    "reported_at",
    "received_at",
    "accepted_at",
    "handled_at",
    "closed_at",
    "due_at",
    "is_overdue",
    "departments",
    "photos",
    "matter",
    "duplicate_of",
    "rating",
    "author",
    "text",
];
const PATROLS: [&str; 12] = [
    "id",
    "state",
    "grid",
    "grid_name",
    "started_at",
    "finished_at",
    "distance_m",
    "tracked_minutes",
    "visited",
    "left",
    "gaps",
    "incidents",
];
const TASKS: [&str; 20] = [
    "id",
    "form",
    "state",
    "title",
    "grid",
    "grid_name",
    "latitude",
    "longitude",
    "at",
    "from_at",
    "due_at",
    "is_overdue",
    "items",
    "accounted",
    "people",
    "people_accounted",
    "accepted",
    "declined",
    "arrived",
    "finished",
];
const VISITS: [&str; 14] = [
    "id",
    "household",
    "purpose",
    "purpose_name",
    "outcome",
    "grid",
    "grid_name",
    "latitude",
    "longitude",
    "at",
    "received_at",
    "photos",
    "led_to",
    "text",
];
const WARNINGS: [&str; 13] = [
    "id",
    "hazard",
    "level",
    "title",
    "state",
    "at",
    "from_at",
    "until_at",
    "issue",
    "posts",
    "acknowledged",
    "heard",
    "need_help",
];
const FIGURE_COLUMNS: [&str; 22] = [
    "key",
    "name",
    FIGURES[0],
    FIGURES[1],
    FIGURES[2],
    FIGURES[3],
    FIGURES[4],
    FIGURES[5],
    FIGURES[6],
    FIGURES[7],
    FIGURES[8],
    FIGURES[9],
    FIGURES[10],
    FIGURES[11],
    FIGURES[12],
    FIGURES[13],
    FIGURES[14],
    FIGURES[15],
    FIGURES[16],
    FIGURES[17],
    FIGURES[18],
    FIGURES[19],
];

/// The columns' ids, in order.
pub(super) fn columns(what: What) -> &'static [&'static str] {
    match what {
        What::Incidents => &INCIDENTS,
        What::Patrols => &PATROLS,
        What::Tasks => &TASKS,
        What::Visits => &VISITS,
        What::Warnings => &WARNINGS,
        What::Figures(_) => &FIGURE_COLUMNS,
    }
}

/// Goes through the rows in the order of their time.
pub(super) fn each(
    from: &Township<'_>,
    order: &Order,
    mut take: impl FnMut(Line) -> Result<()>,
) -> Result<()> {
    let Township { connection, blobs, settings, now } = *from;
    let names = Names { settings, lang: order.words.lang(), now };
    let has_shapes = order.format == Format::GeoJson;
    let kind = match order.what {
        What::Incidents => DocumentKind::Incident,
        What::Patrols => DocumentKind::Patrol,
        What::Tasks => DocumentKind::Task,
        What::Visits => DocumentKind::Visit,
        What::Warnings => DocumentKind::Warning,
        What::Figures(_) => return Ok(()),
    };
    let since = order.from.unwrap_or(Timestamp::from_millis(i64::MIN));
    let to = order.to.unwrap_or(Timestamp::from_millis(i64::MAX));
    db::export::each(connection, kind, since, to, |exported| {
        take(match order.what {
            What::Patrols => {
                let (document, line) = patrol(&names, &exported)?;
                let shape = if has_shapes { path(connection, blobs, document)? } else { Shape::Nowhere };
                Line { shape, ..line }
            }
            What::Tasks => task(&names, &exported)?,
            What::Visits => visit(&names, &exported)?,
            What::Warnings => warning(&names, &exported)?,
            What::Incidents | What::Figures(_) => incident(&names, &exported)?,
        })
    })
}

struct Names<'a> {
    settings: &'a Settings,
    lang: Lang,
    now: Timestamp,
}

impl Names<'_> {
    fn grid(&self, grid: Option<&GridId>) -> Cell {
        let found = grid.and_then(|grid| self.settings.grids.iter().find(|known| known.id == *grid));
        found.map_or(Cell::Empty, |grid| Cell::Text(grid.name.clone()))
    }

    fn words(&self, words: &suishou_core::model::settings::Words) -> Cell {
        Cell::Text(match self.lang {
            Lang::Chinese => words.zh.clone(),
            Lang::English => words.en.clone(),
        })
    }

    fn overdue(&self, due_at: Option<Timestamp>) -> Cell {
        Cell::Flag(due_at.is_some_and(|due_at| due_at < self.now))
    }
}

fn read<R: DeserializeOwned>(exported: &Exported) -> Result<R> {
    Ok(serde_json::from_str(&exported.json).map_err(|_| Error::Corrupt("a row"))?)
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// An id or short name.
fn code(code: &impl ToString) -> Cell {
    Cell::Text(code.to_string())
}

fn maybe(value: Option<&impl ToString>) -> Cell {
    value.map_or(Cell::Empty, |value| Cell::Text(value.to_string()))
}

fn time(time: Option<Timestamp>) -> Cell {
    time.map_or(Cell::Empty, Cell::Time)
}

fn latitude(position: Option<Position>) -> Cell {
    position.map_or(Cell::Empty, |position| Cell::Number(position.latitude()))
}

fn longitude(position: Option<Position>) -> Cell {
    position.map_or(Cell::Empty, |position| Cell::Number(position.longitude()))
}

fn count(number: impl Into<u64>) -> Cell {
    Cell::Count(number.into())
}

/// The alias within the document, never more.
fn author(author: Author) -> Cell {
    match author {
        Author::Alias(alias) => Cell::Text(format!("person-{alias}")),
        Author::Centre => Cell::Text("centre".to_owned()),
        Author::You => Cell::Empty,
    }
}

fn incident(names: &Names<'_>, exported: &Exported) -> Result<Line> {
    let row: IncidentRow = read(exported)?;
    let record = exported.body.as_deref().and_then(|body| decode::<IncidentRecord>(body, "a record").ok());
    let category = names.settings.categories.iter().find(|known| known.id == row.category);
    let departments: Vec<&str> = row.departments.iter().map(suishou_core::id::DepartmentId::as_str).collect();
    let [accepted_at, handled_at, closed_at] = exported.times;
    let cells = vec![
        code(&row.document),
        Cell::Word("state", exported.state.clone()),
        code(&row.category),
        category.map_or(Cell::Empty, |category| names.words(&category.name)),
        Cell::Word("severity", row.severity.as_str().to_owned()),
        maybe(row.grid.as_ref()),
        names.grid(row.grid.as_ref()),
        latitude(row.position),
        longitude(row.position),
        Cell::Time(row.reported_at),
        time(row.received_at),
        time(accepted_at),
        time(handled_at),
        time(closed_at),
        time(exported.due_at),
        names.overdue(exported.due_at),
        text(departments.join(" ")),
        count(row.photos),
        row.matter.map_or(Cell::Empty, |matter| {
            let word = match matter {
                Matter::Complaint => "complaint",
                Matter::Suggestion => "suggestion",
            };
            Cell::Word("matter", word.to_owned())
        }),
        maybe(row.duplicate_of.as_ref()),
        row.rating.map_or(Cell::Empty, count),
        author(exported.author),
        text(record.map(|record| record.text).unwrap_or_default()),
    ];
    Ok(Line { cells, shape: row.position.into() })
}

fn patrol(names: &Names<'_>, exported: &Exported) -> Result<(DocumentId, Line)> {
    let row: PatrolRow = read(exported)?;
    let cells = vec![
        code(&row.document),
        Cell::Word("patrol", exported.state.clone()),
        maybe(row.grid.as_ref()),
        names.grid(row.grid.as_ref()),
        Cell::Time(row.started_at),
        time(row.finished_at),
        count(row.distance_m),
        count(row.tracked_s / 60),
        count(row.visited),
        count(row.left),
        count(row.gaps),
        count(row.incidents),
    ];
    Ok((row.document, Line { cells, shape: Shape::Nowhere }))
}

/// The lines of a patrol, as exact as the relay still has them.
fn path(connection: &Connection, blobs: &Blobs, document: DocumentId) -> Result<Shape> {
    let line = |piece: Piece| {
        let mut line: Vec<Position> = piece.fixes.iter().map(|fix| fix.position).collect();
        // A line has two ends, though they may be one place.
        if let [only] = line.as_slice() {
            line.push(*only);
        }
        line
    };
    let lines: Vec<_> =
        pieces(connection, blobs, document)?.into_iter().map(line).filter(|line| !line.is_empty()).collect();
    Ok(if lines.is_empty() { Shape::Nowhere } else { Shape::Lines(lines) })
}

/// The grids that a warning names; for everybody it is everywhere, and has no outline.
fn areas(settings: &Settings, row: &WarningRow) -> Shape {
    let named = settings.grids.iter().filter(|grid| row.audience.grids.contains(&grid.id));
    let mut areas = Vec::new();
    for grid in named {
        let mut geometry = json!(grid.boundary.to_geojson());
        let is_several = geometry.get("type").is_some_and(|kind| kind == "MultiPolygon");
        match geometry.get_mut("coordinates").map(Value::take).unwrap_or_default() {
            Value::Array(polygons) if is_several => areas.extend(polygons),
            polygon => areas.push(polygon),
        }
    }
    if areas.is_empty() { Shape::Nowhere } else { Shape::Areas(areas) }
}

fn task(names: &Names<'_>, exported: &Exported) -> Result<Line> {
    let row: TaskRow = read(exported)?;
    let cells = vec![
        code(&row.document),
        Cell::Word("form", row.form.as_str().to_owned()),
        Cell::Word("task", exported.state.clone()),
        text(row.title),
        maybe(row.grid.as_ref()),
        names.grid(row.grid.as_ref()),
        latitude(row.position),
        longitude(row.position),
        Cell::Time(row.at),
        time(row.from_at),
        time(row.due_at),
        names.overdue(exported.due_at),
        count(row.counts.items),
        count(row.counts.accounted),
        count(row.counts.people),
        count(row.counts.people_accounted),
        count(row.counts.accepted),
        count(row.counts.declined),
        count(row.counts.arrived),
        count(row.counts.finished),
    ];
    Ok(Line { cells, shape: row.position.into() })
}

fn visit(names: &Names<'_>, exported: &Exported) -> Result<Line> {
    let row: VisitRow = read(exported)?;
    let record = exported.body.as_deref().and_then(|body| decode::<VisitRecord>(body, "a record").ok());
    let purposes = names.settings.purposes.as_ref();
    let purpose =
        purposes.and_then(|purposes| purposes.iter().find(|known| Some(&known.id) == row.purpose.as_ref()));
    let cells = vec![
        code(&row.document),
        maybe(row.household.as_ref()),
        maybe(row.purpose.as_ref()),
        purpose.map_or(Cell::Empty, |purpose| names.words(&purpose.name)),
        Cell::Word("visit", row.outcome.as_str().to_owned()),
        maybe(row.grid.as_ref()),
        names.grid(row.grid.as_ref()),
        latitude(row.position),
        longitude(row.position),
        Cell::Time(row.at),
        time(row.received_at),
        count(row.photos),
        count(row.led_to),
        text(record.map(|record| record.text).unwrap_or_default()),
    ];
    Ok(Line { cells, shape: row.position.into() })
}

fn warning(names: &Names<'_>, exported: &Exported) -> Result<Line> {
    let row: WarningRow = read(exported)?;
    let state = match row.state_at(names.now) {
        WarningState::Announced => "announced",
        WarningState::InForce => "in_force",
        WarningState::Expired => "expired",
        WarningState::Ended => "ended",
    };
    let shape = areas(names.settings, &row);
    let cells = vec![
        code(&row.document),
        code(&row.hazard),
        Cell::Word("level", row.level.as_str().to_owned()),
        text(row.title),
        Cell::Word("warning", state.to_owned()),
        Cell::Time(row.at),
        Cell::Time(row.from_at),
        Cell::Time(row.until_at),
        count(row.issue),
        count(row.posts),
        count(row.acknowledged),
        count(row.heard),
        count(row.need_help),
    ];
    Ok(Line { cells, shape })
}

/// Each group, and all of them in the last line.
pub(super) fn figures(settings: &Settings, words: &Words, statement: &Statement) -> Vec<Line> {
    let names = Names { settings, lang: words.lang(), now: statement.at };
    let line = |key: Cell, name: Cell, figures: &super::super::figures::Figures| {
        let values = serde_json::to_value(figures).unwrap_or_default();
        let value = |name: &&str| match values.get(*name) {
            Some(number) if number.is_u64() => number.as_u64().map_or(Cell::Empty, Cell::Count),
            Some(number) => number.as_f64().map_or(Cell::Empty, Cell::Number),
            None => Cell::Empty,
        };
        let cells = [key, name].into_iter().chain(FIGURES.iter().map(value)).collect();
        Line { cells, shape: Shape::Nowhere }
    };
    let mut lines: Vec<Line> = statement
        .groups
        .iter()
        .map(|group| {
            let name =
                group.key.as_deref().map_or(Cell::Empty, |key| named(&names, words, statement.by, key));
            line(maybe(group.key.as_ref()), name, &group.figures)
        })
        .collect();
    lines.push(line(Cell::Empty, text(words.word("fig.total")), &statement.total));
    lines
}

fn named(names: &Names<'_>, words: &Words, by: By, key: &str) -> Cell {
    let settings = names.settings;
    let found = match by {
        By::Grid => {
            settings.grids.iter().find(|known| known.id.as_str() == key).map(|known| text(known.name.clone()))
        }
        By::Department => settings
            .departments
            .iter()
            .find(|known| known.id.as_str() == key)
            .map(|known| text(known.name.clone())),
        By::Category => settings
            .categories
            .iter()
            .find(|known| known.id.as_str() == key)
            .map(|known| names.words(&known.name)),
        By::Source => words.find(&format!("source.{key}")).map(text),
        By::Day | By::Week | By::Month => None,
    };
    found.unwrap_or(Cell::Empty)
}
