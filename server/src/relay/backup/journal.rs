//! What the command centre did since the last snapshot: the relay's own log, run by run, beside the snapshots.
//!
//! Phones bring back what phones wrote. What the relay wrote they can't: copies in the feed carry no chain and no
//! signature of it. So its own runs, with the heads that it signed, go into the backup folder every minute, and a
//! restore takes back those that the snapshot has not, after the same checks as a push: the entries lead from the
//! head that is held to the head that is signed.

use std::{fs, path::PathBuf};

use minicbor::{Decode, Encode};
use suishou_core::{
    entry::{
        Entry,
        page::{Packer, unpack},
    },
    error::Error,
    id::{BodyHash, LogId, Signature},
    log::{Head, LogHead, verify},
    model::{decode, encode},
    time::Timestamp,
};

use super::{
    error::{KeepingError, Result},
    seal::{self, Opener},
    shelf::{Shelf, sync},
};
use crate::{
    db::{
        self, Connection,
        entry::{Appender, State},
        log::Run,
    },
    relay::{Engine, engine::PROJECTED_AT_ONCE},
};

/// zstd level of pages.
const LEVEL: i32 = 3;
/// Most runs in one file.
const MAX_RUNS: usize = 1_000;
const FOLDER: &str = "journal";

/// How much of the relay's own log is in the folder.
#[derive(Clone, Debug, Default)]
pub struct Shipped {
    log: Option<LogId>,
    counter: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Journal {
    #[n(0)]
    format: u8,
    #[n(1)]
    log: LogId,
    #[n(2)]
    runs: Vec<JournalRun>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct JournalRun {
    #[n(0)]
    from: Head,
    #[n(1)]
    to: Head,
    #[n(2)]
    signature: Signature,
    #[n(3)]
    received_at: Timestamp,
    #[cbor(n(4), with = "minicbor::bytes")]
    page: Vec<u8>,
}

/// Puts the runs that the folder has not into it; how many.
pub fn ship(connection: &Connection, shelf: &Shelf, shipped: &mut Shipped, at: Timestamp) -> Result<usize> {
    let snapshot = db::snapshot(connection)?;
    let meta = db::meta::read(&snapshot)?.ok_or(Error::Corrupt("the relay's first row"))?;
    let Some(log) = db::log::find(&snapshot, meta.own_log)? else { return Ok(0) };
    if shipped.log != Some(meta.own_log) {
        *shipped = Shipped { log: Some(meta.own_log), counter: shelf.shipped(meta.own_log)? };
    }
    if log.head.counter <= shipped.counter {
        return Ok(0);
    }
    let _lock = shelf.lock()?;
    let kept = db::keeping::runs_after(&snapshot, log.row, shipped.counter)?;
    for chunk in kept.chunks(MAX_RUNS) {
        let mut runs = Vec::new();
        for run in chunk {
            let count = usize::try_from(run.to.counter - run.from.counter).unwrap_or(0);
            let mut packer = Packer::default();
            for stored in db::entry::after(&snapshot, run.first_seq - 1, count)? {
                packer.push(&with_hash(stored.entry), None);
            }
            let page = packer.finish(LEVEL)?;
            let (from, to) = (run.from, run.to);
            runs.push(JournalRun { from, to, signature: run.signature, received_at: run.received_at, page });
        }
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        let journal = Journal { format: super::FORMAT, log: meta.own_log, runs };
        shelf.put_journal(&journal, first.from.counter, last.to.counter, at)?;
        shipped.counter = last.to.counter;
    }
    Ok(kept.len())
}

/// The database leaves the body's hash out of an entry that it reads.
pub(in crate::relay) fn with_hash(mut entry: Entry) -> Entry {
    if let Some(body) = &entry.body {
        entry.header.body_hash = BodyHash::of(body);
    }
    entry
}

/// The name of a file tells when it was written, of which log, and up to where.
fn up_to(name: &str) -> Option<(Timestamp, LogId, u64)> {
    let mut parts = name.trim_end_matches(".age").strip_suffix(".run")?.split('-');
    let at = parts.next()?.parse().ok()?;
    let log = parts.next()?.parse().ok()?;
    let to = parts.nth(1)?.parse().ok()?;
    Some((Timestamp::from_millis(at), log, to))
}

impl Shelf {
    fn journal(&self) -> Result<Vec<(PathBuf, Timestamp, LogId, u64)>> {
        let folder = self.path().join(FOLDER);
        let mut found = Vec::new();
        for item in fs::read_dir(&folder).into_iter().flatten() {
            let item = item.map_err(KeepingError::file("read", &folder))?;
            if let Some((at, log, to)) = up_to(&item.file_name().to_string_lossy()) {
                found.push((item.path(), at, log, to));
            }
        }
        found.sort();
        Ok(found)
    }

    fn shipped(&self, log: LogId) -> Result<u64> {
        let of_log = self.journal()?.into_iter().filter(|(_, _, found, _)| *found == log);
        Ok(of_log.map(|(.., to)| to).max().unwrap_or(0))
    }

    fn put_journal(&self, journal: &Journal, from: u64, to: u64, at: Timestamp) -> Result<()> {
        let folder = self.path().join(FOLDER);
        fs::create_dir_all(&folder).map_err(KeepingError::file("create", &folder))?;
        let age = if self.is_encrypted() { ".age" } else { "" };
        let name = format!("{:015}-{}-{from:012}-{to:012}.run{age}", at.millis(), journal.log);
        let part = folder.join(".part");
        drop(fs::remove_file(&part));
        seal::write(encode(journal).as_slice(), &part, &self.seal()?)?;
        fs::rename(&part, folder.join(name)).map_err(KeepingError::file("rename", &part))?;
        sync(&folder)
    }

    /// Drops what every snapshot holds: what was written before the oldest was taken.
    pub(super) fn trim_journal(&self) -> Result<()> {
        let Some(oldest) = self.snapshots()?.first().map(|snapshot| snapshot.manifest.at) else {
            return Ok(());
        };
        for (path, at, ..) in self.journal()? {
            if at < oldest {
                fs::remove_file(&path).map_err(KeepingError::file("remove", &path))?;
            }
        }
        Ok(())
    }
}

/// What was read of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct JournalRead {
    /// Files whose entries lead from the head that they name to the next; or, without the key, that are there.
    pub(super) files: u64,
    /// Entries in them.
    pub(super) entries: u64,
    /// Those that can't be read, or lead nowhere.
    pub(super) damaged: Vec<String>,
}

impl Shelf {
    /// Reads the journal as a restore would: each file whole, its chain followed entry by entry, and each beginning
    /// where the one before ended. Signatures are checked by the restore, which has the relay's key.
    pub(super) fn verify_journal(&self, opener: &Opener) -> Result<JournalRead> {
        let mut read = JournalRead::default();
        let is_closed = self.is_encrypted() && matches!(opener, Opener::None);
        let mut head: Option<(LogId, Head)> = None;
        for (path, _, log, to) in self.journal()? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if is_closed {
                read.files += 1;
                continue;
            }
            let before = head.filter(|(known, _)| *known == log).map(|(_, head)| head);
            match self.follow(&path, opener, before)? {
                Some((entries, last)) if last.counter == to => {
                    read.files += 1;
                    read.entries += entries;
                    head = Some((log, last));
                }
                _ => {
                    tracing::error!(file = %name, "a file of a backup is damaged");
                    read.damaged.push(format!("{FOLDER}/{name}"));
                    head = None;
                }
            }
        }
        Ok(read)
    }

