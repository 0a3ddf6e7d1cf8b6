//! Lesson 15: weight. A debug build's size and speed prove nothing; bytes on disk and wire do.

use std::path::Path;

use suishou_core::{
    entry::page::{TARGET_BYTES, pack},
    model::encode,
};
use suishou_tests::harness::{RawDevice, Township};

use crate::scenarios::report;

fn size_of(folder: &Path) -> u64 {
    let items = std::fs::read_dir(folder).unwrap().flatten();
    items
        .map(|item| if item.path().is_dir() { size_of(&item.path()) } else { item.metadata().unwrap().len() })
        .sum()
}

#[tokio::test]
async fn lesson_15_an_empty_store_a_report_and_a_page_weigh_little() {
    let township = Township::new(1_015).await;
    let mut phone = township.phone("i1", 15).await;
    phone.kill();
    let empty = size_of(phone.folder());
    // Half a megabyte is held back so that text fits on a full phone.
    let ballast = 512 * 1024;
    assert!(empty < ballast + 300 * 1024, "an enrolled phone with the township's settings: {empty} bytes");
    phone.start();
    // A thousand reports of a sentence, synced: database, indexes, chains, rows and all.
    let text = "菜市场东门第三个摊位旁边的下水道盖板断了一半，老人容易踩空";
    for _ in 0..1_000 {
        phone.field().report(report(text, &township, 119.605)).unwrap();
    }
    let (requests, up) = (phone.network.requests, phone.network.bytes_up);
    phone.sync().await.unwrap();
    let (requests, up) = (phone.network.requests - requests, phone.network.bytes_up - up);
    assert!(up < 1_000 * 200, "{up} bytes for a thousand reports");
    assert!(requests <= 10, "{requests} requests for a thousand reports");
    phone.kill();
    let each = (size_of(phone.folder()) - empty) / 1_000;
    assert!(each < 3 * 1024, "a report with its document and row: {each} bytes on the phone");
    // The entry alone, and a page of two hundred.
    let mut device = RawDevice::enrol(&township, "i2", 16).await;
    let entries: Vec<_> = (0..200).map(|_| device.record().1).collect();
    for entry in &entries {
        let bytes = entry.header.canonical().len() + entry.body.as_ref().unwrap().len();
        assert!(bytes <= 1_024, "{bytes} bytes");
    }
    let (page, packed) = pack(&entries, 3).unwrap();
    assert_eq!(packed, 200, "two hundred reports are one page");
    assert!(page.len() <= TARGET_BYTES / 2, "{} bytes", page.len());
    let request = device.request(&entries);
    assert!(encode(&request).len() < page.len() + 400, "and what stands around it is small");
}
