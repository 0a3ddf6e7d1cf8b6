//! Exports read back: as many rows as there are, nothing that a spreadsheet would run, nobody's name.

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use suishou_core::{
    document::Record,
    geo::Position,
    id::{CategoryId, Salt},
    model::{Severity, audience::Audience, incident::IncidentRecord, place::Place, warning::WarningRecord},
    time::Timestamp,
};

use super::phone::{World, grid};
use crate::{
    relay::{
        RelayError,
        export::{Format, Order, Township, What, column_ids, write},
        figures::By,
    },
    words::{Lang, Words},
};

const TEXTS: [&str; 5] =
    ["=HYPERLINK(\"http://x\")", "+1", "@SUM(A1)", "bridge, \"water\"\ntwo places", "plain"];

fn world() -> World {
    let mut world = World::new(821);
    for text in TEXTS {
        let record = IncidentRecord {
            salt: Salt::ZERO,
            text: text.to_owned(),
            category: CategoryId::new("disaster").unwrap(),
            severity: Severity::Normal,
            place: Place {
                grid: Some(grid("a")),
                position: (text != "plain").then(|| Position::new(29.05, 119.051).unwrap()),
                ..Place::default()
            },
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        };
        world.engine().issue(&Record::Incident(record)).unwrap();
    }
    let mut ina = world.phone("ina");
    ina.report("b");
    ina.sync(&mut world);
    world
}

pub(super) fn export(
    world: &mut World,
    what: What,
    format: Format,
    lang: Lang,
) -> Result<(std::path::PathBuf, u64), RelayError> {
    let path = world.folder.path().join("export");
    let engine = world.engine();
    let order = Order { what, format, from: None, to: None, words: Words::of(lang) };
    let now = engine.shared().clock.now();
    let settings = engine.shared().settings();
    let from = Township { connection: engine.connection(), blobs: engine.blobs(), settings: &settings, now };
    let count = write(&from, &order, &path)?;
    Ok((path, count))
}

#[test]
fn csv_reads_back_with_every_row_and_no_formula() {
    let mut world = world();
    for format in [Format::Csv, Format::ExcelCsv] {
        let (path, count) = export(&mut world, What::Incidents, format, Lang::Chinese).unwrap();
        assert_eq!(count, 6);
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(bytes.starts_with(b"\xef\xbb\xbf"), format == Format::ExcelCsv);
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("ina") && !text.contains("name of"), "{text}");
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let heads = reader.headers().unwrap().clone();
        assert_eq!(heads.len(), column_ids(What::Incidents).len());
        assert_eq!(&heads[0] == "id", format == Format::Csv);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6);
        let last = heads.len() - 1;
        let texts: Vec<&str> = rows.iter().map(|row| &row[last]).collect();
        assert_eq!(texts[0], "'=HYPERLINK(\"http://x\")");
        assert_eq!(&texts[1..5], ["'+1", "'@SUM(A1)", TEXTS[3], "plain"]);
        assert_eq!(&rows[0][7], "29.05", "a number stays a number");
        assert_eq!(&rows[5][last - 1], "person-1");
    }
}

#[test]
fn xlsx_reads_back_with_typed_cells() {
    let mut world = world();
    let (path, count) = export(&mut world, What::Incidents, Format::Xlsx, Lang::Chinese).unwrap();
    let named = path.with_extension("xlsx");
    std::fs::rename(path, &named).unwrap();
    let mut book: Xlsx<_> = open_workbook(&named).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!(range.height() as u64, count + 1);
    let columns = column_ids(What::Incidents);
    let at = |column: &str| columns.iter().position(|known| *known == column).unwrap();
    assert_eq!(
        range.get((0, at("text"))),
        Some(&Data::String(Words::of(Lang::Chinese).word("export.text").to_owned()))
    );
    assert_eq!(range.get((1, at("text"))), Some(&Data::String(TEXTS[0].to_owned())), "a text, not a formula");
    assert!(book.worksheet_formula(&book.sheet_names()[0].clone()).unwrap().is_empty());
    assert!(
        matches!(range.get((1, at("received_at"))), Some(Data::DateTime(_))),
        "{:?}",
        range.get((1, at("received_at")))
    );
    assert_eq!(range.get((1, at("latitude"))), Some(&Data::Float(29.05)));
    assert_eq!(
        range.get((1, at("state"))),
        Some(&Data::String(Words::of(Lang::Chinese).word("state.reported").to_owned()))
    );
}

