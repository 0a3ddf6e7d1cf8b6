//! What the township says to entries that take no effect, and the digits that go with this phone's enrolment.

use rusqlite::{Transaction, params};

use super::{optional, phone::Store, sql};
use crate::{
    error::Result,
    id::{DeviceId, EntryId},
    sync::check::CheckCode,
};

/// Schema 3.
pub(super) const TABLES_3: &str = "
CREATE TABLE held_reply (
    entry        BLOB PRIMARY KEY,
    text         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_check (
    device       BLOB PRIMARY KEY,
    digits       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Keeps what is said to an entry of ours in place of what was said before.
pub(super) fn keep(transaction: &Transaction<'_>, entry: EntryId, reply: Option<&str>) -> Result<()> {
    let done = match reply {
        // Only of our own work: nobody else's word takes room here.
        Some(text) => transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO held_reply (entry, text)
                 SELECT entry_id, ?2 FROM entry WHERE entry_id = ?1 AND state <> 0",
            )
            .and_then(|mut insert| insert.execute(params![entry.as_ref(), text])),
        None => transaction
            .prepare_cached("DELETE FROM held_reply WHERE entry = ?1")
            .and_then(|mut delete| delete.execute([entry.as_ref()])),
    };
    done.map(drop).map_err(sql)
}

impl Store {
    /// Keeps the digits of an enrolment. They count only once the device is this phone's.
    pub fn set_check(&mut self, device: DeviceId, check: CheckCode) -> Result<()> {
        let transaction = self.transaction()?;
        transaction.execute("DELETE FROM enrolment_check", []).map_err(sql)?;
        transaction
            .execute(
                "INSERT INTO enrolment_check (device, digits) VALUES (?1, ?2)",
                params![device.as_ref(), check.number()],
            )
            .map_err(sql)?;
        transaction.commit().map_err(sql)
    }

    /// The digits that this phone and the operator compare; none for an enrolment by an older program.
    pub fn check(&self) -> Result<Option<CheckCode>> {
        let digits: Option<u32> = optional(self.connection.query_row(
            "SELECT c.digits FROM enrolment_check c JOIN enrolment e ON e.device = c.device WHERE e.id = 1",
            [],
            |row| row.get(0),
        ))?;
        Ok(digits.and_then(CheckCode::from_number))
    }
}
