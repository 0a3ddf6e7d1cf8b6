//! Somebody with a township's invitation and no app, who sends what no app sends.

use suishou_core::{
    entry::{BodyType, Entry},
    id::{DocumentId, LogId},
    log::Head,
    model::decode,
    sync::wire::{PushOutcome, SyncResponse},
    time::Random,
};
use suishou_server::relay::WorkFilter;

use super::world::{Judged, World};
use crate::harness::{RawDevice, Township};

/// Somebody without an app.
#[derive(Debug)]
pub(super) struct Stranger {
    device: RawDevice,
    /// Documents that they made: they are nobody's report.
    pub made: Vec<DocumentId>,
}

impl Stranger {
    /// Enrols as a grid member.
    pub(super) async fn enrol(township: &Township, seed: u64) -> Self {
        Self { device: RawDevice::enrol(township, "m2", seed ^ 0xBAD).await, made: Vec::new() }
    }

    /// The relay runs anew.
    pub(super) fn reconnect(&mut self, township: &Township) {
        self.device.router = township.router();
    }

    async fn push(&mut self, entries: &[Entry]) -> Judged {
        let request = self.device.request(entries);
        let answer = self.device.send(&request).await;
        if answer.status >= 500 {
            return Err(format!("a poisoned request makes the relay fail: {}", answer.status));
        }
        let synced: Option<SyncResponse> = decode(&answer.body, "an answer").ok();
        if synced.is_some_and(|synced| synced.outcome == PushOutcome::Stored) {
            self.device.head = request.head;
        } else {
            // An older copy of the relay knows less of the log: another one.
            self.device.log = LogId::new(self.device.random.bytes());
            self.device.head = Head::START;
        }
        Ok(())
    }
}

/// Sends something crafted about something real, or something unreadable about nothing.
pub(super) async fn poison(world: &mut World, dice: &mut Random) -> Judged {
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let listed = world.township.settled().await.incidents(filter).await.map_err(|error| error.to_string())?;
    let target = (listed.len() as u64)
        .checked_sub(1)
        .and_then(|last| listed.get(usize::try_from(dice.below(last + 1)).unwrap_or(0)))
        .map(|listed| listed.row.document);
    let (fresh, record) = world.stranger.device.record();
    let entry = match (dice.below(4), target) {
        // Bytes that begin as a change does.
        (0, Some(document)) => {
            let mut body = vec![0x85, 0x6f, 0x4a, 0x83];
            body.extend(dice.bytes::<48>());
            RawDevice::entry(document, BodyType::Change, body)
        }
        // A second record for somebody's document.
        (1, Some(document)) => {
            RawDevice::entry(document, BodyType::Record, record.body.clone().unwrap_or_default())
        }
        (2, Some(document)) => RawDevice::entry(document, BodyType::Note, dice.bytes::<32>().to_vec()),
        _ => RawDevice::entry(fresh, BodyType::Record, dice.bytes::<32>().to_vec()),
    };
    world.stranger.made.push(fresh);
    world.stranger.push(&[entry]).await
}
