//! What operators do, and what happens to the relay.

use suishou_core::{
    geo::read_geojson,
    id::{DepartmentId, DocumentId, GridId, ReasonId},
    model::incident::{FIELD_CATEGORY, FIELD_GRID, IncidentStep, StepKind},
    time::Random,
};
use suishou_server::relay::{Act, RelayError, WorkFilter};
use tempfile::TempDir;

use super::{
    deeds,
    ledger::Numbers,
    plan::Deed,
    world::{Judged, World},
};

/// A copy of the relay's folder, with what the relay had told to have by then.
#[derive(Debug)]
pub(super) struct Backup {
    folder: TempDir,
    receipted: Numbers,
}

/// What a dispatcher writes.
pub(super) const CENTRE: &str = "指挥中心";

/// The same two grids with the border between them at another place.
const BORDERS: [&str; 2] = ["119.61", "119.608"];

/// Lets a deed of the command centre, or a mishap of the relay, happen.
pub(super) async fn perform(world: &mut World, at: usize, dice: &mut Random, deed: Deed) -> Judged {
    match deed {
        Deed::RelayRestart => {
            world.township.restart().await;
            world.reconnect();
            Ok(())
        }
        Deed::RelayCrash => {
            world.township.crash().await;
            world.reconnect();
            Ok(())
        }
        Deed::Backup => {
            let folder = world.township.backup().await;
            world.reconnect();
            world.backup = Some(Backup { folder, receipted: world.ledger.receipted.clone() });
            Ok(())
        }
        Deed::CopyBack | Deed::CopyBackWhole => {
            let Some(backup) = world.backup.take() else { return Ok(()) };
            if deed == Deed::CopyBack {
                world.township.copy_back(&backup.folder).await;
            } else {
                world.township.copy_back_whole(&backup.folder).await;
            }
            world.reconnect();
            world.was_restored = true;
            world.restores += 1;
            world.was_restored_whole |= deed == Deed::CopyBackWhole;
            world.ledger.receipted.clone_from(&backup.receipted);
            world.backup = Some(backup);
            Ok(())
        }
        Deed::Revoke => {
            let carried = world.carried(at);
            let (device, member) = (carried.device, carried.member);
            world.tell_more(|| format!("{member}'s {device}"));
            fine(world.township.relay.revoke(device).await)
        }
        Deed::Allow => {
            let device = world.carried(at).device;
            fine(world.township.relay.restore_device(device).await)
        }
        Deed::MoveMember => move_member(world, dice).await,
        Deed::MoveGrids => move_grids(world, dice).await,
        _ => operate(world, dice).await,
    }
}

/// A refusal is an answer; a failure is none.
fn fine<T>(done: Result<T, RelayError>) -> Judged {
    use suishou_core::error::Error;
    match done {
        Err(RelayError::Stopped) => Err("the relay stopped".to_owned()),
        Err(RelayError::Core(error @ (Error::Store(_) | Error::Corrupt(_) | Error::File { .. }))) => {
            Err(format!("the relay: {error}"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn move_member(world: &mut World, dice: &mut Random) -> Judged {
    let relay = &world.township.relay;
    let mut members = relay.members().await.map_err(|error| error.to_string())?;
    let who = if deeds::one_in(dice, 2) { "m1" } else { "m2" };
    let grid = deeds::grid(dice);
    for member in members.iter_mut().filter(|member| member.id.as_str() == who) {
        member.grids = vec![grid.clone()];
    }
    let moved = relay.import_members(members).await;
    world.tell_more(|| format!("{who} to {grid}"));
    fine(moved)
}

async fn move_grids(world: &mut World, dice: &mut Random) -> Judged {
    let border = BORDERS.get(usize::try_from(dice.below(2)).unwrap_or(0)).copied().unwrap_or("119.61");
    let grid = |id: &str, kind: &str, parent: &str, west: &str, east: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}","name":"{id}","kind":"{kind}"{parent}}},"geometry":{{"type":"Polygon","coordinates":[[[{west},29.00],[{east},29.00],[{east},29.01],[{west},29.01],[{west},29.00]]]}}}}"#
        )
    };
    let within = r#","parent":"v1""#;
    let map = format!(
        r#"{{"type":"FeatureCollection","features":[{},{},{}]}}"#,
        grid("v1", "village", "", "119.60", "119.62"),
        grid("g1", "micro", within, "119.60", border),
        grid("g2", "micro", within, border, "119.62"),
    );
    let grids = read_geojson(map.as_bytes()).map_err(|error| error.to_string())?;
    world.tell_more(|| format!("border at {border}"));
    fine(world.township.relay.import_grids(grids).await)
}

/// A dispatcher does something with something.
async fn operate(world: &mut World, dice: &mut Random) -> Judged {
    let relay = world.township.settled().await;
    let filter = WorkFilter { limit: 500, ..WorkFilter::default() };
    let listed = relay.incidents(filter).await.map_err(|error| error.to_string())?;
    let Some(row) = (listed.len() as u64)
        .checked_sub(1)
        .and_then(|last| listed.get(usize::try_from(dice.below(last + 1)).unwrap_or(0)))
    else {
        return Ok(());
    };
    let document: DocumentId = row.row.document;
    let department = if deeds::one_in(dice, 2) { "police" } else { "market" };
    let settings = relay.settings().await;
    let reason: Option<ReasonId> = settings.reasons.first().map(|reason| reason.id.clone());
    let step = |kind| Act::step(IncidentStep::plain(kind));
    let act = match dice.below(9) {
        0 | 1 => step(StepKind::Accepted),
        2 | 3 => Act::step(IncidentStep {
            department: DepartmentId::new(department).ok(),
            ..IncidentStep::plain(StepKind::Dispatched)
        }),
        4 => step(StepKind::Verified),
        5 => step(StepKind::Closed),
        6 => Act::step(IncidentStep { reason, ..IncidentStep::plain(StepKind::Rejected) }),
        7 => Act { fields: vec![field(dice)], ..Act::default() },
        _ => Act { remark: Some(CENTRE.to_owned()), ..Act::default() },
    };
    let done = relay.act(document, act).await;
    let outcome = done.as_ref().map_or_else(ToString::to_string, |()| "done".to_owned());
    world.tell_more(|| format!("{document}: {outcome}"));
    fine(done)
}

fn field(dice: &mut Random) -> (String, String) {
    let grid: GridId = deeds::grid(dice);
    if deeds::one_in(dice, 2) {
        (FIELD_GRID.to_owned(), grid.to_string())
    } else {
        (FIELD_CATEGORY.to_owned(), deeds::category(dice).to_string())
    }
}
