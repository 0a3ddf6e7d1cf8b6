//! The shape of the code, held by a test: module order, one home per dependency, no file too long.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap().flatten() {
            let path = item.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The code before a file's tests.
fn code(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or(source)
}

/// Modules of a crate in the order of its `lib.rs`.
fn order(lib: &str) -> Vec<String> {
    let declared = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    declared.map(ToOwned::to_owned).collect()
}

/// Modules of the own crate that a source uses: `crate::name` alone or in a `use crate::{…}` tree.
fn used(source: &str, modules: &[String]) -> Vec<String> {
    let flat: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut found = Vec::new();
    for (at, _) in flat.match_indices("crate::") {
        let rest = &flat[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => {
                found
                    .extend(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned));
            }
            Some(tree) => {
                let mut depth = 0;
                let mut word = String::new();
                for letter in tree.chars() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => found.push(std::mem::take(&mut word)),
                        _ if depth == 0 => word.push(letter),
                        _ => {}
                    }
                }
                found.push(word);
            }
        }
    }
    found
        .into_iter()
        .filter_map(|path| Some(path.trim().split("::").next()?.trim().to_owned()))
        .filter(|name| modules.contains(name))
        .collect()
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    // The wire's values are used by the store that keeps them; the session above uses the store.
    // Ids, times and errors are one foundation: an id that can't be read is an error, and an error carries ids.
    const ALLOWED: [(&str, &str); 4] =
        [("store", "sync"), ("id", "error"), ("id", "time"), ("time", "error")];
    for (folder, lib) in [("core/src", "core/src/lib.rs"), ("server/src", "server/src/lib.rs")] {
        let modules = order(&fs::read_to_string(root().join(lib)).unwrap());
        assert!(modules.len() > 5, "{lib} declares its modules in order");
        for (name, source) in sources(folder).into_iter().filter(|(name, _)| !name.ends_with("tests.rs")) {
            let inside = name.strip_prefix(folder).unwrap().trim_start_matches('/');
            let module = inside.split(['/', '.']).next().unwrap().to_owned();
            let Some(own) = modules.iter().position(|known| *known == module) else { continue };
            for used in used(code(&source), &modules) {
                let other = modules.iter().position(|known| *known == used).unwrap();
                let is_allowed = ALLOWED.contains(&(module.as_str(), used.as_str()));
                assert!(other <= own || is_allowed, "{name} uses {used}, which stands behind {module}");
            }
        }
    }
}

#[test]
fn every_dependency_has_one_home() {
    let homes: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("age", &["server/src/relay/backup/"][..]),
        ("automerge", &["core/src/document/", "core/src/guard/"]),
        ("rusqlite", &["core/src/store/", "server/src/db/"]),
        ("reqwest", &["core/src/sync/"]),
        ("image", &["core/src/capture/", "server/src/cli/"]),
        ("geo", &["core/src/geo/"]),
        ("geojson", &["core/src/geo/"]),
        ("rstar", &["core/src/geo/"]),
        ("ed25519_dalek", &["core/src/log.rs"]),
        ("hpke", &["core/src/seal.rs"]),
        ("argon2", &["server/src/secret.rs", "server/src/relay/operators/"]),
        ("chacha20poly1305", &["server/src/secret.rs"]),
        ("rpassword", &["server/src/cli/"]),
        ("fs4", &["core/src/store/", "server/src/blobs.rs"]),
        ("rustix", &["server/src/serve/files.rs"]),
        ("axum", &["server/src/"]),
        ("clap", &["server/src/cli/", "server/src/main.rs"]),
        ("hyper", &["server/src/serve", "server/src/cli/", "server/src/relay/webhooks/"]),
        ("hmac", &["server/src/relay/signature.rs"]),
        ("webpki_roots", &["server/src/relay/webhooks/"]),
        ("rust_xlsxwriter", &["server/src/relay/export/"]),
        ("utoipa", &["core/src/schema.rs", "server/src/console/document/", "server/src/relay/schema.rs"]),
    ]);
    for (name, source) in sources("core/src").into_iter().chain(sources("server/src")) {
        for line in code(&source).lines().map(str::trim_start) {
            let Some(path) = line.strip_prefix("use ").or_else(|| line.strip_prefix("pub use ")) else {
                continue;
            };
            let dependency = path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if let Some(homes) = homes.get(dependency) {
                let is_at_home = homes.iter().any(|home| name.starts_with(home));
                assert!(is_at_home, "{name} uses {dependency}, whose home is {homes:?}");
            }
        }
    }
}

#[test]
fn every_file_says_what_it_does_and_none_is_too_long() {
    for folder in ["core/src", "server/src", "tests/src", "tests/all"] {
        for (name, source) in sources(folder) {
            assert!(source.starts_with("//!"), "{name} does not begin with what it does");
            let lines = if name.ends_with("tests.rs") { 0 } else { code(&source).lines().count() };
            assert!(lines <= 500, "{name} has {lines} lines");
        }
    }
}

#[test]
fn text_for_people_is_in_resource_files_and_not_in_code() {
    for folder in ["core/src", "server/src"] {
        for (name, source) in sources(folder).into_iter().filter(|(name, _)| !name.ends_with("tests.rs")) {
            for (number, line) in code(&source).lines().enumerate() {
                let is_comment = line.trim_start().starts_with("//");
                let has_chinese = line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                let is_alias_table = ALIAS_TABLES.iter().any(|table| name.ends_with(table));
                assert!(
                    is_comment || is_alias_table || !has_chinese,
                    "{name}:{} has Chinese text",
                    number + 1
                );
            }
        }
    }
}

/// Files that read words from other systems' files: these are names in a format, not text for people; and the
/// command line's own help, which clap wants beside each option.
const ALIAS_TABLES: &[&str] = &[
    "args/keeping.rs",
    "list_tests/made.rs",
    "args/enrolment.rs",
    "args/figures.rs",
    "geo/kind.rs",
    "geo/geojson.rs",
    "sheet/mod.rs",
    "sheet/members.rs",
    "sheet/departments.rs",
    "sheet/items.rs",
    "sheet/posts.rs",
    "args/incident.rs",
    "args/intake.rs",
    "sheet/tickets.rs",
    "sheet/households.rs",
    "sheet/checkpoints.rs",
    "cli/args.rs",
    "args/orders.rs",
    "args/care.rs",
    "args/identity.rs",
    "args/subject.rs",
    "cli/help.rs",
];

#[test]
fn nothing_names_a_registry_or_a_folder_of_this_machine() {
    let own = "tests/all/architecture.rs";
    for folder in ["core/src", "server/src", "tests/src", "tests/all"] {
        for (name, source) in sources(folder).into_iter().filter(|(name, _)| name != own) {
            for forbidden in ["crates.io", "npmjs", "pypi.org", "/work/", "maven.org"] {
                assert!(!source.contains(forbidden), "{name} names {forbidden}");
            }
        }
    }
}
