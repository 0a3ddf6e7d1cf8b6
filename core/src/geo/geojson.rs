//! Reads a township's grids from GeoJSON as QGIS and Chinese GIS programs write it.
//!
//! The file comes from an operator, so everything that is wrong with it is told at once, with the
//! number of the feature. One feature is in memory as JSON at a time.

use std::{collections::BTreeMap, fmt};

use ::geojson::{Geometry, GeometryValue};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{boundary::Boundary, kind::GridKind, position::Position, tree::depths};
use crate::{
    error::{Error, Problem, Result},
    id::GridId,
};

/// Largest file in bytes: room for about 1,000 positions in each of 1,000 grids.
const MAX_BYTES: usize = 32 << 20;
/// Most features in one file.
const MAX_FEATURES: usize = 5_000;
/// Longest name in bytes.
const MAX_NAME_BYTES: usize = 200;

const ID_KEYS: [&str; 4] = ["id", "code", "编号", "网格编码"];
const NAME_KEYS: [&str; 3] = ["name", "名称", "网格名称"];
const KIND_KEYS: [&str; 2] = ["kind", "类型"];
const PARENT_KEYS: [&str; 2] = ["parent", "上级"];

/// One grid as a file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct GridFeature {
    /// Its number.
    pub id: GridId,
    /// Its name, trimmed.
    pub name: String,
    /// Its kind; if the file has none, village, sub or micro by its depth in the tree.
    pub kind: GridKind,
    /// The grid above it, always one of the same file.
    pub parent: Option<GridId>,
    /// Its boundary.
    pub boundary: Boundary,
}

/// Reads the grids of a `FeatureCollection` in WGS-84 or CGCS2000, in the order of the file, else every problem
/// with the number of its feature.
///
/// Each feature is a `Polygon` or `MultiPolygon` with the properties `id` (or `code`, `编号`,
/// `网格编码`), `name` (`名称`, `网格名称`) and, if wanted, `kind` (`类型`) and `parent` (`上级`).
pub fn read(bytes: &[u8]) -> Result<Vec<GridFeature>> {
    let collection = parse(bytes)?;
    let mut problems = Vec::new();
    if collection.type_name != "FeatureCollection" {
        problems.push(Problem::Malformed("a GeoJSON FeatureCollection"));
    }
    if !collection.crs.as_ref().is_none_or(is_wgs84) {
        problems.push(Problem::NotWgs84);
    }
    let Features { drafts, count } = collection.features;
    if count > drafts.len() {
        problems.push(Problem::TooLarge {
            what: "number of features",
            found: u64::try_from(count).unwrap_or(u64::MAX),
            limit: u64::try_from(MAX_FEATURES).unwrap_or(u64::MAX),
        });
    }
    if drafts.is_empty() {
        problems.push(Problem::Missing("feature"));
    }
    let (depths, tree_problems) = check_tree(&drafts);
    let own = drafts
        .iter()
        .zip(1..)
        .flat_map(|(draft, number)| draft.problems.iter().map(move |problem| (number, problem.clone())));
    let mut numbered: Vec<(usize, Problem)> = own.chain(tree_problems).collect();
    numbered.sort_by_key(|(number, _)| *number);
    problems.extend(numbered.into_iter().map(|(number, problem)| Problem::At {
        what: "feature",
        number,
        problem: Box::new(problem),
    }));
    if !problems.is_empty() {
        return Err(Error::Invalid { problems });
    }
    Ok(drafts.into_iter().filter_map(|draft| draft.finish(&depths)).collect())
}

fn parse(bytes: &[u8]) -> Result<Collection> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::invalid(Problem::TooLarge {
            what: "size of the file in bytes",
            found: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            limit: u64::try_from(MAX_BYTES).unwrap_or(u64::MAX),
        }));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("UTF-8"))?;
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(|error| {
        let problem = Box::new(Problem::Malformed("GeoJSON"));
        Error::invalid(Problem::At { what: "line", number: error.line(), problem })
    })
}

