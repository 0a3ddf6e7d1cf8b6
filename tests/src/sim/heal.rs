//! The faults end: clocks are right, phones are allowed, sealed work is opened, and everybody talks to the relay until
//! there is nothing more to say.

use std::collections::BTreeSet;

use suishou_core::{error::Error, id::DeviceId};

use super::world::{Judged, World, is_no_news};

/// Within so many rounds everything must be where it belongs.
const MOST_ROUNDS: usize = 50;

/// Ends all faults and syncs until nothing is left.
pub(super) async fn heal(world: &mut World) -> Judged {
    for carried in &mut world.phones {
        carried.clock.set_off(0);
        carried.phone.network.heal();
        carried.full_for = 0;
        carried.phone.kill();
        carried.phone.start();
        carried.is_new();
    }
    allow_all(world).await?;
    for round in 0.. {
        if round == MOST_ROUNDS {
            return Err(format!("the phones do not come to an end in {MOST_ROUNDS} rounds"));
        }
        world.tally.rounds += 1;
        let is_news = everybody(world, round).await?;
        // What a revoked phone says of itself on the way is only known now.
        let is_new = allow_all(world).await?;
        if !is_news && !is_new {
            return Ok(());
        }
    }
    Ok(())
}

/// A round: whether anything moved.
async fn everybody(world: &mut World, round: usize) -> Judged<bool> {
    let mut is_news = false;
    let restores = world.restores;
    for at in 0..world.phones.len() {
        let carried = world.carried(at);
        if carried.is_wiped {
            continue;
        }
        let member = carried.member;
        match carried.phone.sync().await {
            Ok(figures) => {
                let counts = carried.phone.field().counts().map_err(|error| error.to_string())?;
                is_news |= figures.entries_receipted
                    + figures.entries_received
                    + figures.blobs_receipted
                    + figures.forks
                    > 0
                    || counts.entries_pending > 0;
                world.tell(|| format!("round {round} {member}: {figures:?}"));
            }
            Err(Error::Revoked) => {
                carried.look_whether_wiped(restores);
                is_news = true;
            }
            Err(error) if is_no_news(&error) => {
                world.tell(|| format!("round {round} {member}: {error}"));
                is_news = true;
            }
            Err(error) => return Err(format!("{member}'s phone does not sync any more: {error}")),
        }
    }
    Ok(is_news)
}

/// Revoked phones are wanted again, what they sealed is opened; whether there was any.
async fn allow_all(world: &mut World) -> Judged<bool> {
    let mut is_new = false;
    let relay = world.township.settled().await.clone();
    let devices = relay.devices().await.map_err(|error| error.to_string())?;
    let revoked: BTreeSet<DeviceId> =
        devices.iter().filter(|device| device.is_revoked).map(|device| device.id).collect();
    for device in revoked {
        relay.restore_device(device).await.map_err(|error| error.to_string())?;
        is_new = true;
    }
    for at in 0..world.phones.len() {
        let carried = world.carried(at);
        let Some(bundle) = carried.sealed()? else { continue };
        let device = carried.device;
        let spooled = relay.spool_bundle().await.map_err(|error| error.to_string())?;
        spooled.write(&bundle).map_err(|error| error.to_string())?;
        relay.import_bundle(spooled).await.map_err(|error| format!("a sealed bundle: {error}"))?;
        relay.release_of(device).await.map_err(|error| error.to_string())?;
        is_new = true;
    }
    Ok(is_new)
}

impl super::world::Carried {
    /// The bundle of a phone that sealed its work, once.
    fn sealed(&mut self) -> Judged<Option<Vec<u8>>> {
        if !self.is_wiped || self.is_opened {
            return Ok(None);
        }
        self.is_opened = true;
        let Some(note) = self.phone.field().revoked() else { return Ok(None) };
        let Some(name) = note.bundle else { return Ok(None) };
        std::fs::read(self.phone.folder().join(name))
            .map(Some)
            .map_err(|error| format!("a sealed bundle: {error}"))
    }
}
