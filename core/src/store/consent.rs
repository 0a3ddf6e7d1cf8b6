//! What the person agreed to, and when they took it back.

use rusqlite::params;

use super::{phone::Store, sql};
use crate::{
    error::Result,
    model::consent::{Consent, ConsentKind},
    time::Timestamp,
};

/// Schema 2.
pub(super) const TABLES_2: &str = "
CREATE TABLE consent (
    kind         TEXT PRIMARY KEY,
    version      INTEGER NOT NULL,
    given_at     INTEGER,
    withdrawn_at INTEGER
) STRICT, WITHOUT ROWID;
";

impl Store {
    /// Notes that the person agreed to a version of the privacy notice.
    pub fn give_consent(&mut self, kind: ConsentKind, version: u32, at: Timestamp) -> Result<()> {
        self.connection
            .execute(
                "INSERT INTO consent (kind, version, given_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (kind) DO UPDATE SET version = excluded.version, given_at = excluded.given_at",
                params![kind.as_str(), version, at.millis()],
            )
            .map_err(sql)?;
        Ok(())
    }

    /// Notes that the person took their consent back.
    pub fn withdraw_consent(&mut self, kind: ConsentKind, at: Timestamp) -> Result<()> {
        self.connection
            .execute(
                "INSERT INTO consent (kind, version, withdrawn_at) VALUES (?1, 0, ?2)
                 ON CONFLICT (kind) DO UPDATE SET given_at = NULL, withdrawn_at = excluded.withdrawn_at",
                params![kind.as_str(), at.millis()],
            )
            .map_err(sql)?;
        Ok(())
    }

    /// What was agreed to; kinds about which nobody was asked are not among them.
    pub fn consents(&self) -> Result<Vec<Consent>> {
        let rows: Vec<(String, u32, Option<i64>, Option<i64>)> = self
            .connection
            .prepare_cached("SELECT kind, version, given_at, withdrawn_at FROM consent ORDER BY kind")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                    .collect()
            })
            .map_err(sql)?;
        let consents = rows.into_iter().filter_map(|(kind, version, given_at, withdrawn_at)| {
            Some(Consent {
                kind: ConsentKind::from_word(&kind)?,
                version,
                given_at: given_at.map(Timestamp::from_millis),
                withdrawn_at: withdrawn_at.map(Timestamp::from_millis),
            })
        });
        Ok(consents.collect())
    }
}
