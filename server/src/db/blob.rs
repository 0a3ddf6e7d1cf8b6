//! Stored blobs, uploads under way, and which documents name which blobs.

use std::collections::BTreeSet;

use rusqlite::{Connection, Params, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{BlobHash, Bytes, DocumentId},
    store::{optional, sql},
    sync::wire::BlobKind,
    time::Timestamp,
};

use super::{count, id, int, unreadable};

/// Tag of [`UploadId`].
#[derive(Debug)]
pub enum UploadTag {}

/// An upload under way.
pub type UploadId = Bytes<16, UploadTag>;

/// A blob that the relay has whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Which.
    pub hash: BlobHash,
    /// What it is.
    pub kind: BlobKind,
    /// A preview's photo.
    pub preview_of: Option<BlobHash>,
    /// How many bytes.
    pub size_bytes: u64,
    /// The row of the device that sent it first.
    pub device: i64,
}

/// An upload under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Which.
    pub upload: UploadId,
    /// The row of the device that sends it.
    pub device: i64,
    /// What the bytes must amount to, if that was promised.
    pub hash: Option<BlobHash>,
    /// What it is.
    pub kind: BlobKind,
    /// A preview's photo.
    pub preview_of: Option<BlobHash>,
    /// How many bytes it will have.
    pub size_bytes: u64,
    /// How many are on the disk.
    pub offset_bytes: u64,
}

/// A blob that no document names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unnamed {
    /// Which.
    pub hash: BlobHash,
    /// A preview's photo.
    pub preview_of: Option<BlobHash>,
}

impl Unnamed {
    /// Whether it, or the photo that it is a preview of, is one of these.
    pub fn is_among(&self, blobs: &BTreeSet<BlobHash>) -> bool {
        blobs.contains(&self.hash) || self.preview_of.is_some_and(|photo| blobs.contains(&photo))
    }
}

/// Condition on blob `b`: no document names it, nor the photo that it is a preview of.
const IS_UNNAMED: &str = "NOT EXISTS (SELECT 1 FROM document_blob n WHERE n.hash IN (b.hash, b.preview_of))";

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<BlobKind> {
    BlobKind::from_word(&row.get::<_, String>(column)?).ok_or_else(|| unreadable(column))
}

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<BlobHash>> {
    Ok(row.get::<_, Option<[u8; 32]>>(column)?.map(BlobHash::new))
}

/// The blob with this hash.
pub fn find(connection: &Connection, blob: BlobHash) -> Result<Option<Blob>> {
    optional(
        connection
            .prepare_cached("SELECT hash, kind, preview_of, size_bytes, device FROM blob WHERE hash = ?1")
            .map_err(sql)?
            .query_row([blob.as_ref()], read_blob),
    )
}

fn read_blob(row: &Row<'_>) -> rusqlite::Result<Blob> {
    Ok(Blob {
        hash: id(row, 0)?,
        kind: kind(row, 1)?,
        preview_of: hash(row, 2)?,
        size_bytes: count(row.get(3)?),
        device: row.get(4)?,
    })
}

/// The preview of a photo. Of several, that of a device whose member took part in a document that
/// names the photo, or the relay's own: a stranger can't put a picture before it.
pub fn find_preview(connection: &Connection, photo: BlobHash) -> Result<Option<Blob>> {
    optional(
        connection
            .prepare_cached(
                "SELECT b.hash, b.kind, b.preview_of, b.size_bytes, b.device
                 FROM blob b JOIN device d ON d.row = b.device
                 WHERE b.preview_of = ?1 AND (d.member IS NULL OR EXISTS (
                    SELECT 1 FROM document_blob r
                    JOIN document_author a ON a.document = r.document AND a.member = d.member
                    WHERE r.hash = ?1))
                 ORDER BY b.stored_at LIMIT 1",
            )
            .map_err(sql)?
            .query_row([photo.as_ref()], read_blob),
    )
}

/// Keeps a whole blob's row; one that is there already stays.
pub fn add(transaction: &Transaction<'_>, blob: &Blob, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO blob (hash, kind, preview_of, size_bytes, device, stored_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (hash) DO NOTHING",
            params![
                blob.hash.as_ref(),
                blob.kind.as_str(),
                blob.preview_of.as_ref().map(AsRef::as_ref),
                int(blob.size_bytes),
                blob.device,
                at.millis(),
            ],
        )
        .map_err(sql)?;
    Ok(())
}

/// Notes that a document names a blob.
pub fn refer(transaction: &Transaction<'_>, blob: BlobHash, document: DocumentId) -> Result<()> {
    transaction
        .prepare_cached("INSERT OR IGNORE INTO document_blob (hash, document) VALUES (?1, ?2)")
        .and_then(|mut insert| insert.execute(params![blob.as_ref(), document.as_ref()]))
        .map_err(sql)?;
    Ok(())
}

/// Whether a document names a blob.
pub fn is_of(connection: &Connection, blob: BlobHash, document: DocumentId) -> Result<bool> {
    connection
        .prepare_cached("SELECT count(*) FROM document_blob WHERE hash = ?1 AND document = ?2")
        .and_then(|mut find| find.query_row(params![blob.as_ref(), document.as_ref()], |row| row.get(0)))
        .map(|count: i64| count > 0)
        .map_err(sql)
}

