//! From a seed to a list of actions. Each action has dice of its own, so that leaving one out changes no other:
//! a failing list can be made shorter.

use std::fmt;

use suishou_core::time::Random;

/// Phones at the beginning of a run, by their members.
pub const MEMBERS: [&str; 8] = ["i1", "i2", "m1", "m2", "l1", "h1", "h2", "m1"];

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// Which phone, if it is about one; counted round among those that there are.
    pub phone: u8,
    /// What.
    pub deed: Deed,
    /// All chance within it.
    pub dice: u64,
}

/// What can happen. What is not possible at its time does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The member reports something, perhaps with photos, perhaps in confidence.
    Report,
    /// A draft is begun, added to, or reported.
    Draft,
    /// A remark on something that the phone shows.
    Note,
    /// A step that the phone offers.
    Step,
    /// Another category or grid.
    Correct,
    /// A patrol is begun, walked, paused, gone on with, or ended.
    Patrol,
    /// A dispatcher acts on something.
    Operate,
    /// One exchange with the relay, which may go wrong.
    Exchange,
    /// Exchanges until there is nothing to say or one goes wrong.
    Sync,
    /// An old request arrives once more.
    StaleRequest,
    /// An old answer comes to a new question.
    StaleAnswer,
    /// The app is ended in order and started again.
    Restart,
    /// The phone dies and is started again.
    Crash,
    /// The phone's disk is full for a while.
    FullDisk,
    /// The phone's clock jumps by up to ten years, or is set right.
    Clock,
    /// The phone removes what it need not keep.
    Trim,
    /// A copy of the phone's files is kept.
    Snapshot,
    /// The phone is set back to its copy.
    RollBack,
    /// A second phone is made from the first one's files.
    Clone,
    /// A photo's file is removed by something else.
    LoseBlob,
    /// Time passes for everybody.
    Time,
    /// The relay is stopped in order and started again.
    RelayRestart,
    /// The relay dies and is started again.
    RelayCrash,
    /// The relay is backed up.
    Backup,
    /// The relay's database and blobs are copied back from the backup, beside today's marker.
    CopyBack,
    /// The relay's whole folder is copied back, so that it can't know it.
    CopyBackWhole,
    /// The phone is revoked.
    Revoke,
    /// A revoked phone is allowed again.
    Allow,
    /// A member gets other grids.
    MoveMember,
    /// The grids get other borders.
    MoveGrids,
    /// Somebody sends a change that is no change, or one that nobody may make.
    Poison,
}

/// Of a thousand actions, so many are of each kind.
const SHARES: [(u64, Deed); 31] = [
    (90, Deed::Report),
    (45, Deed::Draft),
    (60, Deed::Note),
    (70, Deed::Step),
    (30, Deed::Correct),
    (60, Deed::Patrol),
    (70, Deed::Operate),
    (210, Deed::Exchange),
    (100, Deed::Sync),
    (20, Deed::StaleRequest),
    (20, Deed::StaleAnswer),
    (15, Deed::Restart),
    (30, Deed::Crash),
    (8, Deed::FullDisk),
    (20, Deed::Clock),
    (12, Deed::Trim),
    (10, Deed::Snapshot),
    (8, Deed::RollBack),
    (5, Deed::Clone),
    (6, Deed::LoseBlob),
    (40, Deed::Time),
    (8, Deed::RelayRestart),
    (12, Deed::RelayCrash),
    (7, Deed::Backup),
    (3, Deed::CopyBack),
    (3, Deed::CopyBackWhole),
    (4, Deed::Revoke),
    (5, Deed::Allow),
    (8, Deed::MoveMember),
    (4, Deed::MoveGrids),
    (17, Deed::Poison),
];

/// What every run has.
const ALWAYS: [Deed; 3] = [Deed::Report, Deed::Exchange, Deed::Sync];
/// What makes a run another one, and hides other faults: in one run of three.
const SELDOM: [Deed; 4] = [Deed::CopyBack, Deed::CopyBackWhole, Deed::RollBack, Deed::Revoke];

/// The actions of a seed. Each run does without some kinds of deeds, for one fault can cover another.
pub fn actions(seed: u64, count: usize) -> Vec<Action> {
    let mut random = Random::seeded(seed ^ 0x5153);
    let mut shares: Vec<(u64, Deed)> = Vec::new();
    for (share, deed) in SHARES {
        let chance = if SELDOM.contains(&deed) { 4 } else { 9 };
        if random.below(12) < chance || ALWAYS.contains(&deed) {
            shares.push((share, deed));
        }
    }
    let all: u64 = shares.iter().map(|(share, _)| share).sum();
    let mut draw = || {
        let mut left = random.below(all);
        let mut drawn = Deed::Time;
        for &(share, deed) in &shares {
            if left < share {
                drawn = deed;
                break;
            }
            left -= share;
        }
        let phone = u8::try_from(random.below(240)).unwrap_or(0);
        Action { phone, deed: drawn, dice: u64::from_be_bytes(random.bytes()) }
    };
    (0..count).map(|_| draw()).collect()
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}, {:016x})", self.deed, self.phone, self.dice)
    }
}
