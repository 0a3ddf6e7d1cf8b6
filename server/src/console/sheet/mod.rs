//! Tables that an operator keeps in a spreadsheet, as CSV: columns by name in two languages, and
//! everything that is wrong told at once with its line.

pub(super) mod checkpoints;
pub(super) mod departments;
pub(super) mod households;
pub(super) mod items;
pub(super) mod members;
pub(super) mod posts;
pub(super) mod tickets;

use std::collections::{BTreeMap, BTreeSet};

use csv::{ReaderBuilder, StringRecord, Trim};
use suishou_core::{error::Problem, geo::Position, id::GridId};

pub(super) use self::{departments::DepartmentRow, households::HouseholdLine, members::MemberRow};

/// Most rows of one file.
const MAX_ROWS: usize = 100_000;
/// Longest name or number in bytes.
const MAX_NAME_BYTES: usize = 200;

/// A column by its name, and what else it may be called.
struct Column {
    name: &'static str,
    chinese: &'static str,
    is_needed: bool,
}

/// The cells of one row by column name; a missing column is empty.
type Row = BTreeMap<&'static str, String>;

/// Reads a file into rows with their line numbers; refuses one whose head is not understood.
fn read(bytes: &[u8], columns: &[Column]) -> Result<Vec<(usize, Row)>, Vec<Problem>> {
    let text = std::str::from_utf8(bytes).map_err(|_| vec![Problem::Malformed("UTF-8")])?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .trim(Trim::All)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut lines = Lines { text, upto: 0, line: 1 };
    let mut records = reader.records().map_while(Result::ok).map(|record| (lines.of(&record), record));
    let Some((_, head)) = records.next() else { return Err(vec![Problem::Missing("the first line")]) };
    let places = places(&head, columns)?;
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for (line, record) in records.filter(|(_, record)| record.iter().any(|cell| !cell.is_empty())) {
        if rows.len() == MAX_ROWS {
            let limit = MAX_ROWS as u64;
            problems.push(Problem::TooLarge { what: "number of rows", found: limit + 1, limit });
            break;
        }
        if record.iter().skip(head.len()).any(|cell| !cell.is_empty()) {
            problems.push(at("line", line, Problem::Malformed("a row with as many cells as the first line")));
        }
        let cell = |place: &usize| record.get(*place).unwrap_or_default().to_owned();
        rows.push((line, places.iter().map(|(name, place)| (*name, cell(place))).collect()));
    }
    if rows.is_empty() {
        problems.push(Problem::Missing("row"));
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// Spreadsheets write commas, tabs or semicolons, as the machine's language has it.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    [b',', b'\t', b';']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| head.bytes().filter(|byte| byte == delimiter).count())
        .unwrap_or(b',')
}

/// Where each column stands.
fn places(head: &StringRecord, columns: &[Column]) -> Result<BTreeMap<&'static str, usize>, Vec<Problem>> {
    let mut places = BTreeMap::new();
    let mut problems = Vec::new();
    for (place, title) in head.iter().enumerate().filter(|(_, title)| !title.is_empty()) {
        let column =
            columns.iter().find(|column| title.eq_ignore_ascii_case(column.name) || title == column.chinese);
        match column {
            None => {
                problems.push(Problem::Unknown { what: "column", code: title.chars().take(20).collect() });
            }
            Some(column) if places.insert(column.name, place).is_some() => {
                problems.push(Problem::Twice { what: "column", code: column.name.to_owned() });
            }
            Some(_) => {}
        }
    }
    let missing = columns.iter().filter(|column| column.is_needed && !places.contains_key(column.name));
    problems.extend(missing.map(|column| Problem::Missing(column.name)));
    let at_head = |problem| at("line", 1, problem);
    if problems.is_empty() { Ok(places) } else { Err(problems.into_iter().map(at_head).collect()) }
}

/// Tells the line on which a record begins; the reader's own count is off after empty lines.
struct Lines<'a> {
    text: &'a str,
    upto: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, record: &StringRecord) -> usize {
        let start =
            record.position().map_or(self.upto, |position| usize::try_from(position.byte()).unwrap_or(0));
        let passed = self.text.as_bytes().get(self.upto..start).unwrap_or_default();
        self.line += breaks(passed);
        self.upto = self.upto.max(start);
        let rest = self.text.as_bytes().get(self.upto..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.line + breaks(rest.get(..blank).unwrap_or_default())
    }
}

