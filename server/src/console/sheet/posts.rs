//! The places to watch of a warning: `name,grid,member,latitude,longitude`.

use std::collections::BTreeSet;

use suishou_core::{
    error::Problem,
    id::{GridId, MemberId},
    model::{settings::Settings, warning::RiskPost},
};

use super::{Column, at, grid, name, position, problems_of};

const COLUMNS: [Column; 5] = [
    Column { name: "name", chinese: "名称", is_needed: true },
    Column { name: "grid", chinese: "网格", is_needed: false },
    Column { name: "member", chinese: "人员", is_needed: false },
    Column { name: "latitude", chinese: "纬度", is_needed: false },
    Column { name: "longitude", chinese: "经度", is_needed: false },
];

/// Reads a CSV file; all of it or nothing. Posts are numbered from 1 in the file's order.
pub(in crate::console) fn read(
    bytes: &[u8],
    settings: &Settings,
    members: &BTreeSet<MemberId>,
) -> Result<Vec<RiskPost>, Vec<Problem>> {
    let grids: BTreeSet<&GridId> = settings.grids.iter().map(|grid| &grid.id).collect();
    let mut problems = Vec::new();
    let mut posts = Vec::new();
    for (line, mut row) in super::read(bytes, &COLUMNS)? {
        let mut found = Vec::new();
        let mut take = |column| row.remove(column).unwrap_or_default();
        let name = name(&take("name")).map_err(|problem| found.push(problem)).unwrap_or_default();
        let member = match take("member") {
            code if code.is_empty() => None,
            code => match MemberId::new(&code) {
                Ok(member) if members.contains(&member) => Some(member),
                Ok(member) => {
                    found.push(Problem::Unknown { what: "member", code: member.to_string() });
                    None
                }
                Err(error) => {
                    found.extend(problems_of(error));
                    None
                }
            },
        };
        let grid = grid(&take("grid"), &grids, &mut found);
        let position = position(&take("latitude"), &take("longitude"), &mut found);
        let id = u16::try_from(posts.len() + 1).unwrap_or(u16::MAX);
        posts.push(RiskPost { id, name, grid, member, position });
        problems.extend(found.into_iter().map(|problem| at("line", line, problem)));
    }
    if problems.is_empty() { Ok(posts) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use suishou_core::id::TownshipId;

    use super::*;

    #[test]
    fn posts_name_known_people_and_real_places() {
        let settings = Settings::new(TownshipId::ZERO, "金华镇".to_owned());
        let members = BTreeSet::from([MemberId::new("m1").unwrap()]);
        let file = "名称,人员,纬度,经度\n后山滑坡点,m1,29.1,119.2\n桥头,,,\n";
        let posts = read(file.as_bytes(), &settings, &members).unwrap();
        assert!(posts[0].member.is_some() && posts[0].position.is_some() && posts[1].position.is_none());
        let bad = "name,grid,member,latitude,longitude\n,g9,m9,91,1\nx,,,29,\n";
        assert_eq!(read(bad.as_bytes(), &settings, &members).unwrap_err().len(), 5);
    }
}
