//! Lists for operators: held entries, phones, and counts of everything.

use rusqlite::{Connection, ToSql, params_from_iter, types::Value};
use suishou_core::{
    error::Result,
    id::{DeviceId, DocumentId, EntryId, MemberId},
    model::DocumentKind,
    store::sql,
    time::Timestamp,
};

use super::{code, count, id};

/// A held entry.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which.
    pub entry: EntryId,
    /// Of which document.
    pub document: DocumentId,
    /// From which device.
    pub device: DeviceId,
    /// Whose.
    pub member: Option<MemberId>,
    /// That is an informant, or was one once.
    pub is_informant: bool,
    /// Why, as its number.
    pub code: u8,
    /// When it came.
    pub received_at: Timestamp,
}

/// Held entries, newest first.
pub fn held(connection: &Connection, limit: usize) -> Result<Vec<Held>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT e.entry_id, e.document, d.device, m.member, e.held_code, e.received_at,
                coalesce(m.role = 'informant' OR m.row IN (SELECT member FROM informant_until), 0)
             FROM entry e INDEXED BY entry_held
             JOIN log l ON l.row = e.log JOIN device d ON d.row = l.device
             LEFT JOIN member m ON m.row = d.member
             WHERE e.state = 3 ORDER BY e.seq DESC LIMIT ?1",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            let member = row.get::<_, Option<String>>(3)?.and_then(|member| MemberId::new(&member).ok());
            Ok(Held {
                entry: id(row, 0)?,
                document: id(row, 1)?,
                device: id(row, 2)?,
                member,
                is_informant: row.get(6)?,
                code: row.get(4)?,
                received_at: Timestamp::from_millis(row.get(5)?),
            })
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// How many entries of a document are held.
pub fn count_held(connection: &Connection, document: DocumentId) -> Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM entry WHERE document = ?1 AND state = 3")
        .and_then(|mut find| find.query_row([document.as_ref()], |row| row.get(0)))
        .map(count)
        .map_err(sql)
}

/// A phone.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Which.
    pub device: DeviceId,
    /// Whose.
    pub member: MemberId,
    /// That is an informant.
    pub is_informant: bool,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// When it last synced.
    pub last_contact_at: Option<Timestamp>,
    /// It was revoked.
    pub is_revoked: bool,
    /// How many entries it sent.
    pub entries: u64,
    /// How many of them are held.
    pub held: u64,
}

/// All phones, in the order of enrolment.
pub fn phones(connection: &Connection) -> Result<Vec<Phone>> {
    let mut statement = connection
        .prepare(
            "SELECT d.device, m.member, d.enrolled_at, d.last_contact_at, d.is_revoked,
                (SELECT coalesce(sum(l.counter), 0) FROM log l WHERE l.device = d.row), coalesce(h.held, 0),
                m.role = 'informant'
             FROM device d JOIN member m ON m.row = d.member
             LEFT JOIN (
                SELECT l.device AS device, count(*) AS held
                FROM entry e INDEXED BY entry_held JOIN log l ON l.row = e.log
                WHERE e.state = 3 GROUP BY l.device
             ) h ON h.device = d.row
             ORDER BY d.row",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([], |row| {
            Ok(Phone {
                device: id(row, 0)?,
                member: code(row, 1)?,
                is_informant: row.get(7)?,
                enrolled_at: Timestamp::from_millis(row.get(2)?),
                last_contact_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
                is_revoked: row.get(4)?,
                entries: count(row.get(5)?),
                held: count(row.get(6)?),
            })
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Numbers of things by a number or word.
fn grouped<T: ToSql>(
    connection: &Connection,
    statement: &str,
    parameters: &[T],
) -> Result<Vec<(Value, u64)>> {
    let mut statement = connection.prepare(statement).map_err(sql)?;
    let rows = statement
        .query_map(params_from_iter(parameters), |row| Ok((row.get(0)?, count(row.get(1)?))))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

fn numbered(found: Vec<(Value, u64)>) -> Vec<(u8, u64)> {
    let number = |value| match value {
        Value::Integer(number) => u8::try_from(number).ok(),
        _ => None,
    };
    found.into_iter().filter_map(|(value, count)| Some((number(value)?, count))).collect()
}

/// Documents by the number of their kind.
pub fn documents_by_kind(connection: &Connection) -> Result<Vec<(u8, u64)>> {
    grouped::<i64>(connection, "SELECT kind, count(*) FROM document GROUP BY kind", &[]).map(numbered)
}

/// Held entries by the number of their code.
pub fn held_by_code(connection: &Connection) -> Result<Vec<(u8, u64)>> {
    let statement =
        "SELECT held_code, count(*) FROM entry INDEXED BY entry_held WHERE state = 3 GROUP BY held_code";
    grouped::<i64>(connection, statement, &[]).map(numbered)
}

/// Incidents by the word of their state.
pub fn incidents_by_state(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let found = grouped(
        connection,
        "SELECT state, count(*) FROM work WHERE kind = ?1 GROUP BY state",
        &[i64::from(DocumentKind::Incident.number())],
    )?;
    let word = |value| match value {
        Value::Text(word) => Some(word),
        _ => None,
    };
    Ok(found.into_iter().filter_map(|(value, count)| Some((word(value)?, count))).collect())
}

/// Entries each counted once, phones not revoked, members.
pub fn totals(connection: &Connection) -> Result<(u64, u64, u64)> {
    connection
        .query_row(
            "SELECT (SELECT count(*) FROM entry INDEXED BY entry_by_id WHERE same_as IS NULL),
                (SELECT count(*) FROM device WHERE member IS NOT NULL AND is_revoked = 0),
                (SELECT count(*) FROM member)",
            [],
            |row| Ok((count(row.get(0)?), count(row.get(1)?), count(row.get(2)?))),
        )
        .map_err(sql)
}
