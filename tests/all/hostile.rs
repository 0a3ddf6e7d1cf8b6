//! Somebody means harm: crafted bodies, forged heads, bombs, paths, poisoned changes. Each gets a typed error
//! or a held entry, and honest phones go on.

use automerge::{ActorId, AutoCommit, ROOT, transaction::Transactable as _};
use axum::body::Body;
use suishou_core::{
    entry::{BodyType, chunk::Chunk, page::pack},
    id::TownshipId,
    log::{Key, LogHead},
    model::{
        encode,
        incident::{IncidentStep, StepKind},
    },
    sync::wire::{BlobKind, PushOutcome, SignedRequest, SyncRequest, VERSION, path},
    time::Random,
};
use suishou_tests::harness::{RawDevice, Township, post, send};

use crate::scenarios::report;

/// An honest phone can still report and is told the truth.
async fn honest_goes_on(township: &Township) {
    let mut phone = township.phone("i2", 77).await;
    let incident = phone.field().report(report("一切照常", township, 119.605)).unwrap();
    phone.sync().await.unwrap();
    assert!(phone.field().incident(incident).unwrap().about.stored.is_whole());
    assert_eq!(township.settled().await.incident(incident).await.unwrap().work.text, "一切照常");
}

#[tokio::test]
async fn bodies_that_are_no_requests_get_typed_errors() {
    let township = Township::new(201).await;
    let mut device = RawDevice::enrol(&township, "i1", 1).await;
    let (_, entry) = device.record();
    let honest = encode(&SignedRequest::sign(&device.request(&[entry]), &device.key));
    for length in (0..honest.len()).step_by(7) {
        let answer = send(&device.router, post(path::SYNC, honest[..length].to_vec())).await;
        assert_eq!(answer.status, 400, "cut at {length}");
        assert_eq!(answer.code(), "malformed");
    }
    for nonsense in [b"{}".to_vec(), b"<html>".to_vec(), vec![0x9b; 100], vec![0xff; 3_000]] {
        assert!((400..500).contains(&send(&device.router, post(path::SYNC, nonsense)).await.status));
    }
    let oversized = send(&device.router, post(path::SYNC, vec![0; 3 * 1024 * 1024])).await;
    assert_eq!(oversized.status, 413);
    for flipped in (0..honest.len()).step_by(11) {
        let mut bytes = honest.clone();
        bytes[flipped] ^= 0x40;
        let answer = send(&device.router, post(path::SYNC, bytes)).await;
        assert!((400..500).contains(&answer.status), "bit {flipped} of a signed request: {}", answer.status);
    }
    assert_eq!(township.settled().await.status().await.unwrap().entries, 0);
    honest_goes_on(&township).await;
}

#[tokio::test]
async fn a_newer_version_is_told_so() {
    let township = Township::new(202).await;
    let mut device = RawDevice::enrol(&township, "i1", 2).await;
    let request = SyncRequest { version: VERSION + 1, ..device.request(&[]) };
    assert_eq!(device.send(&request).await.code(), "unknown_version");
}

