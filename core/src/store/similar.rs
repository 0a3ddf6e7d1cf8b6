//! Incidents that may be the same as one that is being written, found offline.

use std::collections::BTreeSet;

use rusqlite::params;
use serde::Serialize;

use super::{
    Store,
    conditions::{around, json},
    list::whole,
    rows::read_json,
    sql,
};
use crate::{
    error::Result,
    geo::Position,
    id::{CategoryId, DocumentId, GridId},
    rows::IncidentRow,
    time::Timestamp,
};

/// Farther apart than this it is another place.
const NEAR_M: u32 = 200;
/// Longer apart than this it is another time.
const WITHIN_MS: i64 = 72 * 3_600_000;
/// Settled longer ago than this it is a new incident.
const SETTLED_MS: i64 = 48 * 3_600_000;
/// So many are compared word by word.
const COMPARED: u32 = 100;
/// So many are offered.
const OFFERED: usize = 5;

/// What others are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similar {
    /// Where, WGS-84.
    pub position: Option<Position>,
    /// The grid, for incidents without a position; found from the position if none is given.
    pub grid: Option<GridId>,
    /// About what.
    pub category: CategoryId,
    /// When.
    pub at: Timestamp,
    /// What was written so far.
    pub text: String,
    /// Not this one.
    pub except: Option<DocumentId>,
}

/// An incident that may be the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimilarIncident {
    /// Which.
    pub row: IncidentRow,
    /// Metres between both; none if one has no position.
    pub distance_m: Option<u32>,
    /// Seconds between both.
    pub apart_s: u64,
    /// How alike, 0 to 100.
    pub score: u8,
}

impl Store {
    /// Incidents like this one, most alike first: open ones and such as were settled not long ago, of these
    /// categories, near in place and time. `related` has the category itself.
    pub fn similar(&self, to: &Similar, related: &[CategoryId]) -> Result<Vec<SimilarIncident>> {
        let at = to.at.millis();
        let units = to.position.map(Position::units);
        // Nothing lies between 1 and 0.
        let nowhere = ((1, 0), None);
        let (latitudes, longitudes) = to.position.map_or(nowhere, |position| around(position, NEAR_M));
        let (west, east) = longitudes.unwrap_or((-1_800_000_000, 1_800_000_000));
        let found: Vec<IncidentRow> = self
            .connection
            .prepare_cached(
                "WITH near AS (
                    SELECT w.document, w.at,
                        distance_mm(w.latitude_e7, w.longitude_e7, ?7, ?8) AS mm,
                        w.latitude_e7 IS NULL OR ?7 IS NULL AS is_placeless
                    FROM work w
                    WHERE w.kind = 1 AND w.at BETWEEN ?1 - ?2 AND ?1 + ?2
                        AND (w.is_open = 1 OR w.state_since >= ?1 - ?3)
                        AND w.category IN (SELECT value FROM json_each(?4))
                        AND CASE
                            WHEN w.latitude_e7 IS NULL OR ?7 IS NULL THEN w.grid = ?5
                            ELSE w.latitude_e7 BETWEEN ?9 AND ?10 AND w.longitude_e7 BETWEEN ?11 AND ?12
                        END
                )
                SELECT w.json FROM near n JOIN work w ON w.document = n.document
                WHERE (n.is_placeless OR n.mm <= ?13) AND w.about IS NULL AND w.document IS NOT ?6
                ORDER BY coalesce(n.mm, ?13) * 1.0 / ?13 + abs(n.at - ?1) * 1.0 / ?2, w.document
                LIMIT ?14",
            )
            .and_then(|mut statement| {
                statement
                    .query_map(
                        params![
                            at,
                            WITHIN_MS,
                            SETTLED_MS,
                            json(&related),
                            to.grid.as_ref().map(GridId::as_str),
                            to.except.as_ref().map(AsRef::<[u8]>::as_ref),
                            units.map(|(latitude, _)| latitude),
                            units.map(|(_, longitude)| longitude),
                            latitudes.0,
                            latitudes.1,
                            west,
                            east,
                            i64::from(NEAR_M) * 1_000,
                            COMPARED,
                        ],
                        |row| read_json(row, 0),
                    )?
                    .collect()
            })
            .map_err(sql)?;
        let words = pairs(&to.text);
        let mut offered: Vec<SimilarIncident> =
            found.into_iter().map(|row| compare(to, &words, row)).collect();
        offered.sort_by_key(|one| (std::cmp::Reverse(one.score), one.apart_s, one.row.document));
        offered.truncate(OFFERED);
        Ok(offered)
    }
}

/// Place and words count twice what time and category do.
fn compare(to: &Similar, words: &BTreeSet<(char, char)>, row: IncidentRow) -> SimilarIncident {
    let distance = to.position.zip(row.position).map(|(here, there)| here.distance_m(there));
    let apart_ms = to.at.millis().abs_diff(row.reported_at.millis());
    // In the same grid and no more is known: half as good as on the spot.
    let place = distance.map_or(0.5, |distance| 1.0 - distance / f64::from(NEAR_M));
    #[expect(clippy::cast_precision_loss, reason = "at most three days in milliseconds")]
    let time = 1.0 - apart_ms as f64 / WITHIN_MS as f64;
    let category = if row.category == to.category { 1.0 } else { 0.5 };
    let score = (2.0 * place + time + category + 2.0 * shared(words, &pairs(&row.excerpt))) / 6.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let score = (score.clamp(0.0, 1.0) * 100.0).round() as u8;
    SimilarIncident { distance_m: distance.map(whole), apart_s: apart_ms / 1_000, score, row }
}

/// Pairs of neighbouring letters: what stands for words in a language without blanks.
fn pairs(text: &str) -> BTreeSet<(char, char)> {
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    let pair = |pair: &[char]| match pair {
        [first, second] if first.is_alphanumeric() && second.is_alphanumeric() => Some((*first, *second)),
        _ => None,
    };
    letters.windows(2).filter_map(pair).collect()
}

/// The part of the shorter text's pairs that the other one has; 0 if there is nothing to compare.
fn shared(one: &BTreeSet<(char, char)>, other: &BTreeSet<(char, char)>) -> f64 {
    let shorter = one.len().min(other.len());
    if shorter == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "as many as a text has letters")]
    let part = one.intersection(other).count() as f64 / shorter as f64;
    part
}