/// The documents that name a blob.
pub fn documents(connection: &Connection, blob: BlobHash) -> Result<Vec<DocumentId>> {
    let mut statement = connection
        .prepare_cached("SELECT document FROM document_blob WHERE hash = ?1 LIMIT 100")
        .map_err(sql)?;
    let rows = statement.query_map([blob.as_ref()], |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

const UPLOAD: &str = "SELECT upload, device, hash, kind, preview_of, size_bytes, offset_bytes FROM upload";

fn read_upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        upload: id(row, 0)?,
        device: row.get(1)?,
        hash: hash(row, 2)?,
        kind: kind(row, 3)?,
        preview_of: hash(row, 4)?,
        size_bytes: count(row.get(5)?),
        offset_bytes: count(row.get(6)?),
    })
}

/// The upload with this id, if it is this device's.
pub fn find_upload(connection: &Connection, upload: UploadId, device: i64) -> Result<Option<Upload>> {
    optional(
        connection
            .prepare_cached(&format!("{UPLOAD} WHERE upload = ?1 AND device = ?2"))
            .map_err(sql)?
            .query_row(params![upload.as_ref(), device], read_upload),
    )
}

/// A device's upload of these bytes, if one is under way.
pub fn find_upload_of(
    connection: &Connection,
    device: i64,
    hash: BlobHash,
    size_bytes: u64,
) -> Result<Option<Upload>> {
    optional(
        connection
            .prepare_cached(&format!("{UPLOAD} WHERE device = ?1 AND hash = ?2 AND size_bytes = ?3"))
            .map_err(sql)?
            .query_row(params![device, hash.as_ref(), int(size_bytes)], read_upload),
    )
}

/// How many uploads of a device are under way.
pub fn count_uploads(connection: &Connection, device: i64) -> Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM upload WHERE device = ?1")
        .and_then(|mut count| count.query_row([device], |row| row.get(0)))
        .map(count)
        .map_err(sql)
}

/// Begins an upload.
pub fn add_upload(transaction: &Transaction<'_>, upload: &Upload, at: Timestamp) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO upload (upload, device, hash, kind, preview_of, size_bytes, offset_bytes, begun_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                upload.upload.as_ref(),
                upload.device,
                upload.hash.as_ref().map(AsRef::as_ref),
                upload.kind.as_str(),
                upload.preview_of.as_ref().map(AsRef::as_ref),
                int(upload.size_bytes),
                int(upload.offset_bytes),
                at.millis(),
            ],
        )
        .map_err(sql)?;
    Ok(())
}

/// Notes how many bytes of an upload are on the disk.
pub fn set_offset(transaction: &Transaction<'_>, upload: UploadId, offset_bytes: u64) -> Result<()> {
    transaction
        .prepare_cached("UPDATE upload SET offset_bytes = ?2 WHERE upload = ?1")
        .and_then(|mut update| update.execute(params![upload.as_ref(), int(offset_bytes)]))
        .map_err(sql)?;
    Ok(())
}

/// Forgets an upload.
pub fn delete_upload(transaction: &Transaction<'_>, upload: UploadId) -> Result<()> {
    transaction.execute("DELETE FROM upload WHERE upload = ?1", [upload.as_ref()]).map_err(sql)?;
    Ok(())
}

/// Uploads that were begun before `before` and never finished.
pub fn stale_uploads(connection: &Connection, before: Timestamp) -> Result<Vec<UploadId>> {
    let mut statement = connection.prepare("SELECT upload FROM upload WHERE begun_at < ?1").map_err(sql)?;
    let rows = statement.query_map([before.millis()], |row| id(row, 0)).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Count and bytes of stored blobs by kind.
pub fn totals(connection: &Connection) -> Result<Vec<(String, u64, u64)>> {
    let mut statement =
        connection.prepare("SELECT kind, count(*), sum(size_bytes) FROM blob GROUP BY kind").map_err(sql)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, count(row.get(1)?), count(row.get(2)?))))
        .map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Tracks, or everything else, that came before this time and that no document names.
pub fn unnamed_before(connection: &Connection, are_tracks: bool, before: Timestamp) -> Result<Vec<Unnamed>> {
    let condition = "FROM blob b WHERE b.stored_at < ?1 AND (b.kind = ?2) = ?3";
    unnamed(connection, condition, params![before.millis(), BlobKind::Track.as_str(), are_tracks])
}

/// What the member's phones sent that no document names.
pub fn unnamed_of(connection: &Connection, member: i64) -> Result<Vec<Unnamed>> {
    unnamed(connection, "FROM blob b JOIN device d ON d.row = b.device WHERE d.member = ?1", [member])
}

fn unnamed(connection: &Connection, condition: &str, parameters: impl Params) -> Result<Vec<Unnamed>> {
    let mut statement = connection
        .prepare(&format!("SELECT b.hash, b.preview_of {condition} AND {IS_UNNAMED} ORDER BY b.hash"))
        .map_err(sql)?;
    let read = |row: &Row<'_>| Ok(Unnamed { hash: id(row, 0)?, preview_of: hash(row, 1)? });
    let rows = statement.query_map(parameters, read).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}