fn breaks(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

/// The parts of a cell that holds several codes.
fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', '；', '、']).map(str::trim).filter(|part| !part.is_empty())
}

/// A name that can be shown.
fn name(text: &str) -> Result<String, Problem> {
    match text.trim() {
        "" => Err(Problem::Missing("name")),
        name if name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) => Err(Problem::BadName),
        name => Ok(name.to_owned()),
    }
}

/// A whole number up to a limit; an empty cell stands for `otherwise`.
fn number(text: &str, what: &'static str, otherwise: u16, found: &mut Vec<Problem>) -> u16 {
    match text.trim() {
        "" => otherwise,
        text => text.parse().unwrap_or_else(|_| {
            found.push(Problem::Malformed(what));
            otherwise
        }),
    }
}

/// A position from two cells; none if both are empty.
fn position(latitude: &str, longitude: &str, found: &mut Vec<Problem>) -> Option<Position> {
    let (latitude, longitude) = (latitude.trim(), longitude.trim());
    if latitude.is_empty() && longitude.is_empty() {
        return None;
    }
    let (Ok(latitude), Ok(longitude)) = (latitude.parse(), longitude.parse()) else {
        found.push(Problem::BadPosition);
        return None;
    };
    Position::new(latitude, longitude).map_err(|error| found.extend(problems_of(error))).ok()
}

/// A grid of the township; none if the cell is empty.
fn grid(text: &str, known: &BTreeSet<&GridId>, found: &mut Vec<Problem>) -> Option<GridId> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match GridId::new(text) {
        Ok(grid) if known.contains(&grid) => Some(grid),
        Ok(grid) => {
            found.push(Problem::Unknown { what: "grid", code: grid.to_string() });
            None
        }
        Err(error) => {
            found.extend(problems_of(error));
            None
        }
    }
}

fn at(what: &'static str, number: usize, problem: Problem) -> Problem {
    Problem::At { what, number, problem: Box::new(problem) }
}

/// The problems of an invalid value; core has no other for a code.
fn problems_of(error: suishou_core::error::Error) -> Vec<Problem> {
    match error {
        suishou_core::error::Error::Invalid { problems } => problems,
        _ => vec![Problem::BadCode],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [
        Column { name: "id", chinese: "编号", is_needed: true },
        Column { name: "name", chinese: "姓名", is_needed: false },
    ];

    fn lines(text: &str) -> Vec<(usize, String)> {
        let rows = read(text.as_bytes(), &COLUMNS).unwrap();
        rows.into_iter().map(|(line, row)| (line, row["id"].clone())).collect()
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let expected = [(2, "a".to_owned()), (5, "b".to_owned()), (6, "c".to_owned())];
        let unix = "\u{feff}id,name\na,x\n\n,\nb,\"y\"\nc,z";
        assert_eq!(lines(unix), expected);
        assert_eq!(lines(&unix.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn a_cell_with_line_breaks_does_not_shift_what_follows() {
        assert_eq!(lines("id,name\na,\"x\ny\"\nb,z"), [(2, "a".to_owned()), (4, "b".to_owned())]);
    }

    #[test]
    fn tabs_semicolons_and_chinese_heads_are_understood() {
        for text in ["姓名,编号\nx,a", "Name\tID\nx\ta", "name;id;\nx;a;"] {
            assert_eq!(lines(text), [(2, "a".to_owned())], "{text}");
        }
    }

    #[test]
    fn a_head_that_is_not_understood_is_refused_with_all_that_is_wrong() {
        let problems = read("nme,name,姓名\n".as_bytes(), &COLUMNS).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert_eq!(read(b"", &COLUMNS).unwrap_err(), [Problem::Missing("the first line")]);
        assert_eq!(read(b"id\n", &COLUMNS).unwrap_err(), [Problem::Missing("row")]);
        assert_eq!(read(&[0xb1, 0xe0], &COLUMNS).unwrap_err(), [Problem::Malformed("UTF-8")]);
    }

    #[test]
    fn cells_beyond_the_head_are_told() {
        let found = read(b"id,name\na,x,y\nb,x,\n", &COLUMNS).unwrap_err();
        assert!(matches!(found.as_slice(), [Problem::At { number: 2, .. }]), "{found:?}");
    }
}
