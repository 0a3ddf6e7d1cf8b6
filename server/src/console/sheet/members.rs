//! The list of members: `id,name,role,grids,department,phone`.

use std::collections::BTreeSet;

use serde::Deserialize;
use suishou_core::{
    error::Problem,
    id::{DepartmentId, GridId, MemberId},
    model::{Role, settings::Settings},
};

use super::{Column, Row, at, name, parts, problems_of};
use crate::relay::Member;

const COLUMNS: [Column; 6] = [
    Column { name: "id", chinese: "编号", is_needed: true },
    Column { name: "name", chinese: "姓名", is_needed: true },
    Column { name: "role", chinese: "角色", is_needed: true },
    Column { name: "grids", chinese: "网格", is_needed: false },
    Column { name: "department", chinese: "部门", is_needed: false },
    Column { name: "phone", chinese: "电话", is_needed: false },
];

/// One member as a file has it, not yet checked.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct MemberRow {
    id: String,
    name: String,
    role: String,
    #[serde(default)]
    grids: Vec<String>,
    #[serde(default)]
    department: Option<String>,
    #[serde(default)]
    phone: String,
}

impl From<Row> for MemberRow {
    fn from(mut row: Row) -> Self {
        let mut take = |column| row.remove(column).unwrap_or_default();
        Self {
            id: take("id"),
            name: take("name"),
            role: take("role"),
            grids: parts(&take("grids")).map(str::to_owned).collect(),
            department: Some(take("department")),
            phone: take("phone"),
        }
    }
}

/// Reads a CSV file; all of it or nothing.
pub(in crate::console) fn read(bytes: &[u8], settings: &Settings) -> Result<Vec<Member>, Vec<Problem>> {
    let rows = super::read(bytes, &COLUMNS)?;
    check("line", rows.into_iter().map(|(line, row)| (line, row.into())).collect(), settings)
}

/// Checks every row against the township; all or nothing.
pub(in crate::console) fn check(
    what: &'static str,
    rows: Vec<(usize, MemberRow)>,
    settings: &Settings,
) -> Result<Vec<Member>, Vec<Problem>> {
    let grids: BTreeSet<&GridId> = settings.grids.iter().map(|grid| &grid.id).collect();
    let mut seen = BTreeSet::new();
    let mut members = Vec::with_capacity(rows.len());
    let mut problems = Vec::new();
    for (number, row) in rows {
        let mut found = Vec::new();
        let member = checked(&row, settings, &grids, &mut found);
        problems.extend(found.into_iter().map(|problem| at(what, number, problem)));
        let Some(member) = member else { continue };
        if !seen.insert(member.id.clone()) {
            let code = member.id.to_string();
            problems.push(at(what, number, Problem::Twice { what: "member", code }));
        }
        members.push(member);
    }
    if problems.is_empty() { Ok(members) } else { Err(problems) }
}

fn checked(
    row: &MemberRow,
    settings: &Settings,
    known_grids: &BTreeSet<&GridId>,
    found: &mut Vec<Problem>,
) -> Option<Member> {
    let id = match row.id.trim() {
        "" => Err(vec![Problem::Missing("id")]),
        text => MemberId::new(text).map_err(problems_of),
    };
    let id = id.map_err(|problems| found.extend(problems)).ok();
    let name = name(&row.name).map_err(|problem| found.push(problem)).ok();
    let role = role(&row.role).map_err(|problem| found.push(problem)).ok();
    let mut grids = Vec::new();
    for part in row.grids.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match GridId::new(part) {
            Err(error) => found.extend(problems_of(error)),
            Ok(grid) if !known_grids.contains(&grid) => {
                found.push(Problem::Unknown { what: "grid", code: grid.to_string() });
            }
            Ok(grid) if grids.contains(&grid) => {
                found.push(Problem::Twice { what: "grid", code: grid.to_string() });
            }
            Ok(grid) => grids.push(grid),
        }
    }
    let department = match row.department.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => DepartmentId::new(text)
            .and_then(|department| settings.check_department(&department).map(|()| Some(department)))
            .map_err(problems_of),
    };
    let department = department.map_err(|problems| found.extend(problems)).ok();
    if role == Some(Role::Handler) && department == Some(None) {
        found.push(Problem::Missing("department"));
    }
    let phone = phone(&row.phone).map_err(|problem| found.push(problem)).ok();
    Some(Member { id: id?, name: name?, role: role?, grids, department: department?, phone: phone? })
}

