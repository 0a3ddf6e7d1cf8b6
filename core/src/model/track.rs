//! A stretch of a patrol's path: fixes without a gap between them, packed small.
//!
//! A segment travels and is kept as a blob: positions of a person never enter a working document,
//! whose history can't forget. Whoever computes from segments never draws a line from one to the next.

use minicbor::{Decode, Encode};

use crate::{
    error::{Error, Problem, Result},
    geo::Position,
    time::Timestamp,
};

/// Two fixes further apart in time than this have a gap between them.
pub const GAP_AFTER_S: u64 = 90;
/// Most fixes in one segment: four hours at one each five seconds.
pub const MAX_FIXES: usize = 2_880;
/// 1: CBOR with first differences. 2: compressed, and what changes evenly (time) or seldom (accuracy) as what it
/// differs by from that.
const VERSION: u8 = 2;
/// A segment of the longest kind needs less.
const MAX_BYTES: usize = 128 * 1024;
/// How a compressed segment begins.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Made once and sent over a thin link.
const LEVEL: i32 = 19;

/// One fix of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackFix {
    /// When, by the phone's clock.
    pub at: Timestamp,
    /// Where, WGS-84.
    pub position: Position,
    /// Radius in metres that holds the true place in two cases of three.
    pub accuracy_m: u32,
}

/// Fixes in order of time, none missing between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackSegment {
    /// The fixes.
    pub fixes: Vec<TrackFix>,
}

/// On the wire: columns of differences, which compress and vary little.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Packed {
    #[n(0)]
    version: u8,
    #[n(1)]
    millis: Vec<i64>,
    #[n(2)]
    latitude_e7: Vec<i32>,
    #[n(3)]
    longitude_e7: Vec<i32>,
    #[n(4)]
    accuracy_m: Vec<u32>,
}

impl TrackSegment {
    /// Length of the path in metres. Steps shorter than the fixes' accuracy are noise of somebody
    /// standing still and count nothing until they add up.
    pub fn distance_m(&self) -> f64 {
        let mut total = 0.0;
        let mut anchor: Option<TrackFix> = None;
        for fix in &self.fixes {
            let Some(last) = anchor else {
                anchor = Some(*fix);
                continue;
            };
            let step = last.position.distance_m(fix.position);
            if step >= f64::from(last.accuracy_m.max(fix.accuracy_m)) {
                total += step;
                anchor = Some(*fix);
            }
        }
        total
    }

    /// From the first to the last fix, in seconds.
    pub fn duration_s(&self) -> u64 {
        match (self.fixes.first(), self.fixes.last()) {
            (Some(first), Some(last)) => last.at.since(first.at).as_secs(),
            _ => 0,
        }
    }

    /// The blob.
    pub fn to_bytes(&self) -> Vec<u8> {
        let units: Vec<(i32, i32)> = self.fixes.iter().map(|fix| fix.position.units()).collect();
        let steps = differences(self.fixes.iter().map(|fix| fix.at.millis()));
        let packed = super::encode(&Packed {
            version: VERSION,
            millis: differences(steps.into_iter()),
            latitude_e7: differences32(units.iter().map(|(latitude, _)| *latitude)),
            longitude_e7: differences32(units.iter().map(|(_, longitude)| *longitude)),
            accuracy_m: differences32(self.fixes.iter().map(|fix| fix.accuracy_m.cast_signed()))
                .into_iter()
                .map(zigzag)
                .collect(),
        });
        // A segment that can't be compressed is read as it is.
        zstd::bulk::compress(&packed, LEVEL).unwrap_or(packed)
    }

    /// Reads a blob; refuses what no phone writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let inflated = if bytes.starts_with(&ZSTD) {
            zstd::bulk::decompress(bytes, MAX_BYTES).map_err(|_| Error::malformed("a track segment"))?
        } else {
            bytes.to_vec()
        };
        let packed: Packed = super::decode(&inflated, "a track segment")?;
        if !(1..=VERSION).contains(&packed.version) {
            return Err(Error::invalid(Problem::UnknownVersion {
                what: "a track segment",
                found: packed.version.into(),
                known: VERSION.into(),
            }));
        }
        let len = packed.millis.len();
        let is_even = [packed.latitude_e7.len(), packed.longitude_e7.len(), packed.accuracy_m.len()]
            .into_iter()
            .all(|column| column == len);
        if !is_even || len > MAX_FIXES {
            return Err(Error::malformed("a track segment"));
        }
        let is_first = packed.version == 1;
        let (mut at, mut step, mut latitude, mut longitude, mut accuracy) =
            (0_i64, 0_i64, 0_i32, 0_i32, 0_i32);
        let columns =
            packed.millis.iter().zip(&packed.latitude_e7).zip(&packed.longitude_e7).zip(&packed.accuracy_m);
        let fixes = columns
            .map(|(((millis, north), east), accuracy_m)| {
                step = if is_first { *millis } else { step.wrapping_add(*millis) };
                at = at.wrapping_add(step);
                latitude = latitude.wrapping_add(*north);
                longitude = longitude.wrapping_add(*east);
                Ok(TrackFix {
                    at: Timestamp::from_millis(at),
                    position: Position::from_units(latitude, longitude)?,
                    accuracy_m: if is_first {
                        *accuracy_m
                    } else {
                        accuracy = accuracy.wrapping_add(unzigzag(*accuracy_m));
                        accuracy.cast_unsigned()
                    },
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { fixes })
    }
}

fn differences(values: impl Iterator<Item = i64>) -> Vec<i64> {
    values.scan(0_i64, |last, value| Some(value.wrapping_sub(std::mem::replace(last, value)))).collect()
}

fn differences32(values: impl Iterator<Item = i32>) -> Vec<i32> {
    values.scan(0_i32, |last, value| Some(value.wrapping_sub(std::mem::replace(last, value)))).collect()
}

/// Small numbers of either sign as small numbers.
const fn zigzag(value: i32) -> u32 {
    (value.wrapping_shl(1) ^ (value >> 31)).cast_unsigned()
}

const fn unzigzag(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fix(second: i32, latitude: f64) -> TrackFix {
        TrackFix {
            at: Timestamp::from_millis(i64::from(second) * 1_000),
            position: Position::new(latitude, 119.6).unwrap(),
            accuracy_m: 5,
        }
    }

    #[test]
    fn standing_still_with_noise_is_no_distance() {
        let fixes = (0..100).map(|second| fix(second, 29.0 + 0.000_01 * f64::from(second % 2))).collect();
        assert!(TrackSegment { fixes }.distance_m() < 1.0);
    }

    #[test]
    fn a_walk_has_its_length() {
        let fixes = (0..100).map(|second| fix(second, 29.0 + 0.000_1 * f64::from(second))).collect();
        let distance = TrackSegment { fixes }.distance_m();
        assert!((1_090.0..1_111.0).contains(&distance), "{distance}");
    }

    proptest! {
        #[test]
        fn segments_round_trip(points in proptest::collection::vec((-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32, 0..i64::MAX / 4, 0..5_000_u32), 0..50)) {
            let fixes = points.into_iter().map(|(north, east, at, accuracy_m)| TrackFix {
                at: Timestamp::from_millis(at), position: Position::from_units(north, east).unwrap(), accuracy_m,
            }).collect();
            let segment = TrackSegment { fixes };
            prop_assert_eq!(TrackSegment::from_bytes(&segment.to_bytes()).unwrap(), segment);
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = TrackSegment::from_bytes(&bytes);
        }
    }
}
