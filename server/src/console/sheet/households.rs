//! The list of households: `name,address,phone,people,purposes,needs,every_days,grid,latitude,longitude`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Problem},
    id::{GridId, PurposeId, Salt},
    model::{
        household::HouseholdCard,
        place::{FixSource, GridSource, Place},
        settings::Settings,
    },
};

use super::{Column, Row, at, grid, name, number, parts, position};

const COLUMNS: [Column; 10] = [
    Column { name: "name", chinese: "姓名", is_needed: true },
    Column { name: "address", chinese: "地址", is_needed: false },
    Column { name: "phone", chinese: "电话", is_needed: false },
    Column { name: "people", chinese: "人数", is_needed: false },
    Column { name: "purposes", chinese: "对象类别", is_needed: false },
    Column { name: "needs", chinese: "需求", is_needed: false },
    Column { name: "every_days", chinese: "走访间隔天数", is_needed: false },
    Column { name: "grid", chinese: "网格", is_needed: false },
    Column { name: "latitude", chinese: "纬度", is_needed: false },
    Column { name: "longitude", chinese: "经度", is_needed: false },
];

/// One household as a file or form has it, not yet checked.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::console) struct HouseholdLine {
    name: String,
    address: String,
    phone: String,
    people: String,
    purposes: Vec<String>,
    needs: String,
    every_days: String,
    grid: String,
    latitude: String,
    longitude: String,
}

impl From<Row> for HouseholdLine {
    fn from(mut row: Row) -> Self {
        let mut take = |column| row.remove(column).unwrap_or_default();
        Self {
            name: take("name"),
            address: take("address"),
            phone: take("phone"),
            people: take("people"),
            purposes: parts(&take("purposes")).map(str::to_owned).collect(),
            needs: take("needs"),
            every_days: take("every_days"),
            grid: take("grid"),
            latitude: take("latitude"),
            longitude: take("longitude"),
        }
    }
}

/// Reads a CSV file; all of it or nothing.
pub(in crate::console) fn read(
    bytes: &[u8],
    settings: &Settings,
) -> Result<Vec<HouseholdCard>, Vec<Problem>> {
    let rows = super::read(bytes, &COLUMNS)?;
    check("line", rows.into_iter().map(|(line, row)| (line, row.into())).collect(), settings)
}

/// Checks every row against the township; all or nothing. The grid is found from the position if none is
/// given.
pub(in crate::console) fn check(
    what: &'static str,
    rows: Vec<(usize, HouseholdLine)>,
    settings: &Settings,
) -> Result<Vec<HouseholdCard>, Vec<Problem>> {
    let grids: BTreeSet<&GridId> = settings.grids.iter().map(|grid| &grid.id).collect();
    let finder = settings.finder();
    let mut seen = BTreeSet::new();
    let mut cards = Vec::with_capacity(rows.len());
    let mut problems = Vec::new();
    for (line, row) in rows {
        let mut found = Vec::new();
        let name = name(&row.name).map_err(|problem| found.push(problem)).unwrap_or_default();
        let people = number(&row.people, "a number of people", 1, &mut found);
        let every_days = number(&row.every_days, "a number of days", 0, &mut found);
        let position = position(&row.latitude, &row.longitude, &mut found);
        let given = grid(&row.grid, &grids, &mut found);
        let purposes = purposes(&row.purposes, settings, &mut found);
        if !seen.insert((name.clone(), row.address.clone())) {
            // Which one it is must not be told by name.
            found.push(Problem::Twice { what: "the household of line", code: line.to_string() });
        }
        let grid_source = match (&given, position) {
            (Some(_), _) => Some(GridSource::Chosen),
            (None, Some(_)) => Some(GridSource::Found),
            (None, None) => None,
        };
        let grid = given.or_else(|| position.and_then(|position| finder.find(position)));
        let place = Place {
            position,
            source: position.map(|_| FixSource::Manual),
            grid_source: grid_source.filter(|_| grid.is_some()),
            grid,
            ..Place::default()
        };
        let card = HouseholdCard {
            salt: Salt::ZERO,
            name,
            address: row.address,
            phone: row.phone,
            people,
            purposes,
            needs: row.needs,
            every_days,
            place,
        };
        if found.is_empty()
            && let Err(Error::Invalid { problems }) = card.check()
        {
            found.extend(problems);
        }
        problems.extend(found.into_iter().map(|problem| at(what, line, problem)));
        cards.push(card);
    }
    if problems.is_empty() { Ok(cards) } else { Err(problems) }
}

/// By their short names or by what people call them.
fn purposes(texts: &[String], settings: &Settings, found: &mut Vec<Problem>) -> Vec<PurposeId> {
    let mut purposes = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let mut known = settings.purposes.iter().flatten();
        let purpose = known.find(|known| {
            known.id.as_str() == text || known.name.zh == text || known.name.en.eq_ignore_ascii_case(text)
        });
        match purpose {
            Some(purpose) if purposes.contains(&purpose.id) => {
                found.push(Problem::Twice { what: "purpose", code: purpose.id.to_string() });
            }
            Some(purpose) => purposes.push(purpose.id.clone()),
            None => {
                found.push(Problem::Unknown { what: "purpose", code: text.chars().take(20).collect() });
            }
        }
    }
    purposes
}

#[cfg(test)]
mod tests {
    use suishou_core::id::TownshipId;

    use super::*;

    #[test]
    fn households_go_by_either_language_and_faults_are_told_without_names() {
        let settings = Settings::new(TownshipId::ZERO, "金华镇".to_owned());
        let file = "姓名,地址,人数,对象类别,走访间隔天数\n李奶奶,桥头3号,1,独居老人；ill,14\n";
        let cards = read(file.as_bytes(), &settings).unwrap();
        assert_eq!((cards[0].purposes.len(), cards[0].every_days, cards[0].people), (2, 14, 1));
        let bad = "name,address,people,purposes,every_days,grid\n秘密,a,x,nothing,400,g9\n秘密,a,1,,,\n";
        let problems = read(bad.as_bytes(), &settings).unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(!format!("{problems:?}").contains("秘密"));
    }
}
