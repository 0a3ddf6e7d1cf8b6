//! A query as SQL: the one place where it is said which rows a list has.

use rusqlite::types::Value;
use serde::Serialize;

use super::{
    Mine,
    functions::Me,
    query::{Asker, Query},
    search::FOUND,
    words,
};
use crate::{geo::Position, id::Epoch, model::DocumentKind, policy::Rights, time::Timestamp};

/// They hold until a time and are not done by it.
pub(super) const EXPIRES: [DocumentKind; 2] = [DocumentKind::Warning, DocumentKind::Notice];

/// The conditions of a query as SQL over `work_due w`, and what they are bound to.
#[derive(Debug)]
pub(super) struct Conditions {
    /// Over [`Conditions::table`] as `w`.
    pub(super) sql: String,
    /// What it is bound to.
    pub(super) values: Vec<Value>,
    /// When it is due is worked out: rows are joined with the hours of each step.
    pub(super) needs_due: bool,
    /// No index has them in order: every row is looked at, or the text index asked.
    pub(super) is_costly: bool,
}

impl Conditions {
    pub(super) fn of(query: &Query, asker: &Asker, epoch: Option<Epoch>) -> Self {
        let terms = words::terms(&query.text);
        let mut found = Self {
            sql: "1".to_owned(),
            values: Vec::new(),
            needs_due: query.overdue,
            is_costly: query.overdue || !terms.is_empty(),
        };
        if !query.kinds.is_empty() {
            let numbers: Vec<String> = query.kinds.iter().map(|kind| kind.number().to_string()).collect();
            found.and(&format!("w.kind IN ({})", numbers.join(", ")));
        }
        if !query.states.is_empty() {
            found.and_among("state", &query.states);
        }
        if query.grid.is_some() {
            found.and_among("grid", &asker.grids);
        }
        if !query.categories.is_empty() {
            found.and_among("category", &query.categories);
        }
        for (column, comparison, value) in [
            ("has_clash", "=", query.has_clash.map(i64::from)),
            ("level", ">=", query.min_level.map(i64::from)),
            ("author", "=", (query.whose == Mine::Only).then_some(0)),
            ("at", ">=", query.from.map(Timestamp::millis)),
            ("at", "<", query.to.map(Timestamp::millis)),
            ("due", "<", query.overdue.then_some(asker.now.millis())),
        ] {
            if let Some(value) = value {
                let bound = found.bind(value);
                found.and(&format!("w.{column} {comparison} {bound}"));
            }
        }
        let expires = EXPIRES.map(|kind| kind.number().to_string()).join(", ");
        if let Some(is_open) = query.is_open {
            // A row does not change by itself when its time is over: the clock is asked with the row.
            let now = found.bind(asker.now.millis());
            let is_past = format!("(w.kind IN ({expires}) AND coalesce(w.due_at <= {now}, 0))");
            found.and(&if is_open {
                format!("w.is_open = 1 AND NOT {is_past}")
            } else {
                format!("(w.is_open = 0 OR {is_past})")
            });
        }
        if query.overdue {
            found.and(&format!("w.kind NOT IN ({expires})"));
        }
        if let Some(about) = query.about {
            let bound = found.bind(about.as_ref().to_vec());
            found.and(&format!("w.about = {bound}"));
        }
        if let Some((from, radius_m)) = query.near {
            found.and_near(from, radius_m);
        }
        for term in terms {
            let bound = found.bind(term);
            found.and(&format!("w.document IN ({FOUND} {bound})"));
        }
        if query.for_me {
            found.and_for(asker.rights.as_ref());
        }
        if query.unsent_only {
            found.and_unsent(epoch.map(|epoch| epoch.to_array().to_vec()));
        }
        found
    }