#[tokio::test]
async fn a_bomb_in_a_page_is_refused() {
    let township = Township::new(203).await;
    let mut device = RawDevice::enrol(&township, "i1", 3).await;
    let frame = zstd::bulk::compress(&vec![0; 200 * 1024 * 1024], 3).unwrap();
    let mut page = vec![1, 0x80, 0x80, 0x80, 0x64];
    let mut length = frame.len();
    while length > 0x7f {
        page.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    page.push(u8::try_from(length).unwrap());
    page.extend(frame);
    let (_, entry) = device.record();
    let request = SyncRequest { page: Some(page), ..device.request(&[entry]) };
    let answer = device.send(&request).await;
    assert!((400..500).contains(&answer.status));
    honest_goes_on(&township).await;
}

#[tokio::test]
async fn nobody_pushes_without_or_with_a_foreign_signature() {
    let township = Township::new(204).await;
    let mut device = RawDevice::enrol(&township, "i1", 4).await;
    let (_, entry) = device.record();
    let honest = device.request(std::slice::from_ref(&entry));
    let missing = SyncRequest { head_signature: None, ..honest.clone() };
    assert!((400..500).contains(&device.send(&missing).await.status));
    let other = Key::generate(&mut Random::seeded(99));
    let log_head =
        LogHead { township: device.township, device: device.device, log: device.log, head: honest.head };
    let forged = SyncRequest { head_signature: Some(other.sign(&log_head)), ..honest.clone() };
    assert!((400..500).contains(&device.send(&forged).await.status));
    let body = encode(&SignedRequest::sign(&honest, &other));
    assert_eq!(send(&device.router, post(path::SYNC, body)).await.code(), "unknown_device");
    let (_, another) = device.record();
    let swapped = SyncRequest { page: Some(pack([&another], 3).unwrap().0), ..honest.clone() };
    assert_eq!(device.send(&swapped).await.code(), "broken_chain");
    let elsewhere = SyncRequest { township: TownshipId::new([9; 16]), ..honest };
    assert_eq!(device.send(&elsewhere).await.code(), "wrong_township");
    assert_eq!(township.settled().await.status().await.unwrap().entries, 0);
}

#[tokio::test]
async fn another_devices_log_can_not_be_written() {
    let township = Township::new(205).await;
    let mut victim = RawDevice::enrol(&township, "i1", 5).await;
    let (_, entry) = victim.record();
    victim.push(&[entry]).await;
    let mut thief = RawDevice::enrol(&township, "i2", 6).await;
    thief.log = victim.log;
    thief.head = victim.head;
    let (_, entry) = thief.record();
    let request = thief.request(&[entry]);
    // Logs are told apart by device too: to the relay this is a log of the thief's own that does not begin so.
    let answer = thief.send(&request).await.synced();
    assert_ne!(answer.outcome, PushOutcome::Stored);
    assert_eq!(township.settled().await.status().await.unwrap().entries, 1);
}

/// The four poisons of `reliability.md`, each with a valid length and checksum.
fn poisons() -> Vec<(&'static str, Vec<u8>)> {
    let actor = [7; 16];
    let mut document = AutoCommit::new().with_actor(ActorId::from(actor));
    let step = encode(&IncidentStep::plain(StepKind::Handling));
    let id = suishou_core::model::step::StepId::derive(&actor, 1, 0);
    document.put(ROOT, format!("s{id}"), automerge::ScalarValue::Bytes(step)).unwrap();
    document.commit();
    let honest = document.get_last_local_change().unwrap().raw_bytes().to_vec();
    let sealed = |change: &dyn Fn(&mut Chunk<'_>)| {
        let mut chunk = Chunk::parse(&honest).unwrap();
        change(&mut chunk);
        chunk.seal().bytes
    };
    let bomb: &'static [u8] = &[0x80, 0xad, 0xe2, 0x04, 0x01];
    let mut long = AutoCommit::new();
    long.put(ROOT, "category", "x".repeat(2_000)).unwrap();
    long.commit();
    vec![
        (
            "a run-length bomb",
            sealed(&|chunk| {
                chunk.columns = vec![(0x42, bomb.len() as u64)];
                chunk.data = bomb;
            }),
        ),
        (
            "a second change without its first",
            sealed(&|chunk| {
                chunk.sequence = 2;
                chunk.deps.clear();
            }),
        ),
        ("a counter at its end", sealed(&|chunk| chunk.start_op = u64::from(u32::MAX))),
        ("a compressed chunk", long.get_last_local_change().unwrap().clone().bytes().into_owned()),
        ("a page of HTML", b"<html>login</html>".to_vec()),
    ]
}

#[tokio::test]
async fn poisoned_changes_are_receipted_held_and_touch_nothing_else() {
    let township = Township::new(206).await;
    let mut device = RawDevice::enrol(&township, "m1", 7).await;
    let (document, record) = device.record();
    let (other, other_record) = device.record();
    device.push(&[record]).await;
    for (what, poison) in poisons() {
        let behind = device.note(document);
        device.push(&[RawDevice::entry(document, BodyType::Change, poison), behind]).await;
        let shown = township
            .settled()
            .await
            .incident(document)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(shown.work.text, "平常的一件事", "{what}");
    }
    device.push(&[other_record]).await;
    let held = township.settled().await.held().await.unwrap();
    assert_eq!(held.len(), poisons().len());
    assert!(held.iter().all(|held| held.document == document && held.code == "guard"), "{held:?}");
    assert_eq!(
        township.settled().await.incident(document).await.unwrap().notes.len(),
        poisons().len(),
        "nothing behind is blocked"
    );
    assert_eq!(township.settled().await.incident(other).await.unwrap().held, 0);
    honest_goes_on(&township).await;
}

#[tokio::test]
async fn what_a_role_may_not_do_is_held_with_that_reason() {
    let township = Township::new(207).await;
    let mut device = RawDevice::enrol(&township, "i1", 8).await;
    let (document, record) = device.record();
    device.push(&[record]).await;
    let actor = [3; 16];
    let mut working = AutoCommit::new().with_actor(ActorId::from(actor));
    let step = encode(&IncidentStep::plain(StepKind::Accepted));
    let id = suishou_core::model::step::StepId::derive(&actor, 1, 0);
    working.put(ROOT, format!("s{id}"), automerge::ScalarValue::Bytes(step)).unwrap();
    working.commit();
    let bytes = working.get_last_local_change().unwrap().raw_bytes().to_vec();
    device.push(&[RawDevice::entry(document, BodyType::Change, bytes)]).await;
    township.settled().await.incident(document).await.unwrap();
    let held = township.settled().await.held().await.unwrap();
    assert_eq!(held.iter().map(|held| held.code).collect::<Vec<_>>(), ["not_allowed"]);
}

#[tokio::test]
async fn blob_names_lead_nowhere() {
    let township = Township::new(208).await;
    let mut device = RawDevice::enrol(&township, "i1", 9).await;
    let request = device.request(&[]);
    let token = device.send(&request).await.synced().token.unwrap();
    let get = |path: &str| {
        http::Request::get(path)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap()
    };
    for name in
        ["..%2f..%2fidentity.json", "%2e%2e", "C:%5c", "..", "a", &"a".repeat(4_000), &"0".repeat(63), "%00"]
    {
        let answer = send(&device.router, get(&format!("{}/{name}", path::BLOBS))).await;
        assert!((400..500).contains(&answer.status), "{name}: {}", answer.status);
    }
    let create = |metadata: String| {
        http::Request::post(path::BLOBS)
            .header("authorization", format!("Bearer {token}"))
            .header("tus-resumable", "1.0.0")
            .header("upload-length", "3")
            .header("upload-metadata", metadata)
            .body(Body::empty())
            .unwrap()
    };
    let base64 = suishou_tests::base64;
    for hash in ["../../../etc/passwd", "zz", &"é".repeat(32)] {
        let answer =
            send(&device.router, create(format!("hash {},kind {}", base64(hash), base64("photo")))).await;
        assert_eq!(answer.status, 400, "{hash:?}");
    }
    for nonsense in ["hash", "hash !!!", "kind cGhvdG8=,kind cGhvdG8="] {
        let answer = send(&device.router, create(nonsense.to_owned())).await;
        assert!(answer.status < 500, "{nonsense}");
    }
    assert!(!township.folder().join("passwd").exists());
}

#[tokio::test]
async fn an_upload_whose_bytes_are_not_its_hash_is_not_receipted() {
    let township = Township::new(209).await;
    let mut device = RawDevice::enrol(&township, "i1", 10).await;
    let request = device.request(&[]);
    let token = device.send(&request).await.synced().token.unwrap();
    let hash = suishou_core::id::BlobHash::of(b"right");
    let metadata = format!(
        "hash {},kind {}",
        suishou_tests::base64(&hash.to_string()),
        suishou_tests::base64(BlobKind::Photo.as_str())
    );
    let upload = |bytes: &'static [u8]| {
        http::Request::post(path::BLOBS)
            .header("authorization", format!("Bearer {token}"))
            .header("tus-resumable", "1.0.0")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata.clone())
            .header("content-type", "application/offset+octet-stream")
            .header("content-length", bytes.len())
            .body(Body::from(bytes))
            .unwrap()
    };
    let wrong = send(&device.router, upload(b"wrong")).await;
    assert!((400..500).contains(&wrong.status));
    assert_eq!(wrong.code(), "wrong_hash");
    assert!(wrong.headers.get("suishou-receipt").is_none());
    let right = send(&device.router, upload(b"right")).await;
    assert_eq!(right.status, 201);
    assert!(right.headers.get("suishou-receipt").is_some());
}

#[tokio::test]
async fn an_enrolment_code_enrols_one_phone() {
    let township = Township::new(210).await;
    let invitation = township.invitation("m1").await;
    let mut first = suishou_tests::harness::Phone::new(&township, 1);
    let mut second = suishou_tests::harness::Phone::new(&township, 2);
    first.enrol(&invitation).await.unwrap();
    assert!(matches!(second.enrol(&invitation).await, Err(suishou_core::error::Error::EnrolCodeUsed)));
    assert!(matches!(second.sync().await, Err(suishou_core::error::Error::NotEnrolled)));
    let expired = township.invitation("m2").await;
    township.time.advance(std::time::Duration::from_secs(3_601));
    assert!(matches!(second.enrol(&expired).await, Err(suishou_core::error::Error::EnrolCodeExpired)));
    assert_eq!(township.relay.devices().await.unwrap().len(), 1);
}