fn role(text: &str) -> Result<Role, Problem> {
    let text = text.trim();
    match text {
        "" => Err(Problem::Missing("role")),
        "网格员" => Ok(Role::Member),
        "网格长" => Ok(Role::Leader),
        "信息员" => Ok(Role::Informant),
        "经办人" => Ok(Role::Handler),
        "值班员" => Ok(Role::Dispatcher),
        word => Role::from_word(&word.to_ascii_lowercase())
            .ok_or_else(|| Problem::Unknown { what: "role", code: word.chars().take(20).collect() }),
    }
}

/// Digits with what people put between them.
fn phone(text: &str) -> Result<String, Problem> {
    const MAX_BYTES: usize = 32;
    let text = text.trim();
    let is_phone = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'));
    if text.len() <= MAX_BYTES && is_phone {
        Ok(text.to_owned())
    } else {
        Err(Problem::Malformed("a phone number"))
    }
}

#[cfg(test)]
mod tests {
    use suishou_core::{
        geo::{Boundary, GridKind},
        id::TownshipId,
        model::settings::{Department, Grid},
    };

    use super::*;

    fn settings() -> Settings {
        let square = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"g1","name":"g"},
            "geometry":{"type":"Polygon","coordinates":[[[119,29],[119.1,29],[119.1,29.1],[119,29]]]}}]}"#;
        let boundary: Boundary =
            suishou_core::geo::read_geojson(square.as_bytes()).unwrap().remove(0).boundary;
        let mut settings = Settings::new(TownshipId::ZERO, "金华镇".to_owned());
        settings.grids = ["g1", "g2"]
            .map(|id| Grid {
                id: GridId::new(id).unwrap(),
                name: id.to_owned(),
                kind: GridKind::Micro,
                parent: None,
                boundary: boundary.clone(),
            })
            .into();
        let police = DepartmentId::new("police").unwrap();
        settings.departments =
            vec![Department { id: police, name: "派出所".to_owned(), categories: Vec::new() }];
        settings
    }

    #[test]
    fn a_list_in_either_language_is_read() {
        let english = "id,name,role,grids,department,phone\nm1,王芳,member,g1;g2,,138 0000 0000\nh1,李强,handler,,police,\n";
        let chinese = "\u{feff}编号,姓名,角色,网格,部门,电话\r\nm1,王芳,网格员,g1；g2,,138 0000 0000\r\nh1,李强,经办人,,police,\r\n";
        let members = read(english.as_bytes(), &settings()).unwrap();
        assert_eq!(members, read(chinese.as_bytes(), &settings()).unwrap());
        assert_eq!(members[0].grids.len(), 2);
        assert_eq!((members[1].role, members[1].department.is_some()), (Role::Handler, true));
    }

    #[test]
    fn every_bad_line_is_told_with_its_number() {
        let file = "id,name,role,grids,department,phone\n\
            m1,王芳,member,g1,,\n\
            m 2,,boss,g9,fire,call me\n\
            m1,王芳,informant,g1;g1,,\n\
            h1,李强,handler,,,\n";
        let problems = read(file.as_bytes(), &settings()).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let count = |line: &str| told.iter().filter(|text| text.starts_with(line)).count();
        assert_eq!(
            (count("line 2"), count("line 3"), count("line 4"), count("line 5")),
            (0, 6, 2, 1),
            "{told:#?}"
        );
    }
}
