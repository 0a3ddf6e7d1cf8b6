//! Makes a track coarse: a point every five minutes, to a hundred metres. Where somebody was to the metre is
//! nobody's business after three months; that the village was walked still shows.

use std::time::Duration;

use suishou_core::{
    geo::Position,
    id::DocumentId,
    model::track::{TrackFix, TrackSegment},
    store::tables::load_document,
};

use crate::{
    blobs::Blobs,
    db::{self, Connection},
    relay::error::{RelayError, Result},
};

/// From one kept fix to the next.
const EVERY: Duration = Duration::from_mins(5);
/// A hundred metres of latitude, in units of 1e-7 degrees.
const STEP_UNITS: f64 = 9_000.0;
/// How exact a kept fix claims to be.
const ACCURACY_M: u32 = 100;

/// A stretch of a patrol's path; between two of them nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The exact fixes went after their time.
    pub is_coarse: bool,
    /// The fixes.
    pub fixes: Vec<TrackFix>,
}

/// The stretches of a patrol's path that the relay has.
pub fn pieces(connection: &Connection, blobs: &Blobs, id: DocumentId) -> Result<Vec<Piece>> {
    let document = load_document(connection, id)?.ok_or(RelayError::NotFound)?;
    let patrol = document.patrol().ok_or(RelayError::NotFound)?;
    let mut pieces = Vec::new();
    for hash in patrol.segments {
        let coarse = db::retention::coarse(connection, id, hash)?;
        let is_coarse = coarse.is_some();
        let bytes = coarse.or_else(|| blobs.read(&hash).ok()).unwrap_or_default();
        if let Ok(TrackSegment { fixes }) = TrackSegment::from_bytes(&bytes) {
            pieces.push(Piece { is_coarse, fixes });
        }
    }
    Ok(pieces)
}

/// The coarse segment that stands for this one; none if it can't be read.
pub(super) fn coarse(bytes: &[u8]) -> Option<Vec<u8>> {
    let segment = TrackSegment::from_bytes(bytes).ok()?;
    let mut fixes: Vec<TrackFix> = Vec::new();
    for fix in segment.fixes {
        if fixes.last().is_none_or(|last| fix.at.since(last.at) >= EVERY) {
            fixes.push(TrackFix {
                at: fix.at,
                position: rounded(fix.position)?,
                accuracy_m: fix.accuracy_m.max(ACCURACY_M),
            });
        }
    }
    Some(TrackSegment { fixes }.to_bytes())
}

fn rounded(position: Position) -> Option<Position> {
    let (latitude, longitude) = position.units();
    let latitude = nearest(latitude, STEP_UNITS);
    // Meridians draw together towards the poles; near them one step is as good as another.
    let step = STEP_UNITS / (f64::from(latitude) / 1e7).to_radians().cos().max(0.01);
    let longitude = nearest(longitude, step).clamp(-1_800_000_000, 1_800_000_000);
    Position::from_units(latitude.clamp(-900_000_000, 900_000_000), longitude).ok()
}

#[expect(clippy::cast_possible_truncation, reason = "a multiple of the step near an i32 saturates")]
fn nearest(units: i32, step: f64) -> i32 {
    ((f64::from(units) / step).round() * step).round() as i32
}

#[cfg(test)]
mod tests {
    use suishou_core::time::Timestamp;

    use super::*;

    #[test]
    fn a_coarse_track_has_a_point_in_five_minutes_to_a_hundred_metres() {
        let fix = |second: i32| TrackFix {
            at: Timestamp::from_millis(i64::from(second) * 1_000),
            position: Position::new(29.123_456 + f64::from(second) * 1e-5, 119.654_321).unwrap(),
            accuracy_m: 5,
        };
        let exact = TrackSegment { fixes: (0..=120).map(|number| fix(number * 10)).collect() };
        let bytes = coarse(&exact.to_bytes()).unwrap();
        let kept = TrackSegment::from_bytes(&bytes).unwrap().fixes;
        assert_eq!(kept.len(), 5, "twenty minutes");
        for fix in &kept {
            let (latitude, _) = fix.position.units();
            assert_eq!(latitude % 9_000, 0);
            let original = exact.fixes.iter().find(|known| known.at == fix.at).unwrap();
            let moved = original.position.distance_m(fix.position);
            assert!(moved <= 75.0, "{moved}");
            assert_eq!(fix.accuracy_m, 100);
        }
        assert!(kept.iter().all(|kept| exact.fixes.iter().all(|fix| fix.position != kept.position)));
        assert_eq!(coarse(b"not a track"), None);
    }
}
