//! Phones that push over real connections, without a store of their own: the load must not cost more than the
//! relay.

use std::{sync::Arc, time::Duration};

use suishou_core::{
    id::{LogId, Nonce},
    log::{Head, Key, LogHead, verify},
    model::{decode, encode},
    sync::{
        client::Client,
        exchange::{Method, Request},
        wire::{
            CONTENT_TYPE, EnrolProof, EnrolRequest, Invitation, PushOutcome, SignedEnrolment, SignedRequest,
            SyncResponse, VERSION, path,
        },
    },
    time::Random,
};
use suishou_tests::harness::RawDevice;
use tokio::{task::JoinSet, time::Instant};

use super::super::running::Running;

/// Phones that enrol at once.
const ENROLLING: usize = 16;
/// Most attempts of one push: a bound instead of trust.
const ATTEMPTS: u32 = 60;

/// One phone.
pub(super) struct Phone {
    pub(super) device: RawDevice,
    pub(super) invitation: Invitation,
    pub(super) client: Client,
    pub(super) token: Option<String>,
}

/// How a push went.
#[derive(Debug, Default)]
pub(super) struct Pushed {
    /// How long the relay took for each request that it answered with a receipt.
    pub(super) took: Duration,
    /// From the first attempt to the receipt.
    pub(super) waited: Duration,
    /// Requests without a receipt: refused for now, or cut.
    pub(super) in_vain: u32,
}

impl Phone {
    pub(super) async fn enrol(invitation: Invitation, seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let key = Key::generate(&mut random);
        let (code, nonce, public_key) = (invitation.code, Nonce::new(random.bytes()), key.public());
        let proof = key.sign(&EnrolProof { code, public_key, nonce });
        let body = encode(&EnrolRequest { version: VERSION, code, public_key, proof, nonce, opening: None });
        let client = Client::new(invitation.pin).expect("a client");
        let address = invitation.addresses.first().expect("an address").clone();
        let request = Request::new(Method::Post, path::ENROL).content(CONTENT_TYPE, body);
        let answer = client.send(&address, request).await.expect("the relay answers");
        let signed: SignedEnrolment = decode(&answer.body, "an enrolment").expect("it joins");
        let log = LogId::new(random.bytes());
        let device = RawDevice {
            router: axum::Router::new(),
            random,
            key,
            township: invitation.township,
            device: signed.enrolment.device,
            log,
            head: Head::START,
        };
        Self { device, invitation, client, token: None }
    }

    pub(super) fn address(&self) -> &str {
        self.invitation.addresses.first().map_or("", String::as_str)
    }

    /// Pushes so many reports and tries until the receipt for them is in hand.
    pub(super) async fn push(&mut self, reports: usize) -> Pushed {
        let entries: Vec<_> = (0..reports).map(|_| self.device.record().1).collect();
        let first = Instant::now();
        let mut pushed = Pushed::default();
        for _ in 0..ATTEMPTS {
            let request = self.device.request(&entries);
            let body = encode(&SignedRequest::sign(&request, &self.device.key));
            let sent = Instant::now();
            let sending = Request::new(Method::Post, path::SYNC).content(CONTENT_TYPE, body);
            let answer = self.client.send(self.address(), sending).await;
            let Ok(answer) = answer else {
                // Cut: the relay may be starting again.
                pushed.in_vain += 1;
                self.pause(Duration::from_millis(500)).await;
                continue;
            };
            if answer.status != 200 {
                pushed.in_vain += 1;
                let seconds = answer.header("retry-after").and_then(|said| said.parse().ok()).unwrap_or(1);
                self.pause(Duration::from_secs(seconds)).await;
                continue;
            }
            let response: SyncResponse = decode(&answer.body, "an answer").expect("a 200 is an answer");
            let head = LogHead {
                township: self.device.township,
                device: self.device.device,
                log: self.device.log,
                head: request.head,
            };
            let is_whole = response.receipt.log_head == head && response.receipt.nonce == request.nonce;
            let verified = verify(&self.invitation.relay_key, &response.receipt, &response.signature);
            assert!(is_whole && verified.is_ok() && response.outcome == PushOutcome::Stored, "a receipt");
            self.device.head = request.head;
            self.token = response.token.or_else(|| self.token.take());
            (pushed.took, pushed.waited) = (sent.elapsed(), first.elapsed());
            return pushed;
        }
        panic!("no receipt after {ATTEMPTS} attempts");
    }

    /// As long as was said, and up to half of it more: not all at once again.
    async fn pause(&mut self, least: Duration) {
        let [more, _] = self.device.random.bytes::<2>();
        tokio::time::sleep(least + least * u32::from(more) / 512).await;
    }
}

/// A township's phones, enrolled one after the other.
pub(super) async fn enrol(relay: &Arc<Running>, folder: &std::path::Path, count: usize) -> Vec<Phone> {
    let members = folder.join("members.csv");
    let lines: Vec<String> = (0..count).map(|number| format!("p{number},x,member,,,\n")).collect();
    std::fs::write(&members, format!("id,name,role,grids,department,phone\n{}", lines.concat()))
        .expect("a sheet");
    relay.json(&["member", "import", members.to_str().expect("a path")]);
    let mut phones = Vec::new();
    let mut enrolling = JoinSet::new();
    for number in 0..count {
        if enrolling.len() >= ENROLLING {
            phones.extend(enrolling.join_next().await.map(|phone| phone.expect("it joins")));
        }
        let relay = Arc::clone(relay);
        enrolling.spawn(async move {
            let invitation = relay.invitation(&format!("p{number}")).await;
            Phone::enrol(invitation, number as u64 + 1).await
        });
    }
    phones.extend(enrolling.join_all().await);
    phones
}

/// All push at once; what came of each.
pub(super) async fn push_all(phones: Vec<Phone>, reports: usize) -> (Vec<Phone>, Vec<Pushed>) {
    let mut storm = JoinSet::new();
    for mut phone in phones {
        storm.spawn(async move {
            let pushed = phone.push(reports).await;
            (phone, pushed)
        });
    }
    storm.join_all().await.into_iter().unzip()
}

/// The value below which 99 of 100 lie, in ms.
pub(super) fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let at = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(at).map_or(f64::MAX, |time| time.as_secs_f64() * 1e3)
}
