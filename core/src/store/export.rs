//! Held entries as files that a person can hand over: one JSON a piece, the attachments beside it.
//!
//! Also what a salvage found without an enrolment. Nothing is removed by it, and doing it again writes the same.

use std::{fs, path::Path};

use serde::Serialize;

use super::{
    append::{entry_columns, state},
    blobs::sync_folder,
    found::FoundEntry,
    life::write_file,
    phone::Store,
    sql,
};
use crate::{
    document::Record,
    entry::{BodyType, Entry},
    error::{Error, HeldCode, Result},
    guard::{Edit, check},
    id::{BlobHash, DocumentId, EntryId},
    model::{DocumentKind, blob::BlobKind, decode, note::Note},
    time::Timestamp,
};

/// Why an entry is exported that no relay has judged.
const NO_ENROLMENT: &str = "no_enrolment";

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Entries, one JSON file each.
    pub entries: u64,
    /// Files in all, attachments too.
    pub files: u64,
}

/// One entry, for a person and for a program.
#[derive(Serialize)]
struct HeldFile {
    entry: EntryId,
    document: DocumentId,
    kind: DocumentKind,
    body_type: BodyType,
    /// When, by the phone's clock.
    captured_at: String,
    /// When the relay got it, by the relay's clock.
    received_at: Option<String>,
    /// Why it takes no effect: the relay's code.
    reason: &'static str,
    /// What the person wrote.
    text: Option<String>,
    /// Everything in it, in CBOR's diagnostic notation; of a change each step and field.
    content: Vec<String>,
    attachments: Vec<Attachment>,
    /// The body as it is signed and stored.
    body_base64: String,
}

#[derive(Serialize)]
struct Attachment {
    hash: BlobHash,
    kind: BlobKind,
    /// The file beside this one; none if its bytes are not on this phone.
    file: Option<String>,
}

impl Store {
    /// Writes every held entry into the folder `to`, durably.
    pub fn export_held(&self, to: &Path) -> Result<Exported> {
        fs::create_dir_all(to).map_err(Error::file("creating the export's folder"))?;
        let mut exported = Exported::default();
        for one in self.to_be_exported()? {
            let attachments = one
                .names()
                .into_iter()
                .map(|(hash, kind)| self.export_blob(hash, kind, to, &mut exported))
                .collect::<Result<Vec<_>>>()?;
            let header = &one.entry.header;
            let body = one.entry.body.as_deref().unwrap_or_default();
            let file = HeldFile {
                entry: one.entry.id(),
                document: header.document,
                kind: header.kind,
                body_type: header.body_type,
                captured_at: header.claimed_at.to_rfc3339(),
                received_at: one.received_at.map(|at| Timestamp::from_millis(at).to_rfc3339()),
                reason: one.held_code.and_then(HeldCode::from_number).map_or(NO_ENROLMENT, HeldCode::as_str),
                text: text(&one.entry),
                content: content(&one.entry),
                attachments,
                body_base64: data_encoding::BASE64.encode(body),
            };
            let json = serde_json::to_vec_pretty(&file).map_err(|_| Error::Corrupt("an entry"))?;
            write_file(&to.join(format!("{}.json", file.entry)), &json)?;
            exported.entries += 1;
            exported.files += 1;
        }
        to.parent().map_or(Ok(()), sync_folder)?;
        Ok(exported)
    }

    fn to_be_exported(&self) -> Result<Vec<FoundEntry>> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT document, kind, claimed_at, body_type, body, id, author, received_at, state, held_code
                 FROM entry WHERE state IN (?1, ?2) ORDER BY id",
            )
            .map_err(sql)?;
        let rows = statement
            .query_map([state::HELD, state::OWNERLESS], |row| {
                let Some(entry) = entry_columns(row)? else { return Ok(None) };
                Ok(Some(FoundEntry {
                    entry,
                    rowid: row.get(5)?,
                    author: row.get(6)?,
                    received_at: row.get(7)?,
                    state: row.get(8)?,
                    held_code: row.get(9)?,
                }))
            })
            .map_err(sql)?;
        let found: Vec<Option<FoundEntry>> = rows.collect::<rusqlite::Result<_>>().map_err(sql)?;
        Ok(found.into_iter().flatten().collect())
    }

    fn export_blob(
        &self,
        hash: BlobHash,
        kind: BlobKind,
        to: &Path,
        exported: &mut Exported,
    ) -> Result<Attachment> {
        let name = match kind {
            BlobKind::Photo | BlobKind::Preview => format!("{hash}.jpg"),
            BlobKind::Voice | BlobKind::Track => format!("{hash}.{}", kind.as_str()),
        };
        let file = match self.blobs.read(&hash) {
            Ok(bytes) => {
                write_file(&to.join(&name), &bytes)?;
                exported.files += 1;
                Some(name)
            }
            Err(Error::BlobMissing | Error::Corrupt(_)) => None,
            Err(error) => return Err(error),
        };
        Ok(Attachment { hash, kind, file })
    }
}

/// What a person wrote in an entry, as far as this is a text of its own.
fn text(entry: &Entry) -> Option<String> {
    let body = entry.body.as_deref()?;
    match entry.header.body_type {
        BodyType::Record => Record::read(entry.header.kind, body).ok().map(|record| record.text().to_owned()),
        BodyType::Note => decode::<Note>(body, "a note").ok().map(|note| note.text),
        BodyType::Change => None,
    }
}

/// Every value of an entry, whatever kind it is.
fn content(entry: &Entry) -> Vec<String> {
    let Some(body) = entry.body.as_deref() else { return Vec::new() };
    if entry.header.body_type != BodyType::Change {
        return vec![minicbor::display(body).to_string()];
    }
    let edits = check(body).map(|checked| checked.edits).unwrap_or_default();
    let shown = edits.into_iter().map(|edit| match edit {
        Edit::Step { body, .. } => minicbor::display(&body).to_string(),
        Edit::Field { name, value } => format!("{name} = {value}"),
    });
    shown.collect()
}
