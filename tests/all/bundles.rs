//! What a revoked phone sealed that nobody ever sent: drafts, the last stretch of a patrol, and who may open them.

use std::{path::PathBuf, time::Duration};

use suishou_core::{
    error::Error,
    geo::Position,
    id::{BlobHash, DeviceId},
    model::{DocumentKind, draft::DraftBody, track::TrackFix},
    time::Clock as _,
};
use suishou_server::relay::{BundleDrafts, DraftReader, RelayError};
use suishou_tests::harness::Township;

use crate::{
    revoked::{bundle, device_of, holding, import, spool, stored},
    scenarios::photo,
    seen::Office,
};

#[tokio::test]
async fn a_draft_and_the_last_stretch_of_a_patrol_are_sealed_with_the_rest() {
    let township = Township::new(519).await;
    let mut phone = township.phone("m1", 1).await;
    let field = phone.field();
    let patrol = field.start_patrol("晚间", None, Vec::new()).unwrap();
    for step in 0..10 {
        township.time.advance(Duration::from_secs(5));
        let position = Position::new(29.002 + 0.000_06 * f64::from(step), 119.605).unwrap();
        field.patrol_fix(TrackFix { at: township.time.now(), position, accuracy_m: 5 }).unwrap();
    }
    let walked_until = township.time.now();
    let hash = field.add_photo(&photo(7), &[]).unwrap();
    let mut draft = field.start_draft(DocumentKind::Incident);
    draft.body =
        DraftBody { text: "写到一半的话".to_owned(), photos: vec![hash], ..DraftBody::default() };
    field.save_draft(&draft).unwrap();
    let loose = field.add_photo(&photo(9), &[]).unwrap();
    let device = device_of(&township, "m1").await;
    township.relay.revoke(device).await.unwrap();
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));
    let note = phone.field().revoked().unwrap();
    assert_eq!((note.entries, note.drafts), (0, 1), "the stretch was pushed, and is held");
    assert_eq!(note.blobs, 5, "two photos with their previews and the track");
    assert_eq!(holding(phone.folder(), "写到一半的话".as_bytes()), Vec::<PathBuf>::new());

    let bytes = bundle(&phone);
    let before = stored(&township).await;
    let drafts = drafts_of(&township, &bytes, DraftReader::Other).await.unwrap();
    assert_eq!(stored(&township).await, before, "opening drafts stores nothing");
    let opened = &drafts.opened[0];
    assert_eq!((drafts.opened.len(), drafts.device), (1, device));
    assert_eq!((opened.text.as_str(), opened.kind), ("写到一半的话", Some(DocumentKind::Incident)));
    let base64 = opened.blobs[0].base64.as_ref().unwrap();
    assert_eq!(BlobHash::of(&data_encoding::BASE64.decode(base64.as_bytes()).unwrap()), hash);
    let imported = import(&township, &bytes).await.unwrap();
    assert_eq!((imported.drafts, imported.blobs_new, imported.entries_new), (Some(1), Some(5), Some(0)));
    assert_eq!((imported.member.unwrap().as_str(), imported.drafts_withheld), ("m1", false));
    assert!(township.relay.blob(loose).await.is_ok(), "what nothing named yet is there too");

    // An operator lets the held stretch through: the walk is whole.
    for held in township.settled().await.held().await.unwrap() {
        township.relay.release(held.entry).await.unwrap();
    }
    let mut next = township.phone("m1", 2).await;
    next.sync().await.unwrap();
    let walked = next.field().patrol(patrol).unwrap();
    assert_eq!(walked.patrol.tracked_until, Some(walked_until));
    assert!(walked.row.distance_m > 0);
}

async fn drafts_of(
    township: &Township,
    bytes: &[u8],
    reader: DraftReader,
) -> Result<BundleDrafts, RelayError> {
    let spooled = spool(township, bytes).await;
    let (_, drafts) = township.relay.open_drafts(spooled, reader).await?;
    drafts
}

/// A phone with nothing but a draft, revoked.
async fn with_draft(township: &Township, member: &str) -> (DeviceId, Vec<u8>) {
    let mut phone = township.phone(member, 7).await;
    let mut draft = phone.field().start_draft(DocumentKind::Incident);
    draft.body = DraftBody { text: "想了想没有报".to_owned(), ..DraftBody::default() };
    phone.field().save_draft(&draft).unwrap();
    let device = device_of(township, member).await;
    township.relay.revoke(device).await.unwrap();
    assert!(matches!(phone.sync().await, Err(Error::Revoked)));
    (device, bundle(&phone))
}

#[tokio::test]
async fn what_an_informant_began_to_write_is_opened_by_the_keeper_alone_and_each_look_is_written_down() {
    let township = Township::new(531).await;
    let (device, bytes) = with_draft(&township, "i1").await;
    let refused = drafts_of(&township, &bytes, DraftReader::Other).await.unwrap_err();
    assert_eq!((refused.code(), refused.status().as_u16()), ("keeper_only", 403));
    let opened = drafts_of(&township, &bytes, DraftReader::Keeper).await.unwrap();
    assert_eq!(opened.opened[0].text, "想了想没有报");

    let office = Office::of(&township);
    let refused = office.send("POST", "/api/bundles/drafts", bytes.into()).await;
    let words = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(refused.status == 403 && words.contains("keeper_only"), "{words}");
    let (staff, bytes) = with_draft(&township, "m1").await;
    let answer = office.send("POST", "/api/bundles/drafts", bytes.clone().into()).await;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("想了想没有报"));
    let answer = office.send("POST", "/api/bundles?drafts=true", bytes.into()).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("想了想没有报"), "an import opens none");
    let audit = office.send("GET", "/api/audit", Vec::new().into()).await;
    let audit: serde_json::Value = serde_json::from_slice(&audit.body).unwrap();
    let looks: Vec<_> = audit["audit"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["route"] == "/api/bundles/drafts" && !line["status"].is_null())
        .map(|line| (line["target"].as_str().unwrap().to_owned(), line["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(looks.len(), 2, "{audit}");
    assert!(looks.contains(&(device.to_string(), 403)) && looks.contains(&(staff.to_string(), 200)));
}
