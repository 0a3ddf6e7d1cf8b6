//! The list of checkpoints: `id,name,latitude,longitude,grid`.

use std::collections::BTreeSet;

use suishou_core::{
    error::Problem,
    id::{CheckpointId, GridId},
    model::settings::{Checkpoint, Settings},
};

use super::{Column, at, grid, name, position, problems_of};

const COLUMNS: [Column; 5] = [
    Column { name: "id", chinese: "编号", is_needed: true },
    Column { name: "name", chinese: "名称", is_needed: true },
    Column { name: "latitude", chinese: "纬度", is_needed: true },
    Column { name: "longitude", chinese: "经度", is_needed: true },
    Column { name: "grid", chinese: "网格", is_needed: false },
];

/// Reads a CSV file; all of it or nothing. The grid is found from the position if none is given.
pub(in crate::console) fn read(bytes: &[u8], settings: &Settings) -> Result<Vec<Checkpoint>, Vec<Problem>> {
    let grids: BTreeSet<&GridId> = settings.grids.iter().map(|grid| &grid.id).collect();
    let finder = settings.finder();
    let mut problems = Vec::new();
    let mut checkpoints = Vec::new();
    for (line, mut row) in super::read(bytes, &COLUMNS)? {
        let mut found = Vec::new();
        let mut take = |column| row.remove(column).unwrap_or_default();
        let id = match take("id") {
            text if text.is_empty() => Err(vec![Problem::Missing("id")]),
            text => CheckpointId::new(&text).map_err(problems_of),
        };
        let id = id.map_err(|problems| found.extend(problems)).ok();
        let name = name(&take("name")).map_err(|problem| found.push(problem)).ok();
        let before = found.len();
        let position = position(&take("latitude"), &take("longitude"), &mut found);
        if position.is_none() && found.len() == before {
            found.push(Problem::Missing("the position"));
        }
        let grid = grid(&take("grid"), &grids, &mut found);
        problems.extend(found.into_iter().map(|problem| at("line", line, problem)));
        if let (Some(id), Some(name), Some(position)) = (id, name, position) {
            let grid = grid.or_else(|| finder.find(position));
            checkpoints.push(Checkpoint { id, name, position, grid });
        }
    }
    if problems.is_empty() { Ok(checkpoints) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use suishou_core::id::TownshipId;

    use super::*;

    #[test]
    fn a_checkpoint_needs_a_place() {
        let settings = Settings::new(TownshipId::ZERO, "金华镇".to_owned());
        let file = "编号,名称,纬度,经度\nc1,古樟树,29.1,119.2\n";
        assert_eq!(read(file.as_bytes(), &settings).unwrap().len(), 1);
        let bad = "id,name,latitude,longitude,grid\nc1,x,,,\nc2,,29,119,\n,y,a,b,g9\n";
        assert_eq!(read(bad.as_bytes(), &settings).unwrap_err().len(), 5);
    }
}
