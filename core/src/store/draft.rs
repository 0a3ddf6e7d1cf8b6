//! Drafts: durable at every save, and gone in the very transaction that keeps what they became.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row as SqlRow, Transaction, params};

use super::{append::Made, phone::Store, sql};
use crate::{
    error::{Error, HeldCode, Result},
    id::{BlobHash, DraftId},
    model::{
        DocumentKind,
        draft::{Draft, DraftBody},
    },
    policy::Rights,
    seeded::{self, Seeded},
    sync::bundle::BundledDraft,
    time::Timestamp,
};

/// Drafts, and which blobs they name: so that whoever removes blobs need not read drafts.
pub(super) const TABLES_2: &str = "
CREATE TABLE draft (
    draft      BLOB PRIMARY KEY,
    kind       INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    body       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE draft_blob (
    draft BLOB NOT NULL,
    blob  BLOB NOT NULL,
    PRIMARY KEY (draft, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX draft_blob_by_blob ON draft_blob (blob);
";

/// A draft's row, as far as a save can change it.
type Kept = (u8, i64, Vec<u8>);

impl Store {
    /// Keeps a draft, new or changed; it is durable when this returns. One that did not change is not written,
    /// one that was reported does not come back.
    pub fn save_draft(&mut self, draft: &Draft, at: Timestamp) -> Result<()> {
        self.refuse_if_revoked()?;
        self.with_ballast(|store| store.save_once(draft, at), |store| store.save_once(draft, at))
    }

    fn save_once(&mut self, draft: &Draft, at: Timestamp) -> Result<()> {
        let body = draft.body.to_bytes()?;
        let transaction = self.transaction()?;
        if is_reported(&transaction, draft.id)? {
            return Err(Error::Refused { code: HeldCode::WrongState });
        }
        let new: Kept = (draft.kind.number(), draft.started_at.millis(), body);
        let kept: Option<Kept> = transaction
            .prepare_cached("SELECT kind, started_at, body FROM draft WHERE draft = ?1")
            .and_then(|mut statement| {
                super::query_optional(&mut statement, [draft.id.as_ref()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
            })
            .map_err(sql)?;
        if kept.as_ref() == Some(&new) {
            return Ok(());
        }
        let (kind, started_at, body) = new;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO draft (draft, kind, started_at, changed_at, body)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut statement| {
                statement.execute(params![draft.id.as_ref(), kind, started_at, at.millis(), body])
            })
            .map_err(sql)?;
        transaction
            .prepare_cached("DELETE FROM draft_blob WHERE draft = ?1")
            .and_then(|mut statement| statement.execute([draft.id.as_ref()]))
            .map_err(sql)?;
        for blob in draft.body.blobs() {
            transaction
                .prepare_cached("INSERT INTO draft_blob (draft, blob) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
                .and_then(|mut statement| statement.execute(params![draft.id.as_ref(), blob.as_ref()]))
                .map_err(sql)?;
        }
        transaction.commit().map_err(sql)
    }

    /// All drafts, the one that was changed last first. One that can't be read stays where it is and keeps no
    /// other back.
    pub fn drafts(&self) -> Result<Vec<Draft>> {
        let rows: Vec<(DraftId, Result<Draft>)> = self
            .connection
            .prepare_cached(
                "SELECT draft, kind, started_at, changed_at, body FROM draft ORDER BY changed_at DESC, draft DESC",
            )
            .and_then(|mut statement| statement.query_map([], read)?.collect())
            .map_err(sql)?;
        let drafts = rows.into_iter().filter_map(|(id, draft)| match draft {
            Ok(draft) => Some(draft),
            Err(error) => {
                tracing::warn!(draft = %id, %error, "a draft can't be read");
                None
            }
        });
        Ok(drafts.collect())
    }

    /// One draft, if it is there.
    pub fn draft(&self, draft: DraftId) -> Result<Option<Draft>> {
        self.connection
            .prepare_cached("SELECT draft, kind, started_at, changed_at, body FROM draft WHERE draft = ?1")
            .and_then(|mut statement| super::query_optional(&mut statement, [draft.as_ref()], read))
            .map_err(sql)?
            .map(|(_, draft)| draft)
            .transpose()
    }

    /// Removes a draft and those of its blobs that nothing else names. One that is not there is removed already.
    pub fn discard_draft(&mut self, draft: DraftId) -> Result<()> {
        let transaction = self.transaction()?;
        let blobs: Vec<BlobHash> = transaction
            .prepare_cached("SELECT blob FROM draft_blob WHERE draft = ?1")
            .and_then(|mut statement| {
                statement.query_map([draft.as_ref()], |row| row.get(0).map(BlobHash::new))?.collect()
            })
            .map_err(sql)?;
        if remove(&transaction, draft)? == 0 {
            return Ok(());
        }
        transaction.commit().map_err(sql)?;
        self.remove_unnamed(&blobs)
    }

    /// Keeps the entries that a draft became and removes the draft, in one transaction: whatever happens,
    /// there is one of both.
    pub fn append_draft(&mut self, draft: DraftId, made: impl Into<Made>, rights: &Rights) -> Result<()> {
        if seeded::is_on(Seeded::DraftDroppedFirst) {
            let transaction = self.transaction()?;
            remove(&transaction, draft)?;
            transaction.commit().map_err(sql)?;
            return self.append(made, rights);
        }
        self.append_and(made.into(), rights, |transaction| match remove(transaction, draft)? {
            0 => Err(Error::DraftNotFound { draft }),
            _ => Ok(()),
        })
    }

    /// Every draft as it is kept, readable or not, for the end of this phone.
    pub(super) fn bundled_drafts(&self) -> Result<Vec<BundledDraft>> {
        self.connection
            .prepare_cached("SELECT draft, kind, started_at, changed_at, body FROM draft ORDER BY draft")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| {
                        Ok(BundledDraft {
                            id: DraftId::new(row.get(0)?),
                            kind: row.get(1)?,
                            started_at: Timestamp::from_millis(row.get(2)?),
                            changed_at: Timestamp::from_millis(row.get(3)?),
                            body: row.get(4)?,
                        })
                    })?
                    .collect()
            })
            .map_err(sql)
    }

    /// How many drafts there are, readable or not.
    pub(super) fn draft_count(&self) -> Result<u64> {
        let count: i64 =
            self.connection.query_row("SELECT count(*) FROM draft", [], |row| row.get(0)).map_err(sql)?;
        Ok(count.unsigned_abs())
    }
}

/// Every blob that a draft names.
pub(super) fn draft_blobs(connection: &Connection) -> Result<BTreeSet<BlobHash>> {
    connection
        .prepare_cached("SELECT DISTINCT blob FROM draft_blob")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0).map(BlobHash::new))?.collect())
        .map_err(sql)
}

