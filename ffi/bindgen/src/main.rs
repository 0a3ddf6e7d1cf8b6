//! `uniffi-bindgen LIBRARY LANGUAGE FOLDER`: makes the other side of `ffi` from the library's own metadata. It is
//! built with the same version as the library, and what it makes is never committed.

use std::{env, error::Error};

use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [library, language, folder] = arguments.as_slice() else {
        return Err("uniffi-bindgen LIBRARY kotlin|swift|python FOLDER".into());
    };
    let language = match language.as_str() {
        "kotlin" => TargetLanguage::Kotlin,
        "swift" => TargetLanguage::Swift,
        "python" => TargetLanguage::Python,
        other => return Err(format!("no such language: {other}").into()),
    };
    Ok(generate(GenerateOptions {
        languages: vec![language],
        source: library.into(),
        out_dir: folder.into(),
        metadata_no_deps: true,
        ..GenerateOptions::default()
    })?)
}
