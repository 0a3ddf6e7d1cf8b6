//! `check`

use std::{path::Path, sync::Arc};

use serde_json::{Value, json};
use suishou_core::time::SystemClock;

use super::{through_relay, wait_for};
use crate::{
    cli::{
        args::Check,
        failure::Failure,
        output::{say_json, tell},
        value::{is, items, number},
    },
    relay::keeper::Resting,
    words::Words,
};

/// `check`
pub(in crate::cli) fn check(folder: &Path, check: &Check, words: &'static Words) -> Result<(), Failure> {
    let form = json!({ "deep": check.deep, "repair": check.repair });
    let report = match wait_for(through_relay(folder, "/api/checks", form, words))? {
        Some(ended) => ended.get("report").cloned().unwrap_or(Value::Null),
        // The phones are asked by a relay that runs.
        None if check.repair => return Err(Failure::NotRunning { folder: folder.to_owned() }),
        None => {
            let report = Resting::open(folder, Arc::new(SystemClock))?.check(check.deep)?;
            serde_json::to_value(report).unwrap_or_default()
        }
    };
    let lists = ["structure", "broken_logs", "wrong_documents", "missing_blobs", "damaged_blobs"];
    let damage: usize = lists.iter().map(|list| items(&report, list).len()).sum();
    if check.format.json {
        say_json(&report)?;
    } else {
        say(&report, damage, words)?;
    }
    if damage == 0 || is(&report, "is_repaired") { Ok(()) } else { Err(Failure::Said) }
}

fn say(report: &Value, damage: usize, words: &'static Words) -> Result<(), Failure> {
    let state = |list: &str| {
        words.word(if items(report, list).is_empty() { "keeping.sound" } else { "keeping.broken" })
    };
    let blobs = items(report, "missing_blobs").len() + items(report, "damaged_blobs").len();
    let blobs_state = words.word(if blobs == 0 { "keeping.sound" } else { "keeping.broken" });
    tell(
        words,
        "keeping.checked",
        &[
            ("structure", &state("structure")),
            ("logs", &number(report, "logs")),
            ("entries", &number(report, "entries")),
            ("logs_state", &state("broken_logs")),
            ("documents", &number(report, "documents")),
            ("documents_state", &state("wrong_documents")),
            ("blobs", &number(report, "blobs")),
            ("blobs_state", &blobs_state),
            ("orphans", &number(report, "orphans")),
        ],
    )?;
    for (list, key) in [
        ("structure", "keeping.bad_structure"),
        ("broken_logs", "keeping.bad_log"),
        ("wrong_documents", "keeping.bad_document"),
        ("missing_blobs", "keeping.missing_blob"),
        ("damaged_blobs", "keeping.damaged_blob"),
    ] {
        for item in items(report, list).iter().filter_map(Value::as_str) {
            tell(words, key, &[("id", &item)])?;
        }
    }
    let advice = match (damage, blobs) {
        (0, _) => "keeping.all_sound",
        _ if is(report, "is_repaired") => "keeping.repaired",
        (damage, blobs) if damage == blobs => "keeping.do_repair",
        _ => "keeping.do_restore",
    };
    tell(words, advice, &[("count", &damage)])
}
