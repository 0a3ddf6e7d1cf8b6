//! HTTP: bodies, codes, tus as any client speaks it, tokens, waiting.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http_body_util::BodyExt as _;
use suishou_core::{
    id::BlobHash,
    model::{decode, encode, settings::Settings},
    sync::wire::{ErrorBody, SettingsDigest, SignedBlobReceipt, SignedSettings, SyncResponse},
    time::{Random, SharedClock},
};
use tower::ServiceExt as _;

use super::phone::{Phone, World};
use crate::relay::Relay;

struct Server {
    world: World,
    relay: Relay,
    router: Router,
}

impl Server {
    fn new(mut world: World) -> Self {
        world.stop();
        let clock: SharedClock = Arc::clone(&world.clock) as SharedClock;
        let relay =
            Relay::start(world.folder.path(), world.identity.clone(), clock, Random::seeded(7)).unwrap();
        let router = relay.device_router();
        Self { world, relay, router }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        ask(self.router.clone(), method, path, headers, body).await
    }

    async fn sync(&self, phone: &mut Phone) -> SyncResponse {
        let request = phone.request();
        let (status, _, body) = self.ask("POST", "/v1/sync", &[], phone.sign(&request)).await;
        assert_eq!(status, StatusCode::OK);
        let response: SyncResponse = decode(&body, "a response").unwrap();
        phone.take(&request, &response);
        response
    }
}