/// Finds ids that stand twice and faults of the tree, by number of feature.
fn check_tree(drafts: &[Draft]) -> (BTreeMap<GridId, u8>, Vec<(usize, Problem)>) {
    let mut numbers = BTreeMap::new();
    let mut parents = BTreeMap::new();
    let mut problems = Vec::new();
    for (draft, number) in drafts.iter().zip(1..) {
        let Some(id) = &draft.id else { continue };
        if numbers.contains_key(id) {
            problems.push((number, Problem::Twice { what: "grid", code: id.to_string() }));
        } else {
            numbers.insert(id.clone(), number);
            parents.insert(id.clone(), draft.parent.clone());
        }
    }
    match depths(&parents) {
        Ok(depths) => (depths, problems),
        Err(faults) => {
            let number_of = |id: &GridId| numbers.get(id).copied().unwrap_or(0);
            problems.extend(faults.into_iter().map(|(id, problem)| (number_of(&id), problem)));
            (BTreeMap::new(), problems)
        }
    }
}

/// Whether a `crs` member of old GeoJSON names WGS-84; GIS programs write it in many ways.
///
/// CGCS2000 (EPSG:4490), the system of Chinese surveys, counts as equal: it is ITRF97 at epoch
/// 2000.0, which plate motion has carried less than a metre from WGS-84 (Satellite Navigation 2021,
/// doi:10.1186/s43020-020-00032-w), so a border moves by less than a fix is good for.
fn is_wgs84(crs: &Value) -> bool {
    let Some(name) = crs.pointer("/properties/name").and_then(Value::as_str) else {
        return crs.is_null();
    };
    let name = name.trim().to_ascii_uppercase();
    let last = name.rsplit([':', '/', '#']).next().unwrap_or_default();
    matches!(last, "4326" | "CRS84" | "WGS84" | "WGS 84" | "WGS-84" | "4490" | "CGCS2000")
}

#[derive(Deserialize)]
struct Collection {
    #[serde(rename = "type", default)]
    type_name: String,
    #[serde(default)]
    crs: Option<Value>,
    #[serde(default)]
    features: Features,
}

#[derive(Default)]
struct Features {
    drafts: Vec<Draft>,
    count: usize,
}

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Features;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of features")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Features, A::Error> {
                let mut drafts = Vec::new();
                while drafts.len() < MAX_FEATURES {
                    let Some(value) = seq.next_element()? else { break };
                    drafts.push(Draft::new(value));
                }
                let mut count = drafts.len();
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Features { drafts, count })
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

/// What could be read of a feature, and what is wrong with the rest.
#[derive(Default)]
struct Draft {
    id: Option<GridId>,
    name: Option<String>,
    kind: Option<GridKind>,
    parent: Option<GridId>,
    boundary: Option<Boundary>,
    problems: Vec<Problem>,
}

impl Draft {
    fn new(mut feature: Value) -> Self {
        let mut draft = Self::default();
        let geometry = feature.get_mut("geometry").map(Value::take).unwrap_or_default();
        let no_properties = Map::new();
        let properties = feature.get("properties").and_then(Value::as_object).unwrap_or(&no_properties);

        let id = property(properties, &ID_KEYS).ok_or(Problem::Missing("id"));
        draft.id = draft.keep(id.and_then(|text| code(&text)));
        let name = property(properties, &NAME_KEYS).ok_or(Problem::Missing("name"));
        draft.name = draft.keep(name.and_then(checked_name));
        if let Some(kind) = property(properties, &KIND_KEYS) {
            let unknown = || Problem::Unknown { what: "kind", code: kind.chars().take(20).collect() };
            draft.kind = draft.keep(GridKind::from_text(&kind).ok_or_else(unknown));
        }
        if let Some(parent) = property(properties, &PARENT_KEYS) {
            draft.parent = draft.keep(code(&parent));
        }
        draft.boundary = draft.keep(boundary(geometry));
        draft
    }

