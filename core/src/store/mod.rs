//! The store: one SQLite file and a folder of blobs, written by one writer.
//!
//! Home of `rusqlite` in core. Every commit is durable when the function returns: WAL with
//! `synchronous=FULL`. The relay opens its own database through the same opener and keeps documents and
//! rows in the same tables.

mod append;
mod attach;
mod ballast;
pub mod blobs;
mod carve;
mod conditions;
mod consent;
pub mod copies;
mod doubt;
mod draft;
mod export;
mod feed;
mod found;
mod functions;
mod key_guard;
mod life;
mod list;
#[cfg(test)]
mod list_tests;
pub mod open;
mod patrol;
mod phone;
mod query;
mod read;
mod reply;
mod revoke;
pub mod rows;
mod salvage;
mod schema;
mod search;
#[cfg(test)]
mod search_tests;
mod seen;
mod similar;
mod space;
pub mod tables;
pub mod tiles;
mod wal;
mod words;

pub use append::{Made, referred};
pub use export::Exported;
pub use feed::ReceiptTaken;
pub use key_guard::KeyGuard;
pub use life::RevokedNote;
pub use phone::{Identity, Store};
pub use query::{Asker, Listed, MAX_LISTED, Page, PageKey, Query, Sort, TallyBy};
pub use read::{Counts, HeldEntry, Mine, NoteShown, Outgoing};
pub use salvage::SalvageReport;
pub use similar::{Similar, SimilarIncident};
pub use space::{KEPT_FOR, KindStorage, StorageReport, Trimmed};

use crate::error::{Error, Result};

/// Turns SQLite's errors into ours; no value of a row ever stands in one.
#[expect(clippy::needless_pass_by_value, reason = "fits `map_err`")]
pub fn sql(error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::StorageFull,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Corrupt("the database"),
        Some(code) => Error::Store(format!("{code:?}")),
        None => Error::Store(match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
                "a column of an unexpected type".to_owned()
            }
            rusqlite::Error::QueryReturnedNoRows => "a row that must be there is not".to_owned(),
            _ => "a statement failed".to_owned(),
        }),
    }
}

/// `Ok(None)` for a row that is not there.
pub fn optional<T>(found: rusqlite::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(sql(error)),
    }
}

pub(crate) fn query_optional<T>(
    statement: &mut rusqlite::CachedStatement<'_>,
    parameters: impl rusqlite::Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    use rusqlite::OptionalExtension as _;
    statement.query_row(parameters, read).optional()
}
