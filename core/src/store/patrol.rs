//! The fixes of a patrol that is under way: every one is durable before the next comes.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::{feed::rebuild, phone::Store, sql};
use crate::{
    entry::{BodyType, Entry},
    error::{Error, HeldCode, Result},
    geo::Position,
    id::DocumentId,
    model::{
        DocumentKind,
        blob::BlobKind,
        encode,
        patrol::PatrolStep,
        track::{TrackFix, TrackSegment},
    },
    policy::Rights,
    time::Timestamp,
};

impl Store {
    /// This member's patrol that is not finished, if there is one.
    pub fn open_patrol(&self) -> Result<Option<DocumentId>> {
        let found: Option<[u8; 16]> = self
            .connection
            .prepare_cached(
                "SELECT document FROM work WHERE kind = 2 AND author = 0 AND is_open = 1
                 ORDER BY at DESC LIMIT 1",
            )
            .and_then(|mut statement| super::query_optional(&mut statement, [], |row| row.get(0)))
            .map_err(sql)?;
        Ok(found.map(DocumentId::new))
    }

    /// Keeps a fix.
    pub fn add_fix(&mut self, patrol: DocumentId, fix: TrackFix) -> Result<()> {
        self.refuse_if_revoked()?;
        self.with_ballast(|store| store.insert_fix(patrol, fix), |store| store.insert_fix(patrol, fix))
    }

    fn insert_fix(&mut self, patrol: DocumentId, fix: TrackFix) -> Result<()> {
        let (latitude_e7, longitude_e7) = fix.position.units();
        self.connection
            .prepare_cached(
                "INSERT INTO patrol_fix (document, at, latitude_e7, longitude_e7, accuracy_m)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (document, at) DO NOTHING",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    patrol.as_ref(),
                    fix.at.millis(),
                    latitude_e7,
                    longitude_e7,
                    fix.accuracy_m
                ])
            })
            .map_err(sql)?;
        Ok(())
    }

    /// The fixes that are in no segment yet, in order.
    pub fn fixes(&self, patrol: DocumentId) -> Result<Vec<TrackFix>> {
        let rows: Vec<(i64, i32, i32, u32)> = self
            .connection
            .prepare_cached(
                "SELECT at, latitude_e7, longitude_e7, accuracy_m FROM patrol_fix
                 WHERE document = ?1 ORDER BY at",
            )
            .and_then(|mut statement| {
                statement
                    .query_map([patrol.as_ref()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })?
                    .collect()
            })
            .map_err(sql)?;
        rows.into_iter()
            .map(|(at, latitude, longitude, accuracy_m)| {
                let position = Position::from_units(latitude, longitude)?;
                Ok(TrackFix { at: Timestamp::from_millis(at), position, accuracy_m })
            })
            .collect()
    }

    /// Removes fixes that are in a segment now.
    pub fn drop_fixes(&mut self, patrol: DocumentId, before: Timestamp) -> Result<()> {
        drop_fixes(&self.connection, patrol, before)
    }

    /// Takes steps of a patrol in one change and removes the fixes before `keep_from`, both or neither: a fix that is
    /// in a segment and still waits for one would count twice. A snapshot that takes no change is made anew first.
    pub fn append_patrol_steps(
        &mut self,
        patrol: DocumentId,
        steps: &[PatrolStep],
        keep_from: Option<Timestamp>,
        at: Timestamp,
        rights: &Rights,
    ) -> Result<()> {
        let steps: Vec<Vec<u8>> = steps.iter().map(encode).collect();
        let append = |store: &mut Self| {
            let change = store.edit(patrol, &steps, &[])?;
            let entry = Entry::new(patrol, DocumentKind::Patrol, at, BodyType::Change, change)?;
            store.append_and(vec![entry].into(), rights, |transaction| match keep_from {
                Some(before) => drop_fixes(transaction, patrol, before),
                None => Ok(()),
            })
        };
        match append(self) {
            Err(Error::Refused { code: HeldCode::Trial }) => {
                tracing::warn!(document = %patrol, "a patrol's document is made anew");
                self.rebuild_patrol(patrol)?;
                append(self)
            }
            done => done,
        }
    }

    /// Keeps fixes as a segment and gives the step that names it.
    pub fn add_segment(&mut self, fixes: Vec<TrackFix>, at: Timestamp) -> Result<Option<PatrolStep>> {
        let (Some(first), Some(last)) = (fixes.first().copied(), fixes.last().copied()) else {
            return Ok(None);
        };
        let segment = TrackSegment { fixes };
        let blob = self.add_blob(&segment.to_bytes(), BlobKind::Track, None, at)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a walk's metres")]
        let distance_m = segment.distance_m().round() as u32;
        let fixes = u32::try_from(segment.fixes.len()).unwrap_or(u32::MAX);
        Ok(Some(PatrolStep::Segment { blob, fixes, distance_m, from: first.at, to: last.at }))
    }

    /// This phone comes to its end: what was walked since the last segment becomes one, to be sent or sealed like
    /// all the rest. Where a patrol takes no more, the segment is sealed alone.
    pub fn close_tracks(&mut self) -> Result<()> {
        let patrols: Vec<DocumentId> = self
            .connection
            .prepare_cached("SELECT DISTINCT document FROM patrol_fix")
            .and_then(|mut statement| {
                statement.query_map([], |row| row.get(0).map(DocumentId::new))?.collect()
            })
            .map_err(sql)?;
        if patrols.is_empty() {
            return Ok(());
        }
        self.make_room_for_the_end()?;
        patrols.into_iter().try_for_each(|patrol| match self.close_track(patrol) {
            Err(Error::StorageFull) => Err(Error::StorageFull),
            Err(error) => {
                tracing::warn!(document = %patrol, %error, "a patrol's last stretch stands in no change");
                Ok(())
            }
            done => done,
        })
    }

    fn close_track(&mut self, patrol: DocumentId) -> Result<()> {
        let fixes = self.fixes(patrol)?;
        let Some(at) = fixes.last().map(|fix| fix.at) else { return Ok(()) };
        let behind = Timestamp::from_millis(at.millis().saturating_add(1));
        let Some(step) = self.add_segment(fixes, at)? else { return Ok(()) };
        let membership = self.identity()?.membership;
        let rights = Rights {
            role: membership.role,
            member: Some(membership.member),
            department: membership.department,
            grids: membership.grids.into_iter().collect(),
            above: BTreeSet::new(),
        };
        self.append_patrol_steps(patrol, &[step], Some(behind), at, &rights)
    }

    /// Makes a patrol's document anew from its entries: its snapshot is only a cache, and may be damaged.
    fn rebuild_patrol(&mut self, patrol: DocumentId) -> Result<()> {
        let transaction = self.transaction()?;
        rebuild(&transaction, patrol, DocumentKind::Patrol)?;
        transaction.commit().map_err(sql)?;
        self.actors.remove(&patrol);
        Ok(())
    }
}

fn drop_fixes(connection: &Connection, patrol: DocumentId, before: Timestamp) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM patrol_fix WHERE document = ?1 AND at < ?2")
        .and_then(|mut statement| statement.execute(params![patrol.as_ref(), before.millis()]))
        .map_err(sql)?;
    Ok(())
}

#[cfg(test)]
impl Store {
    /// As if a document had so many changes more.
    pub(crate) fn use_up(&mut self, document: DocumentId, changes: u16) {
        let mut used = self.document(document).unwrap();
        used.use_up(changes);
        let transaction = self.transaction().unwrap();
        super::search::save_document(&transaction, &used, None).unwrap();
        transaction.commit().unwrap();
    }
}
