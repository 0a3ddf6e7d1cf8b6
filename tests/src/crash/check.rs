//! Opens what a power cut left with the real code, and compares it with what was promised before.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    path::Path,
    sync::Arc,
};

use suishou_core::{
    field::Field,
    id::{BlobHash, DocumentId, DraftId},
    store::{Mine, blobs::BlobFolder, open},
    time::Random,
};
use suishou_server::{blobs::Found, identity::Identity, relay::Engine};

use super::ends;
use crate::harness::{TestClock, Township};

/// The seed of every recorded township.
pub(super) const SEED: u64 = 808;
/// What holds of old databases: the content of these tables, by these columns.
const OLD_PHONE: &[(&str, &str)] = &[
    ("entry", "entry_id, document, body, state"),
    ("log_entry", "counter, hash"),
    ("enrolment", "device, township, secret_key, membership"),
    ("settings", "version, bundle"),
    ("document", "document"),
    ("blob", "hash, size_bytes, stored_epoch"),
    ("patrol_fix", "document, at"),
    ("draft", "draft, body"),
    ("work", "document, json"),
];
const OLD_RELAY: &[(&str, &str)] = &[
    ("entry", "seq, entry_id, document, body, state, author"),
    ("log", "log, counter, hash"),
    ("run", "to_counter, first_seq, head_hash, head_signature"),
    ("device", "device, public_key, is_revoked"),
    ("member", "member, name, role"),
    ("settings", "version, bundle"),
    ("document", "document"),
    // In its order: each start leaves out places by chance.
    ("feed", "row_number() OVER (ORDER BY seq), what, entry, document"),
    ("blob", "hash, size_bytes"),
    ("work", "document, json"),
];

/// Who the relay of the recorded township is.
pub(super) fn identity() -> Identity {
    Township::identity_of(SEED, "桥头镇")
}

/// What is opened, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Phone,
    Relay,
    OldPhone,
    OldRelay,
    /// A phone that is revoked on the way.
    Revoked,
    /// A backup's folder.
    Shelf,
}

impl Kind {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "phone" => Some(Self::Phone),
            "relay" => Some(Self::Relay),
            "old-phone" => Some(Self::OldPhone),
            "old-relay" => Some(Self::OldRelay),
            "revoked" => Some(Self::Revoked),
            "shelf" => Some(Self::Shelf),
            _ => None,
        }
    }

    /// What must be the same after every cut; none where it is said on the way.
    pub(super) fn content(&self, folder: &Path) -> Result<Content, String> {
        match self {
            Self::Phone | Self::Relay | Self::Revoked | Self::Shelf => Ok(Content::new()),
            Self::OldPhone => {
                let _field = open_phone(folder)?;
                content(&folder.join("field.db"), OLD_PHONE)
            }
            Self::OldRelay => {
                let _engine = open_relay(folder)?;
                content(&folder.join("township.db"), OLD_RELAY)
            }
        }
    }

    /// Whether all that was said, and all that was there, holds in a folder that a power cut left.
    pub(super) fn check(&self, folder: &Path, said: &[&str], before: &Content) -> Result<(), String> {
        match self {
            Self::Phone => phone(folder, said),
            Self::Relay => relay(folder, said),
            Self::Revoked => ends::revoked(folder, said),
            Self::Shelf => ends::shelf(folder, said),
            Self::OldPhone | Self::OldRelay => {
                let now = self.content(folder)?;
                same("the old database's content", before, &now)
            }
        }
    }
}

/// A database's tables: how many rows, and the hash of what they say.
pub(super) type Content = BTreeMap<String, (i64, BlobHash)>;

fn content(database: &Path, tables: &[(&str, &str)]) -> Result<Content, String> {
    let connection = open::reader(database).map_err(text)?;
    whole(&connection)?;
    let mut found = Content::new();
    for (table, columns) in tables {
        let quoted =
            columns.split(", ").map(|column| format!("quote({column})")).collect::<Vec<_>>().join("||','||");
        let query = format!(
            "SELECT count(*), group_concat(row, ';') FROM (SELECT {quoted} AS row FROM {table} ORDER BY 1)"
        );
        let (count, rows) = connection
            .query_row(&query, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?)))
            .map_err(text)?;
        found.insert((*table).to_owned(), (count, BlobHash::of(rows.unwrap_or_default().as_bytes())));
    }
    Ok(found)
}

