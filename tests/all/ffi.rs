//! What other languages see: the whole facade, and that it does in Python what it does here.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use suishou_core::sync::wire::Invitation;

use crate::{
    architecture::root,
    killed::{Relay, program},
};

/// What only callers do that carry requests themselves, or that ffi has under the name of its own constructor.
const NOT_EXPORTED: [&str; 9] = [
    "answer",
    "ask",
    "begin_enrolment",
    "begin_typed_enrolment",
    // For the simulator alone.
    "fill_disk",
    "finish_enrolment",
    "open",
    "open_guarded",
    "run",
];

#[test]
fn every_method_of_the_facade_is_exported() {
    let facade = methods(&root().join("core/src/field"), "pub ");
    assert!(facade.len() > 70, "{facade:?}");
    let exported = methods(&root().join("ffi/src"), "");
    let missing: Vec<&String> = facade
        .iter()
        .filter(|name| !exported.contains(*name) && !NOT_EXPORTED.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "ffi lacks {missing:?}");
}

/// Names of what `impl Field` in a folder's files has.
fn methods(folder: &Path, visibility: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        if item.is_dir() {
            names.extend(methods(&item, visibility));
            continue;
        }
        if item.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        let mut is_field = false;
        for line in fs::read_to_string(&item).unwrap().lines() {
            is_field = match line {
                "impl Field {" => true,
                "}" => false,
                _ => is_field,
            };
            let line = line.strip_prefix("    ").unwrap_or_default();
            let declared = line.strip_prefix(visibility).unwrap_or_default();
            let declared = declared.strip_prefix("async ").unwrap_or(declared);
            if let (true, Some(declared)) = (is_field, declared.strip_prefix("fn ")) {
                names.extend(declared.split(['(', '<']).next().map(ToOwned::to_owned));
            }
        }
    }
    names
}

#[test]
fn python_calls_every_method_against_a_real_relay() {
    let kept = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = kept.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let folder = kept.path().join("relay");
    let relay = Relay::set_up(&folder);
    let ring = "[119.0,29.0],[119.01,29.0],[119.01,29.01],[119.0,29.01],[119.0,29.0]";
    let grid = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"id":"g1","name":"g1","kind":"village"}},"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}]}}"#
    );
    relay.json(&["grid", "import", &file("grids.geojson", &grid)]);
    let members = "id,name,role,grids,department,phone\nl1,x,leader,g1,,\nm2,y,member,g1,,\n";
    relay.json(&["member", "import", &file("members.csv", members)]);
    let points = "id,name,latitude,longitude,grid\nc1,p,29.005,119.005,g1\n";
    relay.json(&["checkpoint", "import", &file("points.csv", points)]);
    let invited = relay.json(&["enrol", "l1"])["invitation"].as_str().unwrap().to_owned();
    let invitation =
        Invitation { addresses: vec![relay.address()], ..Invitation::from_text(&invited).unwrap() }.to_text();
    let typed = relay.json(&["enrol", "m2"])["typed_code"].as_str().unwrap().to_owned();

    let bindings = kept.path().join("bindings");
    let library = library();
    let made = Command::new(program("uniffi-bindgen"))
        .arg(&library)
        .args(["python", bindings.to_str().unwrap()])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::copy(&library, bindings.join("libsuishou_ffi.so")).unwrap();
    let ran = Command::new("python3")
        .arg(root().join("ffi/smoke.py"))
        .args([&bindings, &program("suishou"), &folder, &kept.path().join("phone")])
        .args([&invitation, &relay.address(), &typed])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("every method was called"), "{said}");
}

/// The library as Cargo made it for the tests' own dependency on it: nothing is taken from an older build.
fn library() -> std::path::PathBuf {
    let own = std::env::current_exe().unwrap();
    let library = own.parent().unwrap().join("libsuishou_ffi.so");
    assert!(library.exists(), "{} is missing: cargo test --workspace makes it", library.display());
    library
}