    /// Follows the chain of a file; none if it breaks, or does not begin where the file before ended.
    fn follow(
        &self,
        path: &std::path::Path,
        opener: &Opener,
        before: Option<Head>,
    ) -> Result<Option<(u64, Head)>> {
        let mut bytes = Vec::new();
        match seal::read(path, self.is_encrypted(), opener, &mut bytes) {
            Ok(_) => {}
            Err(KeepingError::WrongKey) => return Err(KeepingError::WrongKey),
            Err(_) => return Ok(None),
        }
        let read = decode::<Journal>(&bytes, "a journal").ok();
        let Some(journal) = read.filter(|journal| journal.format == super::FORMAT) else { return Ok(None) };
        let (mut entries, mut head) = (0, before);
        for run in &journal.runs {
            if head.is_some_and(|head| head != run.from) {
                return Ok(None);
            }
            let Ok(page) = unpack(&run.page) else { return Ok(None) };
            let last = page.iter().fold(run.from, |head, (entry, _)| head.then(&entry.header));
            if last != run.to {
                return Ok(None);
            }
            entries += page.len() as u64;
            head = Some(last);
        }
        Ok(head.map(|head| (entries, head)))
    }
}

/// What came back of the command centre's own work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TakenBack {
    pub(super) entries: u64,
    /// Files that can't be read or do not hold what was signed.
    pub(super) damaged: u64,
}

