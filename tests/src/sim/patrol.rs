//! Patrols: what was walked, and what a phone may claim of it.

use std::time::Duration;

use suishou_core::{
    geo::Position,
    id::DocumentId,
    model::track::TrackFix,
    time::{Clock as _, Random},
};

use super::{
    deeds::one_in,
    world::{Judged, World},
};

/// Metres between two fixes, ten seconds apart.
const STEP_M: u64 = 12;
/// How far somebody gets while nothing is recorded, in units of 1e-7 degree.
const JUMP_E7: i32 = 60_000;
/// A degree of latitude is some 111,320 m: units of 1e-7 degree in one step.
const STEP_E7: i32 = 1_078;

/// Begins, walks, pauses, goes on or ends.
pub(super) fn perform(world: &mut World, at: usize, dice: &mut Random) -> Judged {
    let carried = world.carried(at);
    if carried.is_wiped {
        return Ok(());
    }
    let open = carried.excused(carried.phone.field().open_patrol(), "asking for the patrol")?.flatten();
    let Some(patrol) = open else {
        let started = carried.phone.field().start_patrol("巡", None, Vec::new());
        if let Some(patrol) = carried.excused(started, "starting a patrol")? {
            world.walked.insert(patrol, 0);
        }
        return Ok(());
    };
    match dice.below(8) {
        0 => carried.excused(carried.phone.field().pause_patrol(), "pausing").map(drop),
        1 => carried.excused(carried.phone.field().resume_patrol(), "going on").map(drop),
        2 if one_in(dice, 2) => carried.excused(carried.phone.field().finish_patrol(), "ending").map(drop),
        _ => walk(world, at, patrol, dice),
    }
}

/// A stretch of fixes, after a while without any.
fn walk(world: &mut World, at: usize, patrol: DocumentId, dice: &mut Random) -> Judged {
    world.pass(Duration::from_mins(20 + dice.below(60)));
    world.carried(at).north_e7 += JUMP_E7;
    let mut is_first = true;
    for _ in 0..3 + dice.below(6) {
        world.pass(Duration::from_secs(10));
        let carried = world.carried(at);
        carried.north_e7 += STEP_E7;
        let position =
            Position::from_units(carried.north_e7, 1_196_050_000).map_err(|error| error.to_string())?;
        let fix = TrackFix { at: carried.clock.now(), position, accuracy_m: 5 };
        if carried.excused(carried.phone.field().patrol_fix(fix), "a fix")?.is_none() {
            return Ok(());
        }
        if !is_first && let Some(walked_m) = world.walked.get_mut(&patrol) {
            *walked_m += STEP_M;
        }
        is_first = false;
    }
    Ok(())
}
