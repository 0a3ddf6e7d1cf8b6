//! `bundle`: what a revoked phone had not sent, sealed by the phone and brought here as a file.

use std::{fs, io, path::Path};

use data_encoding::BASE64;
use serde_json::Value;

use super::{
    args::Bundle,
    client::{Client, Payload},
    failure::Failure,
    output::{say_json, tell},
    value::{number, text},
};
use crate::words::Words;

/// `bundle import`
pub(super) async fn bundle(client: &Client, bundle: Bundle, words: &'static Words) -> Result<(), Failure> {
    let Bundle::Import(import) = bundle;
    let failed = |error: std::io::Error| Failure::File { path: import.file.clone(), kind: error.kind() };
    let file = tokio::fs::File::open(&import.file).await.map_err(failed)?;
    let path = if import.drafts.is_some() { "/api/bundles?drafts=true" } else { "/api/bundles" };
    let mut imported = client.send(path, Payload::Sealed(file)).await?;
    let mut written = 0;
    if let Some(folder) = &import.drafts {
        let opened = imported.as_object_mut().and_then(|imported| imported.remove("opened"));
        let drafts = opened.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        write(folder, drafts).map_err(|error| Failure::File { path: folder.clone(), kind: error.kind() })?;
        written = drafts.len();
    }
    if import.format.json {
        return say_json(&imported);
    }
    tell(
        words,
        "bundle.done",
        &[
            ("device", &text(&imported, "device")),
            ("member", &text(&imported, "member")),
            ("entries", &number(&imported, "entries")),
            ("entries_new", &number(&imported, "entries_new")),
            ("blobs", &number(&imported, "blobs")),
            ("blobs_new", &number(&imported, "blobs_new")),
        ],
    )?;
    match import.drafts {
        Some(folder) => tell(
            words,
            "bundle.drafts_written",
            &[("drafts", &written.to_string()), ("folder", &folder.display().to_string())],
        ),
        None if imported.get("drafts").and_then(Value::as_u64).is_some_and(|drafts| drafts > 0) => {
            tell(words, "bundle.drafts", &[("drafts", &number(&imported, "drafts"))])
        }
        None => Ok(()),
    }
}

/// Writes drafts and what is attached to them. The folder must be new: nothing is written over.
fn write(folder: &Path, drafts: &[Value]) -> io::Result<()> {
    fs::create_dir(folder)?;
    for draft in drafts {
        let mut draft = draft.clone();
        let name = text(&draft, "draft");
        let blobs = draft.get_mut("blobs").and_then(Value::as_array_mut);
        for blob in blobs.into_iter().flatten().filter_map(Value::as_object_mut) {
            let Some(bytes) = blob.remove("base64") else { continue };
            let bytes = bytes.as_str().and_then(|base64| BASE64.decode(base64.as_bytes()).ok());
            let Some(bytes) = bytes else { continue };
            let word = |key: &str| blob.get(key).and_then(Value::as_str).unwrap_or_default();
            let ending = if word("kind") == "voice" { "voice" } else { "jpg" };
            let file = format!("{name}-{}.{ending}", word("hash").get(..8).unwrap_or_default());
            fs::write(folder.join(&file), bytes)?;
            blob.insert("file".to_owned(), file.into());
        }
        fs::write(folder.join(format!("{name}.json")), format!("{draft:#}\n"))?;
    }
    Ok(())
}
