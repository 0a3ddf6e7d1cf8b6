//! Push and pull of the comparison's 1,000 reports, bad links, and pages at two sizes of township.

use std::time::Duration;

use suishou_core::{
    error::{Error, Result, Unreachable},
    id::GridId,
    model::encode,
    sync::{
        exchange::{Request, Response},
        session::{Session, Step},
        wire::{Cursor, SignedRequest, SyncRequest, path},
    },
    time::{Random, SharedClock},
};
use suishou_server::relay::engine::Engine;
use suishou_tests::harness::{Network, Phone, RawDevice, TestClock, Township};

use super::{
    figures::{Figures, tell},
    proc::thread_cpu,
    program::to_f64,
    work::{Plain, write_reports},
};

const REPORTS: usize = 1_000;

/// Sends what a phone has to say until nothing is left but blobs; gives the bodies that were sent.
async fn push(phone: &mut Phone) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    let mut session = Session::default();
    loop {
        let step = phone.field().ask(&mut session).expect("the store works");
        let Step::Send(request) = step else { return bodies };
        if request.path == path::SYNC {
            bodies.push(request.body.clone());
        }
        let response = phone.network.carry(request).await.expect("the network works");
        phone.field().answer(&mut session, &response).expect("the relay answers");
    }
}

fn counted(phone: &Phone) -> (u64, u64) {
    (phone.network.requests, phone.network.bytes_up + phone.network.bytes_down)
}

pub(crate) async fn measure(figures: &mut Figures) {
    let mut township = Township::new(900).await;
    let mut phone = township.phone("m1", 1).await;
    let mut reader = township.phone("m1", 2).await;
    let before = township.backup().await;
    township.reconnect(&mut phone);
    township.reconnect(&mut reader);
    let Plain { json, things } = write_reports(&mut phone, &township, REPORTS, 7);
    let floor = zstd::bulk::compress(&json, 3).expect("zstd").len();
    tell(&format!("{REPORTS} reports, {things} things done, {} bytes of JSON", json.len()));

    let start = counted(&phone);
    let bodies = push(&mut phone).await;
    let end = counted(&phone);
    assert_eq!(phone.field().counts().expect("counts").entries_pending, 0);
    let (requests, bytes) = (end.0 - start.0, end.1 - start.1);
    figures.at_most("push of 1,000 reports, requests", to_f64(requests), "requests", 10.0);
    figures.at_most("push of 1,000 reports, bytes both ways", to_f64(bytes) / 1e3, "KB", 450.0);
    figures.ratio(
        "push of 1,000 reports, beside zstd -3 of the same as JSON",
        to_f64(bytes) / 1e3,
        "KB",
        to_f64(floor as u64) / 1e3,
        1.5,
    );
    cost_of(figures, &township, before.path(), &bodies);

    // The feed runs behind the log: wait until the relay has taken everything in.
    for _ in 0..1_000 {
        let status = township.relay.status().await.expect("the relay answers");
        if status.projected_seq == status.stored_seq {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let start = counted(&reader);
    reader.sync().await.expect("the pull works");
    let end = counted(&reader);
    let there = reader.field().incidents(suishou_core::store::Mine::OrOthers, 10_000, 0).expect("a list");
    assert_eq!(there.len(), REPORTS, "everything came");
    figures.at_most(
        "pull of 1,000 reports by an empty device, requests",
        to_f64(end.0 - start.0),
        "requests",
        10.0,
    );
    figures.at_most(
        "pull of 1,000 reports by an empty device, bytes",
        to_f64(end.1 - start.1) / 1e3,
        "KB",
        450.0,
    );

    let start = counted(&reader);
    reader.sync().await.expect("the sync works");
    let end = counted(&reader);
    figures.at_most("nothing new at 1,000 documents, requests", to_f64(end.0 - start.0), "requests", 1.0);
    figures.at_most("nothing new at 1,000 documents, bytes", to_f64(end.1 - start.1), "bytes", 1_023.0);

    let mut few = township.phone("m2", 3).await;
    write_reports(&mut few, &township, 200, 8);
    let start = counted(&few);
    push(&mut few).await;
    figures.at_most(
        "push of 200 reports, round trips after connect (300 ms each)",
        to_f64(counted(&few).0 - start.0),
        "round trips",
        2.0,
    );
    cut_link(figures, &township, bytes).await;
}

/// Replays the very requests on a copy of the relay, in one thread.
fn cost_of(figures: &mut Figures, township: &Township, folder: &std::path::Path, bodies: &[Vec<u8>]) {
    let clock: SharedClock = std::sync::Arc::new(TestClock::new());
    let mut engine =
        Engine::open(folder, township.identity().clone(), clock, Random::seeded(1)).expect("the copy opens");
    let (mut receipts, mut rows) = (Duration::ZERO, Duration::ZERO);
    for body in bodies {
        let start = thread_cpu();
        let checked = engine.check(body).expect("an honest request");
        engine.store(std::slice::from_ref(&checked)).expect("it is stored");
        let stored = thread_cpu();
        while engine.project().expect("it is projected") {}
        receipts += stored.saturating_sub(start);
        rows += thread_cpu().saturating_sub(stored);
    }
    let each = |cost: Duration| cost.as_secs_f64() * 1e3 / to_f64(REPORTS as u64);
    figures.at_most("relay CPU a report, up to the receipt", each(receipts), "ms", 0.1);
    figures.at_most("relay CPU a report, with documents and rows", each(receipts + rows), "ms", 0.4);
}

/// A link that is cut whenever another 200 KB have passed.
struct Cut<'a> {
    network: &'a mut Network,
    left: u64,
    passed: u64,
}

const CUT_BYTES: u64 = 200_000;

impl Cut<'_> {
    async fn carry(&mut self, request: Request) -> Result<Response> {
        let size = request.body.len() as u64 + 300;
        if !self.take(size) {
            return Err(Error::Offline(Unreachable::Cut));
        }
        let response = self.network.carry(request).await?;
        if self.take(response.body.len() as u64 + 200) {
            Ok(response)
        } else {
            Err(Error::Offline(Unreachable::Cut))
        }
    }

    /// Counts what passes; what is cut off has passed all the same.
    fn take(&mut self, size: u64) -> bool {
        let is_whole = size <= self.left;
        self.passed += size.min(self.left);
        self.left = if is_whole { self.left - size } else { CUT_BYTES };
        is_whole
    }
}

