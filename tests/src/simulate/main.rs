//! `make sim`: the simulator over many seeds, with a bar; a failing seed is printed with what led to it.

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use suishou_core::seeded::{Seeded, switch_on};
use suishou_tests::{
    harness::memory,
    sim::{self, Outcome, plan},
};
use tokio::time::Instant;

/// Looks for lost reports.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Actions of each run.
    #[arg(long, default_value_t = 400)]
    actions: usize,
    /// Goes on with further seeds until so many seconds are over, and does at least `seeds`.
    #[arg(long, default_value_t = 0)]
    seconds: u64,
    /// How many runs at a time.
    #[arg(long)]
    threads: Option<usize>,
    /// Prints what happens, action by action.
    #[arg(long)]
    trace: bool,
    /// Builds a fault in, by its name, and looks how soon it is found; `all` for one after the other.
    #[arg(long)]
    bug: Option<String>,
    /// Does not make a failing run shorter.
    #[arg(long)]
    whole: bool,
    /// Begins at the seed that stands in this file, and keeps there how far it came.
    #[arg(long)]
    resume: Option<PathBuf>,
    /// Goes on after a failing seed, and prints each.
    #[arg(long)]
    go_on: bool,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    // Files that nobody keeps lie in memory: a disk would make it slower, and no power is cut here.
    if let (Some(memory), None) = (memory(), std::env::var_os("TMPDIR")) {
        return again_in(&memory);
    }
    let kept = arguments.resume.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    if let Some(next) = kept.and_then(|text| text.trim().parse().ok()) {
        arguments.from = next;
    }
    let done = match arguments.bug.as_deref() {
        Some(name) => bugs(&arguments, name),
        None => seeds(&arguments),
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The same program with its temporary folders elsewhere: a process can't safely change its own environment.
fn again_in(folder: &Path) -> ExitCode {
    let program = std::env::current_exe().expect("the program knows itself");
    let status =
        std::process::Command::new(program).args(std::env::args_os().skip(1)).env("TMPDIR", folder).status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// What several threads came to.
struct Found {
    /// The lowest seed that failed, and how.
    broken: Option<(u64, String)>,
    runs: u64,
    actions: u64,
    exchanges: u64,
    said: u64,
}

fn bar(length: u64, what: &str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(length) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{msg:24} [{bar:40}] {pos}/{len} {per_sec} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_owned());
    bar
}

/// Runs seeds until one fails or all are done.
fn search(arguments: &Arguments, what: &str) -> Found {
    let threads =
        arguments.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let (next, is_over) = (AtomicU64::new(arguments.from), AtomicBool::new(false));
    let found = Mutex::new(Found { broken: None, runs: 0, actions: 0, exchanges: 0, said: 0 });
    let (end, begun) = (arguments.from + arguments.seeds, Instant::now());
    let patience = Duration::from_secs(arguments.seconds);
    let bar = bar(arguments.seeds, what);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= end && begun.elapsed() >= patience {
                        break;
                    }
                    let Outcome { broken, tally, .. } =
                        sim::run_caught(seed, &plan::actions(seed, arguments.actions), false);
                    bar.inc(1);
                    if let Some(file) = &arguments.resume {
                        // What the other threads are in is done again.
                        let done =
                            next.load(Ordering::SeqCst).saturating_sub(threads as u64).max(arguments.from);
                        drop(std::fs::write(file, done.to_string()));
                    }
                    let mut found = found.lock().expect("no thread panics with it");
                    found.runs += 1;
                    found.actions += tally.actions;
                    found.exchanges += tally.exchanges;
                    found.said += tally.said;
                    if let Some(broken) = broken {
                        is_over.store(!arguments.go_on, Ordering::SeqCst);
                        if arguments.go_on {
                            say(&format!("seed {seed} is broken: {broken}"));
                        }
                        if found.broken.as_ref().is_none_or(|(known, _)| seed < *known) {
                            found.broken = Some((seed, broken.to_string()));
                        }
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    found.into_inner().expect("no thread panics with it")
}

fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn seeds(arguments: &Arguments) -> bool {
    if arguments.trace {
        let outcome =
            sim::run_caught(arguments.from, &plan::actions(arguments.from, arguments.actions), true);
        outcome.trace.iter().for_each(|line| say(line));
        say(&outcome.broken.as_ref().map_or_else(|| "all as promised".to_owned(), ToString::to_string));
        return outcome.broken.is_none();
    }
    let begun = Instant::now();
    let found = search(arguments, "simulating");
    let per_run = begun.elapsed().checked_div(u32::try_from(found.runs.max(1)).unwrap_or(u32::MAX));
    let per_run = per_run.unwrap_or_default().as_secs_f64();
    say(&format!(
        "{} seeds from {}: {} actions, {} exchanges, {} reports, drafts and remarks; {:.2} s a seed",
        found.runs, arguments.from, found.actions, found.exchanges, found.said, per_run
    ));
    let Some((seed, what)) = found.broken else {
        say("nothing lost, nothing twice, no false receipt, nobody saw what was not theirs");
        return true;
    };
    say(&format!("seed {seed} is broken: {what}"));
    if !arguments.whole && !arguments.go_on {
        say("making it shorter ...");
        let short = sim::shrink(seed, &plan::actions(seed, arguments.actions), 150);
        let outcome = sim::run_caught(seed, &short, true);
        outcome.trace.iter().for_each(|line| say(line));
        say(&format!(
            "{} actions are enough: {}",
            short.len(),
            outcome.broken.map_or_else(String::new, |broken| broken.to_string())
        ));
    }
    say(&format!("again: make sim FROM={seed} SEEDS=1"));
    false
}

/// Builds faults in, one at a time; whether each was found.
fn bugs(arguments: &Arguments, name: &str) -> bool {
    let wanted: Vec<Seeded> = Seeded::ALL
        .into_iter()
        .filter(|bug| name == "all" || format!("{bug:?}") == name)
        .filter(|bug| name != "all" || sim::is_for(*bug))
        .collect();
    if wanted.is_empty() {
        say(&format!("there is no fault {name}; there are {:?}", Seeded::ALL));
        return false;
    }
    let mut is_all = true;
    for bug in wanted {
        switch_on(Some(bug));
        let begun = Instant::now();
        let found = search(arguments, &format!("{bug:?}"));
        switch_on(None);
        let seconds = begun.elapsed().as_secs_f64();
        let (name, runs) = (format!("{bug:?}"), found.runs);
        if let Some((_, what)) = found.broken {
            say(&format!("{name:<22} found after {runs:>4} seeds, {seconds:>6.1} s: {what}"));
        } else {
            is_all = false;
            say(&format!("{name:<22} NOT FOUND in {runs} seeds, {seconds:.1} s"));
        }
    }
    is_all
}
