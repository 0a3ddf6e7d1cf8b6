//! Uploads: resumed at every cut, whole or nothing, and read only by those who may.

use suishou_core::{id::BlobHash, sync::wire::BlobKind};

use super::phone::World;
use crate::{
    db::{self, device::Device},
    relay::upload::{Promise, Standing, readable, readable_preview},
};

pub(super) fn device(world: &mut World, phone: &super::phone::Phone) -> Device {
    db::device::find(world.engine().connection(), phone.device).unwrap().unwrap()
}

fn promise(bytes: &[u8], kind: BlobKind, preview_of: Option<BlobHash>) -> Promise {
    Promise { hash: Some(BlobHash::of(bytes)), kind, preview_of, size_bytes: bytes.len() as u64 }
}

pub(super) fn photo(bytes: &[u8]) -> Promise {
    promise(bytes, BlobKind::Photo, None)
}

/// Sends what is missing, `piece` bytes at a time.
pub(super) fn send(
    world: &mut World,
    device: &Device,
    promise: &Promise,
    bytes: &[u8],
    piece: usize,
) -> db::blob::Blob {
    let mut standing = world.engine().begin_upload(device, promise).unwrap();
    loop {
        match standing {
            Standing::Whole(blob) => return blob,
            Standing::UnderWay(upload) => {
                let at = usize::try_from(upload.offset_bytes).unwrap();
                let end = (at + piece).min(bytes.len());
                let engine = world.engine();
                engine.blobs().write(upload.upload, upload.offset_bytes, &bytes[at..end]).unwrap();
                standing = engine.raise_offset(device, &upload, (end - at) as u64).unwrap();
            }
        }
    }
}

#[test]
fn an_upload_cut_anywhere_goes_on_from_there() {
    let mut world = World::new(61);
    let ann = world.phone("ann");
    let device = device(&mut world, &ann);
    for cut in 0..40_usize {
        let bytes: Vec<u8> = (0..40).map(|byte| byte ^ u8::try_from(cut).unwrap()).collect();
        let promise = photo(&bytes);
        let Standing::UnderWay(upload) = world.engine().begin_upload(&device, &promise).unwrap() else {
            panic!()
        };
        let engine = world.engine();
        engine.blobs().write(upload.upload, 0, &bytes[..cut]).unwrap();
        engine.raise_offset(&device, &upload, cut as u64).unwrap();
        // Bytes that were written and not counted, then a crash.
        engine.blobs().write(upload.upload, cut as u64, b"torn").unwrap();
        world.engine = None;
        world.start();
        let Standing::UnderWay(again) = world.engine().begin_upload(&device, &promise).unwrap() else {
            panic!()
        };
        assert_eq!((again.upload, again.offset_bytes), (upload.upload, cut as u64));
        let blob = send(&mut world, &device, &promise, &bytes, 7);
        assert_eq!(world.engine().blobs().read(&blob.hash).unwrap(), bytes);
    }
}

#[test]
fn a_whole_blob_is_receipted_again_and_a_second_copy_is_not_taken() {
    let mut world = World::new(62);
    let (ann, ben) = (world.phone("ann"), world.phone("ben"));
    let (ann, ben) = (device(&mut world, &ann), device(&mut world, &ben));
    let blob = send(&mut world, &ann, &photo(b"photo"), b"photo", 5);
    for device in [&ann, &ben] {
        let standing = world.engine().begin_upload(device, &photo(b"photo")).unwrap();
        assert_eq!(standing, Standing::Whole(blob));
    }
    let signed = world.engine().blob_receipt(&blob);
    let key = world.identity.key.public();
    suishou_core::log::verify(&key, &signed.receipt, &signed.signature).unwrap();
    assert_eq!((signed.receipt.blob, signed.receipt.size_bytes), (BlobHash::of(b"photo"), 5));
}

#[test]
fn wrong_bytes_are_refused_and_the_upload_begins_again() {
    let mut world = World::new(63);
    let ann = world.phone("ann");
    let device = device(&mut world, &ann);
    let promise = photo(b"right");
    let Standing::UnderWay(upload) = world.engine().begin_upload(&device, &promise).unwrap() else {
        panic!()
    };
    world.engine().blobs().write(upload.upload, 0, b"wrong").unwrap();
    let error = world.engine().raise_offset(&device, &upload, 5).unwrap_err();
    assert_eq!((error.code(), error.status().as_u16()), ("wrong_hash", 460));
    let Standing::UnderWay(again) = world.engine().upload(&device, upload.upload).unwrap() else { panic!() };
    assert_eq!(again.offset_bytes, 0);
    send(&mut world, &device, &promise, b"right", 2);
}

#[test]
fn a_crash_between_file_and_row_is_made_good() {
    let mut world = World::new(64);
    let ann = world.phone("ann");
    let device = device(&mut world, &ann);
    let promise = photo(b"photo");
    let Standing::UnderWay(upload) = world.engine().begin_upload(&device, &promise).unwrap() else {
        panic!()
    };
    let engine = world.engine();
    engine.blobs().write(upload.upload, 0, b"photo").unwrap();
    engine.write(|work| Ok(db::blob::set_offset(work.transaction, upload.upload, 5)?)).unwrap();
    engine.blobs().finish(upload.upload, promise.hash).unwrap();
    world.engine = None;
    world.start();
    assert!(matches!(world.engine().upload(&device, upload.upload).unwrap(), Standing::Whole(_)));
}

#[test]
fn of_two_writers_of_one_upload_one_is_told() {
    let mut world = World::new(65);
    let ann = world.phone("ann");
    let device = device(&mut world, &ann);
    let Standing::UnderWay(upload) = world.engine().begin_upload(&device, &photo(b"photo")).unwrap() else {
        panic!()
    };
    let engine = world.engine();
    engine.blobs().write(upload.upload, 0, b"ph").unwrap();
    engine.raise_offset(&device, &upload, 2).unwrap();
    let error = engine.raise_offset(&device, &upload, 2).unwrap_err();
    assert_eq!(error.code(), "offset_conflict");
}

#[test]
fn a_blob_is_read_by_those_who_see_a_document_that_names_it() {
    let mut world = World::new(66);
    let (mut ina, ann, ben) = (world.phone("ina"), world.phone("ann"), world.phone("ben"));
    let hash = BlobHash::of(b"photo");
    ina.report_with(Some("a"), vec![hash]);
    ina.sync(&mut world);
    let (mine, ann, ben) = (device(&mut world, &ina), device(&mut world, &ann), device(&mut world, &ben));
    send(&mut world, &mine, &photo(b"photo"), b"photo", 5);
    // A stranger's picture does not stand before the photo's own preview.
    let false_preview = promise(b"false", BlobKind::Preview, Some(hash));
    send(&mut world, &ben, &false_preview, b"false", 5);
    let connection = world.engine().connection();
    assert!(readable_preview(connection, &ann, hash).is_err());
    let preview = promise(b"preview", BlobKind::Preview, Some(hash));
    send(&mut world, &mine, &preview, b"preview", 7);
    let connection = world.engine().connection();
    assert_eq!(readable(connection, &ann, hash).unwrap().hash, hash);
    assert_eq!(readable_preview(connection, &ann, hash).unwrap().hash, BlobHash::of(b"preview"));
    assert_eq!(readable(connection, &ben, hash).unwrap_err().code(), "not_found");
    assert_eq!(readable_preview(connection, &ben, hash).unwrap_err().code(), "not_found");
}
