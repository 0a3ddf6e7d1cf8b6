//! Sealed bundles of revoked phones: what was sealed once opens for ever.

use suishou_core::{
    id::{BlobHash, DeviceId, DraftId, LogId, TownshipId},
    log::Key,
    model::{DocumentKind, draft::DraftBody},
    sync::{
        bundle::{BundleReader, BundleWriter, BundledBlob, BundledDraft, Item, Manifest, read_township},
        wire::BlobKind,
    },
    time::Random,
};

use super::{at, golden};

#[test]
fn a_bundle_of_the_first_version_opens_for_ever() {
    let (township, relay) = (TownshipId::new([1; 16]), Key::generate(&mut Random::seeded(3)));
    let phone = Key::generate(&mut Random::seeded(4));
    let blob = BundledBlob {
        hash: BlobHash::of(b"one"),
        kind: BlobKind::Preview,
        preview_of: Some(BlobHash::of(b"two")),
        size_bytes: 3,
    };
    let manifest = Manifest {
        version: 1,
        township,
        device: DeviceId::new([2; 16]),
        log: LogId::new([3; 16]),
        entries: 7,
        blobs: vec![blob],
        drafts: None,
    };
    let items = [Item::Run { request: vec![1, 2, 3] }, Item::Blob { bytes: b"one".to_vec() }];
    let mut random = Random::seeded(5);
    let mut writer =
        BundleWriter::begin(Vec::new(), manifest.clone(), &phone, &relay.public(), &mut random).unwrap();
    for item in &items {
        writer.put(item).unwrap();
    }
    let kept = golden("bundle-1.sealed", &writer.finish().unwrap());
    let mut rest = kept.as_slice();
    assert_eq!(read_township(&mut rest).unwrap(), township);
    let mut reader = BundleReader::open(rest, township, &relay).unwrap();
    reader.manifest().verify(&phone.public()).unwrap();
    assert_eq!(reader.manifest().manifest, manifest);
    for item in items {
        assert_eq!(reader.item().unwrap(), Some(item));
    }
    assert_eq!(reader.item().unwrap(), None);
}

#[test]
fn a_bundle_with_drafts_opens_for_ever() {
    let (township, relay) = (TownshipId::new([1; 16]), Key::generate(&mut Random::seeded(3)));
    let phone = Key::generate(&mut Random::seeded(4));
    let manifest = Manifest {
        version: 2,
        township,
        device: DeviceId::new([2; 16]),
        log: LogId::new([3; 16]),
        entries: 0,
        blobs: Vec::new(),
        drafts: Some(1),
    };
    let body = DraftBody { text: "half a sen".to_owned(), ..DraftBody::default() };
    let draft = BundledDraft {
        id: DraftId::at(at(0), [4; 10]),
        kind: DocumentKind::Incident.number(),
        started_at: at(0),
        changed_at: at(1),
        body: body.to_bytes().unwrap(),
    };
    let mut random = Random::seeded(5);
    let mut writer =
        BundleWriter::begin(Vec::new(), manifest.clone(), &phone, &relay.public(), &mut random).unwrap();
    writer.put(&Item::Draft { draft: draft.clone() }).unwrap();
    let kept = golden("bundle-2.sealed", &writer.finish().unwrap());
    let mut rest = kept.as_slice();
    read_township(&mut rest).unwrap();
    let mut reader = BundleReader::open(rest, township, &relay).unwrap();
    assert_eq!(reader.manifest().manifest, manifest);
    let Some(Item::Draft { draft: read }) = reader.item().unwrap() else { panic!("a draft") };
    assert_eq!((DraftBody::from_bytes(&read.body).unwrap(), read), (body, draft));
    assert_eq!(reader.item().unwrap(), None);
}
