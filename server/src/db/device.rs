//! Enrolled phones, the relay's own device, and one-time codes.

use rusqlite::{Connection, Row, Transaction, params};
use suishou_core::{
    error::Result,
    id::{DeviceId, PublicKey},
    store::{optional, sql},
    time::Timestamp,
};

use super::id;

/// A device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its row.
    pub row: i64,
    /// Which.
    pub device: DeviceId,
    /// The row of the member whose phone it is; none for the relay itself.
    pub member: Option<i64>,
    /// What its signatures are checked with.
    pub public_key: PublicKey,
    /// An operator revoked it.
    pub is_revoked: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        row: row.get(0)?,
        device: id(row, 1)?,
        member: row.get(2)?,
        public_key: id(row, 3)?,
        is_revoked: row.get(4)?,
    })
}

/// The device with this id.
pub fn find(connection: &Connection, device: DeviceId) -> Result<Option<Device>> {
    optional(
        connection
            .prepare_cached(
                "SELECT row, device, member, public_key, is_revoked FROM device WHERE device = ?1",
            )
            .map_err(sql)?
            .query_row([device.as_ref()], read),
    )
}

/// The device in this row.
pub fn get(connection: &Connection, row: i64) -> Result<Device> {
    connection
        .prepare_cached("SELECT row, device, member, public_key, is_revoked FROM device WHERE row = ?1")
        .and_then(|mut find| find.query_row([row], read))
        .map_err(sql)
}

/// Adds a device; returns its row.
pub fn add(
    transaction: &Transaction<'_>,
    device: DeviceId,
    member: Option<i64>,
    public_key: PublicKey,
    at: Timestamp,
) -> Result<i64> {
    transaction
        .execute(
            "INSERT INTO device (device, member, public_key, enrolled_at) VALUES (?1, ?2, ?3, ?4)",
            params![device.as_ref(), member, public_key.as_ref(), at.millis()],
        )
        .map_err(sql)?;
    Ok(transaction.last_insert_rowid())
}

/// Notes when a device was last heard of.
pub fn set_contact(transaction: &Transaction<'_>, row: i64, at: Timestamp) -> Result<()> {
    transaction
        .prepare_cached("UPDATE device SET last_contact_at = ?2 WHERE row = ?1")
        .and_then(|mut update| update.execute(params![row, at.millis()]))
        .map_err(sql)?;
    Ok(())
}

/// A one-time code as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The row of the member it is for.
    pub member: i64,
    /// Useless from then on.
    pub expires_at: Timestamp,
    /// The key that used it, and the row of its device.
    pub used_by: Option<(PublicKey, i64)>,
}

/// The code with this hash.
pub fn find_code(connection: &Connection, code_hash: [u8; 32]) -> Result<Option<Code>> {
    optional(connection.query_row(
        "SELECT member, expires_at, used_by, device FROM enrol_code WHERE code_hash = ?1",
        [code_hash],
        |row| {
            let used_by = match (row.get::<_, Option<[u8; 32]>>(2)?, row.get::<_, Option<i64>>(3)?) {
                (Some(key), Some(device)) => Some((PublicKey::new(key), device)),
                _ => None,
            };
            Ok(Code { member: row.get(0)?, expires_at: Timestamp::from_millis(row.get(1)?), used_by })
        },
    ))
}

/// Keeps a new code's hash.
pub fn add_code(
    transaction: &Transaction<'_>,
    code_hash: [u8; 32],
    member: i64,
    expires_at: Timestamp,
) -> Result<()> {
    transaction
        .execute(
            "INSERT INTO enrol_code (code_hash, member, expires_at) VALUES (?1, ?2, ?3)",
            params![code_hash, member, expires_at.millis()],
        )
        .map_err(sql)?;
    Ok(())
}

/// Notes who used a code.
pub fn use_code(
    transaction: &Transaction<'_>,
    code_hash: [u8; 32],
    key: PublicKey,
    device: i64,
) -> Result<()> {
    transaction
        .execute(
            "UPDATE enrol_code SET used_by = ?2, device = ?3 WHERE code_hash = ?1",
            params![code_hash, key.as_ref(), device],
        )
        .map_err(sql)?;
    Ok(())
}
