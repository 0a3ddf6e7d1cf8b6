//! What SQL asks of the rest of this program: exact distances, and whom something is for. So a condition
//! that is no comparison of columns is a condition like any other, for pages and counts alike.

use std::collections::BTreeSet;

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
};
use serde::{Deserialize, Serialize};

use super::sql;
use crate::{
    error::Result,
    geo::Position,
    id::{DepartmentId, GridId, MemberId},
    model::{Role, audience::Audience},
    policy::{Rights, is_for},
};

#[derive(Deserialize)]
struct Addressed {
    audience: Audience,
}

/// Adds `distance_mm` and `is_for` to a connection.
pub(super) fn add_functions(connection: &Connection) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("distance_mm", 4, flags, distance_mm).map_err(sql)?;
    connection.create_scalar_function("is_for", 2, flags, is_row_for).map_err(sql)
}

fn distance_mm(context: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    let position = |first: usize| -> rusqlite::Result<Option<Position>> {
        let units: (Option<i32>, Option<i32>) = (context.get(first)?, context.get(first + 1)?);
        let (Some(latitude), Some(longitude)) = units else { return Ok(None) };
        Ok(Position::from_units(latitude, longitude).ok())
    };
    let Some((from, to)) = position(0)?.zip(position(2)?) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "at most half the Earth's girth in millimetres")]
    let millimetres = (from.distance_m(to) * 1_000.0).round() as i64;
    Ok(Some(millimetres))
}

fn is_row_for(context: &Context<'_>) -> rusqlite::Result<bool> {
    let rights =
        context.get_or_create_aux(1, |me| -> Result<Rights, Box<dyn std::error::Error + Send + Sync>> {
            Ok(serde_json::from_str::<Me>(me.as_str()?)?.rights())
        })?;
    let row = context.get_raw(0).as_str()?;
    let addressed: Addressed = serde_json::from_str(row)
        .map_err(|_| rusqlite::Error::UserFunctionError("a row without an audience".into()))?;
    Ok(is_for(&addressed.audience, &rights))
}

/// Who asks, as [`is_for`] wants it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Me {
    role: Role,
    member: Option<MemberId>,
    department: Option<DepartmentId>,
    grids: BTreeSet<GridId>,
    above: BTreeSet<GridId>,
}

impl Me {
    pub(super) fn of(rights: &Rights) -> Self {
        let Rights { role, member, department, grids, above } = rights.clone();
        Self { role, member, department, grids, above }
    }

    fn rights(self) -> Rights {
        let Self { role, member, department, grids, above } = self;
        Rights { role, member, department, grids, above }
    }
}