async fn cut_link(figures: &mut Figures, township: &Township, uncut: u64) {
    let mut phone = township.phone("l1", 4).await;
    write_reports(&mut phone, township, REPORTS, 9);
    let Phone { network, .. } = &mut phone;
    let mut network = std::mem::replace(network, Network::to(township.router()));
    let mut link = Cut { network: &mut network, left: CUT_BYTES, passed: 0 };
    let mut session = Session::default();
    let mut tries = 0;
    while phone.field().counts().expect("counts").entries_pending > 0 {
        tries += 1;
        assert!(tries < 100, "the push does not end");
        while let Step::Send(request) = phone.field().ask(&mut session).expect("the store works") {
            let Ok(response) = link.carry(request).await else {
                session.lost();
                break;
            };
            phone.field().answer(&mut session, &response).expect("the relay answers");
        }
    }
    figures.ratio(
        "push of 1,000 reports over a link that cuts every 200 KB",
        to_f64(link.passed) / 1e3,
        "KB",
        to_f64(uncut) / 1e3,
        1.3,
    );
}

/// The cost of a page at 1,000 and at 100,000 documents.
pub(crate) async fn measure_sizes(figures: &mut Figures) {
    let township = Township::new(902).await;
    let mut writer = RawDevice::enrol(&township, "m1", 5).await;
    let mut reader = RawDevice::enrol(&township, "m1", 6).await;
    township.relay.stop().await;
    let clock: SharedClock = std::sync::Arc::new(TestClock::new());
    let mut engine = Engine::open(township.folder(), township.identity().clone(), clock, Random::seeded(1))
        .expect("the relay's folder opens");
    let mut costs = Vec::new();
    let mut documents = 0;
    for target in [1_000, 100_000] {
        while documents < target {
            let grid = GridId::new("g1").expect("a code");
            let entries: Vec<_> = (0..250).map(|_| writer.record_in(Some(grid.clone())).1).collect();
            let request = writer.request(&entries);
            let head = request.head;
            engine.sync(&signed(&writer, &request)).expect("the push works");
            writer.head = head;
            documents += entries.len();
        }
        let (page, nothing) = page_cost(&mut engine, &mut reader);
        costs.push((page, nothing));
        tell(&format!("{documents} documents: a page costs {page:.3} ms, nothing new {nothing:.3} ms"));
    }
    if let [(small, _), (large, _)] = costs.as_slice() {
        figures.ratio(
            "CPU of a page of the feed at 100,000 documents, beside 1,000",
            *large,
            "ms",
            *small,
            1.3,
        );
    }
    let request = SyncRequest {
        cursor: Some(end_of(&mut engine, &mut reader)),
        settings_version: 10_000,
        ..reader.request(&[])
    };
    let body = signed(&reader, &request);
    let answer = encode(&engine.sync(&body).expect("the sync works"));
    let bytes = body.len() + answer.len() + 400;
    figures.at_most(
        "nothing new at 100,000 documents, bytes with heads",
        to_f64(bytes as u64),
        "bytes",
        1_023.0,
    );
}

fn signed(device: &RawDevice, request: &SyncRequest) -> Vec<u8> {
    encode(&SignedRequest::sign(request, &device.key))
}

/// So many pages are taken to know the cost of one.
const PAGES: u32 = 400;

/// The cursor at the end of the feed.
fn end_of(engine: &mut Engine, reader: &mut RawDevice) -> Cursor {
    let epoch = engine.epoch();
    let mut cursor = Cursor { epoch, seq: 0, inside: 0 };
    loop {
        let request = SyncRequest { cursor: Some(cursor), ..reader.request(&[]) };
        let answer = engine.sync(&signed(reader, &request)).expect("the pull works");
        cursor = answer.cursor.expect("a cursor");
        if !answer.has_more {
            return cursor;
        }
    }
}

/// CPU of a page of 200 entries before the end, and of nothing new, in ms; the least of many.
fn page_cost(engine: &mut Engine, reader: &mut RawDevice) -> (f64, f64) {
    let end = end_of(engine, reader);
    let mut measure = |cursor: Cursor| {
        // The kernel counts in ticks: so many that a tick does not matter.
        let request = SyncRequest { cursor: Some(cursor), ..reader.request(&[]) };
        let body = signed(reader, &request);
        let start = thread_cpu();
        for _ in 0..PAGES {
            drop(engine.sync(&body).expect("the pull works"));
        }
        thread_cpu().saturating_sub(start).as_secs_f64() * 1e3 / f64::from(PAGES)
    };
    (measure(Cursor { seq: end.seq.saturating_sub(200), ..end }), measure(end))
}
