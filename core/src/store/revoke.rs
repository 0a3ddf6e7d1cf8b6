//! The end of a revoked phone: what it had not sent is sealed to the township, then everything else is wiped.
//!
//! In this order, each step durable before the next: the decision (`is_revoked = 2`; from then on nothing is
//! captured), the bundle, the note, the wipe. A process that ends anywhere in between goes on at the next start.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use rusqlite::{Connection, params};

use super::{
    append::state,
    ballast::{give_up_ballast, keep_ballast},
    blobs::{BlobFolder, sync_folder},
    feed::offer_old_logs_again,
    functions::add_functions,
    life::{DATABASE, RevokedNote, nowhere, remove_note, wipe, write_note},
    open::writer,
    phone::{Identity, Store, current_log, cursor, open_log},
    schema::PHONE,
    sql,
};
use crate::{
    error::{Error, Result},
    id::{Epoch, LogId, Nonce},
    log::LogHead,
    model::encode,
    outbox::WaitingBlob,
    sync::{
        bundle::{self, BundleWriter, BundledBlob, BundledDraft, Item, Manifest},
        wire::{SignedRequest, SyncRequest, VERSION},
    },
};

/// `enrolment.is_revoked` once it is decided that the phone ends.
const ENDING: u8 = 2;
/// Compression of runs in a bundle.
const LEVEL: i32 = 9;
/// Version of the note.
const FORMAT: u8 = 1;

/// What a phone has that nobody else has.
struct Unsent {
    entries: u64,
    blobs: Vec<WaitingBlob>,
    drafts: Vec<BundledDraft>,
}

impl Store {
    /// What is left to say of a phone that was wiped.
    pub fn revoked(&self) -> Option<&RevokedNote> {
        self.life.note.as_ref()
    }

    /// Takes notice of the life in which the relay signed that this phone is revoked. Such an answer has no feed:
    /// what an older life of the relay held, and this one may not, goes again.
    pub fn notice_life(&mut self, epoch: Epoch) -> Result<()> {
        let transaction = self.transaction()?;
        if cursor(&transaction)?.is_some_and(|known| known.epoch != epoch) {
            offer_old_logs_again(&transaction)?;
        }
        transaction
            .execute(
                "INSERT INTO feed_position (id, epoch, seq, inside) VALUES (1, ?1, 0, 0)
                 ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, seq = 0, inside = 0
                 WHERE epoch <> excluded.epoch",
                [epoch.as_ref()],
            )
            .map_err(sql)?;
        transaction.commit().map_err(sql)
    }

    /// Seals what the relay does not hold, wipes the rest. The caller has the relay's signature that this phone is
    /// revoked, and has pushed what the relay takes.
    pub fn end(&mut self) -> Result<()> {
        self.make_room_for_the_end()?;
        self.close_tracks()?;
        let log = LogId::new(self.random.bytes());
        let transaction = self.transaction()?;
        // From the beginning of a log of its own: a bundle can't ask the relay where an older one stands there.
        // What a salvage found without an owner goes along: the relay holds it apart like all the rest.
        transaction
            .execute(
                "UPDATE entry SET state = ?1 WHERE state = ?2",
                params![state::PENDING, state::OWNERLESS],
            )
            .map_err(sql)?;
        open_log(&transaction, log)?;
        transaction.execute("UPDATE enrolment SET is_revoked = ?1 WHERE id = 1", [ENDING]).map_err(sql)?;
        transaction.commit().map_err(sql)?;
        self.seal_and_wipe()
    }

    /// At the start: a phone whose end was decided goes on with it. If it can't now, it can later.
    pub(super) fn go_on_sealing(&mut self) {
        match is_ending(&self.connection) {
            Ok(true) => {
                if let Err(error) = self.seal_and_wipe() {
                    tracing::error!(%error, "the unsent work of a revoked phone could not be sealed yet");
                }
            }
            Ok(false) => keep_ballast(self.folder()),
            Err(error) => tracing::error!(%error, "the enrolment can't be read"),
        }
    }

    /// Goes on with the end, if it was decided; tells whether this phone has come to it.
    pub fn end_if_decided(&mut self) -> Result<bool> {
        if is_ending(&self.connection)? {
            self.seal_and_wipe()?;
        }
        Ok(self.life.note.is_some())
    }