async fn ask(
    router: Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let method: Method = method.parse().unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

fn error_code(body: &[u8]) -> String {
    serde_json::from_slice::<ErrorBody>(body).unwrap().error.code
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap().to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_syncs_and_reads_the_settings() {
    let mut world = World::new(81);
    let mut ann = world.phone("ann");
    let server = Server::new(world);
    ann.report("a");
    server.sync(&mut ann).await;
    assert_eq!(ann.receipted, ann.head());
    let bearer = format!("Bearer {}", ann.token.clone().unwrap());
    let (status, headers, body) = server.ask("GET", "/v1/settings", &[("authorization", &bearer)], "").await;
    assert_eq!((status, header(&headers, "content-type")), (StatusCode::OK, "application/cbor"));
    let signed: SignedSettings = decode(&body, "settings").unwrap();
    let digest = SettingsDigest(*blake3::hash(&signed.bundle).as_bytes());
    suishou_core::log::verify(&server.world.identity.key.public(), &digest, &signed.signature).unwrap();
    assert_eq!(Settings::from_bytes(&signed.bundle).unwrap().grids.len(), 3);
    let (status, _, body) = server.ask("GET", "/v1/settings", &[], "").await;
    assert_eq!((status, error_code(&body).as_str()), (StatusCode::UNAUTHORIZED, "bad_token"));
    server.world.clock.pass(Duration::from_hours(1));
    let (status, ..) = server.ask("GET", "/v1/settings", &[("authorization", &bearer)], "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "expired");
    server.relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_gets_a_typed_error() {
    let server = Server::new(World::new(82));
    for (body, status, code) in [
        (b"<html>".to_vec(), StatusCode::BAD_REQUEST, "malformed"),
        (Vec::new(), StatusCode::BAD_REQUEST, "malformed"),
        (vec![0; 1024 * 1024 + 1], StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
    ] {
        let (found, _, body) = server.ask("POST", "/v1/sync", &[], body).await;
        assert_eq!((found, error_code(&body).as_str()), (status, code));
    }
    let (status, _, body) = server.ask("POST", "/v1/enrol", &[], "x").await;
    assert_eq!((status, error_code(&body).as_str()), (StatusCode::BAD_REQUEST, "malformed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_tus_client_creates_appends_and_resumes() {
    let mut world = World::new(83);
    let mut ann = world.phone("ann");
    let server = Server::new(world);
    server.sync(&mut ann).await;
    let bearer = format!("Bearer {}", ann.token.clone().unwrap());
    let base = [("authorization", bearer.as_str()), ("tus-resumable", "1.0.0")];
    let (status, headers, _) = server.ask("OPTIONS", "/v1/blobs", &[], "").await;
    assert_eq!((status, header(&headers, "tus-version")), (StatusCode::NO_CONTENT, "1.0.0"));
    let bytes: Vec<u8> = (0..2_000_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    let length = bytes.len().to_string();
    // As a client without our metadata: named by content.
    let file_name = format!("filename {}", BASE64.encode("../../etc/passwd".as_bytes()));
    let create = [base[0], base[1], ("upload-length", &length), ("upload-metadata", &file_name)];
    let (status, headers, _) = server.ask("POST", "/v1/blobs", &create, "").await;
    assert_eq!(status, StatusCode::CREATED);
    let location = header(&headers, "location").to_owned();
    assert!(location.starts_with("/v1/blobs/"));
    let append = |offset: &'static str| {
        [base[0], base[1], ("upload-offset", offset), ("content-type", "application/offset+octet-stream")]
    };
    // A body that is cut: what arrived counts.
    let frames = vec![Ok(Bytes::copy_from_slice(&bytes[..700_000])), Err(std::io::Error::other("cut"))];
    let cut = Body::from_stream(futures_util::stream::iter(frames));
    server.ask("PATCH", &location, &append("0"), cut).await;
    let (status, headers, _) = server.ask("HEAD", &location, &base, "").await;
    assert_eq!((status, header(&headers, "upload-offset")), (StatusCode::OK, "700000"));
    assert_eq!(header(&headers, "cache-control"), "no-store");
    let (status, headers, body) = server.ask("PATCH", &location, &append("5"), "x").await;
    assert_eq!((status, error_code(&body).as_str()), (StatusCode::CONFLICT, "offset_conflict"));
    assert_eq!(header(&headers, "upload-offset"), "700000");
    let too_long = vec![0; 2_000_000];
    let (status, ..) = server.ask("PATCH", &location, &append("700000"), too_long).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, headers, _) = server.ask("HEAD", &location, &base, "").await;
    assert_eq!(status, StatusCode::OK);
    let at: usize = header(&headers, "upload-offset").parse().unwrap();
    assert!(at >= 700_000);
    let offset = at.to_string();
    let rest = [
        base[0],
        base[1],
        ("upload-offset", offset.as_str()),
        ("content-type", "application/offset+octet-stream"),
    ];
    let (status, headers, _) = server.ask("PATCH", &location, &rest, bytes[at..].to_vec()).await;
    if at == 700_000 {
        assert_eq!((status, header(&headers, "upload-offset")), (StatusCode::NO_CONTENT, length.as_str()));
        let receipt = BASE64URL_NOPAD.decode(header(&headers, "suishou-receipt").as_bytes()).unwrap();
        let signed: SignedBlobReceipt = decode(&receipt, "a receipt").unwrap();
        assert_eq!(signed.receipt.blob, BlobHash::of(&bytes));
    }
    let (status, ..) = server.ask("HEAD", "/v1/blobs/..%2f..%2fetc", &base, "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, headers, _) = server.ask("POST", "/v1/blobs", &[base[0], ("tus-resumable", "9")], "").await;
    assert_eq!((status, header(&headers, "tus-version")), (StatusCode::PRECONDITION_FAILED, "1.0.0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_goes_with_its_creation_and_is_read_back() {
    let mut world = World::new(84);
    let (mut ann, mut ben) = (world.phone("ann"), world.phone("ben"));
    let server = Server::new(world);
    let hash = BlobHash::of(b"photo");
    ann.report_with(Some("a"), vec![hash]);
    server.sync(&mut ann).await;
    server.sync(&mut ben).await;
    let bearer = format!("Bearer {}", ann.token.clone().unwrap());
    let metadata =
        format!("hash {},kind {}", BASE64.encode(hash.to_string().as_bytes()), BASE64.encode(b"photo"));
    let create = [
        ("authorization", bearer.as_str()),
        ("upload-length", "5"),
        ("upload-metadata", metadata.as_str()),
        ("content-type", "application/offset+octet-stream"),
    ];
    for _ in 0..2 {
        let (status, headers, _) = server.ask("POST", "/v1/blobs", &create, "photo").await;
        assert_eq!((status, header(&headers, "upload-offset")), (StatusCode::CREATED, "5"));
        assert!(headers.contains_key("suishou-receipt"));
    }
    let path = suishou_core::sync::wire::blob_path(&hash);
    for _ in 0..100 {
        let (status, _, body) = server.ask("GET", &path, &create[..1], "").await;
        if status == StatusCode::OK {
            assert_eq!(body, b"photo");
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let bearer = format!("Bearer {}", ben.token.clone().unwrap());
    let (status, ..) = server.ask("GET", &path, &[("authorization", &bearer)], "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(server.relay.blob(hash).await.unwrap().bytes, b"photo");
    server.relay.revoke(ann.device).await.unwrap();
    let (status, _, body) = server.ask("GET", &path, &create[..1], "").await;
    assert_eq!((status, error_code(&body).as_str()), (StatusCode::FORBIDDEN, "revoked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_is_woken_by_what_is_theirs_only() {
    let mut world = World::new(85);
    let (mut ann, mut lea, mut ben) = (world.phone("ann"), world.phone("lea"), world.phone("ben"));
    let server = Server::new(world);
    for phone in [&mut ann, &mut lea, &mut ben] {
        server.sync(phone).await;
    }
    let wait = |phone: &Phone| {
        let cursor = phone.cursor.unwrap();
        let path = format!("/v1/sync/wait?epoch={}&seq={}", cursor.epoch, cursor.seq);
        let bearer = format!("Bearer {}", phone.token.clone().unwrap());
        let router = server.router.clone();
        tokio::spawn(async move { ask(router, "GET", &path, &[("authorization", &bearer)], "").await.0 })
    };
    let (hers, theirs, own) = (wait(&lea), wait(&ben), wait(&ann));
    ann.report("a");
    server.sync(&mut ann).await;
    let woken = tokio::time::timeout(Duration::from_secs(20), hers).await.unwrap().unwrap();
    assert_eq!(woken, StatusCode::OK);
    assert!(!theirs.is_finished() && !own.is_finished());
    theirs.abort();
    own.abort();
    let late = tokio::time::timeout(Duration::from_secs(20), wait(&lea)).await.unwrap().unwrap();
    assert_eq!(late, StatusCode::OK, "also when it was there before");
    let (status, _, body) = server.ask("GET", "/v1/sync/wait?epoch=zz&seq=1", &[], "").await;
    assert_eq!((status, error_code(&body).as_str()), (StatusCode::BAD_REQUEST, "malformed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_enrols_over_http() {
    use suishou_core::{
        id::Nonce,
        log::Key,
        sync::wire::{EnrolProof, EnrolRequest, SignedEnrolment, VERSION},
    };
    let server = Server::new(World::new(86));
    let invited = server.relay.invite(super::phone::member_id("ann"), Duration::from_mins(1)).await.unwrap();
    let key = Key::generate(&mut Random::seeded(3));
    let nonce = Nonce::new([4; 16]);
    let proof = EnrolProof { code: invited.code, public_key: key.public(), nonce };
    let proof = key.sign(&proof);
    let request = EnrolRequest {
        version: VERSION,
        code: invited.code,
        public_key: key.public(),
        proof,
        nonce,
        opening: None,
    };
    let (status, _, body) = server.ask("POST", "/v1/enrol", &[], encode(&request)).await;
    assert_eq!(status, StatusCode::OK);
    let signed: SignedEnrolment = decode(&body, "an enrolment").unwrap();
    assert_eq!(signed.enrolment.membership.member.as_str(), "ann");
    assert_eq!(server.relay.devices().await.unwrap().len(), 1);
}
