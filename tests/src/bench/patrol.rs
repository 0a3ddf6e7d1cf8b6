//! A day of patrol: eight hours, a fix each five seconds, with the drift of a real receiver.

use std::time::Duration;

use suishou_core::{geo::Position, id::GridId, model::track::TrackFix, time::Clock as _};
use suishou_tests::{
    harness::Township,
    world::{
        dice::Dice,
        walk::{Interruptions, WalkItem, walk},
    },
};

use super::{figures::Figures, proc::memory, program::to_f64};

/// Eight hours of one fix each five seconds.
const FIXES: usize = 5_760;
/// After so many the memory is looked at first: an hour.
const FIRST: usize = 720;

/// Bytes on the wire, and memory that grows with the length.
pub(crate) async fn measure(figures: &mut Figures) {
    let township = Township::new(903).await;
    let mut phone = township.phone("m1", 9).await;
    phone.sync().await.expect("the phone syncs");
    let before = phone.network.bytes_up + phone.network.bytes_down;
    let mut dice = Dice::new(903);
    phone.field().start_patrol("", GridId::new("g1").ok(), Vec::new()).expect("a patrol begins");
    let mut fixes = Vec::new();
    while fixes.len() < FIXES {
        let waypoints: Vec<Position> = (0..40)
            .map(|_| {
                Position::new(dice.between(29.0, 29.01), dice.between(119.60, 119.61)).expect("on Earth")
            })
            .collect();
        for item in walk(&waypoints, township.time.now(), Interruptions::None, &mut dice) {
            if let WalkItem::Fix { position, accuracy_m, .. } = item {
                fixes.push((position, accuracy_m));
            }
        }
    }
    let mut first = 0;
    for (index, (position, accuracy_m)) in fixes.into_iter().take(FIXES).enumerate() {
        township.time.advance(Duration::from_secs(5));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "4 to 30 metres")]
        let accuracy_m = accuracy_m.round() as u32;
        let fix = TrackFix { at: township.time.now(), position, accuracy_m };
        phone.field().patrol_fix(fix).expect("the fix is kept");
        if index == FIRST {
            first = memory("self", "VmRSS");
        }
    }
    let grown = memory("self", "VmRSS").saturating_sub(first);
    phone.field().finish_patrol().expect("the patrol ends");
    phone.sync().await.expect("the phone syncs");
    let bytes = phone.network.bytes_up + phone.network.bytes_down - before;
    figures.at_most("a day of patrol on the wire (8 h, a fix each 5 s)", to_f64(bytes), "bytes", 61_440.0);
    figures.at_most("memory grown from its 1st to its 8th hour", to_f64(grown), "bytes", 1_048_576.0);
}
