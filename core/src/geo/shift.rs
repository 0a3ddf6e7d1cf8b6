//! Between WGS-84 and the shifted coordinates of Chinese maps, for drawing at the rim only.
//!
//! Nothing shifted is ever stored, signed or sent: a [`Shifted`] is not a [`Position`] and has no
//! encoding. GCJ-02 was never published; these are the formulas that all open implementations
//! share (eviltransform, coordtransform, gcoord), good to about a metre where the tests compare. Floats may differ in the last digit between machines, so nothing may be decided by them.

use std::f64::consts::PI;

use super::position::Position;
use crate::error::Result;

/// Krasovsky 1940, the ellipsoid that the shift is computed on.
const SEMI_MAJOR_AXIS_M: f64 = 6_378_245.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
const BD09_ANGLE: f64 = PI * 3_000.0 / 180.0;
/// Each round of an inversion leaves less than a hundredth of the error before it.
const INVERSION_ROUNDS: u32 = 6;

/// A place in degrees of GCJ-02 or BD-09, as a base map wants it; not a place on Earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shifted {
    /// Degrees north on the shifted map.
    pub latitude: f64,
    /// Degrees east on the shifted map.
    pub longitude: f64,
}

/// WGS-84 to GCJ-02 (Amap, Tencent); unchanged outside China.
pub fn wgs84_to_gcj02(position: Position) -> Shifted {
    let place = Shifted { latitude: position.latitude(), longitude: position.longitude() };
    if place.is_in_china() { place.with_gcj02_offset() } else { place }
}

/// GCJ-02 to WGS-84; unchanged outside China. Exact for the formula: the rounding of a position
/// to 1e-7 degree (less than 1 cm) is all that is lost. Refuses what is not on Earth.
///
/// Within some 600 m of the edge of China's bounding box, which lies abroad or at sea, a shifted
/// place may count as outside and come back unchanged.
pub fn gcj02_to_wgs84(place: Shifted) -> Result<Position> {
    let place = if place.is_in_china() { place.invert(Shifted::with_gcj02_offset) } else { place };
    Position::new(place.latitude, place.longitude)
}

/// GCJ-02 to BD-09 (Baidu); unchanged outside China.
pub fn gcj02_to_bd09(place: Shifted) -> Shifted {
    if place.is_in_china() { place.with_bd09_offset() } else { place }
}

/// BD-09 to GCJ-02; unchanged outside China. The inverse of [`gcj02_to_bd09`] to less than 1 mm,
/// where the one-step inverse in common use is off by up to 0.2 m.
pub fn bd09_to_gcj02(place: Shifted) -> Shifted {
    if place.is_in_china() { place.invert(Shifted::with_bd09_offset) } else { place }
}

impl Shifted {
    /// The rectangle that all open implementations use; false for NaN.
    fn is_in_china(self) -> bool {
        (0.8293..=55.8271).contains(&self.latitude) && (72.004..=137.8347).contains(&self.longitude)
    }

    fn with_gcj02_offset(self) -> Self {
        let (x, y) = (self.longitude - 105.0, self.latitude - 35.0);
        let (east_m, north_m) = gcj02_offset_m(x, y);
        let latitude = self.latitude.to_radians();
        let bend = 1.0 - ECCENTRICITY_SQUARED * latitude.sin().powi(2);
        let meridian_radius = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (bend * bend.sqrt());
        let parallel_radius = SEMI_MAJOR_AXIS_M / bend.sqrt() * latitude.cos();
        Self {
            latitude: self.latitude + (north_m / meridian_radius).to_degrees(),
            longitude: self.longitude + (east_m / parallel_radius).to_degrees(),
        }
    }

    fn with_bd09_offset(self) -> Self {
        let radius = self.longitude.hypot(self.latitude) + 0.000_02 * (self.latitude * BD09_ANGLE).sin();
        let angle = self.latitude.atan2(self.longitude) + 0.000_003 * (self.longitude * BD09_ANGLE).cos();
        Self { latitude: radius * angle.sin() + 0.006, longitude: radius * angle.cos() + 0.006_5 }
    }

    /// The place that `shift` brings here, by fixed-point iteration: the offset changes so slowly
    /// with place that a few rounds reach the limit of an `f64`.
    fn invert(self, shift: impl Fn(Self) -> Self) -> Self {
        let mut place = self;
        for _ in 0..INVERSION_ROUNDS {
            let there = shift(place);
            place.latitude -= there.latitude - self.latitude;
            place.longitude -= there.longitude - self.longitude;
        }
        place
    }
}

