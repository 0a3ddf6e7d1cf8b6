//! 1,200 phones with 10 reports each after a power cut, all at once; and the relay is killed in the middle.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    super::{
        figures::{Figures, tell},
        program::to_f64,
        running::Running,
    },
    PHONES,
    phones::{enrol, p99, push_all},
};

/// Reports of each phone.
const REPORTS: usize = 10;
/// When the relay is killed, after the beginning.
const KILLED_AFTER: Duration = Duration::from_millis(1_500);

/// Returns the p99 of a storm without a kill, in ms.
pub(super) async fn measure(figures: &mut Figures, program: &Path) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Arc::new(Running::start(program, folder.path().join("relay")));
    let phones = enrol(&relay, folder.path(), PHONES).await;
    // Once in peace: the baseline.
    let begun = Instant::now();
    let (phones, pushed) = push_all(phones, REPORTS).await;
    let calm = p99(pushed.iter().map(|pushed| pushed.took).collect());
    let waited = p99(pushed.iter().map(|pushed| pushed.waited).collect());
    let in_vain: u32 = pushed.iter().map(|pushed| pushed.in_vain).sum();
    tell(&format!(
        "   a storm without a kill: all receipted after {:.1} s, p99 of a request {calm:.0} ms, \
         of the way to a receipt {waited:.0} ms, {in_vain} told to come again",
        begun.elapsed().as_secs_f64()
    ));
    let peak_before = relay.peak();
    let mut relay = Arc::try_unwrap(relay).expect("nobody else has it");
    let begun = Instant::now();
    let storm = tokio::spawn(push_all(phones, REPORTS));
    tokio::time::sleep(KILLED_AFTER).await;
    let receipted_before = relay.json(&["status"])["entries"].as_u64().unwrap_or(0);
    let relay = tokio::task::spawn_blocking(move || {
        relay.kill_and_restart();
        relay
    });
    let relay = relay.await.expect("it starts again");
    let (_, pushed) = storm.await.expect("the storm ends");
    let all = begun.elapsed();
    tell(&format!("   killed with {receipted_before} entries stored of {}", 2 * PHONES * REPORTS));
    figures.at_most(
        "storm of 1,200 phones x 10 reports, killed once, all receipted",
        all.as_secs_f64(),
        "s",
        20.0,
    );
    let took = p99(pushed.iter().map(|pushed| pushed.took).collect());
    figures.at_most("storm, p99 of a request", took / 1e3, "s", 2.0);
    relay.settle();
    let peak = relay.peak().max(peak_before);
    figures.at_most("storm, the relay's peak memory", to_f64(peak) / 1e6, "MB", 400.0);
    let entries = relay.json(&["status"])["entries"].as_u64().unwrap_or(0);
    let missing = (2 * PHONES * REPORTS) as u64 - entries.min((2 * PHONES * REPORTS) as u64);
    figures.at_most("storm, receipted reports that the relay lacks", to_f64(missing), "reports", 0.0);
    calm
}