    /// Nothing is captured on a phone that has come to its end.
    pub(super) fn refuse_if_revoked(&self) -> Result<()> {
        if self.life.note.is_some() || is_ending(&self.connection)? { Err(Error::Revoked) } else { Ok(()) }
    }

    /// Why there is no enrolment.
    pub(super) fn absent(&self) -> Error {
        if self.life.note.is_some() { Error::Revoked } else { Error::NotEnrolled }
    }

    /// A wipe that could not be finished must be, at the next start, before anybody is enrolled here.
    pub(super) fn refuse_half_wiped(&self) -> Result<()> {
        let is_half = self.life.note.as_ref().is_some_and(|note| !note.is_wiped);
        if is_half { Err(Error::Revoked) } else { Ok(()) }
    }

    /// After an enrolment: this folder belongs to a phone in use again. Bundles stay.
    pub(super) fn forget_revocation(&mut self) -> Result<()> {
        if self.life.note.take().is_some() {
            remove_note(self.folder())?;
        }
        Ok(())
    }

    fn seal_and_wipe(&mut self) -> Result<()> {
        let identity = self.identity()?;
        self.make_room_for_the_end()?;
        let unsent = self.unsent()?;
        let Unsent { entries, blobs, drafts } = &unsent;
        let (entries, blobs, drafts) = (*entries, blobs.len() as u64, drafts.len() as u64);
        let bundle =
            if entries + blobs + drafts == 0 { None } else { Some(self.write_bundle(&identity, &unsent)?) };
        let mut note = RevokedNote {
            format: FORMAT,
            township: identity.township,
            township_name: identity.township_name,
            device: identity.device,
            member: identity.membership.member,
            role: identity.membership.role,
            bundle,
            entries,
            blobs,
            drafts,
            is_wiped: false,
        };
        write_note(self.folder(), &note)?;
        self.life.note = Some(note.clone());
        // Closed before its files go, or closing would write to them.
        drop(std::mem::replace(&mut self.connection, nowhere()?));
        self.actors.clear();
        wipe(self.folder())?;
        self.connection = writer(&self.folder().join(DATABASE), PHONE)?;
        add_functions(&self.connection)?;
        self.blobs = BlobFolder::open(self.folder().join("blobs"))?;
        note.is_wiped = true;
        write_note(self.folder(), &note)?;
        self.life.note = Some(note);
        tracing::warn!(entries, blobs, drafts, "this phone was revoked: sealed and wiped");
        Ok(())
    }

    /// The room that the last stretch and the bundle may need: the ballast, and files that the relay's present life
    /// holds. Without it nothing ends: later it may.
    pub(super) fn make_room_for_the_end(&mut self) -> Result<()> {
        give_up_ballast(self.folder());
        let Some(cursor) = cursor(&self.connection)? else { return Ok(()) };
        let stored: Vec<[u8; 32]> = self
            .connection
            .prepare("UPDATE blob SET trimmed_at = captured_at WHERE stored_epoch = ?1 RETURNING hash")
            .and_then(|mut update| update.query_map([cursor.epoch.as_ref()], |row| row.get(0))?.collect())
            .map_err(sql)?;
        stored.into_iter().try_for_each(|hash| self.blobs.remove(&crate::id::BlobHash::new(hash)))
    }

    /// What the relay does not hold, and what nobody but this phone ever had.
    fn unsent(&self) -> Result<Unsent> {
        let mut blobs = self.unsent_blobs()?;
        // One that is gone or damaged can't be sealed; its report is, and says which photo is missing.
        blobs.retain(|blob| self.blobs.read(&blob.hash).is_ok());
        blobs.sort_by_key(|blob| (blob.kind, blob.captured_at, blob.hash));
        Ok(Unsent { entries: self.pending_entries()?, blobs, drafts: self.bundled_drafts()? })
    }

    /// Writes the bundle whole, durably, and returns its name. One that is there already was written whole.
    fn write_bundle(&mut self, identity: &Identity, unsent: &Unsent) -> Result<String> {
        let name = format!("bundle-{}.sealed", identity.device);
        let path = self.folder().join(&name);
        if path.exists() {
            return Ok(name);
        }
        let part = path.with_extension("part");
        let written = self.fill_bundle(&part, identity, unsent);
        if let Err(error) = written {
            drop(fs::remove_file(&part));
            return Err(error);
        }
        fs::rename(&part, &path).map_err(Error::file("naming a bundle"))?;
        sync_folder(self.folder())?;
        Ok(name)
    }

