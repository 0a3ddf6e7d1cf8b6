//! 1,200 phones that wait for news, and a notice for all of them.

use std::{path::Path, sync::Arc};

use serde_json::json;
use suishou_core::sync::{
    exchange::{Method, Request},
    wire::path,
};
use tokio::{sync::Barrier, task::JoinSet, time::Instant};

use super::{
    super::{figures::Figures, running::Running},
    PHONES,
    phones::{enrol, p99, push_all},
};

pub(super) async fn measure(figures: &mut Figures, program: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Arc::new(Running::start(program, folder.path().join("relay")));
    let phones = enrol(&relay, folder.path(), PHONES).await;
    // Each has a token from its last exchange.
    let (phones, _) = push_all(phones, 1).await;
    relay.settle();
    let status = relay.json(&["status"]);
    let (epoch, seq) = (status["epoch"].as_str().unwrap_or_default(), status["feed_seq"].as_u64());
    let waiting_at = format!("{}?epoch={epoch}&seq={}", path::WAIT, seq.unwrap_or(0));
    let ready = Arc::new(Barrier::new(PHONES + 1));
    let mut waiting = JoinSet::new();
    for phone in phones {
        let (ready, path) = (Arc::clone(&ready), waiting_at.clone());
        waiting.spawn(async move {
            let token = phone.token.clone().unwrap_or_default();
            ready.wait().await;
            let request = Request::new(Method::Get, &path).bearer(&token);
            let answer = phone.client.send(phone.address(), request).await.expect("the relay answers");
            assert_eq!(answer.status, 200, "there is news");
            Instant::now()
        });
    }
    ready.wait().await;
    // Until all of them hang there.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let begun = Instant::now();
    let notice = json!({ "title": "x", "text": "x", "audience": { "is_everyone": true } });
    relay.ask("/api/notices", &notice).await;
    let woken: Vec<_> = waiting.join_all().await.into_iter().map(|at| at.duration_since(begun)).collect();
    figures.at_most("1,200 waiting phones woken by a notice, p99", p99(woken), "ms", 200.0);
}
