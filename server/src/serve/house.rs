//! What a running relay does beside answering: takes its scheduled backups, and watches whether the disk fails.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::is_stopping;
use crate::relay::Relay;

/// How often it is looked whether a backup is due.
const LOOK: Duration = Duration::from_secs(60);
/// How often it is looked whether the disk failed.
const WATCH: Duration = Duration::from_millis(250);

/// Takes scheduled backups until told to stop.
pub(super) async fn keep(relay: Relay, mut stopped: watch::Receiver<bool>) {
    let mut clock = interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = is_stopping(&mut stopped) => return,
            _ = clock.tick() => {}
        }
        tokio::select! {
            () = is_stopping(&mut stopped) => return,
            _ = relay.keep_house() => {}
        }
    }
}

/// Ends when the disk has failed.
pub(super) async fn disk_failed(relay: &Relay) {
    let mut clock = interval(WATCH);
    while !relay.blobs().has_disk_failed() {
        clock.tick().await;
    }
}