pub(super) fn open_phone(folder: &Path) -> Result<Field, String> {
    let opened = Field::open(folder, Arc::new(TestClock::new()), Random::seeded(SEED ^ 1));
    let field = opened.map_err(|error| format!("the phone does not open: {error}"))?;
    match field.salvage() {
        None => Ok(field),
        Some(report) => Err(format!(
            "nothing was damaged, and yet the database was set aside and salvaged: {} entries, {} lost",
            report.entries, report.entries_lost
        )),
    }
}

fn open_relay(folder: &Path) -> Result<Engine, String> {
    let opened = Engine::open(folder, identity(), Arc::new(TestClock::new()), Random::seeded(SEED ^ 2));
    opened.map_err(|error| format!("the relay does not open: {error}"))
}

pub(super) fn text(error: impl Display) -> String {
    error.to_string()
}

pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    expected: &T,
    found: &T,
) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}

pub(super) fn must(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

macro_rules! number {
    ($connection:expr, $query:expr, $parameters:expr) => {
        $connection.query_row($query, $parameters, |row| row.get::<_, i64>(0)).map_err(text)
    };
}

/// SQLite finds the database whole, and every reference leads somewhere.
fn whole(connection: &suishou_server::db::Connection) -> Result<(), String> {
    let said =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).map_err(text)?;
    same("integrity_check", &"ok".to_owned(), &said)?;
    let astray = number!(connection, "SELECT count(*) FROM pragma_foreign_key_check", [])?;
    same("references that lead nowhere", &0, &astray)
}

/// A line's words; the first says whose it is.
pub(super) fn words<'a>(line: &&'a str) -> Vec<&'a str> {
    line.split(' ').skip(1).collect()
}

pub(super) fn read<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word} can't be read"))
}

pub(super) fn phone(folder: &Path, said: &[&str]) -> Result<(), String> {
    let field = open_phone(folder)?;
    let connection = open::reader(&folder.join("field.db")).map_err(text)?;
    whole(&connection)?;
    let blobs = BlobFolder::open(folder.join("blobs")).map_err(text)?;
    let is_whole = |hash: &BlobHash| blobs.read(hash).is_ok();
    let reports: BTreeSet<DocumentId> = field
        .incidents(Mine::Only, 10_000, 0)
        .map_err(text)?
        .into_iter()
        .map(|incident| incident.row.document)
        .collect();
    let drafts: BTreeMap<DraftId, usize> =
        field.drafts().map_err(text)?.into_iter().map(|draft| (draft.id, draft.body.text.len())).collect();
    let mut discarding: BTreeSet<DraftId> = BTreeSet::new();
    let mut saved_drafts: BTreeMap<DraftId, usize> = BTreeMap::new();
    for line in said {
        match words(line)[..] {
            ["enrolled"] => {
                field.enrolment().map_err(|error| format!("the enrolment is gone: {error}"))?;
            }
            ["photo", photo] => {
                must(is_whole(&read(photo)?), || format!("photo {photo} is gone"))?;
            }
            ["saved", document, photo] => {
                let id: DocumentId = read(document)?;
                must(reports.contains(&id), || format!("report {document} is gone"))?;
                let shown = field.incident(id).map_err(|error| format!("report {document}: {error}"))?;
                let photo: BlobHash = read(photo)?;
                must(shown.photos.iter().any(|one| one.hash == photo && one.is_here), || {
                    format!("report {document} has lost its photo")
                })?;
                must(is_whole(&photo), || format!("photo {photo} of a report is damaged"))?;
            }
            ["entries", document, count] => {
                let id: DocumentId = read(document)?;
                let query = "SELECT count(*) FROM entry WHERE document = ?1";
                let found = number!(connection, query, [id.as_ref()])?;
                must(found >= read(count)?, || format!("{document} has {found} entries of {count}"))?;
            }
            ["fixes", patrol, count] => {
                let id: DocumentId = read(patrol)?;
                let walked: usize =
                    field.track(id).map_err(text)?.iter().map(|segment| segment.fixes.len()).sum();
                let waiting = number!(connection, "SELECT count(*) FROM patrol_fix", [])?;
                let found = i64::try_from(walked).unwrap_or(0) + waiting;
                must(found >= read(count)?, || format!("{found} fixes of {count}"))?;
            }
            ["finished", patrol] => {
                let open = field.open_patrol().map_err(text)?;
                must(open != Some(read(patrol)?), || format!("patrol {patrol} goes on"))?;
            }
            ["draft", draft, length] => drop(saved_drafts.insert(read(draft)?, read(length)?)),
            ["discarding", draft] => drop(discarding.insert(read(draft)?)),
            ["discarded", draft] => {
                must(!drafts.contains_key(&read(draft)?), || format!("draft {draft} came back"))?;
            }
            ["reported", draft] => {
                let id: DraftId = read(draft)?;
                must(reports.contains(&id.document()), || format!("draft {draft} was reported and is not"))?;
            }
            ["closed"] => {}
            _ => return Err(format!("nothing is known of the promise {line:?}")),
        }
    }
    for (draft, length) in saved_drafts.iter().filter(|(draft, _)| !discarding.contains(draft)) {
        let is_report = reports.contains(&draft.document());
        let kept = drafts.get(draft).copied();
        must(is_report != kept.is_some(), || format!("{draft}: draft {kept:?}, report {is_report}"))?;
        must(is_report || kept >= Some(*length), || format!("{draft}: {kept:?} letters of {length}"))?;
    }
    for draft in drafts.keys() {
        let missing = field.draft(*draft).map_err(text)?.missing;
        must(missing.is_empty(), || format!("{draft} has lost {} photos", missing.len()))?;
    }
    own_blobs(&connection, &is_whole)?;
    chained(&connection)
}

