//! The list of departments: `id,name,categories`.

use std::collections::BTreeSet;

use serde::Deserialize;
use suishou_core::{
    error::Problem,
    id::{CategoryId, DepartmentId},
    model::settings::{Department, Settings},
};

use super::{Column, Row, at, name, parts, problems_of};

const COLUMNS: [Column; 3] = [
    Column { name: "id", chinese: "编号", is_needed: true },
    Column { name: "name", chinese: "名称", is_needed: true },
    Column { name: "categories", chinese: "类别", is_needed: false },
];

/// One department as a file has it, not yet checked.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct DepartmentRow {
    id: String,
    name: String,
    #[serde(default)]
    categories: Vec<String>,
}

impl From<Row> for DepartmentRow {
    fn from(mut row: Row) -> Self {
        let mut take = |column| row.remove(column).unwrap_or_default();
        let categories = parts(&take("categories")).map(str::to_owned).collect();
        Self { id: take("id"), name: take("name"), categories }
    }
}

/// Reads a CSV file; all of it or nothing.
pub(in crate::console) fn read(bytes: &[u8], settings: &Settings) -> Result<Vec<Department>, Vec<Problem>> {
    let rows = super::read(bytes, &COLUMNS)?;
    check("line", rows.into_iter().map(|(line, row)| (line, row.into())).collect(), settings)
}

/// Checks every row against the township; all or nothing.
pub(in crate::console) fn check(
    what: &'static str,
    rows: Vec<(usize, DepartmentRow)>,
    settings: &Settings,
) -> Result<Vec<Department>, Vec<Problem>> {
    let mut seen = BTreeSet::new();
    let mut departments = Vec::with_capacity(rows.len());
    let mut problems = Vec::new();
    for (number, row) in rows {
        let mut found = Vec::new();
        let department = checked(&row, settings, &mut found);
        problems.extend(found.into_iter().map(|problem| at(what, number, problem)));
        let Some(department) = department else { continue };
        if !seen.insert(department.id.clone()) {
            let code = department.id.to_string();
            problems.push(at(what, number, Problem::Twice { what: "department", code }));
        }
        departments.push(department);
    }
    if problems.is_empty() { Ok(departments) } else { Err(problems) }
}

fn checked(row: &DepartmentRow, settings: &Settings, found: &mut Vec<Problem>) -> Option<Department> {
    let id = match row.id.trim() {
        "" => Err(vec![Problem::Missing("id")]),
        text => DepartmentId::new(text).map_err(problems_of),
    };
    let id = id.map_err(|problems| found.extend(problems)).ok();
    let name = name(&row.name).map_err(|problem| found.push(problem)).ok();
    let mut categories = Vec::new();
    for part in row.categories.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match category(part, settings) {
            Some(category) if categories.contains(&category) => {
                found.push(Problem::Twice { what: "category", code: category.to_string() });
            }
            Some(category) => categories.push(category),
            None => {
                found.push(Problem::Unknown { what: "category", code: part.chars().take(20).collect() });
            }
        }
    }
    Some(Department { id: id?, name: name?, categories })
}

/// By its short name or by what people call it.
fn category(text: &str, settings: &Settings) -> Option<CategoryId> {
    let mut known = settings.categories.iter();
    known
        .find(|known| {
            known.id.as_str() == text || known.name.zh == text || known.name.en.eq_ignore_ascii_case(text)
        })
        .map(|known| known.id.clone())
}

#[cfg(test)]
mod tests {
    use suishou_core::id::TownshipId;

    use super::*;

    #[test]
    fn categories_go_by_either_name_and_faults_are_told() {
        let settings = Settings::new(TownshipId::ZERO, "金华镇".to_owned());
        let file = "编号,名称,类别\nmarket,市场监管所,食品安全；illegal_trading\npolice,派出所,\n";
        let departments = read(file.as_bytes(), &settings).unwrap();
        assert_eq!(departments[0].categories.len(), 2);
        let bad = "id,name,categories\na,A,nothing;fire;fire\na,B,\n,C,\n";
        assert_eq!(read(bad.as_bytes(), &settings).unwrap_err().len(), 4);
    }
}
