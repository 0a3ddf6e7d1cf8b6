//! The township's people and departments, as the lists an operator keeps and imports.
//!
//! Names are put together from common ones and the phone numbers are of no network, so nobody real
//! can be meant.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    dice::Dice,
    grids::{Grid, GridKind},
    names::NAMES,
};

/// Pork vendors enrolled as roaming informants.
pub const INFORMANTS: usize = 13;
/// People who answer for a department.
pub const HANDLERS_PER_DEPARTMENT: usize = 2;
const FIRST_PHONE: u64 = 10_000_000_001;

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// 网格员: one micro-grid and what lies in it.
    Member,
    /// 网格长: one village.
    Leader,
    /// 信息员: roams the whole township, so has no grid.
    Informant,
    /// 经办人: handles what is dispatched to a department.
    Handler,
}

impl Role {
    /// The role as the file writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Leader => "leader",
            Self::Informant => "informant",
            Self::Handler => "handler",
        }
    }
}

/// One person of the list.
#[derive(Clone, Debug)]
pub struct Person {
    /// Number in the list, such as `M0017`.
    pub id: String,
    /// A made-up name.
    pub name: String,
    /// What the person does.
    pub role: Role,
    /// Codes of the grids the person answers for.
    pub grids: Vec<String>,
    /// The department of a handler.
    pub department: Option<String>,
    /// A number of no network.
    pub phone: String,
}

/// One department.
#[derive(Clone, Debug, Deserialize)]
pub struct Department {
    /// Short name.
    pub id: String,
    /// Name, for people.
    pub name: String,
    /// Ids of the categories it handles.
    pub categories: Vec<String>,
}

/// Makes the people for `grids` (one member for each micro-grid, one leader for each village) and the
/// departments.
pub fn make(grids: &[Grid], dice: &mut Dice) -> (Vec<Person>, Vec<Department>) {
    let mut inner = BTreeMap::<&str, Vec<String>>::new();
    for grid in grids.iter().filter(|grid| matches!(grid.kind, GridKind::Dedicated | GridKind::Emergency)) {
        inner.entry(grid.parent.as_deref().unwrap_or_default()).or_default().push(grid.id.clone());
    }
    let mut posts: Vec<(Role, Vec<String>, Option<String>)> = Vec::new();
    for grid in grids.iter().filter(|grid| grid.kind == GridKind::Micro) {
        let mut codes = vec![grid.id.clone()];
        codes.extend(inner.remove(grid.id.as_str()).into_iter().flatten());
        posts.push((Role::Member, codes, None));
    }
    for grid in grids.iter().filter(|grid| grid.kind == GridKind::Village) {
        posts.push((Role::Leader, vec![grid.id.clone()], None));
    }
    posts.extend((0..INFORMANTS).map(|_| (Role::Informant, Vec::new(), None)));
    for department in &NAMES.departments {
        let handler = (Role::Handler, Vec::new(), Some(department.id.clone()));
        posts.extend(std::iter::repeat_n(handler, HANDLERS_PER_DEPARTMENT));
    }
    let mut counts = BTreeMap::<Role, u32>::new();
    let mut people = Vec::new();
    for ((role, grids, department), phone) in posts.into_iter().zip(FIRST_PHONE..) {
        let count = counts.entry(role).or_default();
        *count += 1;
        let letter = match role {
            Role::Member => 'M',
            Role::Leader => 'L',
            Role::Informant => 'X',
            Role::Handler => 'H',
        };
        people.push(Person {
            id: format!("{letter}{count:04}"),
            name: format!("{}{}", dice.word(&NAMES.surnames), dice.word(&NAMES.given)),
            role,
            grids,
            department,
            phone: phone.to_string(),
        });
    }
    (people, NAMES.departments.clone())
}

/// The people as `members.csv`.
pub fn members_csv(people: &[Person]) -> String {
    let mut csv = String::from("id,name,role,grids,department,phone\n");
    for person in people {
        let grids = person.grids.join(";");
        let department = person.department.as_deref().unwrap_or_default();
        push_line(
            &mut csv,
            [&person.id, &person.name, person.role.as_str(), &grids, department, &person.phone],
        );
    }
    csv
}

/// The departments as `departments.csv`.
pub fn departments_csv(departments: &[Department]) -> String {
    let mut csv = String::from("id,name,categories\n");
    for department in departments {
        push_line(&mut csv, [&department.id, &department.name, &department.categories.join(";")]);
    }
    csv
}

fn push_line<const N: usize>(csv: &mut String, fields: [&str; N]) {
    let quoted = fields.map(|field| {
        if field.contains([',', '"', '\n', '\r']) {
            return format!("\"{}\"", field.replace('"', "\"\""));
        }
        field.to_owned()
    });
    csv.push_str(&quoted.join(","));
    csv.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_and_quotes_are_quoted() {
        let mut csv = String::new();
        push_line(&mut csv, ["a", "b,c", "d\"e", ""]);
        assert_eq!(csv, "a,\"b,c\",\"d\"\"e\",\n");
    }
}
