//! The simulator: from a seed to a whole run of eight phones and a relay on real core and relay code, with every fault
//! that reliability.md names, in virtual time.
//!
//! ```text
//! seed ─▶ plan: actions ─▶ world: phones, relay, network ─▶ check: after each action ─▶ heal ─▶ check: at the end
//!                                  │                                  ▲
//!                                  └──▶ ledger: what a person was told ┘
//! ```
//!
//! One action at a time: the relay has taken in what it stored before the next one begins, so that a seed always gives
//! the same run. The ledger knows nothing of stores and feeds: it holds what somebody saw on a screen ("saved", "the
//! relay has it") and who still has it, and the check compares that with what is there.

mod check;
mod clock;
mod deeds;
mod heal;
mod ledger;
mod link;
mod outside;
mod patrol;
pub mod plan;
mod relay;
mod sight;
mod world;

use std::{fmt, panic::AssertUnwindSafe};

use plan::Action;
use suishou_core::seeded::Seeded;

pub use world::Tally;
use world::World;

/// Something is not as it was promised.
#[derive(Debug)]
pub struct Broken {
    /// After which action; none if it shows at the end.
    pub after: Option<usize>,
    /// What.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after {
            Some(after) => write!(f, "after action {after}: {}", self.what),
            None => write!(f, "at the end: {}", self.what),
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What is broken; none if all is as promised.
    pub broken: Option<Broken>,
    /// What happened, line by line, if it was asked for.
    pub trace: Vec<String>,
    /// How much happened.
    pub tally: Tally,
}

/// Runs these actions in a new township, in this thread alone but for the relay's own writer, of which one waits.
pub fn run(seed: u64, actions: &[Action], is_traced: bool) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let mut world = World::new(seed, is_traced).await;
        let broken = live(&mut world, actions).await;
        world.end().await;
        Outcome { broken, trace: std::mem::take(&mut world.trace), tally: world.tally }
    })
}

async fn live(world: &mut World, actions: &[Action]) -> Option<Broken> {
    for (number, action) in actions.iter().enumerate() {
        if let Err(what) = world.perform(number, *action).await {
            return Some(Broken { after: Some(number), what });
        }
    }
    let healed = heal::heal(world).await;
    let judged = match healed {
        Ok(()) => check::at_the_end(world).await,
        Err(what) => Err(what),
    };
    judged.err().map(|what| Broken { after: None, what })
}

/// Whether a run without power cuts can show a fault; what is only on its way to the disk is the crash test's to find.
pub fn is_for(fault: Seeded) -> bool {
    !matches!(fault, Seeded::WeakCommit | Seeded::OffsetBeforeSync)
}

/// The same, with a panic as one more thing that is broken.
pub fn run_caught(seed: u64, actions: &[Action], is_traced: bool) -> Outcome {
    std::panic::catch_unwind(AssertUnwindSafe(|| run(seed, actions, is_traced))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let what = format!("a panic: {}", text.unwrap_or_default());
        Outcome { broken: Some(Broken { after: None, what }), trace: Vec::new(), tally: Tally::default() }
    })
}

/// A shorter list of actions that breaks something too: parts are left out as long as it does.
pub fn shrink(seed: u64, actions: &[Action], tries: usize) -> Vec<Action> {
    let mut kept = actions.to_vec();
    let (mut size, mut left) = (kept.len() / 2, tries);
    while size > 0 && left > 0 {
        let mut at = 0;
        while at < kept.len() && left > 0 {
            let mut shorter = kept.clone();
            shorter.drain(at..(at + size).min(kept.len()));
            left -= 1;
            if run_caught(seed, &shorter, false).broken.is_some() {
                kept = shorter;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    kept
}
