//! The courier: takes what waits to whom it is for. One request a hook at a time, so that a receiver that
//! hangs holds up itself alone; what is not taken waits longer each time, and after three days is given up.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

use suishou_core::time::Timestamp;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Tested,
    send::{Failed, PATIENCE, Packet, send},
};
use crate::{
    db::{
        self,
        webhook::{Hook, Item},
    },
    relay::{
        Relay,
        engine::Engine,
        error::{RelayError, Result},
        signature,
    },
};

/// After the first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_hours(6);
/// What is not taken for so long is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(72);
/// Up to a fifth of a pause more, so that not everything comes back at once.
const JITTER_PARTS: u64 = 5;
/// After a failure a hook rests so long at most: others of its items are tried then.
const HOOK_PAUSE: Duration = Duration::from_mins(1);
/// What was taken is remembered so long.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);
/// When nothing is due the courier looks again after so long at the latest.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// After the database could not be asked.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

impl Engine {
    /// Notes what became of an item. Answers with when its hook is to be tried again.
    pub fn settle_event(&mut self, row: i64, outcome: Result<(), Failed>) -> Result<Option<Timestamp>> {
        self.write(|work| {
            let now = work.now;
            let Err(failed) = outcome else {
                let forget = now.millis().saturating_sub(millis(REMEMBERED));
                db::webhook::settle_sent(work.transaction, row, now, Timestamp::from_millis(forget))?;
                return Ok(None);
            };
            let item = db::webhook::item(work.transaction, row)?.ok_or(RelayError::NotFound)?;
            let pause = pause_after(item.attempts, |bound| work.random.below(bound));
            let next_at = now.after(pause);
            let is_given_up = next_at.since(item.since) > GIVEN_UP_AFTER;
            tracing::info!(webhook = item.hook, event = item.event, error = %failed, is_given_up, "not delivered");
            let again = (!is_given_up).then_some(next_at);
            db::webhook::settle_failed(work.transaction, row, &failed.to_string(), now, again)?;
            Ok(Some(now.after(pause.min(HOOK_PAUSE))))
        })
    }
}

/// Twice as long each time, and some chance.
fn pause_after(attempts: u64, mut below: impl FnMut(u64) -> u64) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(20);
    let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE);
    let most = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) / JITTER_PARTS;
    pause + Duration::from_millis(below(most))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn packet(hook: &Hook, item: Item) -> Packet {
    Packet {
        url: hook.url.clone(),
        secret: hook.secret.clone(),
        authority: hook.authority.clone(),
        event: item.event,
        kind: item.kind,
        payload: item.payload,
    }
}

async fn is_stopping(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|is_stopping| *is_stopping).await);
}

/// What the courier found to do.
struct Round {
    now: Timestamp,
    due: Vec<(Hook, Item)>,
    next_at: Option<Timestamp>,
}

/// Sends a relay's events.
#[derive(Debug)]
pub struct Courier {
    relay: Relay,
    own: Vec<SocketAddr>,
    busy: BTreeSet<String>,
    resting: BTreeMap<String, Timestamp>,
    under_way: JoinSet<(String, Option<Timestamp>)>,
}

impl Courier {
    /// For a relay that listens at these addresses.
    pub fn new(relay: Relay, own: Vec<SocketAddr>) -> Self {
        Self { relay, own, busy: BTreeSet::new(), resting: BTreeMap::new(), under_way: JoinSet::new() }
    }

