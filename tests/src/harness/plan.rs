//! A township's own grids, departments and people, as a story needs them.
//!
//! Grids are rectangles of cells, each about a kilometre wide; nobody real can be meant by a name or number.

use serde_json::{Value, json};
use suishou_core::{
    geo::{Position, read_geojson},
    id::{CategoryId, DepartmentId, GridId, MemberId},
    model::{Role, settings::Department},
};
use suishou_server::relay::Member;

use super::Township;

/// What is imported into a township before its story begins.
#[derive(Debug)]
pub struct Plan {
    name: String,
    grids: Vec<Value>,
    departments: Vec<Department>,
    members: Vec<Member>,
}

/// Side of a cell in units of 1e-7 degree, and the corner that they are counted from.
const CELL_E7: i32 = 100_000;
const CORNER_E7: (i32, i32) = (290_000_000, 1_190_000_000);

/// The middle of a cell.
pub fn cell(column: u16, row: u16) -> Position {
    let (south, west) = corner(column, row);
    Position::from_units(south + CELL_E7 / 2, west + CELL_E7 / 2).expect("the cells are on Earth")
}

fn corner(column: u16, row: u16) -> (i32, i32) {
    (CORNER_E7.0 + i32::from(row) * CELL_E7, CORNER_E7.1 + i32::from(column) * CELL_E7)
}

impl Plan {
    /// A township of nothing yet.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), grids: Vec::new(), departments: Vec::new(), members: Vec::new() }
    }

    /// A grid that covers `size` cells (wide, high) from the cell `from` (column, row) on.
    #[must_use]
    pub fn grid(
        mut self,
        id: &str,
        kind: &str,
        parent: Option<&str>,
        from: (u16, u16),
        size: (u16, u16),
    ) -> Self {
        let degrees = |units: i32| f64::from(units) / 1e7;
        let (south, west) = corner(from.0, from.1);
        let (north, east) = corner(from.0 + size.0, from.1 + size.1);
        let ring: Vec<[f64; 2]> = [(west, south), (east, south), (east, north), (west, north), (west, south)]
            .map(|(x, y)| [degrees(x), degrees(y)])
            .to_vec();
        let mut properties = json!({ "id": id, "name": id, "kind": kind });
        if let (Some(parent), Some(properties)) = (parent, properties.as_object_mut()) {
            properties.insert("parent".to_owned(), parent.into());
        }
        self.grids.push(json!({
            "type": "Feature",
            "properties": properties,
            "geometry": { "type": "Polygon", "coordinates": [ring] },
        }));
        self
    }

    /// A department that handles these categories.
    #[must_use]
    pub fn department(mut self, id: &str, categories: &[&str]) -> Self {
        self.departments.push(Department {
            id: DepartmentId::new(id).expect("a code"),
            name: id.to_owned(),
            categories: categories.iter().map(|code| CategoryId::new(code).expect("a code")).collect(),
        });
        self
    }

    /// A person with these grids.
    #[must_use]
    pub fn person(mut self, id: &str, role: Role, grids: &[&str]) -> Self {
        self.members.push(Member {
            id: MemberId::new(id).expect("a code"),
            name: format!("秘密姓名{id}"),
            role,
            grids: grids.iter().map(|grid| GridId::new(grid).expect("a code")).collect(),
            department: None,
            phone: "10000000000".to_owned(),
        });
        self
    }

    /// Somebody who answers for a department.
    #[must_use]
    pub fn handler(self, id: &str, department: &str) -> Self {
        let mut plan = self.person(id, Role::Handler, &[]);
        if let Some(member) = plan.members.last_mut() {
            member.department = Some(DepartmentId::new(department).expect("a code"));
        }
        plan
    }
}

impl Township {
    /// A township as planned.
    pub async fn of(seed: u64, plan: Plan) -> Self {
        let township = Self::empty(seed, &plan.name);
        let map = json!({ "type": "FeatureCollection", "features": plan.grids });
        let grids = read_geojson(map.to_string().as_bytes()).expect("the plan's map is a map");
        let relay = &township.relay;
        relay.import_grids(grids).await.expect("grids are imported");
        relay.import_departments(plan.departments).await.expect("departments are imported");
        relay.import_members(plan.members).await.expect("members are imported");
        township
    }
}