    fn keep<T>(&mut self, found: Result<T, Problem>) -> Option<T> {
        found.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// The grid, if nothing was wrong.
    fn finish(self, depths: &BTreeMap<GridId, u8>) -> Option<GridFeature> {
        let id = self.id?;
        let by_depth = match depths.get(&id)? {
            0 => GridKind::Village,
            1 => GridKind::Sub,
            _ => GridKind::Micro,
        };
        Some(GridFeature {
            kind: self.kind.unwrap_or(by_depth),
            name: self.name?,
            parent: self.parent,
            boundary: self.boundary?,
            id,
        })
    }
}

/// The first of `keys` that has a text or number, trimmed; upper-case keys count, as shapefiles
/// have them.
fn property(properties: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| {
        let mut same = properties.iter().filter(|(name, _)| name.trim().eq_ignore_ascii_case(key));
        same.find_map(|(_, value)| as_text(value))
    })
}

fn as_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        // Spreadsheets and shapefiles turn 330702 into 330702.0.
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        _ => String::new(),
    };
    (!text.is_empty()).then_some(text)
}

fn code(text: &str) -> Result<GridId, Problem> {
    GridId::new(text).map_err(|_| Problem::BadCode)
}

fn checked_name(name: String) -> Result<String, Problem> {
    if name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
        return Err(Problem::BadName);
    }
    Ok(name)
}

fn boundary(geometry: Value) -> Result<Boundary, Problem> {
    if geometry.is_null() {
        return Err(Problem::Missing("geometry"));
    }
    let malformed = Problem::Malformed("a Polygon or MultiPolygon");
    let polygons = match serde_json::from_value(geometry).map(|geometry: Geometry| geometry.value) {
        Ok(GeometryValue::Polygon { coordinates }) => vec![coordinates],
        Ok(GeometryValue::MultiPolygon { coordinates }) => coordinates,
        _ => return Err(malformed),
    };
    let ring = |ring: Vec<::geojson::Position>| ring.iter().map(position).collect();
    let polygon = |rings: Vec<Vec<_>>| rings.into_iter().map(ring).collect();
    let polygons = polygons.into_iter().map(polygon).collect::<Result<_, Problem>>()?;
    let boundary = Boundary::new(polygons).map_err(|error| match error {
        Error::Invalid { problems } => problems.into_iter().next().unwrap_or(malformed),
        _ => malformed,
    })?;
    boundary.check_rings()?;
    Ok(boundary)
}