    /// Works until told to stop; what is under way then gets its time.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            let pause = match self.begin().await {
                Ok(pause) => pause,
                Err(RelayError::Stopped) => return,
                Err(error) => {
                    tracing::warn!(%error, "webhooks could not be looked after");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = is_stopping(&mut stopped) => break,
                Some(done) = self.under_way.join_next() => self.end(done).await,
                () = self.relay.inner.shared.events.notified() => {}
                () = sleep(pause) => {}
            }
        }
        drop(timeout(PATIENCE, async { while self.under_way.join_next().await.is_some() {} }).await);
        self.under_way.shutdown().await;
    }

    /// Sends what is due to hooks that are free; answers with how long there is nothing else to do.
    async fn begin(&mut self) -> Result<Duration> {
        let now = self.relay.inner.shared.clock.now();
        self.resting.retain(|_, until| *until > now);
        let taken: BTreeSet<String> = self.busy.iter().chain(self.resting.keys()).cloned().collect();
        let round = self.relay.round(taken).await?;
        for (hook, item) in round.due {
            self.busy.insert(hook.id.clone());
            let (relay, own) = (self.relay.clone(), self.own.clone());
            let (row, name) = (item.row, hook.id.clone());
            let packet = packet(&hook, item);
            self.under_way.spawn(async move {
                let seconds = signature::seconds(relay.inner.shared.clock.now());
                let outcome = send(&packet, seconds, &own).await;
                (name, relay.settled(row, outcome).await)
            });
        }
        let next = round.next_at.into_iter().chain(self.resting.values().copied()).min();
        let pause = next.map_or(LOOK_AGAIN, |at| at.since(round.now)).min(LOOK_AGAIN);
        Ok(pause + Duration::from_millis(1))
    }

    async fn end(&mut self, done: Result<(String, Option<Timestamp>), tokio::task::JoinError>) {
        if let Ok((hook, until)) = done {
            self.busy.remove(&hook);
            self.resting.extend(until.map(|until| (hook, until)));
        } else {
            tracing::error!("a delivery panicked");
            self.under_way.shutdown().await;
            self.busy.clear();
        }
    }
}

impl Relay {
    /// One item of each hook that is not taken.
    async fn round(&self, taken: BTreeSet<String>) -> Result<Round> {
        self.with(move |connection, shared| {
            let now = shared.clock.now();
            let mut round = Round { now, due: Vec::new(), next_at: None };
            let hooks = db::webhook::hooks(connection)?.into_iter();
            for hook in hooks.filter(|hook| hook.is_enabled && !taken.contains(&hook.id)) {
                if let Some(item) = db::webhook::due(connection, &hook.id, now)? {
                    round.due.push((hook, item));
                } else {
                    let next = db::webhook::next_at(connection, &hook.id, now)?;
                    round.next_at = round.next_at.into_iter().chain(next).min();
                }
            }
            Ok(round)
        })
        .await
    }

    /// What was sent and can't be noted is sent again: the receiver knows it by its id.
    async fn settled(&self, row: i64, outcome: Result<(), Failed>) -> Option<Timestamp> {
        match self.call(move |engine| engine.settle_event(row, outcome)).await {
            Ok(until) => until,
            Err(error) => {
                tracing::warn!(%error, "a delivery could not be noted");
                Some(self.inner.shared.clock.now().after(HOOK_PAUSE))
            }
        }
    }

    /// Sends a hook an event that says nothing, now and once.
    pub async fn test_hook(&self, hook: String, own: Vec<SocketAddr>) -> Result<Tested> {
        let found = self.with(move |connection, _| Ok(db::webhook::hook(connection, &hook)?)).await?;
        let hook = found.ok_or(RelayError::NotFound)?;
        let shared = &self.inner.shared;
        let now = shared.clock.now();
        let event = format!("test-{}", now.millis());
        let payload = serde_json::json!({
            "event": event, "kind": "test", "at": now, "township": shared.identity.township,
        });
        let packet = Packet {
            url: hook.url,
            secret: hook.secret,
            authority: hook.authority,
            event,
            kind: "test".to_owned(),
            payload: payload.to_string(),
        };
        let outcome = send(&packet, signature::seconds(now), &own).await;
        Ok(Tested { is_delivered: outcome.is_ok(), error: outcome.err().map(|failed| failed.to_string()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_six_hours_and_never_shrink() {
        let pauses: Vec<u64> = (0..30).map(|attempts| pause_after(attempts, |_| 0).as_secs()).collect();
        assert_eq!(pauses.get(..5), Some([10, 20, 40, 80, 160].as_slice()));
        assert_eq!((pauses[11], pauses[12], pauses[29]), (20_480, 21_600, 21_600));
        let most = pause_after(0, |bound| bound.saturating_sub(1));
        assert!(most > Duration::from_secs(11) && most < Duration::from_secs(12), "{most:?}");
    }
}
