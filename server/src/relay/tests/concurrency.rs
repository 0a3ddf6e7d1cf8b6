//! The running relay: group commit, stop and start, waiting for news.

use std::sync::Arc;

use suishou_core::{
    sync::wire::SyncResponse,
    time::{Random, SharedClock},
};

use super::phone::{Phone, World};
use crate::relay::{Relay, Result};

fn relay(world: &mut World) -> Relay {
    world.stop();
    let clock: SharedClock = Arc::clone(&world.clock) as SharedClock;
    Relay::start(world.folder.path(), world.identity.clone(), clock, Random::seeded(7)).unwrap()
}

async fn exchange(relay: &Relay, phone: &mut Phone) -> Result<SyncResponse> {
    let request = phone.request();
    let response = relay.sync(phone.sign(&request)).await?;
    phone.take(&request, &response);
    Ok(response)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_phones_at_once_are_all_receipted_and_durable() {
    let mut world = World::new(71);
    let mut phones: Vec<_> = (0..40).map(|_| world.phone("ann")).collect();
    let relay = relay(&mut world);
    let mut tasks = Vec::new();
    for mut phone in phones.drain(..) {
        let relay = relay.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                let document = phone.report("a");
                phone.note(document, "more");
                let response = exchange(&relay, &mut phone).await.unwrap();
                assert_eq!(response.receipt.log_head.head, phone.head());
            }
            phone
        }));
    }
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    relay.stop().await;
    drop(relay);
    world.start();
    for phone in &mut done {
        let response = phone.sync(&mut world);
        assert_eq!(response.receipt.log_head.head, phone.head());
    }
    let mut lea = world.phone("lea");
    lea.sync(&mut world);
    assert_eq!((lea.seen.len(), lea.received), (200, 400));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_on_the_disk_whatever_happens_next() {
    let mut world = World::new(72);
    let mut ann = world.phone("ann");
    let relay = relay(&mut world);
    ann.report("a");
    exchange(&relay, &mut ann).await.unwrap();
    // What a power cut leaves: the files as they are now.
    let copy = tempfile::tempdir().unwrap();
    for name in ["township.db", "township.db-wal", "marker"] {
        let from = world.folder.path().join(name);
        if from.exists() {
            std::fs::copy(from, copy.path().join(name)).unwrap();
        }
    }
    relay.stop().await;
    world.folder = copy;
    world.start();
    assert_eq!(ann.sync(&mut world).receipt.log_head.head, ann.head());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_relay_answers_with_a_typed_error() {
    let mut world = World::new(73);
    let mut ann = world.phone("ann");
    let relay = relay(&mut world);
    relay.stop().await;
    ann.report("a");
    let request = ann.request();
    let error = relay.sync(ann.sign(&request)).await.unwrap_err();
    assert_eq!((error.code(), error.status().as_u16()), ("overloaded", 503));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_retention_run_waits_for_the_first() {
    let mut world = World::new(74);
    let relay = relay(&mut world);
    let first = relay.hold_retention().await;
    let error = relay.begin_retention(false).await.unwrap_err();
    assert_eq!((error.code(), error.status().as_u16()), ("running", 409));
    drop(first);
    relay.begin_retention(false).await.unwrap();
    relay.stop().await;
}