/// Every attachment that only this phone has, and a report or a draft names, is here, whole.
fn own_blobs(
    connection: &suishou_server::db::Connection,
    is_whole: &dyn Fn(&BlobHash) -> bool,
) -> Result<(), String> {
    let query = "WITH named AS (SELECT blob FROM document_blob UNION SELECT blob FROM draft_blob)
                 SELECT hash FROM blob WHERE stored_epoch IS NULL AND trimmed_at IS NULL
                 AND (hash IN named OR preview_of IN named)";
    let mut statement = connection.prepare(query).map_err(text)?;
    let mut rows = statement.query([]).map_err(text)?;
    while let Some(row) = rows.next().map_err(text)? {
        let hash = BlobHash::new(row.get(0).map_err(text)?);
        must(is_whole(&hash), || format!("a row names {hash}, which is missing or damaged"))?;
    }
    Ok(())
}

/// Every own entry that waits stands in the log once, without a gap.
fn chained(connection: &suishou_server::db::Connection) -> Result<(), String> {
    let logs = "SELECT count(*) FROM (SELECT 1 FROM log_entry GROUP BY log HAVING max(counter) <> count(*))";
    same("logs with a gap", &0, &number!(connection, logs, [])?)?;
    let waiting = "SELECT count(*) FROM entry WHERE state = 1 AND id NOT IN (SELECT entry FROM log_entry)";
    same("entries that nobody will send", &0, &number!(connection, waiting, [])?)
}

