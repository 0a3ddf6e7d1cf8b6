//! How much each device sent of late, by the hour.

use rusqlite::{Connection, Transaction, params};
use suishou_core::{error::Result, id::DeviceId, store::sql};

use super::{count, id, int};

/// A part of schema 3.
pub(super) const TABLES_3: &str = "
CREATE TABLE device_use (
    device       INTEGER NOT NULL,
    hour         INTEGER NOT NULL,
    entries      INTEGER NOT NULL,
    blob_bytes   INTEGER NOT NULL,
    PRIMARY KEY (device, hour)
) STRICT, WITHOUT ROWID;
";

/// Hours of a day.
const DAY: i64 = 24;

/// How much a device sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Entries in this hour.
    pub entries_hour: u64,
    /// Entries in the last 24 hours.
    pub entries_day: u64,
    /// Bytes of attachments in the last 24 hours.
    pub blob_bytes_day: u64,
}

/// Adds to what a device sent in an hour, and forgets what is older than a day.
pub fn add(
    transaction: &Transaction<'_>,
    device: i64,
    hour: i64,
    entries: u64,
    blob_bytes: u64,
) -> Result<()> {
    let is_known = transaction
        .prepare_cached(
            "UPDATE device_use SET entries = entries + ?3, blob_bytes = blob_bytes + ?4
             WHERE device = ?1 AND hour = ?2",
        )
        .and_then(|mut update| update.execute(params![device, hour, int(entries), int(blob_bytes)]))
        .map_err(sql)?;
    if is_known > 0 {
        return Ok(());
    }
    transaction
        .prepare_cached("DELETE FROM device_use WHERE device = ?1 AND hour <= ?2")
        .and_then(|mut delete| delete.execute([device, hour - DAY]))
        .map_err(sql)?;
    transaction
        .prepare_cached("INSERT INTO device_use (device, hour, entries, blob_bytes) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut insert| insert.execute(params![device, hour, int(entries), int(blob_bytes)]))
        .map_err(sql)?;
    Ok(())
}

/// How much a device sent, as seen in an hour. A clock that was set back counts what lies ahead too.
pub fn of(connection: &Connection, device: i64, hour: i64) -> Result<Used> {
    connection
        .prepare_cached(
            "SELECT coalesce(sum(CASE WHEN hour >= ?2 THEN entries ELSE 0 END), 0),
                coalesce(sum(entries), 0), coalesce(sum(blob_bytes), 0)
             FROM device_use WHERE device = ?1 AND hour > ?3",
        )
        .and_then(|mut find| {
            find.query_row([device, hour, hour - DAY], |row| {
                Ok(Used {
                    entries_hour: count(row.get(0)?),
                    entries_day: count(row.get(1)?),
                    blob_bytes_day: count(row.get(2)?),
                })
            })
        })
        .map_err(sql)
}

/// All devices that sent something in the last 24 hours, with how much.
pub fn all(connection: &Connection, hour: i64) -> Result<Vec<(DeviceId, Used)>> {
    let mut statement = connection
        .prepare(
            "SELECT d.device, sum(CASE WHEN u.hour >= ?1 THEN u.entries ELSE 0 END), sum(u.entries),
                sum(u.blob_bytes)
             FROM device_use u JOIN device d ON d.row = u.device
             WHERE u.hour > ?2 GROUP BY d.device ORDER BY d.device",
        )
        .map_err(sql)?;
    let rows = statement
        .query_map([hour, hour - DAY], |row| {
            let used = Used {
                entries_hour: count(row.get(1)?),
                entries_day: count(row.get(2)?),
                blob_bytes_day: count(row.get(3)?),
            };
            Ok((id(row, 0)?, used))
        })
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}