fn remove(transaction: &Transaction<'_>, draft: DraftId) -> Result<usize> {
    transaction
        .prepare_cached("DELETE FROM draft_blob WHERE draft = ?1")
        .and_then(|mut statement| statement.execute([draft.as_ref()]))
        .map_err(sql)?;
    transaction
        .prepare_cached("DELETE FROM draft WHERE draft = ?1")
        .and_then(|mut statement| statement.execute([draft.as_ref()]))
        .map_err(sql)
}

/// The document that the draft becomes is there: a save that comes late must not bring the draft back.
fn is_reported(transaction: &Transaction<'_>, draft: DraftId) -> Result<bool> {
    transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM document WHERE document = ?1)")
        .and_then(|mut statement| statement.query_row([draft.document().as_ref()], |row| row.get(0)))
        .map_err(sql)
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<(DraftId, Result<Draft>)> {
    let id = DraftId::new(row.get(0)?);
    let (kind, body): (u8, Vec<u8>) = (row.get(1)?, row.get(4)?);
    let started_at = Timestamp::from_millis(row.get(2)?);
    let changed_at = Timestamp::from_millis(row.get(3)?);
    let kind = DocumentKind::from_number(kind).ok_or(Error::Corrupt("a draft's kind"));
    let draft = kind
        .and_then(|kind| Ok(Draft { id, kind, started_at, changed_at, body: DraftBody::from_bytes(&body)? }));
    Ok((id, draft))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Random;

    fn draft(number: u8) -> Draft {
        let at = Timestamp::from_millis(number.into());
        let body = DraftBody { photos: vec![BlobHash::of(&[number])], ..DraftBody::default() };
        Draft {
            id: DraftId::at(at, [number; 10]),
            kind: DocumentKind::Incident,
            started_at: at,
            changed_at: at,
            body,
        }
    }

    #[test]
    fn a_draft_that_can_not_be_read_keeps_no_other_back_and_its_photos_stay_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), Random::seeded(1)).unwrap();
        let (damaged, whole) = (draft(1), draft(2));
        for draft in [&damaged, &whole] {
            store.save_draft(draft, draft.started_at).unwrap();
        }
        let named = BTreeSet::from([BlobHash::of(&[1]), BlobHash::of(&[2])]);
        assert_eq!(draft_blobs(&store.connection).unwrap(), named);
        store
            .connection
            .execute("UPDATE draft SET body = x'00' WHERE draft = ?1", [damaged.id.as_ref()])
            .unwrap();
        assert_eq!(store.drafts().unwrap(), std::slice::from_ref(&whole));
        assert!(store.draft(damaged.id).is_err());
        assert_eq!((draft_blobs(&store.connection).unwrap(), store.draft_count().unwrap()), (named, 2));
        // Saved again it is whole again, and names what it names now.
        let again = Draft { body: DraftBody::default(), ..damaged };
        store.save_draft(&again, again.started_at).unwrap();
        assert_eq!(store.draft(again.id).unwrap(), Some(again));
        assert_eq!(draft_blobs(&store.connection).unwrap(), BTreeSet::from([BlobHash::of(&[2])]));
    }
}
