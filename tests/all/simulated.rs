//! The simulator itself: a seed is a run, runs that once broke do not, and what is built in on purpose is found.
//! Thousands of seeds are `make sim`'s.

use std::process::Command;

use suishou_tests::sim::{
    plan::{self, Action, Deed},
    run,
};

use crate::killed::program;

#[test]
fn a_seed_gives_the_same_run_every_time() {
    let actions = plan::actions(4, 150);
    let [first, second] = [0, 1].map(|_| run(4, &actions, true));
    assert_eq!(first.trace, second.trace);
    assert!(first.trace.len() > 150);
    assert!(first.broken.is_none() && second.broken.is_none(), "{:?}", first.broken);
}

#[test]
fn townships_keep_what_they_promise() {
    for seed in 1..=6 {
        let outcome = run(seed, &plan::actions(seed, 200), false);
        assert!(outcome.broken.is_none(), "make sim FROM={seed} SEEDS=1: {:?}", outcome.broken);
        assert!(outcome.tally.exchanges > 40, "{:?}", outcome.tally);
    }
}

const fn action(deed: Deed, phone: u8, dice: u64) -> Action {
    Action { phone, deed, dice }
}

/// What the simulator found, made as short as it is.
#[test]
fn what_once_broke_does_not_break_again() {
    let found: [(&str, &[Action]); 3] = [
        (
            "one bit of an answer flips, and the phone goes on behind what it did not get",
            &[
                action(Deed::MoveMember, 38, 0xf18f_d077_e72d_5e02),
                action(Deed::Report, 36, 0x5d20_8a91_5d23_a99f),
                action(Deed::Sync, 140, 0xea84_4b7f_e2d4_72bd),
                action(Deed::Exchange, 210, 0x3788_125d_8728_649d),
            ],
        ),
        (
            "an older relay is put back, and as much happens as was lost",
            &[
                action(Deed::Backup, 233, 0xf5c3_f486_6699_bf8f),
                action(Deed::Patrol, 15, 0x4eca_9a03_9c60_a143),
                action(Deed::Report, 17, 0x9d28_17ba_c29c_1c88),
                action(Deed::Exchange, 119, 0xe809_ac24_8729_5129),
                action(Deed::CopyBackWhole, 15, 0x03ac_4f38_6325_8985),
            ],
        ),
        (
            "what the command centre did is lost with the relay, and stays on phones",
            &[
                action(Deed::Report, 50, 0x3511_b6ab_7f4d_829e),
                action(Deed::Step, 26, 0x3928_7ed8_b3eb_0f5c),
                action(Deed::Exchange, 114, 0xa54c_8d56_1f48_8b3a),
                action(Deed::Backup, 233, 0xf5c3_f486_6699_bf8f),
                action(Deed::Operate, 191, 0x1171_6d8d_40b1_2d53),
                action(Deed::Exchange, 119, 0xe809_ac24_8729_5129),
                action(Deed::CopyBackWhole, 15, 0x03ac_4f38_6325_8985),
            ],
        ),
    ];
    for (what, actions) in found {
        let outcome = run(1, actions, true);
        assert!(outcome.broken.is_none(), "{what}: {:?}\n{}", outcome.broken, outcome.trace.join("\n"));
    }
}

#[test]
fn a_fault_that_is_built_in_is_found() {
    for fault in ["AnyAnswerAccepted", "ForkIgnored"] {
        let found =
            Command::new(program("simulate")).args(["--bug", fault, "--seeds", "40"]).output().unwrap();
        let said = String::from_utf8_lossy(&found.stdout).into_owned();
        assert!(found.status.success() && said.contains("found after"), "{said}");
    }
    let unknown = Command::new(program("simulate")).args(["--bug", "Nothing"]).output().unwrap();
    assert!(!unknown.status.success());
}
