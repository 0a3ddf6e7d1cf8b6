//! What a power cut leaves of a revoked phone's end, and of a backup.

use std::{collections::BTreeSet, fs::File, path::Path};

use suishou_core::{
    entry::page::unpack,
    id::{BlobHash, DocumentId, DraftId},
    model::decode,
    sync::{
        bundle::{BundleReader, Item, read_township},
        wire::SignedRequest,
    },
};
use suishou_server::relay::backup::{self, Opener, Progress, Shelf};

use super::check::{identity, must, open_phone, phone, read, same, text, words};

/// What a sealed bundle holds.
#[derive(Default)]
struct Sealed {
    blobs: BTreeSet<BlobHash>,
    drafts: BTreeSet<DraftId>,
    documents: BTreeSet<DocumentId>,
}

fn open_bundle(path: &Path) -> Result<Sealed, String> {
    let identity = identity();
    let mut file = File::open(path).map_err(|error| format!("the bundle that the note names: {error}"))?;
    same("the bundle's township", &identity.township, &read_township(&mut file).map_err(text)?)?;
    let mut reader = BundleReader::open(file, identity.township, &identity.key).map_err(text)?;
    let mut sealed = Sealed::default();
    while let Some(item) = reader.item().map_err(|error| format!("the bundle is not whole: {error}"))? {
        match item {
            Item::Blob { bytes } => drop(sealed.blobs.insert(BlobHash::of(&bytes))),
            Item::Draft { draft } => drop(sealed.drafts.insert(draft.id)),
            Item::Run { request } => {
                let signed: SignedRequest = decode(&request, "a run").map_err(text)?;
                let page = signed.open().map_err(text)?.page.unwrap_or_default();
                let entries = unpack(&page).map_err(text)?;
                sealed.documents.extend(entries.into_iter().map(|(entry, _)| entry.header.document));
            }
        }
    }
    Ok(sealed)
}

/// Either everything is still on the phone, or what nobody else has is in the bundle that the note names.
pub(super) fn revoked(folder: &Path, said: &[&str]) -> Result<(), String> {
    let is_said = |word: &str| said.iter().any(|line| words(line)[..] == [word]);
    let note = open_phone(folder)?.revoked();
    let Some(note) = note else {
        must(!is_said("ended"), || "the phone's end is forgotten".to_owned())?;
        let kept: Vec<&str> =
            said.iter().copied().filter(|line| !matches!(words(line)[..], ["pushed" | "ended"])).collect();
        return phone(folder, &kept);
    };
    let sealed = match &note.bundle {
        Some(bundle) => open_bundle(&folder.join(bundle))?,
        None => Sealed::default(),
    };
    for line in said {
        match words(line)[..] {
            ["photo", photo] => {
                must(sealed.blobs.contains(&read(photo)?), || format!("photo {photo} is not in the bundle"))?;
            }
            ["draft", draft, _] => {
                must(sealed.drafts.contains(&read(draft)?), || {
                    format!("draft {draft} is not in the bundle")
                })?;
            }
            ["saved", document, _] if !is_said("pushed") => {
                let id = read(document)?;
                must(sealed.documents.contains(&id), || format!("report {document} is not in the bundle"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Every snapshot that is listed is whole, and what was said to be taken is listed.
pub(super) fn shelf(folder: &Path, said: &[&str]) -> Result<(), String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for line in said {
        match words(line)[..] {
            ["snapshot", name] => drop(taken.insert(name.to_owned())),
            ["dropping", name] => drop(taken.remove(name)),
            _ => return Err(format!("nothing is known of the promise {line:?}")),
        }
    }
    let shelf = match Shelf::open(folder) {
        Ok(shelf) => shelf,
        // Not yet a backup's folder.
        Err(_) if taken.is_empty() => return Ok(()),
        Err(error) => return Err(format!("the backup can't be opened: {}", error.code())),
    };
    let snapshots = shelf.snapshots().map_err(|error| format!("nothing is listed: {}", error.code()))?;
    for name in &taken {
        must(snapshots.iter().any(|one| one.name == *name), || format!("snapshot {name} is gone"))?;
    }
    for snapshot in snapshots {
        let verified = backup::verify(&shelf, &snapshot, &Opener::None, &Progress::default());
        let verified =
            verified.map_err(|error| format!("{} can't be read: {}", snapshot.name, error.code()))?;
        must(verified.damaged.is_empty(), || {
            format!("{} is listed and {} of its files are damaged", snapshot.name, verified.damaged.len())
        })?;
    }
    Ok(())
}
