//! An app on a small disk that is filled to the last byte: photos are refused, text goes on, nothing is half.

use std::{fs::File, io::Write as _, path::Path, sync::Arc};

use suishou_core::{
    error::{Error, Result},
    field::{Field, ReportDraft},
    id::{BlobHash, CategoryId},
    model::Severity,
    store::Mine,
    time::{Random, SystemClock},
};

/// Works in `folder`, which stands on a file system of some 16 MB of its own.
pub(crate) fn work(folder: &Path) -> Result<()> {
    let store = folder.join("store");
    let filler = folder.join("filler");
    let field = Field::open(&store, Arc::new(SystemClock), Random::seeded(1))?;
    // What other apps have on it.
    let others = folder.join("others");
    std::fs::write(&others, vec![0x5a; 6 * 1024 * 1024]).map_err(Error::file("writing"))?;
    let mut photos = 0_u64;
    let is_photo_refused = loop {
        match field.add_photo(&noise(photos), &[]) {
            Ok(photo) => drop(field.report(report(photos, vec![photo]))?),
            Err(Error::StorageFull) => break true,
            Err(error) => return Err(error),
        }
        photos += 1;
    };
    fill(&filler);
    let mut texts = 0_u64;
    let is_text_refused = loop {
        match field.report(report(texts, Vec::new())) {
            Ok(_) => texts += 1,
            Err(Error::StorageFull) => break true,
            Err(error) => return Err(error),
        }
    };
    let is_ballast_used = !store.join("ballast").exists();
    let halves = parts(&store);
    let listed = field.incidents(Mine::Only, 10_000, 0)?.len() as u64;
    // Room comes back, and with it the ballast; then the disk is full again, and the app is started on it.
    drop(std::fs::remove_file(&filler));
    drop(std::fs::remove_file(&others));
    field.trim()?;
    let is_ballast_back = store.join("ballast").exists();
    fill(&filler);
    drop(field);
    let field = Field::open(&store, Arc::new(SystemClock), Random::seeded(2))?;
    field.report(report(texts, Vec::new()))?;
    let after = field.incidents(Mine::Only, 10_000, 0)?.len() as u64;
    let is_low = field.storage()?.is_low;
    let said = serde_json::json!({
        "photos": photos, "texts": texts, "listed": listed, "after": after, "halves": halves,
        "is_photo_refused": is_photo_refused, "is_text_refused": is_text_refused, "is_low": is_low,
        "is_ballast_used": is_ballast_used, "is_ballast_back": is_ballast_back,
    });
    drop(writeln!(std::io::stdout(), "{said}"));
    Ok(())
}

/// Opens the database of an older version in `folder`, where so little is free that no copy of it fits.
pub(crate) fn open_old(folder: &Path) -> Result<()> {
    /// Less than the database has, more than its migration writes.
    const LEFT: u64 = 128 * 1024;
    let (store, filler) = (folder.join("store"), folder.join("filler"));
    fill(&filler);
    let failed = Error::file("making room");
    let file = File::options().write(true).open(&filler).map_err(&failed)?;
    file.set_len(file.metadata().map_err(&failed)?.len() - LEFT).map_err(&failed)?;
    let field = Field::open(&store, Arc::new(SystemClock), Random::seeded(1))?;
    let listed = field.incidents(Mine::Only, 10, 0)?.len();
    let storage = field.storage()?;
    let copies = std::fs::read_dir(&store).map_err(&failed)?.flatten();
    let copies = copies.filter(|item| item.file_name().to_string_lossy().contains("before")).count();
    let said = serde_json::json!({
        "listed": listed, "copies": copies, "copies_bytes": storage.copies_bytes,
        "database_bytes": storage.database_bytes, "left": LEFT,
    });
    drop(writeln!(std::io::stdout(), "{said}"));
    Ok(())
}

fn report(number: u64, photos: Vec<BlobHash>) -> ReportDraft {
    ReportDraft {
        text: format!("第{number}件"),
        category: CategoryId::new("order").expect("a code"),
        severity: Severity::Normal,
        fix: None,
        grid: None,
        photos,
        voice: None,
        is_anonymous: false,
        matter: None,
    }
}

/// Takes every byte that is left.
fn fill(path: &Path) {
    let Ok(mut file) = File::create(path) else { return };
    for len in [64 * 1024, 4096, 1] {
        while file.write_all(&vec![0x5a; len]).is_ok() {}
    }
}

/// Files that are not finished, in the store and its folders.
fn parts(folder: &Path) -> u64 {
    let mut count = 0;
    for item in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if item.path().is_dir() {
            count += parts(&item.path());
        } else if item.path().extension().is_some_and(|extension| extension == "part") {
            count += 1;
        }
    }
    count
}

/// A picture that does not compress.
fn noise(seed: u64) -> Vec<u8> {
    let mut random = Random::seeded(seed);
    let pixels: Vec<u8> = (0..800 * 600 * 3 / 32).flat_map(|_| random.bytes::<32>()).collect();
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 85);
    drop(encoder.encode(&pixels, 800, 600, jpeg_encoder::ColorType::Rgb));
    jpeg
}
