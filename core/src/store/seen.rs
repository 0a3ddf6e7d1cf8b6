//! What the command centre has seen of this phone's work.

use rusqlite::{Transaction, params};

use super::sql;
use crate::{error::Result, sync::wire::Seen};

/// Schema 4. `at` is the first look; `entries` counts those of the member's that took effect before the last one.
pub(super) const TABLES_4: &str = "
CREATE TABLE seen (
    document     BLOB PRIMARY KEY,
    at           INTEGER NOT NULL,
    entries      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Keeps what the relay says of a document of ours. A look that was told once stays, even if a restored relay does
/// not know of it any more.
pub(super) fn keep(transaction: &Transaction<'_>, seen: &Seen) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO seen (document, at, entries)
             SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM entry WHERE document = ?1 AND state <> 0)
             ON CONFLICT (document) DO UPDATE SET
                at = min(at, excluded.at), entries = max(entries, excluded.entries)",
        )
        .and_then(|mut keep| keep.execute(params![seen.document.as_ref(), seen.at.millis(), seen.entries]))
        .map_err(sql)?;
    Ok(())
}