/// Takes back what the folder has beyond the snapshot. A file that is damaged keeps nothing else back.
pub(super) fn take_back(engine: &mut Engine, shelf: &Shelf, opener: &Opener) -> Result<TakenBack> {
    let mut back = TakenBack::default();
    for (path, ..) in shelf.journal()? {
        let mut bytes = Vec::new();
        let read = seal::read(&path, shelf.is_encrypted(), opener, &mut bytes)
            .ok()
            .and_then(|_| decode::<Journal>(&bytes, "a journal").ok())
            .filter(|journal| journal.format == super::FORMAT);
        match read.map(|journal| engine.take_back(&journal)) {
            Some(Ok(entries)) => back.entries += entries,
            Some(Err(error)) => {
                tracing::error!(%error, "a part of the journal does not hold");
                back.damaged += 1;
            }
            None => back.damaged += 1,
        }
    }
    while engine.project().map_err(|error| KeepingError::Setup(error.to_string()))? {}
    Ok(back)
}

impl Engine {
    /// Appends runs of the relay's own log that are not held: all of a file or nothing.
    fn take_back(&mut self, journal: &Journal) -> crate::relay::Result<u64> {
        let identity = self.shared().identity.clone();
        self.write(|work| {
            let own = db::device::find(work.transaction, identity.device)?
                .ok_or(Error::Corrupt("the relay's own device"))?;
            let mut log = match db::log::find(work.transaction, journal.log)? {
                Some(log) if log.device == own.row => log,
                Some(_) => return Err(Error::Corrupt("a journal of another's log").into()),
                None => db::log::add(work.transaction, journal.log, own.row)?,
            };
            let mut taken = 0;
            for run in &journal.runs {
                if run.to.counter <= log.head.counter {
                    continue;
                }
                let entries: Vec<Entry> = unpack(&run.page)?.into_iter().map(|(entry, _)| entry).collect();
                let mut head = run.from;
                for entry in &entries {
                    head = head.then(&entry.header);
                }
                let signed =
                    LogHead { township: identity.township, device: identity.device, log: journal.log, head };
                if run.from != log.head || head != run.to {
                    return Err(Error::Corrupt("the chain of a journal").into());
                }
                verify(&identity.key.public(), &signed, &run.signature)?;
                let first_seq = work.state.stored_seq + 1;
                let mut appender = Appender::new(work.transaction, log.row, State::Stored, run.received_at)?;
                for entry in &entries {
                    work.state.stored_seq += 1;
                    appender.append(work.state.stored_seq, entry.id(), entry)?;
                }
                let kept = Run {
                    from: run.from,
                    to: run.to,
                    signature: run.signature,
                    first_seq,
                    received_at: run.received_at,
                };
                db::log::append(work.transaction, log.row, &kept)?;
                log.head = run.to;
                taken += entries.len() as u64;
            }
            work.project(PROJECTED_AT_ONCE)?;
            Ok(taken)
        })
    }
}
