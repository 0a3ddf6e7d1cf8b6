//! A million documents: what a page of the feed costs then, and the relay's memory on the way.

use std::{path::Path, sync::Arc, time::Duration};

use suishou_core::{
    model::{decode, encode},
    sync::{
        exchange::{Method, Request},
        wire::{CONTENT_TYPE, Cursor, SignedRequest, SyncRequest, SyncResponse, path},
    },
};

use super::{
    super::{
        figures::{Figures, tell},
        proc::{memory, process_cpu},
        program::to_f64,
        running::Running,
    },
    phones::{Phone, enrol},
};

/// Reports in one push.
const TOGETHER: usize = 250;
/// So many pages are taken to know the cost of one.
const PAGES: u32 = 400;

pub(super) async fn measure(figures: &mut Figures, program: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Arc::new(Running::start(program, folder.path().join("relay")));
    let mut writer = enrol(&relay, folder.path(), 1).await.pop().expect("a phone");
    // The same person's other phone: it gets all of it.
    let mut reader = Phone::enrol(relay.invitation("p0").await, 77).await;
    let mut documents = 0;
    let mut costs = Vec::new();
    let mut resident = Vec::new();
    for target in [1_000, 100_000, 1_000_000] {
        while documents < target {
            writer.push(TOGETHER).await;
            documents += TOGETHER;
            if documents.is_multiple_of(50_000) {
                relay.settle();
                tell(&format!(
                    "   {documents} documents, {} MB resident",
                    memory(&relay.pid(), "VmRSS") / 1_000_000
                ));
            }
        }
        relay.settle();
        let cost = page_cost(&relay, &mut reader).await;
        tell(&format!("   {documents} documents: a page costs {cost:.3} ms of the relay's CPU"));
        costs.push(cost);
        resident.push(memory(&relay.pid(), "VmRSS"));
    }
    if let ([small, _, large], [_, some, all]) = (costs.as_slice(), resident.as_slice()) {
        figures.ratio(
            "CPU of a page of the feed at 1,000,000 documents, beside 1,000",
            *large,
            "ms",
            *small,
            1.3,
        );
        let (all, some) = (to_f64(*all) / 1e6, to_f64(*some) / 1e6);
        figures.ratio("the relay's memory at 1,000,000 documents, beside 100,000", all, "MB", some, 1.2);
    }
}

/// CPU of the relay for the last page of the feed, in ms, with TLS and HTTP.
async fn page_cost(relay: &Running, phone: &mut Phone) -> f64 {
    let mut cursor: Option<Cursor> = None;
    let mut last = None;
    loop {
        let request = SyncRequest { cursor, settings_version: 10_000, ..phone.device.request(&[]) };
        let answer = ask(phone, &request).await;
        if !answer.has_more
            || cursor.is_some_and(|cursor| answer.cursor.is_some_and(|next| next.seq <= cursor.seq))
        {
            break;
        }
        last = Some(request);
        cursor = answer.cursor;
    }
    let request = last.expect("more than one page");
    let body = encode(&SignedRequest::sign(&request, &phone.device.key));
    let before = process_cpu(&relay.pid());
    for _ in 0..PAGES {
        let sending = Request::new(Method::Post, path::SYNC).content(CONTENT_TYPE, body.clone());
        let answer = phone.client.send(phone.address(), sending).await.expect("the relay answers");
        assert_eq!(answer.status, 200);
    }
    let spent: Duration = process_cpu(&relay.pid()).saturating_sub(before);
    (spent / PAGES).as_secs_f64() * 1e3
}

async fn ask(phone: &Phone, request: &SyncRequest) -> SyncResponse {
    let body = encode(&SignedRequest::sign(request, &phone.device.key));
    let sending = Request::new(Method::Post, path::SYNC).content(CONTENT_TYPE, body);
    let answer = phone.client.send(phone.address(), sending).await.expect("the relay answers");
    decode(&answer.body, "an answer").expect("a 200 is an answer")
}
