//! `bundle`: what a revoked phone had not sent, sealed by the phone and brought here as a file.

use std::{fs, io, path::Path};

use data_encoding::BASE64;
use serde_json::Value;

use super::{
    args::Bundle,
    client::{Client, Payload},
    failure::Failure,
    output::{say_json, tell},
    value::{items, number, text},
};
use crate::words::Words;

/// `bundle import`
pub(super) async fn bundle(client: &Client, bundle: Bundle, words: &'static Words) -> Result<(), Failure> {
    let Bundle::Import(import) = bundle;
    let imported = client.send("/api/bundles", sealed(&import.file).await?).await?;
    if import.format.json {
        say_json(&imported)?;
    } else {
        say_imported(&imported, import.drafts.is_some(), words)?;
    }
    let Some(folder) = &import.drafts else { return Ok(()) };
    let opened = client.send("/api/bundles/drafts", sealed(&import.file).await?).await?;
    let drafts = items(&opened, "opened");
    write(folder, drafts).map_err(|error| Failure::File { path: folder.clone(), kind: error.kind() })?;
    if import.format.json {
        return Ok(());
    }
    let (count, folder) = (drafts.len(), folder.display());
    tell(words, "bundle.drafts_written", &[("drafts", &count), ("folder", &folder)])
}

async fn sealed(file: &Path) -> Result<Payload, Failure> {
    let failed = |error: io::Error| Failure::File { path: file.to_owned(), kind: error.kind() };
    Ok(Payload::Large(tokio::fs::File::open(file).await.map_err(failed)?))
}

/// Of an informant nothing is told but that it was done.
fn say_imported(imported: &Value, is_with_drafts: bool, words: &Words) -> Result<(), Failure> {
    let device = text(imported, "device");
    if imported.get("drafts_withheld").and_then(Value::as_bool) == Some(true) {
        return tell(words, "bundle.done_withheld", &[("device", &device)]);
    }
    let [entries, entries_new, blobs, blobs_new, drafts] =
        ["entries", "entries_new", "blobs", "blobs_new", "drafts"].map(|name| number(imported, name));
    tell(
        words,
        "bundle.done",
        &[
            ("device", &device),
            ("member", &text(imported, "member")),
            ("entries", &entries),
            ("entries_new", &entries_new),
            ("blobs", &blobs),
            ("blobs_new", &blobs_new),
        ],
    )?;
    if drafts == 0 || is_with_drafts {
        return Ok(());
    }
    tell(words, "bundle.drafts", &[("drafts", &drafts)])
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
