//! Lists, their counts and their badges, all from one set of conditions: a count is the number of rows behind
//! it because both ask the same question.
//!
//! Pages go on behind the last row shown, never by number: what arrives meanwhile moves nothing.

use rusqlite::{Row as SqlRow, params_from_iter};

use super::{
    Store,
    conditions::{Conditions, EXPIRES},
    query::{Asker, Listed, MAX_LISTED, Page, PageKey, Query, Sort, TallyBy},
    rows::{read_household, read_json},
    sql,
};
use crate::{
    error::{Error, Problem, Result},
    id::DocumentId,
    model::DocumentKind,
    rows::Row,
    time::Timestamp,
};

/// What schema 2 adds: an index from which lists are counted and paged without reading rows, which are long;
/// and how far the relay's clock is ahead of the phone's.
pub(super) const TABLES_2: &str = "
CREATE INDEX work_list ON work (kind, at, document, is_open, state, grid, category, level, author, has_clash,
    state_since, due_at, every_ms, last_at, latitude_e7, longitude_e7, departments, members);

CREATE TABLE relay_time (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    offset_ms INTEGER NOT NULL
) STRICT;
";

impl Store {
    /// One page of a list.
    pub fn page(&self, query: &Query, asker: &Asker) -> Result<Page<Listed>> {
        let limit = query.limit.clamp(1, MAX_LISTED);
        let (mut keys, total) = self.keys(query, asker, limit + 1)?;
        let has_more = keys.len() > limit as usize;
        keys.truncate(limit as usize);
        let items = keys.iter().map(|key| self.listed(key.document, query, asker)).collect::<Result<_>>()?;
        let next = keys.last().copied().filter(|_| has_more);
        let total = match total {
            Some(total) => total,
            None => self.count_rows(query, asker)?,
        };
        Ok(Page { items, next, total })
    }

    /// Which rows a page has; how many all pages have, if that was worked out on the way.
    fn keys(&self, query: &Query, asker: &Asker, limit: u32) -> Result<(Vec<PageKey>, Option<u64>)> {
        let mut conditions = self.conditions(query, asker)?;
        let order = Order::of(query, &mut conditions)?;
        let (value, table, all) = (&order.value, conditions.table(), conditions.sql.clone());
        // What takes long to find is found once for page and count; all else an index has in order.
        let (found, order, count) = if conditions.is_costly {
            let found = format!(
                "WITH hit AS MATERIALIZED (SELECT w.document, w.at, {value} AS value FROM {table} w WHERE {all})"
            );
            conditions.sql = String::from("1");
            let counted = "(SELECT count(*) FROM hit)";
            (found, Order { value: "w.value".to_owned(), ..order }, counted)
        } else {
            (String::new(), order, "NULL")
        };
        if let Some(after) = &query.after {
            order.go_on_behind(query.sort, after, &mut conditions)?;
        }
        let limit = conditions.bind(i64::from(limit));
        let table = if conditions.is_costly { "hit" } else { table };
        let statement = format!(
            "{found} SELECT w.document, {}, w.at, {count} FROM {table} w WHERE {} ORDER BY {} LIMIT {limit}",
            order.value,
            conditions.sql,
            order.columns()
        );
        let rows = self.select(&statement, &conditions, |row| {
            let (document, value, at) = (DocumentId::new(row.get(0)?), row.get(1)?, row.get(2)?);
            let total: Option<i64> = row.get(3)?;
            Ok((PageKey { sort: query.sort, value, at, document }, total.map(i64::unsigned_abs)))
        })?;
        let total = rows.first().and_then(|(_, total)| *total);
        Ok((rows.into_iter().map(|(key, _)| key).collect(), total))
    }

    /// How many rows a list has.
    pub fn count_rows(&self, query: &Query, asker: &Asker) -> Result<u64> {
        let conditions = self.conditions(query, asker)?;
        let statement = format!("SELECT count(*) FROM {} w WHERE {}", conditions.table(), conditions.sql);
        let counts = self.select(&statement, &conditions, |row| row.get::<_, i64>(0))?;
        Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
    }

    /// How many rows of a list have which code, most first. Rows that have none are counted under "".
    pub fn tally(&self, query: &Query, asker: &Asker, by: TallyBy) -> Result<Vec<(String, u64)>> {
        let conditions = self.conditions(query, asker)?;
        let column = match by {
            TallyBy::Kind => "kind",
            TallyBy::State => "state",
            TallyBy::Category => "category",
            TallyBy::Grid => "grid",
            TallyBy::Level => "level",
        };
        let statement = format!(
            "SELECT CAST(coalesce(w.{column}, '') AS TEXT), count(*) FROM {} w WHERE {}
             GROUP BY 1 ORDER BY 2 DESC, 1",
            conditions.table(),
            conditions.sql
        );
        self.select(&statement, &conditions, |row| {
            let code: String = row.get(0)?;
            let kind = match by {
                TallyBy::Kind => code.parse().ok().and_then(DocumentKind::from_number),
                TallyBy::State | TallyBy::Category | TallyBy::Grid | TallyBy::Level => None,
            };
            let code = kind.map_or(code, |kind| kind.as_str().to_owned());
            Ok((code, row.get::<_, i64>(1)?.unsigned_abs()))
        })
    }

    fn conditions(&self, query: &Query, asker: &Asker) -> Result<Conditions> {
        Ok(Conditions::of(query, asker, self.cursor()?.map(|cursor| cursor.epoch)))
    }

