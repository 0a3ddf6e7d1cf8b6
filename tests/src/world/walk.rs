//! A patrol as the phone's satellite receiver and operating system tell it: fixes with drifting
//! error, and the holes that hills, battery managers and lunch leave.

use std::time::Duration;

use suishou_core::{geo::Position, time::Timestamp};

use super::{dice::Dice, plane::Point};

const SPEED_M_PER_S: f64 = 1.2;
/// One fix each.
const STEP: Duration = Duration::from_secs(5);
const STEP_S: f64 = 5.0;
const BEST_ACCURACY_M: f64 = 4.0;
const WORST_ACCURACY_M: f64 = 30.0;

/// One thing that happens to the app on a walk, in order of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WalkItem {
    /// The receiver gave a position.
    Fix {
        /// When.
        at: Timestamp,
        /// Where, with the error that `accuracy_m` speaks of.
        position: Position,
        /// Radius in which the true place lies in 68 % of cases.
        accuracy_m: f64,
    },
    /// The receiver gave nothing while the person walked on.
    NoFix {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// The operating system ended the app while the person walked on.
    Killed {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// The person paused the patrol.
    Pause {
        /// When.
        at: Timestamp,
    },
    /// The person went on.
    Resume {
        /// When.
        at: Timestamp,
    },
}

/// How often a walk is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruptions {
    /// Never: a fix for every step.
    None,
    /// About every twenty minutes, for 1 to 10 minutes.
    Usual,
}

/// Walks through all `waypoints` in order, starting at the first one at `start_at`.
pub fn walk(
    waypoints: &[Position],
    start_at: Timestamp,
    interruptions: Interruptions,
    dice: &mut Dice,
) -> Vec<WalkItem> {
    let mut receiver = Receiver::new(dice);
    let mut path = Path::new(waypoints);
    let mut items = Vec::new();
    let mut at = start_at;
    while let Some(place) = path.here() {
        items.push(receiver.fix(place, at, dice));
        at = at.after(STEP);
        path.forward(SPEED_M_PER_S * STEP_S);
        if interruptions == Interruptions::None || !dice.chance(STEP_S / 1_200.0) {
            continue;
        }
        let steps = dice.within(12, 120);
        let from = at;
        at = at.after(STEP * steps);
        let walked = SPEED_M_PER_S * STEP_S * f64::from(steps);
        match dice.below(3) {
            0 => {
                items.push(WalkItem::NoFix { from, to: at });
                path.forward(walked);
            }
            1 => {
                items.push(WalkItem::Killed { from, to: at });
                path.forward(walked);
            }
            _ => items.extend([WalkItem::Pause { at: from }, WalkItem::Resume { at }]),
        }
        receiver = Receiver::new(dice);
    }
    items
}

/// The way still to go, from where the person stands.
#[derive(Debug)]
struct Path {
    ahead: Vec<Point>,
}

impl Path {
    fn new(waypoints: &[Position]) -> Self {
        Self { ahead: waypoints.iter().rev().copied().map(Point::of).collect() }
    }

    fn here(&self) -> Option<Point> {
        self.ahead.last().copied()
    }

    fn forward(&mut self, mut distance_m: f64) {
        while let Some(here) = self.ahead.pop() {
            let Some(next) = self.ahead.last() else { return };
            let leg = here.distance(*next);
            if leg > distance_m {
                self.ahead.push(here.toward(*next, distance_m / leg));
                return;
            }
            distance_m -= leg;
        }
    }
}

/// A receiver whose error wanders instead of jumping.
#[derive(Debug)]
struct Receiver {
    accuracy_m: f64,
    east: f64,
    north: f64,
}

impl Receiver {
    fn new(dice: &mut Dice) -> Self {
        Self { accuracy_m: dice.between(8.0, 24.0), east: dice.normal(), north: dice.normal() }
    }

    fn fix(&mut self, place: Point, at: Timestamp, dice: &mut Dice) -> WalkItem {
        let pulled = self.accuracy_m + 0.03 * (9.0 - self.accuracy_m) + 0.7 * dice.normal();
        self.accuracy_m = pulled.clamp(BEST_ACCURACY_M, WORST_ACCURACY_M);
        let (keep, fresh) = (0.95, 0.312);
        self.east = keep * self.east + fresh * dice.normal();
        self.north = keep * self.north + fresh * dice.normal();
        // 68 % of a two-dimensional normal error lie within 1.51 deviations.
        let deviation = self.accuracy_m / 1.51;
        let seen = Point::new(place.x + deviation * self.east, place.y + deviation * self.north);
        WalkItem::Fix { at, position: seen.position(), accuracy_m: (self.accuracy_m * 10.0).round() / 10.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> Vec<Position> {
        let corners = [(0.0, 0.0), (900.0, 0.0), (900.0, 900.0), (0.0, 900.0), (0.0, 0.0)];
        corners.map(|(x, y)| Point::new(x, y).position()).to_vec()
    }

    #[test]
    fn a_walk_without_interruptions_has_a_fix_every_five_seconds() {
        let items = walk(&square(), Timestamp::from_millis(0), Interruptions::None, &mut Dice::new(3));
        assert_eq!(items.len(), 601, "3,600 m at 6 m a step");
        for (item, expected) in items.iter().zip((0..).step_by(5_000)) {
            let WalkItem::Fix { at, accuracy_m, .. } = item else { panic!("{item:?}") };
            assert_eq!(at.millis(), expected);
            assert!((BEST_ACCURACY_M..=WORST_ACCURACY_M).contains(accuracy_m));
        }
    }

    #[test]
    fn fixes_stay_as_near_to_the_path_as_they_claim() {
        let straight = [square()[0], square()[1]];
        let items = walk(&straight, Timestamp::from_millis(0), Interruptions::None, &mut Dice::new(5));
        let [from, to] = straight.map(Point::of);
        for item in items {
            let WalkItem::Fix { position, accuracy_m, .. } = item else { panic!("{item:?}") };
            assert!(Point::of(position).distance_to_line(from, to) < 4.0 * accuracy_m);
        }
    }

    #[test]
    fn items_are_in_order_of_time_and_all_interruptions_occur() {
        let mut seen = [false; 3];
        for seed in 0..20 {
            let items =
                walk(&square(), Timestamp::from_millis(0), Interruptions::Usual, &mut Dice::new(seed));
            let mut now = -1;
            for item in items {
                let (from, to) = match item {
                    WalkItem::Fix { at, .. } | WalkItem::Resume { at } => (at, at),
                    WalkItem::Pause { at } => {
                        seen[0] = true;
                        (at, at)
                    }
                    WalkItem::NoFix { from, to } => {
                        seen[1] = true;
                        (from, to)
                    }
                    WalkItem::Killed { from, to } => {
                        seen[2] = true;
                        (from, to)
                    }
                };
                assert!(from.millis() >= now && to >= from, "seed {seed}");
                now = to.millis();
            }
        }
        assert_eq!(seen, [true; 3]);
    }
}
