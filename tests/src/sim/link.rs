//! Exchanges with the relay, and all that can go wrong with them.

use suishou_core::{error::Error, sync::session::Step, time::Random};

use super::{
    plan::Deed,
    world::{Judged, World, is_no_news},
};
use crate::harness::Fault;

/// What may happen to an exchange, and how often of 24 times.
const FAULTS: [(u64, Fault); 9] = [
    (13, Fault::None),
    (2, Fault::RequestLost),
    (2, Fault::AnswerLost),
    (1, Fault::Twice),
    (1, Fault::Portal),
    (1, Fault::BadGateway),
    (1, Fault::AnswerCut),
    (2, Fault::AnswerFlipped),
    (1, Fault::RequestFlipped),
];
/// Old requests and answers that are remembered.
const REMEMBERED: usize = 8;
/// Most exchanges of one deed.
const MOST: usize = 30;

fn fault(dice: &mut Random) -> Fault {
    let mut left = dice.below(24);
    for (share, fault) in FAULTS {
        if left < share {
            return fault;
        }
        left -= share;
    }
    Fault::None
}

/// One exchange, or several until one goes wrong.
pub(super) async fn exchange(world: &mut World, at: usize, dice: &mut Random, deed: Deed) -> Judged {
    let count = if deed == Deed::Sync { MOST } else { 1 };
    for _ in 0..count {
        let fault = if deed == Deed::Sync && dice.below(6) > 0 { Fault::None } else { fault(dice) };
        if !once(world, at, fault).await? {
            break;
        }
    }
    Ok(())
}

/// One exchange; false if the session is over.
async fn once(world: &mut World, at: usize, fault: Fault) -> Judged<bool> {
    world.township.settled().await;
    let carried = world.carried(at);
    let asked = carried.phone.field().ask(&mut carried.session);
    let asked = over(world, at, asked)?;
    let Some(Step::Send(request)) = asked else {
        // Done, or at an end: the next deed begins a new session.
        world.carried(at).session = suishou_core::sync::session::Session::default();
        return Ok(false);
    };
    world.tally.exchanges += 1;
    if world.requests.len() >= REMEMBERED {
        world.requests.pop_front();
    }
    world.requests.push_back(request.clone());
    let path = request.path.clone();
    let carried = world.carried(at);
    carried.phone.network.break_next([fault]);
    let came = carried.phone.network.carry(request).await;
    let taken = match came {
        Ok(response) => {
            if fault == Fault::None {
                if carried.answers.len() >= REMEMBERED {
                    carried.answers.pop_front();
                }
                carried.answers.push_back(response.clone());
            }
            carried.phone.field().answer(&mut carried.session, &response)
        }
        Err(error) => {
            carried.session.lost();
            Err(error)
        }
    };
    let member = carried.member;
    world.tell_more(|| {
        let outcome = taken.as_ref().map_or_else(ToString::to_string, |()| "ok".to_owned());
        format!("{member} {path} {fault:?}: {outcome};")
    });
    let is_garbled = matches!(fault, Fault::AnswerFlipped | Fault::AnswerCut | Fault::RequestFlipped);
    match taken {
        Err(Error::Invalid { .. } | Error::RelayRefused { .. } | Error::NotEnrolled) if is_garbled => {
            Ok(false)
        }
        Err(Error::RelayRefused { .. }) => Ok(false),
        other => Ok(over(world, at, other)?.is_some()),
    }
}

/// What may come of an exchange; none if the session is over.
fn over<T>(world: &mut World, at: usize, tried: Result<T, Error>) -> Judged<Option<T>> {
    let is_full = world.carried(at).full_for > 0;
    match tried {
        Ok(done) => Ok(Some(done)),
        Err(Error::Revoked) => {
            let restores = world.restores;
            world.carried(at).look_whether_wiped(restores);
            Ok(None)
        }
        Err(Error::StorageFull) if is_full => Ok(None),
        // The relay is older than this phone's enrolment, or the request was garbled.
        Err(Error::NotEnrolled) => Ok(None),
        Err(error) if is_no_news(&error) => Ok(None),
        Err(error) => Err(format!("{}'s phone, at the relay: {error}", world.carried(at).member)),
    }
}

/// Something that was sent before arrives again; nobody waits for the answer.
pub(super) async fn stale_request(world: &mut World, dice: &mut Random) -> Judged {
    let count = world.requests.len() as u64;
    if count == 0 {
        return Ok(());
    }
    let at = usize::try_from(dice.below(count)).unwrap_or(0);
    let Some(request) = world.requests.get(at).cloned() else { return Ok(()) };
    drop(world.carried(0).phone.network.deliver(request).await);
    Ok(())
}

/// An answer to an earlier question comes instead of the one to this.
pub(super) fn stale_answer(world: &mut World, at: usize, dice: &mut Random) -> Judged {
    let carried = world.carried(at);
    let count = carried.answers.len() as u64;
    if count == 0 {
        return Ok(());
    }
    let old = usize::try_from(dice.below(count)).unwrap_or(0);
    let asked = carried.phone.field().ask(&mut carried.session);
    let Some(Step::Send(_)) = over(world, at, asked)? else { return Ok(()) };
    let carried = world.carried(at);
    let Some(answer) = carried.answers.get(old).cloned() else { return Ok(()) };
    match carried.phone.field().answer(&mut carried.session, &answer) {
        Err(Error::Invalid { .. } | Error::RelayRefused { .. }) => Ok(()),
        other => over(world, at, other).map(drop),
    }
}
