//! `basemap`: the map under the grids, for the console and for phones.

use std::io;

use http::Method;
use serde_json::{Value, json};

use super::{
    args::{BaseMap, Format},
    client::{Client, Payload},
    failure::Failure,
    output::{say_json, tell},
    value::{number, text},
};
use crate::words::Words;

/// `basemap …`
pub(super) async fn base_map(
    client: &Client,
    command: BaseMap,
    words: &'static Words,
) -> Result<(), Failure> {
    match command {
        BaseMap::Show(format) => say(&client.get("/api/basemap").await?, format, words),
        BaseMap::Load(load) => {
            let failed = |error: io::Error| Failure::File { path: load.file.clone(), kind: error.kind() };
            let file = tokio::fs::File::open(&load.file).await.map_err(failed)?;
            let path = if load.gcj02 { "/api/basemap/file?is_gcj02=true" } else { "/api/basemap/file" };
            say(&client.put(path, Payload::Large(file)).await?, load.format, words)
        }
        BaseMap::Address(address) => {
            let order = json!({
                "address": address.address,
                "attribution": address.attribution.unwrap_or_default(),
                "is_gcj02": address.gcj02,
            });
            let shown = client.put("/api/basemap/address", Payload::Json(order)).await?;
            say(&shown, address.format, words)
        }
        BaseMap::Remove(format) => say(&client.call(Method::DELETE, "/api/basemap").await?, format, words),
    }
}

fn say(shown: &Value, format: Format, words: &Words) -> Result<(), Failure> {
    if format.json {
        return say_json(shown);
    }
    let is_missing = shown.get("is_missing").and_then(Value::as_bool) == Some(true);
    let key = match text(shown, "kind").as_str() {
        "file" if is_missing => "basemap.missing",
        "file" => "basemap.file",
        "address" => "basemap.address",
        _ => "basemap.none",
    };
    let megabytes = number(shown, "bytes").div_ceil(1_000_000);
    let [name, address, attribution] = ["name", "address", "attribution"].map(|key| text(shown, key));
    let [min, max] = ["min_zoom", "max_zoom"].map(|key| number(shown, key));
    tell(
        words,
        key,
        &[
            ("name", &name),
            ("megabytes", &megabytes),
            ("min", &min),
            ("max", &max),
            ("address", &address),
            ("attribution", &attribution),
        ],
    )
}