fn relay(folder: &Path, said: &[&str]) -> Result<(), String> {
    let mut engine = open_relay(folder)?;
    while engine.project().map_err(|error| format!("entries can't be taken into documents: {error}"))? {}
    let connection = engine.connection();
    whole(connection)?;
    for line in said {
        match words(line)[..] {
            ["receipt", log, counter, hash, epoch, seq] => {
                same("the relay's life", &epoch.to_owned(), &engine.epoch().to_string())?;
                let stored = number!(connection, "SELECT coalesce(max(seq), 0) FROM entry", [])?;
                must(stored >= read(seq)?, || format!("{stored} entries, and {seq} were receipted"))?;
                if counter == "0" {
                    continue;
                }
                let (log, hash) =
                    (read::<suishou_core::id::LogId>(log)?, read::<suishou_core::id::LogHash>(hash)?);
                let counter: i64 = read(counter)?;
                let query = "SELECT count(*) FROM log JOIN run ON run.log = log.row
                             WHERE log.log = ?1 AND to_counter = ?2 AND head_hash = ?3 AND log.counter >= ?2";
                let found = connection
                    .query_row(query, (log.as_ref(), counter, hash.as_ref()), |row| row.get::<_, i64>(0))
                    .map_err(text)?;
                same("runs that end where a receipt says", &1, &found)?;
                let query = "SELECT count(*) FROM entry JOIN log ON entry.log = log.row WHERE log.log = ?1";
                let entries = number!(connection, query, [log.as_ref()])?;
                must(entries >= counter, || format!("{entries} entries of a log, {counter} were receipted"))?;
            }
            ["fed", seq] => {
                let found = number!(connection, "SELECT coalesce(max(seq), 0) FROM feed", [])?;
                must(found >= read(seq)?, || format!("the feed ends at {found}, {seq} was handed out"))?;
            }
            ["stored", seq] => {
                let found = number!(connection, "SELECT coalesce(max(seq), 0) FROM entry", [])?;
                must(found >= read(seq)?, || format!("{found} entries, {seq} were kept"))?;
            }
            ["blob", hash, size] => {
                let hash: BlobHash = read(hash)?;
                let is_whole = engine.blobs().look(&hash).map_err(text)? == Found::Whole;
                let known = engine.stored_blob(hash).map_err(text)?;
                let size_bytes: u64 = read(size)?;
                must(is_whole && known.is_some_and(|blob| blob.size_bytes == size_bytes), || {
                    format!("blob {hash} was receipted: file {is_whole}, row {}", known.is_some())
                })?;
            }
            ["offset", upload, offset] => uploaded(&engine, upload, read(offset)?)?,
            ["members", count] => {
                let found = number!(connection, "SELECT count(*) FROM member", [])?;
                same("members", &read::<i64>(count)?, &found)?;
            }
            // Whoever enrolled can go on: there is a device more than the relay's own.
            ["enrolled" | "stopped"] => {}
            _ => return Err(format!("nothing is known of the promise {line:?}")),
        }
    }
    let enrolled =
        i64::try_from(said.iter().filter(|line| words(line)[..] == ["enrolled"]).count()).unwrap_or(0);
    let devices = number!(connection, "SELECT count(*) FROM device", [])?;
    must(devices > enrolled, || format!("{devices} devices with the relay's own, {enrolled} enrolled"))?;
    let twice = "SELECT count(*) FROM (SELECT 1 FROM entry WHERE same_as IS NULL GROUP BY entry_id HAVING count(*) > 1)";
    same("entries that are there twice", &0, &number!(connection, twice, [])?)?;
    every_upload(&engine)
}

/// The offset that was told, or more, is in the upload's file, or the upload is a blob by now.
fn uploaded(engine: &Engine, upload: &str, offset: u64) -> Result<(), String> {
    let id: suishou_server::db::blob::UploadId = read(upload)?;
    let query = "SELECT offset_bytes FROM upload WHERE upload = ?1";
    let known = number!(engine.connection(), query, [id.as_ref()]);
    // Finished: its receipt is the promise from then on.
    let Ok(known) = known else { return Ok(()) };
    must(known.unsigned_abs() >= offset, || format!("upload {upload} stands at {known}, {offset} was told"))
}

/// No upload's row counts bytes that its file has not; a complete one may be under its hash already.
fn every_upload(engine: &Engine) -> Result<(), String> {
    let query = "SELECT upload, hash, offset_bytes FROM upload";
    let mut statement = engine.connection().prepare(query).map_err(text)?;
    let mut rows = statement.query([]).map_err(text)?;
    while let Some(row) = rows.next().map_err(text)? {
        let upload = suishou_server::db::blob::UploadId::new(row.get(0).map_err(text)?);
        let hash: Option<[u8; 32]> = row.get(1).map_err(text)?;
        let offset: i64 = row.get(2).map_err(text)?;
        let is_whole = hash
            .is_some_and(|hash| engine.blobs().look(&BlobHash::new(hash)).is_ok_and(|it| it == Found::Whole));
        must(is_whole || engine.blobs().len(upload) >= offset.unsigned_abs(), || {
            format!("an upload counts {offset} bytes, its file has {}", engine.blobs().len(upload))
        })?;
    }
    Ok(())
}
