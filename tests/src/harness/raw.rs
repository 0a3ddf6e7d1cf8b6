//! A device without an app: it speaks the wire and can send anything.

use axum::{Router, body::Body};
use http_body_util::BodyExt as _;
use suishou_core::{
    entry::{BodyType, Entry, page::pack},
    id::{CategoryId, DeviceId, DocumentId, GridId, LogId, Nonce, Salt, TownshipId},
    log::{Head, Key, LogHead},
    model::{
        DocumentKind, Severity, decode, encode,
        incident::IncidentRecord,
        note::Note,
        place::{GridSource, Place},
    },
    sync::wire::{
        CONTENT_TYPE, EnrolProof, EnrolRequest, ErrorBody, Invitation, PushOutcome, SignedEnrolment,
        SignedRequest, SyncRequest, SyncResponse, VERSION, path,
    },
    time::{Random, Timestamp},
};
use tower::ServiceExt as _;

use super::Township;

/// When everything that a raw device makes was made, as it claims.
const CLAIMED_AT: Timestamp = Timestamp::from_millis(1_763_800_000_000);

/// A device without an app.
#[derive(Debug)]
pub struct RawDevice {
    /// Where it sends.
    pub router: Router,
    /// Its chance.
    pub random: Random,
    /// Its key.
    pub key: Key,
    /// Its township.
    pub township: TownshipId,
    /// Its id.
    pub device: DeviceId,
    /// Its log.
    pub log: LogId,
    /// Where its log stands.
    pub head: Head,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    /// HTTP's.
    pub status: u16,
    /// HTTP's.
    pub headers: http::HeaderMap,
    /// All of it.
    pub body: Vec<u8>,
}

impl Answer {
    /// The code of a typed error.
    pub fn code(&self) -> String {
        let body: ErrorBody = serde_json::from_slice(&self.body).expect("errors are typed");
        body.error.code
    }

    /// The answer to a sync.
    pub fn synced(&self) -> SyncResponse {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        decode(&self.body, "an answer").expect("a 200 to a sync is an answer")
    }
}

/// Hands a request to a router.
pub async fn send(router: &Router, request: http::Request<Body>) -> Answer {
    let Ok(answer) = router.clone().oneshot(request).await;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("the body is in memory").to_bytes().to_vec();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// A POST of CBOR.
pub fn post(path: &str, body: Vec<u8>) -> http::Request<Body> {
    let length = body.len();
    http::Request::post(path)
        .header("content-type", CONTENT_TYPE)
        .header("content-length", length)
        .body(Body::from(body))
        .expect("a request")
}

impl RawDevice {
    /// Enrols for a member.
    pub async fn enrol(township: &Township, member: &str, seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let key = Key::generate(&mut random);
        let invitation = Invitation::from_text(&township.invitation(member).await).expect("an invitation");
        let (code, nonce, public_key) = (invitation.code, Nonce::new(random.bytes()), key.public());
        let proof = key.sign(&EnrolProof { code, public_key, nonce });
        let body = encode(&EnrolRequest { version: VERSION, code, public_key, proof, nonce, opening: None });
        let router = township.router();
        let answer = send(&router, post(path::ENROL, body)).await;
        let signed: SignedEnrolment = decode(&answer.body, "an enrolment").expect("the invitation is valid");
        let log = LogId::new(random.bytes());
        Self {
            router,
            random,
            key,
            township: invitation.township,
            device: signed.enrolment.device,
            log,
            head: Head::START,
        }
    }

    /// An honest request that pushes these entries.
    pub fn request(&mut self, entries: &[Entry]) -> SyncRequest {
        let head = entries.iter().fold(self.head, |head, entry| head.then(&entry.header));
        let log_head = LogHead { township: self.township, device: self.device, log: self.log, head };
        SyncRequest {
            version: VERSION,
            township: self.township,
            device: self.device,
            nonce: Nonce::new(self.random.bytes()),
            cursor: None,
            log: self.log,
            from: self.head,
            page: (!entries.is_empty()).then(|| pack(entries, 3).expect("entries can be packed").0),
            head,
            head_signature: (!entries.is_empty()).then(|| self.key.sign(&log_head)),
            settings_version: 0,
        }
    }

    /// Sends a request, signed.
    pub async fn send(&self, request: &SyncRequest) -> Answer {
        let body = encode(&SignedRequest::sign(request, &self.key));
        send(&self.router, post(path::SYNC, body)).await
    }

    /// Pushes entries that make at most one page.
    pub async fn push(&mut self, entries: &[Entry]) -> SyncResponse {
        let request = self.request(entries);
        let answer = self.send(&request).await.synced();
        assert_eq!(answer.outcome, PushOutcome::Stored);
        self.head = request.head;
        answer
    }

    /// An entry of an incident around any body.
    pub fn entry(document: DocumentId, body_type: BodyType, body: Vec<u8>) -> Entry {
        Entry::new(document, DocumentKind::Incident, CLAIMED_AT, body_type, body)
            .expect("the body is not too large")
    }

    /// A report.
    pub fn record(&mut self) -> (DocumentId, Entry) {
        self.record_in(None)
    }

    /// A report in a grid.
    pub fn record_in(&mut self, grid: Option<GridId>) -> (DocumentId, Entry) {
        let document = DocumentId::at(CLAIMED_AT, self.random.bytes());
        let record = IncidentRecord {
            salt: Salt::new(self.random.bytes()),
            text: "平常的一件事".to_owned(),
            category: CategoryId::new("order").expect("a code"),
            severity: Severity::Normal,
            place: Place { grid_source: grid.as_ref().map(|_| GridSource::Chosen), grid, ..Place::default() },
            photos: Vec::new(),
            voice: None,
            patrol: None,
            is_anonymous: None,
            matter: None,
            source: None,
        };
        (document, Self::entry(document, BodyType::Record, encode(&record)))
    }

    /// A remark.
    pub fn note(&mut self, document: DocumentId) -> Entry {
        let salt = Salt::new(self.random.bytes());
        let note = Note::plain(salt, "后续".to_owned());
        Self::entry(document, BodyType::Note, encode(&note))
    }
}