#[test]
fn geojson_has_a_point_for_each_position_and_a_feature_for_each_row() {
    let mut world = world();
    let (path, count) = export(&mut world, What::Incidents, Format::GeoJson, Lang::English).unwrap();
    let map: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let features = map["features"].as_array().unwrap();
    assert_eq!(features.len() as u64, count);
    assert_eq!(features[0]["geometry"]["coordinates"], serde_json::json!([119.051, 29.05]));
    assert_eq!(features[4]["geometry"], serde_json::Value::Null);
    assert!(features[0]["properties"]["photos"].is_u64());
    let figures = export(&mut world, What::Figures(By::Grid), Format::GeoJson, Lang::English);
    assert!(figures.is_err(), "figures are nowhere");
}

pub(super) fn map(world: &mut World, what: What) -> serde_json::Value {
    let (path, _) = export(world, what, Format::GeoJson, Lang::English).unwrap();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_warning_has_the_areas_of_its_grids_and_none_if_it_is_for_everybody() {
    let mut world = world();
    let hazards = world.engine().shared().settings().hazards.clone().unwrap_or_default();
    let in_grids = Audience { grids: vec![grid("a"), grid("b")], ..Audience::default() };
    for audience in [in_grids, Audience::everyone()] {
        let Record::Warning(warning) = super::kinds::warning(audience, None) else { panic!() };
        let warning = WarningRecord { hazard: hazards[0].id.clone(), ..warning };
        world.engine().issue(&Record::Warning(warning)).unwrap();
    }
    let map = map(&mut world, What::Warnings);
    let features = map["features"].as_array().unwrap();
    let named = features.iter().find(|feature| !feature["geometry"].is_null()).unwrap();
    assert_eq!(features.len(), 2);
    assert_eq!(features.iter().filter(|feature| feature["geometry"].is_null()).count(), 1);
    assert_eq!(named["geometry"]["type"], "MultiPolygon");
    let polygons = named["geometry"]["coordinates"].as_array().unwrap();
    assert_eq!(polygons.len(), 2);
    let ring = polygons[0][0].as_array().unwrap();
    assert!(ring.len() >= 4 && ring[0] == ring[ring.len() - 1] && ring[0][0].as_f64().unwrap() > 100.0);
}

#[test]
fn every_export_has_its_columns_and_figures_end_with_the_whole() {
    let mut world = world();
    for what in [What::Patrols, What::Tasks, What::Visits, What::Warnings] {
        let (path, count) = export(&mut world, what, Format::Csv, Lang::English).unwrap();
        assert_eq!((count, std::fs::read_to_string(path).unwrap().lines().count()), (0, 1));
        for column in column_ids(what) {
            for lang in [Lang::Chinese, Lang::English] {
                assert!(Words::of(lang).find(&format!("export.{column}")).is_some(), "{column}");
            }
        }
    }
    let (path, count) = export(&mut world, What::Figures(By::Grid), Format::Csv, Lang::English).unwrap();
    assert_eq!(count, 3, "two grids and all");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.lines().last().unwrap().starts_with(",total,6,"), "{text}");
    let order = Order {
        what: What::Incidents,
        format: Format::Csv,
        from: Some(Timestamp::from_millis(i64::MAX - 1)),
        to: None,
        words: Words::of(Lang::English),
    };
    let path = world.folder.path().join("none");
    let engine = world.engine();
    let settings = engine.shared().settings();
    let now = engine.shared().clock.now();
    let from = Township { connection: engine.connection(), blobs: engine.blobs(), settings: &settings, now };
    assert_eq!(write(&from, &order, &path).unwrap(), 0);
}
