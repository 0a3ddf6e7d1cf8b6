//! A million documents: what a page of the feed costs then, and the relay's memory on the way.

use std::{path::Path, sync::Arc, time::Duration};

use suishou_core::{
    entry::page::unpack,
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
        running::{Running, Variables},
    },
    phones::{Phone, enrol},
};

/// One phone has all the documents here: no person's does.
const WITHOUT_QUOTAS: Variables =
    &[("SUISHOU_QUOTAS_ENTRIES_PER_HOUR", "1000000000"), ("SUISHOU_QUOTAS_ENTRIES_PER_DAY", "1000000000")];
/// Reports in one push.
const TOGETHER: usize = 250;
/// Entries of a page whose cost is measured.
const PAGE: u64 = 250;
/// So many pages are taken to know the cost of one.
const PAGES: u32 = 400;

pub(super) async fn measure(figures: &mut Figures, program: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Arc::new(Running::start_with(program, folder.path().join("relay"), WITHOUT_QUOTAS));
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

/// CPU of the relay for the feed's last [`PAGE`] entries, in ms, with TLS and HTTP.
async fn page_cost(relay: &Running, phone: &mut Phone) -> f64 {
    let status = relay.json(&["status"]);
    let epoch = status["epoch"].as_str().and_then(|epoch| epoch.parse().ok()).expect("an epoch");
    let seq = status["feed_seq"].as_u64().expect("a position").saturating_sub(PAGE);
    let cursor = Some(Cursor { epoch, seq, inside: 0 });
    let request = SyncRequest { cursor, settings_version: 10_000, ..phone.device.request(&[]) };
    let body = encode(&SignedRequest::sign(&request, &phone.device.key));
    let first = ask(phone, body.clone()).await;
    let entries = first.page.as_deref().map(unpack).transpose().expect("a page").unwrap_or_default().len();
    assert!(!first.has_more && entries as u64 == PAGE, "{entries} entries");
    let before = process_cpu(&relay.pid());
    for _ in 0..PAGES {
        ask(phone, body.clone()).await;
    }
    let spent: Duration = process_cpu(&relay.pid()).saturating_sub(before);
    (spent / PAGES).as_secs_f64() * 1e3
}

async fn ask(phone: &Phone, body: Vec<u8>) -> SyncResponse {
    let sending = Request::new(Method::Post, path::SYNC).content(CONTENT_TYPE, body);
    let answer = phone.client.send(phone.address(), sending).await.expect("the relay answers");
    decode(&answer.body, "an answer").expect("a 200 is an answer")
}