    pub(super) fn table(&self) -> &'static str {
        if self.needs_due { "work_due" } else { "work" }
    }

    /// Binds a value; the same name may stand in several places.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    pub(super) fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    fn and_among(&mut self, column: &str, codes: &impl Serialize) {
        let codes = self.bind(json(codes));
        self.and(&format!("w.{column} IN (SELECT value FROM json_each({codes}))"));
    }

    /// A box that the index knows, then the exact distance.
    fn and_near(&mut self, from: Position, radius_m: u32) {
        let (latitudes, longitudes) = around(from, radius_m);
        for (column, range) in [("latitude_e7", Some(latitudes)), ("longitude_e7", longitudes)] {
            if let Some((low, high)) = range {
                let (low, high) = (self.bind(low), self.bind(high));
                self.and(&format!("w.{column} BETWEEN {low} AND {high}"));
            }
        }
        let distance = self.distance(from);
        let radius = self.bind(i64::from(radius_m) * 1_000);
        self.and(&format!("{distance} <= {radius}"));
    }

    /// Millimetres from there to a row's place.
    pub(super) fn distance(&mut self, from: Position) -> String {
        let (latitude, longitude) = from.units();
        let (latitude, longitude) = (self.bind(i64::from(latitude)), self.bind(i64::from(longitude)));
        format!("distance_mm(w.latitude_e7, w.longitude_e7, {latitude}, {longitude})")
    }

    fn and_for(&mut self, rights: Option<&Rights>) {
        let Some(rights) = rights else { return self.and("0") };
        let mut named = vec!["0".to_owned()];
        let mut sent = vec!["0".to_owned()];
        if let Some(member) = &rights.member {
            let bound = self.bind(format!(" {member} "));
            named.push(format!("instr(' ' || w.members || ' ', {bound})"));
        }
        sent.clone_from(&named);
        if let Some(department) = &rights.department {
            let bound = self.bind(format!(" {department} "));
            sent.push(format!("instr(' ' || w.departments || ' ', {bound})"));
        }
        let grids = self.bind(json(&rights.grids));
        let me = self.bind(json(&Me::of(rights)));
        let (incident, household) = (DocumentKind::Incident.number(), DocumentKind::Household.number());
        let [task, warning, notice] =
            [DocumentKind::Task, DocumentKind::Warning, DocumentKind::Notice].map(DocumentKind::number);
        // A CASE, that SQLite does not look for each kind by itself; rows are read only where an audience
        // stands in them.
        self.and(&format!(
            "CASE
                WHEN w.kind = {incident} THEN {}
                WHEN w.kind = {household} THEN w.grid IN (SELECT value FROM json_each({grids}))
                WHEN w.kind IN ({task}, {warning}, {notice}) THEN w.kind = {task} AND ({}) OR w.document IN
                    (SELECT o.document FROM work o
                     WHERE o.kind IN ({task}, {warning}, {notice}) AND is_for(o.json, {me}))
                ELSE 0
             END",
            sent.join(" OR "),
            named.join(" OR ")
        ));
    }

    /// As [`Stored::is_whole`] has it.
    fn and_unsent(&mut self, epoch: Option<Vec<u8>>) {
        let epoch = self.bind(epoch);
        self.and(&format!(
            "w.document IN (
                SELECT document FROM entry WHERE state IN (1, 3) AND state = 1
                UNION ALL
                SELECT d.document FROM document_blob d LEFT JOIN blob b ON b.hash = d.blob
                WHERE coalesce(b.stored_epoch = {epoch}, 0) = 0)"
        ));
    }
}

/// Latitudes and longitudes in 1e-7 degree between which all that is so near lies, with room to spare; no
/// longitudes where they run together or around.
pub(super) fn around(from: Position, radius_m: u32) -> ((i64, i64), Option<(i64, i64)>) {
    const METRES_PER_DEGREE: f64 = 111_190.0;
    #[expect(clippy::cast_possible_truncation, reason = "at most some 1e12")]
    let units = |degrees: f64| (degrees * 1e7).ceil() as i64 + 10;
    let (latitude, longitude) = from.units();
    let (latitude, longitude) = (i64::from(latitude), i64::from(longitude));
    let reach = f64::from(radius_m) / METRES_PER_DEGREE;
    let high = units(reach);
    let latitudes = (latitude - high, latitude + high);
    let is_polar = from.latitude().abs() + reach > 89.0;
    let ratio = reach.to_radians().sin() / from.latitude().to_radians().cos();
    if is_polar || reach > 90.0 || ratio >= 1.0 {
        return (latitudes, None);
    }
    let wide = units(ratio.asin().to_degrees());
    let longitudes = (longitude - wide, longitude + wide);
    let is_around = longitudes.0 < -1_800_000_000 || longitudes.1 > 1_800_000_000;
    (latitudes, (!is_around).then_some(longitudes))
}

/// The codes as SQL can look into them.
pub(super) fn json(codes: &impl Serialize) -> String {
    serde_json::to_string(codes).unwrap_or_default()
}
