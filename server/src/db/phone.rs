//! Enrolled phones with all that is known of them, for operators.

use rusqlite::{Connection, Row};
use suishou_core::{
    error::Result,
    id::{DeviceId, LogId, MemberId},
    store::{optional, sql},
    time::Timestamp,
};

use super::{code, count, id};

/// A phone.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
pub struct Phone {
    /// Its row.
    pub row: i64,
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
    /// Uploads under way.
    pub uploads: u64,
    /// The digits of its enrolment.
    pub digits: Option<u32>,
    /// It was enrolled by a typed code.
    pub is_typed: bool,
    /// When it was last revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was wanted again after that.
    pub restored_at: Option<Timestamp>,
    /// It had wiped itself when it was wanted again.
    pub is_wiped: bool,
    /// Logs of which it or a copy of it held another history.
    pub forks: u64,
}

const COLUMNS: &str = "
    SELECT d.row, d.device, m.member, d.enrolled_at, d.last_contact_at, d.is_revoked,
        (SELECT coalesce(sum(l.counter), 0) FROM log l WHERE l.device = d.row), coalesce(h.held, 0),
        (SELECT count(*) FROM upload u WHERE u.device = d.row),
        f.digits, coalesce(f.is_typed, 0), f.revoked_at, f.restored_at, coalesce(f.is_wiped, 0),
        (SELECT count(*) FROM log_fork k WHERE k.device = d.row), m.role = 'informant'
    FROM device d JOIN member m ON m.row = d.member
    LEFT JOIN device_life f ON f.device = d.row
    LEFT JOIN (
        SELECT l.device AS device, count(*) AS held
        FROM entry e INDEXED BY entry_held JOIN log l ON l.row = e.log
        WHERE e.state = 3 GROUP BY l.device
    ) h ON h.device = d.row";

fn read(row: &Row<'_>) -> rusqlite::Result<Phone> {
    let time =
        |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    Ok(Phone {
        row: row.get(0)?,
        device: id(row, 1)?,
        member: code(row, 2)?,
        enrolled_at: Timestamp::from_millis(row.get(3)?),
        last_contact_at: time(4)?,
        is_revoked: row.get(5)?,
        entries: count(row.get(6)?),
        held: count(row.get(7)?),
        uploads: count(row.get(8)?),
        digits: row.get(9)?,
        is_typed: row.get(10)?,
        revoked_at: time(11)?,
        restored_at: time(12)?,
        is_wiped: row.get(13)?,
        forks: count(row.get(14)?),
        is_informant: row.get(15)?,
    })
}

/// All phones, in the order of enrolment.
pub fn all(connection: &Connection) -> Result<Vec<Phone>> {
    let mut statement = connection.prepare(&format!("{COLUMNS} ORDER BY d.row")).map_err(sql)?;
    let rows = statement.query_map([], read).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// One phone.
pub fn get(connection: &Connection, device: DeviceId) -> Result<Option<Phone>> {
    optional(connection.query_row(&format!("{COLUMNS} WHERE d.device = ?1"), [device.as_ref()], read))
}

/// A log of a phone.
#[derive(Clone, Debug)]
pub struct PhoneLog {
    /// Which.
    pub log: LogId,
    /// How many entries the relay holds of it.
    pub entries: u64,
    /// Another history of it was shown then.
    pub forked_at: Option<Timestamp>,
}

/// A phone's logs, oldest first.
pub fn logs(connection: &Connection, device: i64) -> Result<Vec<PhoneLog>> {
    let mut statement = connection
        .prepare(
            "SELECT l.log, l.counter, k.seen_at FROM log l LEFT JOIN log_fork k ON k.log = l.log
             WHERE l.device = ?1 ORDER BY l.row",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([device], |row| {
            Ok(PhoneLog {
                log: id(row, 0)?,
                entries: count(row.get(1)?),
                forked_at: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis),
            })
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}