    fn select<T>(
        &self,
        statement: &str,
        conditions: &Conditions,
        read: impl FnMut(&SqlRow<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut statement| {
                statement.query_map(params_from_iter(&conditions.values), read)?.collect()
            })
            .map_err(sql)
    }

    pub(super) fn listed(&self, document: DocumentId, query: &Query, asker: &Asker) -> Result<Listed> {
        let (kind, row, due_at) = self
            .connection
            .prepare_cached("SELECT json, last_at, due, kind FROM work_due WHERE document = ?1")
            .and_then(|mut statement| statement.query_row([document.as_ref()], read_row))
            .map_err(sql)?;
        let position = row.columns().position;
        let distance = query.near.zip(position).map(|((from, _), to)| from.distance_m(to));
        Ok(Listed {
            kind,
            row,
            stored: self.stored(document)?,
            due_at,
            is_overdue: !EXPIRES.contains(&kind) && due_at.is_some_and(|due_at| due_at < asker.now),
            distance_m: distance.map(whole),
        })
    }

    /// The relay's time, as far as this phone ever heard it.
    pub fn relay_now(&self, now: Timestamp) -> Result<Timestamp> {
        let offset = self.relay_offset()?.unwrap_or_default();
        Ok(Timestamp::from_millis(now.millis().saturating_add(offset)))
    }

    /// Keeps how far the relay's clock is ahead, by the last receipt; a second is no difference.
    pub(crate) fn keep_relay_time(&mut self, now: Timestamp) -> Result<()> {
        let Some(said) = self.relay_said.take() else { return Ok(()) };
        let offset = said.millis().saturating_sub(now.millis());
        if self.relay_offset()?.unwrap_or_default().abs_diff(offset) > 1_000 {
            self.connection
                .execute("INSERT OR REPLACE INTO relay_time (id, offset_ms) VALUES (1, ?1)", [offset])
                .map_err(sql)?;
        }
        Ok(())
    }

    fn relay_offset(&self) -> Result<Option<i64>> {
        super::optional(
            self.connection
                .prepare_cached("SELECT offset_ms FROM relay_time WHERE id = 1")
                .map_err(sql)?
                .query_row([], |row| row.get(0)),
        )
    }
}

/// Reads `json, last_at, due, kind`.
fn read_row(row: &SqlRow<'_>) -> rusqlite::Result<(DocumentKind, Row, Option<Timestamp>)> {
    let number: u8 = row.get(3)?;
    let kind = DocumentKind::from_number(number)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(3, number.into()))?;
    let read = match kind {
        DocumentKind::Incident => Row::Incident(read_json(row, 0)?),
        DocumentKind::Patrol => Row::Patrol(read_json(row, 0)?),
        DocumentKind::Household => Row::Household(read_household(row, 0)?),
        DocumentKind::Visit => Row::Visit(read_json(row, 0)?),
        DocumentKind::Task => Row::Task(read_json(row, 0)?),
        DocumentKind::Warning => Row::Warning(read_json(row, 0)?),
        DocumentKind::Notice => Row::Notice(read_json(row, 0)?),
    };
    Ok((kind, read, row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis)))
}

/// The order of a list as SQL: a value, then time, then id, all in one direction.
#[derive(Debug)]
struct Order {
    value: String,
    is_descending: bool,
}

impl Order {
    fn of(query: &Query, conditions: &mut Conditions) -> Result<Self> {
        let (value, is_descending) = match query.sort {
            Sort::Newest => (AT.to_owned(), true),
            Sort::Oldest => (AT.to_owned(), false),
            Sort::DueFirst => {
                conditions.needs_due = true;
                (format!("coalesce(w.due, {})", i64::MAX), false)
            }
            Sort::Nearest => {
                let missing = || Error::invalid(Problem::Missing("the place that is near"));
                let (from, _) = query.near.ok_or_else(missing)?;
                (conditions.distance(from), false)
            }
            Sort::WorstFirst => ("coalesce(w.level, 0)".to_owned(), true),
        };
        Ok(Self { value, is_descending })
    }

    /// What rows are compared by; an index serves it only if no column stands twice.
    fn compared(&self) -> Vec<&str> {
        if self.value == AT { vec![AT, ID] } else { vec![&self.value, AT, ID] }
    }

    fn columns(&self) -> String {
        let direction = if self.is_descending { " DESC" } else { "" };
        let columns: Vec<String> =
            self.compared().into_iter().map(|column| format!("{column}{direction}")).collect();
        columns.join(", ")
    }

    fn go_on_behind(&self, sort: Sort, last: &PageKey, conditions: &mut Conditions) -> Result<()> {
        if last.sort != sort {
            return Err(Error::malformed("a page's key of another order"));
        }
        let mut bound = Vec::new();
        if self.value != AT {
            bound.push(conditions.bind(last.value));
        }
        bound.push(conditions.bind(last.at));
        bound.push(conditions.bind(last.document.as_ref().to_vec()));
        let comparison = if self.is_descending { "<" } else { ">" };
        conditions.and(&format!("({}) {comparison} ({})", self.compared().join(", "), bound.join(", ")));
        Ok(())
    }
}

const AT: &str = "w.at";
const ID: &str = "w.document";

/// Whole metres.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most half the Earth's girth")]
pub(super) fn whole(distance_m: f64) -> u32 {
    distance_m.round() as u32
}