    fn fill_bundle(&mut self, part: &PathBuf, identity: &Identity, unsent: &Unsent) -> Result<()> {
        let Unsent { entries, blobs, drafts } = unsent;
        let log = current_log(&self.connection)?;
        let manifest = Manifest {
            // Without drafts a relay of the first version opens it too.
            version: if drafts.is_empty() { 1 } else { bundle::VERSION },
            township: identity.township,
            device: identity.device,
            log: log.log,
            entries: *entries,
            blobs: blobs
                .iter()
                .map(|blob| BundledBlob {
                    hash: blob.hash,
                    kind: blob.kind,
                    preview_of: blob.preview_of,
                    size_bytes: blob.size_bytes,
                })
                .collect(),
            drafts: (!drafts.is_empty()).then_some(drafts.len() as u64),
        };
        let file = File::create(part).map_err(Error::file("creating a bundle"))?;
        let out = BufWriter::new(file);
        let mut writer =
            BundleWriter::begin(out, manifest, &identity.key, &identity.relay_key, &mut self.random)?;
        let mut after = 0;
        loop {
            let run = self.run_after(&log, after, LEVEL)?;
            let Some(page) = run.page else { break };
            let head = run.head;
            let log_head =
                LogHead { township: identity.township, device: identity.device, log: log.log, head };
            let request = SyncRequest {
                version: VERSION,
                township: identity.township,
                device: identity.device,
                nonce: Nonce::new(self.random.bytes()),
                cursor: None,
                log: log.log,
                from: run.from,
                page: Some(page),
                head,
                head_signature: Some(identity.key.sign(&log_head)),
                settings_version: 0,
            };
            let request = encode(&SignedRequest::sign(&request, &identity.key));
            writer.put(&Item::Run { request })?;
            after = head.counter;
        }
        for draft in drafts {
            writer.put(&Item::Draft { draft: draft.clone() })?;
        }
        for blob in blobs {
            writer.put(&Item::Blob { bytes: self.blobs.read(&blob.hash)? })?;
        }
        let failed = Error::file("writing a bundle");
        let mut out = writer.finish()?;
        out.flush().map_err(&failed)?;
        out.get_ref().sync_all().map_err(&failed)
    }
}

fn is_ending(connection: &Connection) -> Result<bool> {
    connection
        .prepare_cached("SELECT count(*) FROM enrolment WHERE id = 1 AND is_revoked = ?1")
        .and_then(|mut find| find.query_row([ENDING], |row| row.get(0)))
        .map_err(sql)
}

#[cfg(test)]
mod tests {
    use super::{super::space::tests::papers, *};
    use crate::{
        id::{DeviceId, TownshipId},
        time::{Random, Timestamp},
    };

    #[test]
    fn nobody_is_enrolled_on_a_phone_that_is_half_wiped() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path(), Random::seeded(1)).unwrap();
        let (invitation, enrolment) = papers();
        let key = store.new_key();
        let note = RevokedNote {
            format: FORMAT,
            township: TownshipId::ZERO,
            township_name: String::new(),
            device: DeviceId::ZERO,
            member: enrolment.membership.member.clone(),
            role: enrolment.membership.role,
            bundle: None,
            entries: 0,
            blobs: 0,
            drafts: 0,
            is_wiped: false,
        };
        write_note(folder.path(), &note).unwrap();
        store.life.note = Some(note);
        let refused = store.enrol(&invitation, &enrolment, &key, Timestamp::default());
        assert!(matches!(refused, Err(Error::Revoked)));
        drop(store);
        // The next start ends the wipe, and then there may be somebody.
        std::fs::write(folder.path().join("left"), "over").unwrap();
        let mut store = Store::open(folder.path(), Random::seeded(2)).unwrap();
        assert!(!folder.path().join("left").exists() && store.revoked().is_some());
        store.enrol(&invitation, &enrolment, &key, Timestamp::default()).unwrap();
        assert!(store.revoked().is_none() && store.identity().is_ok());
        drop(store);
        assert!(Store::open(folder.path(), Random::seeded(3)).unwrap().identity().is_ok());
    }
}
