//! The township's people, and who took part in which document under which alias.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use suishou_core::{
    error::{Error, Result},
    id::{DepartmentId, DocumentId, GridId, MemberId},
    model::Role,
    store::sql,
};

use super::{code, unreadable};

/// A member as the relay keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Their row.
    pub row: i64,
    /// Their number in the township's list.
    pub id: MemberId,
    /// What people call them.
    pub name: String,
    /// What they do.
    pub role: Role,
    /// A handler's department.
    pub department: Option<DepartmentId>,
    /// How to reach them.
    pub phone: String,
    /// The grids in their care.
    pub grids: Vec<GridId>,
}

const COLUMNS: &str = "row, member, name, role, department, phone";

fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let department: Option<String> = row.get(4)?;
    Ok(Kept {
        row: row.get(0)?,
        id: code(row, 1)?,
        name: row.get(2)?,
        role: Role::from_word(&row.get::<_, String>(3)?).ok_or_else(|| unreadable(3))?,
        department: department.map(|word| DepartmentId::new(&word)).transpose().map_err(|_| unreadable(4))?,
        phone: row.get(5)?,
        grids: Vec::new(),
    })
}

fn with_grids(connection: &Connection, mut member: Kept) -> Result<Kept> {
    let mut statement = connection
        .prepare_cached("SELECT grid FROM member_grid WHERE member = ?1 ORDER BY grid")
        .map_err(sql)?;
    let grids = statement.query_map([member.row], |row| code(row, 0)).map_err(sql)?;
    member.grids = grids.collect::<rusqlite::Result<_>>().map_err(sql)?;
    Ok(member)
}

/// The member in a row.
pub fn get(connection: &Connection, row: i64) -> Result<Kept> {
    let member = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM member WHERE row = ?1"))
        .and_then(|mut find| find.query_row([row], read).optional())
        .map_err(sql)?
        .ok_or(Error::Corrupt("a member that must be there"))?;
    with_grids(connection, member)
}

/// The member with this number.
pub fn find(connection: &Connection, member: &MemberId) -> Result<Option<Kept>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM member WHERE member = ?1"))
        .and_then(|mut find| find.query_row([member.as_str()], read).optional())
        .map_err(sql)?
        .map(|member| with_grids(connection, member))
        .transpose()
}

/// Everyone, by number.
pub fn all(connection: &Connection) -> Result<Vec<Kept>> {
    let mut statement =
        connection.prepare(&format!("SELECT {COLUMNS} FROM member ORDER BY member")).map_err(sql)?;
    let members: Vec<Kept> = statement.query_map([], read).and_then(Iterator::collect).map_err(sql)?;
    members.into_iter().map(|member| with_grids(connection, member)).collect()
}

/// Adds or changes a member; returns their row.
pub fn put(transaction: &Transaction<'_>, member: &Kept) -> Result<i64> {
    let row = transaction
        .prepare_cached(
            "INSERT INTO member (member, name, role, department, phone) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (member) DO UPDATE SET name = excluded.name, role = excluded.role,
                department = excluded.department, phone = excluded.phone
             RETURNING row",
        )
        .and_then(|mut insert| {
            insert.query_row(
                params![
                    member.id.as_str(),
                    member.name,
                    member.role.as_str(),
                    member.department.as_ref().map(DepartmentId::as_str),
                    member.phone,
                ],
                |row| row.get(0),
            )
        })
        .map_err(sql)?;
    transaction.execute("DELETE FROM member_grid WHERE member = ?1", [row]).map_err(sql)?;
    for grid in &member.grids {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO member_grid (member, grid) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute(params![row, grid.as_str()]))
            .map_err(sql)?;
    }
    Ok(row)
}

/// Aliases of a document's authors: member's row and number.
pub fn aliases(connection: &Connection, document: DocumentId) -> Result<Vec<(i64, u16)>> {
    let mut statement = connection
        .prepare_cached("SELECT member, alias FROM document_author WHERE document = ?1 ORDER BY alias")
        .map_err(sql)?;
    let rows = statement.query_map([document.as_ref()], |row| Ok((row.get(0)?, row.get(1)?))).map_err(sql)?;
    rows.collect::<rusqlite::Result<_>>().map_err(sql)
}

/// Gives a member an alias in a document.
pub fn add_alias(transaction: &Transaction<'_>, document: DocumentId, member: i64, alias: u16) -> Result<()> {
    transaction
        .prepare_cached("INSERT INTO document_author (document, member, alias) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![document.as_ref(), member, alias]))
        .map_err(sql)?;
    Ok(())
}