/// Offset in metres east and north, from degrees east of 105 and north of 35.
fn gcj02_offset_m(x: f64, y: f64) -> (f64, f64) {
    let wave = |amplitude: f64, phase: f64| amplitude * (phase * PI).sin();
    let shared = wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x);
    let east_waves = wave(20.0, x) + wave(40.0, x / 3.0) + wave(150.0, x / 12.0) + wave(300.0, x / 30.0);
    let north_waves = wave(20.0, y) + wave(40.0, y / 3.0) + wave(160.0, y / 12.0) + wave(320.0, y / 30.0);
    let east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    let north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    (east + (shared + east_waves) * 2.0 / 3.0, north + (shared + north_waves) * 2.0 / 3.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shifted(latitude: f64, longitude: f64) -> Shifted {
        Shifted { latitude, longitude }
    }

    #[track_caller]
    fn assert_near(found: Shifted, latitude: f64, longitude: f64, tolerance: f64) {
        let off = (found.latitude - latitude).abs().max((found.longitude - longitude).abs());
        assert!(off < tolerance, "{found:?}, expected {latitude}, {longitude}");
    }

    /// Latitude and longitude in WGS-84, then in GCJ-02.
    const GCJ02_POINTS: [(f64, f64, f64, f64); 4] = [
        // googollee/eviltransform, go/transform_test.go: Shanghai, Shenzhen, Beijing.
        (31.177_427_6, 121.527_210_6, 31.175_303_983_645_97, 121.531_541_859_215),
        (22.543_847, 113.912_316, 22.540_796_131_694_766, 113.917_176_480_836_3),
        (39.911_954, 116.377_817, 39.913_345_455_360_69, 116.384_047_224_556_57),
        // wandergis/coordtransform, test/app.js.
        (39.915, 116.404, 39.916_404_281_501_64, 116.410_244_499_169_38),
    ];

    #[test]
    fn published_points_of_gcj02_are_met_both_ways() {
        for (latitude, longitude, gcj_latitude, gcj_longitude) in GCJ02_POINTS {
            let position = Position::new(latitude, longitude).unwrap();
            assert_near(wgs84_to_gcj02(position), gcj_latitude, gcj_longitude, 1e-12);
            assert_eq!(gcj02_to_wgs84(shifted(gcj_latitude, gcj_longitude)).unwrap(), position);
        }
        // hujiulong/gcoord, test/unit/crs/GCJ02.spec.ts.
        let position = gcj02_to_wgs84(shifted(45.0, 123.0)).unwrap();
        assert_near(shifted(position.latitude(), position.longitude()), 44.998_040_71, 122.993_955_97, 1e-6);
    }

    #[test]
    fn points_of_a_list_of_cities_are_met_within_a_metre() {
        // hujiulong/gcoord, test/fixtures/china-cities.json: 金华市, 那曲地区.
        let jinhua = wgs84_to_gcj02(Position::new(29.082_041_4, 119.642_746_5).unwrap());
        assert_near(jinhua, 29.079_064_1, 119.647_450_9, 1e-5);
        assert_near(gcj02_to_bd09(jinhua), 29.085_400_3, 119.653_887_5, 1e-5);
        let naqu = wgs84_to_gcj02(Position::new(31.478_443_6, 92.049_961_9).unwrap());
        assert_near(naqu, 31.476_206_3, 92.051_243_8, 1e-5);
    }

    #[test]
    fn published_points_of_bd09_are_met() {
        // wandergis/coordtransform, test/app.js; its way back is the one-step approximation.
        let place = shifted(39.915, 116.404);
        assert_near(gcj02_to_bd09(place), 39.921_336_993_510_21, 116.410_369_493_710_29, 1e-12);
        assert_near(bd09_to_gcj02(place), 39.908_656_739_576_31, 116.397_627_291_193_15, 2e-6);
        // hujiulong/gcoord, test/unit/crs/GCJ02.spec.ts and BD09.spec.ts.
        let place = shifted(45.0, 123.0);
        assert_near(gcj02_to_bd09(place), 45.006_368_99, 123.006_364_99, 1e-8);
        assert_near(bd09_to_gcj02(place), 44.993_654_30, 122.993_633_04, 2e-6);
    }

    #[test]
    fn places_abroad_stay_where_they_are() {
        let paris = Position::new(48.8566, 2.3522).unwrap();
        let same = shifted(paris.latitude(), paris.longitude());
        assert_eq!(wgs84_to_gcj02(paris), same);
        assert_eq!(gcj02_to_wgs84(same).unwrap(), paris);
        assert_eq!(bd09_to_gcj02(gcj02_to_bd09(same)), same);
    }

    #[test]
    fn what_is_not_on_earth_is_refused() {
        for place in [shifted(f64::NAN, 119.0), shifted(91.0, 119.0), shifted(29.0, f64::INFINITY)] {
            assert!(gcj02_to_wgs84(place).is_err());
        }
    }

    proptest! {
        #[test]
        fn shifting_there_and_back_loses_less_than_a_decimetre(
            latitude in 3.0..54.0_f64, longitude in 73.0..136.0_f64,
        ) {
            let position = Position::new(latitude, longitude).unwrap();
            let gcj02 = wgs84_to_gcj02(position);
            let back = gcj02_to_wgs84(bd09_to_gcj02(gcj02_to_bd09(gcj02))).unwrap();
            prop_assert!(back.distance_m(position) < 0.1);
            let moved = Position::new(gcj02.latitude, gcj02.longitude).unwrap().distance_m(position);
            prop_assert!(moved < 2_000.0, "{}", moved);
        }
    }
}