/// Longitude, latitude and perhaps a height, which is dropped.
fn position(position: &::geojson::Position) -> Result<Position, Problem> {
    let [longitude, latitude, ..] = position.as_slice() else { return Err(Problem::BadPosition) };
    Position::new(*latitude, *longitude).map_err(|_| {
        if latitude.abs() > 180.0 || longitude.abs() > 180.0 {
            Problem::NotWgs84
        } else if latitude.abs() > 90.0 && longitude.abs() <= 90.0 {
            Problem::SwappedAxes
        } else {
            Problem::BadPosition
        }
    })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn square(longitude: f64, latitude: f64) -> Value {
        let (east, north) = (longitude + 0.01, latitude + 0.01);
        let ring = json!([[longitude, latitude], [east, latitude], [east, north], [longitude, latitude]]);
        json!({ "type": "Polygon", "coordinates": [ring] })
    }

    fn feature(properties: &Value) -> Value {
        json!({ "type": "Feature", "properties": properties, "geometry": square(119.6, 29.1) })
    }

    fn collection(features: &[Value]) -> Vec<u8> {
        serde_json::to_vec(&json!({ "type": "FeatureCollection", "features": features })).unwrap()
    }

    fn problems(bytes: &[u8]) -> Vec<String> {
        match read(bytes) {
            Err(Error::Invalid { problems }) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_of_qgis_is_read() {
        let text = r#"{ "type": "FeatureCollection", "name": "网格",
            "crs": { "type": "name", "properties": { "name": "urn:ogc:def:crs:OGC:1.3:CRS84" } },
            "features": [
            { "type": "Feature", "properties": { "ID": 330702001.0, "NAME": " 西关 ", "fid": 1, "parent": null },
              "geometry": { "type": "MultiPolygon", "coordinates":
                [[[[119.6, 29.1, 40.5], [119.7, 29.1, 40.5], [119.7, 29.2, 41.0], [119.6, 29.1, 40.5]]]] } },
            { "type": "Feature", "properties": { "网格编码": "330702001-1", "名称": "一组", "类型": "微网格", "上级": 330702001 },
              "geometry": { "type": "Polygon", "coordinates":
                [[[119.6, 29.1], [119.65, 29.1], [119.65, 29.15], [119.6, 29.1]]] } } ] }"#;
        let grids = read(format!("\u{feff}{text}").as_bytes()).unwrap();
        let [village, micro] = grids.as_slice() else { panic!("{grids:?}") };
        assert_eq!((village.id.as_str(), village.name.as_str()), ("330702001", "西关"));
        assert_eq!((village.kind, &village.parent), (GridKind::Village, &None));
        assert_eq!((micro.kind, micro.parent.as_ref()), (GridKind::Micro, Some(&village.id)));
        assert!(micro.boundary.contains(Position::new(29.11, 119.63).unwrap()));
        assert_eq!(village.boundary.to_geojson()["coordinates"][0][0], json!([119.6, 29.1]));
    }

    #[test]
    fn every_problem_is_told_with_its_feature() {
        let mut no_geometry = feature(&json!({ "id": "g", "name": "n" }));
        no_geometry["geometry"] = Value::Null;
        let mut point = feature(&json!({ "id": "h", "name": "n" }));
        point["geometry"] = json!({ "type": "Point", "coordinates": [119.6, 29.1] });
        let found = problems(&collection(&[
            feature(&json!({ "name": "n" })),
            feature(&json!({ "id": "a b", "kind": "外星" })),
            feature(&json!({ "id": "a", "name": "n" })),
            feature(&json!({ "id": "a", "name": "n\u{7}" })),
            feature(&json!({ "id": "b", "name": "n", "parent": "x" })),
            feature(&json!({ "id": "c", "name": "n", "parent": "d" })),
            feature(&json!({ "id": "d", "name": "n", "parent": "c" })),
            no_geometry,
            point,
            json!(7),
        ]));
        assert_eq!(
            found,
            [
                "feature 1: id is missing",
                "feature 2: a code is 1 to 64 letters, digits, '-', '_', '.' or '/'",
                "feature 2: name is missing",
                "feature 2: kind 外星 is not known in this township",
                "feature 4: a name is at most 200 bytes without control characters",
                "feature 4: grid a stands twice",
                "feature 5: parent x is not known in this township",
                "feature 6: grid c stands above itself",
                "feature 7: grid d stands above itself",
                "feature 8: geometry is missing",
                "feature 9: not readable as a Polygon or MultiPolygon",
                "feature 10: id is missing",
                "feature 10: name is missing",
                "feature 10: geometry is missing",
            ]
        );
    }

    #[test]
    fn wrong_coordinates_are_told_apart() {
        for (longitude, latitude, expected) in [
            (29.1, 119.6, Problem::SwappedAxes),
            (508_000.0, 3_220_000.0, Problem::NotWgs84),
            (119.6, 91.0, Problem::BadPosition),
        ] {
            let mut wrong = feature(&json!({ "id": "a", "name": "n" }));
            wrong["geometry"] = square(longitude, latitude);
            assert_eq!(problems(&collection(&[wrong])), [format!("feature 1: {expected}")]);
        }
        let mut short = feature(&json!({ "id": "a", "name": "n" }));
        short["geometry"]["coordinates"][0][0] = json!([119.6]);
        assert_eq!(problems(&collection(&[short])).len(), 1);
    }

    #[test]
    fn rings_that_cross_are_told_with_their_feature() {
        let with_rings = |rings: &[&[(i32, i32)]]| {
            let position =
                |(x, y): &(i32, i32)| json!([119.0 + f64::from(*x) / 10.0, 29.0 + f64::from(*y) / 10.0]);
            let rings: Vec<Vec<Value>> =
                rings.iter().map(|ring| ring.iter().map(position).collect()).collect();
            let mut grid = feature(&json!({ "id": "b", "name": "n" }));
            grid["geometry"] = json!({ "type": "Polygon", "coordinates": rings });
            let whole = feature(&json!({ "id": "a", "name": "n" }));
            read(&collection(&[whole, grid])).map(|grids| grids.len()).map_err(|error| error.to_string())
        };
        let square = [(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)];
        let bow_tie = [(0, 0), (9, 8), (9, 0), (0, 9), (0, 0)];
        let pinched = [(0, 0), (4, 0), (9, 0), (9, 9), (4, 0), (0, 9), (0, 0)];
        let crossing = Err("invalid input: feature 2: a ring crosses or touches itself".to_owned());
        assert_eq!(with_rings(&[&bow_tie]), crossing);
        assert_eq!(with_rings(&[&pinched]), crossing);
        let hole = [(1, 1), (1, 2), (2, 2), (1, 1)];
        let touching_hole = [(0, 5), (3, 6), (3, 4), (0, 5)];
        assert_eq!(with_rings(&[&square, &hole, &touching_hole]), Ok(2));
        let outside = [(8, 1), (12, 1), (12, 2), (8, 1)];
        let bad_hole = with_rings(&[&square, &hole, &outside]).unwrap_err();
        assert!(bad_hole.contains("feature 2: a hole"), "{bad_hole}");
    }

    #[test]
    fn other_reference_systems_are_refused() {
        let with_crs = |crs: Value| {
            let grid = feature(&json!({ "id": "a", "name": "n" }));
            let file = json!({ "type": "FeatureCollection", "crs": crs, "features": [grid] });
            read(&serde_json::to_vec(&file).unwrap())
        };
        let named = |name: &str| with_crs(json!({ "type": "name", "properties": { "name": name } }));
        for name in [
            "EPSG:4326",
            "urn:ogc:def:crs:EPSG::4326",
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "urn:ogc:def:crs:EPSG::4490",
        ] {
            assert!(named(name).is_ok(), "{name}");
        }
        assert!(with_crs(Value::Null).is_ok());
        for name in ["EPSG:4549", "urn:ogc:def:crs:EPSG::3857", "EPSG:14326", ""] {
            let error = named(name).unwrap_err().to_string();
            assert!(error.contains("export the layer as WGS-84"), "{name}: {error}");
        }
        assert!(with_crs(json!({ "type": "link" })).is_err());
    }

    #[test]
    fn without_a_kind_the_depth_decides() {
        let grids = read(&collection(&[
            feature(&json!({ "id": "c", "name": "n", "parent": "b" })),
            feature(&json!({ "id": "b", "name": "n", "parent": "a" })),
            feature(&json!({ "id": "a", "name": "n", "kind": "" })),
        ]));
        let kinds: Vec<_> = grids.unwrap().into_iter().map(|grid| grid.kind).collect();
        assert_eq!(kinds, [GridKind::Micro, GridKind::Sub, GridKind::Village]);
    }

    #[test]
    fn what_is_no_collection_of_features_is_refused() {
        assert_eq!(problems(b"{\n\"type\": oops"), ["line 2: not readable as GeoJSON"]);
        assert_eq!(problems(b"\xcd\xf8 in GBK"), ["not readable as UTF-8"]);
        assert_eq!(problems(&collection(&[])), ["feature is missing"]);
        assert_eq!(problems(b"{}").len(), 2);
        assert_eq!(problems("[".repeat(500).as_bytes()).len(), 1);
        let many = vec![feature(&json!({ "id": "a", "name": "n" })); MAX_FEATURES + 2];
        assert!(problems(&collection(&many))[0].contains("5002"));
        assert!(problems(&vec![b' '; MAX_BYTES + 1])[0].contains("size of the file"));
    }

    proptest! {
        #[test]
        fn boundaries_come_back_from_geojson(
            radii in proptest::collection::vec(100.0..800_000_000.0_f64, 3..40),
        ) {
            // A star around (0, 0): it never crosses itself.
            let turn = TAU / f64::from(u32::try_from(radii.len()).unwrap());
            let place = |(radius, step): (&f64, f64)| {
                let (sin, cos) = (step * turn).sin_cos();
                Position::new(radius * sin / 1e7, radius * cos / 1e7).unwrap()
            };
            let ring = radii.iter().zip((0..).map(f64::from)).map(place).collect();
            let boundary = Boundary::from_ring(ring).unwrap();
            let mut grid = feature(&json!({ "id": "a", "name": "n" }));
            grid["geometry"] = boundary.to_geojson();
            prop_assert_eq!(&read(&collection(&[grid])).unwrap()[0].boundary, &boundary);
        }
    }
}
