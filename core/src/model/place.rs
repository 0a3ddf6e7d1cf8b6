//! Where something happened: a fix with its accuracy, age and source, and the grid it lies in.
//!
//! A fix never blocks saving: a place without one is a place all the same. A stale fix is labelled
//! by its age, not hidden.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{geo::Position, id::GridId, time::Timestamp};

/// Where a fix came from. Numbers are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum FixSource {
    /// A satellite receiver.
    #[n(1)]
    Satellite,
    /// Cell towers or wireless networks.
    #[n(2)]
    Network,
    /// The phone's own mixture.
    #[n(3)]
    Fused,
    /// A person set it on the map.
    #[n(4)]
    Manual,
}

/// One position with its accuracy, as the phone claimed it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Fix {
    /// WGS-84.
    #[n(0)]
    pub position: Position,
    /// Radius in metres that holds the true place in two cases of three.
    #[n(1)]
    pub accuracy_m: u32,
    /// When it was taken, by the phone's clock.
    #[n(2)]
    pub taken_at: Timestamp,
    /// Where it came from.
    #[n(3)]
    pub source: FixSource,
    /// The phone said that the position was a mock.
    #[n(4)]
    pub is_mock: bool,
}

/// How a record's grid was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum GridSource {
    /// Found from the fix.
    #[n(1)]
    Found,
    /// Chosen by the person.
    #[n(2)]
    Chosen,
}

/// The place of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cbor(map)]
pub struct Place {
    /// WGS-84, if there was a fix at all.
    #[n(0)]
    pub position: Option<Position>,
    /// Metres; with a position.
    #[n(1)]
    pub accuracy_m: Option<u32>,
    /// Age of the fix at capture in seconds; with a position.
    #[n(2)]
    pub age_s: Option<u32>,
    /// With a position.
    #[n(3)]
    pub source: Option<FixSource>,
    /// The phone said that the position was a mock.
    #[n(4)]
    pub is_mock: Option<bool>,
    /// The grid, if one was found or chosen.
    #[n(5)]
    pub grid: Option<GridId>,
    /// How the grid was known; with a grid.
    #[n(6)]
    pub grid_source: Option<GridSource>,
}

/// A fix older than this is labelled stale.
pub const STALE_AFTER_S: u32 = 120;

impl Place {
    /// The place of something captured at `at` with the last known fix, and the grid found from it.
    pub fn captured(fix: Option<&Fix>, grid: Option<GridId>, at: Timestamp) -> Self {
        let grid_source = grid.as_ref().map(|_| GridSource::Found);
        let Some(fix) = fix else { return Self { grid, grid_source, ..Self::default() } };
        let age = at.since(fix.taken_at).as_secs();
        Self {
            position: Some(fix.position),
            accuracy_m: Some(fix.accuracy_m),
            age_s: Some(u32::try_from(age).unwrap_or(u32::MAX)),
            source: Some(fix.source),
            is_mock: fix.is_mock.then_some(true),
            grid,
            grid_source,
        }
    }

    /// The fix was old when it was used.
    pub fn is_stale(&self) -> bool {
        self.age_s.is_some_and(|age| age > STALE_AFTER_S)
    }
}
