//! `bundle`: what a revoked phone had not sent, sealed by the phone and brought here as a file.

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
    let imported = client.send("/api/bundles", Payload::Sealed(file)).await?;
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
    )
}
