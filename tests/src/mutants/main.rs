//! `make mutants`: crafted Automerge changes by the million.

use std::{io::Write as _, process::ExitCode};

use clap::Parser;
use suishou_tests::mutants::{self, Tally};

/// Tries crafted changes on the guard, the document and the trial.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many.
    #[arg(long, default_value_t = 2_000_000)]
    count: u64,
    /// The same seed makes the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Nothing may take longer, in a release build.
const LONGEST_MS: u128 = 100;
/// Nor need more memory, in MB.
const MOST_MB: u64 = 512;
const PART: u64 = 10_000;

fn main() -> ExitCode {
    let Arguments { count, seed } = Arguments::parse();
    // Contained panics are counted as held; their messages would be millions.
    std::panic::set_hook(Box::new(|_| {}));
    let parts = count.div_ceil(PART);
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get() as u64);
    let outcomes: Vec<Result<Tally, String>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    (worker..parts)
                        .step_by(usize::try_from(threads).unwrap_or(1))
                        .try_fold(Tally::default(), |tally, part| {
                            Ok(tally.and(mutants::run(seed + part, PART.min(count - part * PART))?))
                        })
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err("a worker ended".to_owned())))
            .collect()
    });
    let mut out = std::io::stdout();
    let tally = outcomes.into_iter().try_fold(Tally::default(), |all, one| Ok::<_, String>(all.and(one?)));
    let peak = peak_mb();
    match tally {
        Ok(tally) => {
            drop(writeln!(
                out,
                "{} mutants: {} taken, {} held by the guard, {} held otherwise; the longest {} ms, {peak} MB at most",
                tally.mutants,
                tally.taken,
                tally.guarded,
                tally.held,
                tally.longest.as_millis()
            ));
            let is_quick = tally.longest.as_millis() <= LONGEST_MS;
            if !is_quick {
                drop(writeln!(out, "one took longer than {LONGEST_MS} ms (on a busy machine: try again)"));
            }
            if peak > MOST_MB {
                drop(writeln!(out, "more than {MOST_MB} MB"));
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(what) => {
            drop(writeln!(out, "{what}"));
            ExitCode::FAILURE
        }
    }
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().split(' ').next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}
