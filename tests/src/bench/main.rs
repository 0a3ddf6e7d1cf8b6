//! `make bench`: the project's figures, each beside what it is compared with, in one run.
//!
//! Bytes are those of HTTP heads and bodies both ways, without TLS, as the engines in the comparison were
//! measured. CPU is the kernel's count for the thread that does the work.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a bench ends at what it did not expect")]

mod figures;
mod patrol;
mod peer;
mod photo;
mod proc;
mod program;
mod relay;
mod running;
mod store;
mod sync;
mod work;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::figures::{Figures, tell};

/// Prints the figures and writes them as JSON.
#[derive(Debug, Parser)]
struct Arguments {
    /// The `suishou` program, as released.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Where to write the figures.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Only one part: sync, size, store, photo, patrol, program; relay runs only if it is named.
    #[arg(long)]
    only: Option<String>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// Parts that run in a process of their own, to be measured from outside.
#[derive(Debug, Subcommand)]
enum Part {
    /// Develops one photo and says its peak memory.
    Develop { file: PathBuf },
    /// Keeps so many reports in an enrolled phone's folder.
    Capture { folder: PathBuf, reports: usize },
    /// Changes and saves one draft so many times.
    Draft { folder: PathBuf, saves: usize },
    /// Syncs an enrolled phone's folder and says its peak memory.
    Sync { folder: PathBuf },
    /// A phone of the comparison with other engines.
    #[command(subcommand)]
    Peer(peer::Deed),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Develop { file }) => return photo::develop(file),
        Some(Part::Capture { folder, reports }) => return program::capture(folder, *reports),
        Some(Part::Draft { folder, saves }) => return program::draft(folder, *saves),
        Some(Part::Sync { folder }) => return program::sync(folder),
        Some(Part::Peer(deed)) => return peer::act(deed),
        None => {}
    }
    let wants = |part: &str| arguments.only.as_deref().is_none_or(|only| only == part);
    let mut figures = Figures::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if wants("sync") {
        runtime.block_on(sync::measure(&mut figures));
    }
    if wants("size") {
        runtime.block_on(sync::measure_sizes(&mut figures));
    }
    if wants("store") {
        runtime.block_on(store::measure(&mut figures));
    }
    if wants("photo") {
        photo::measure(&mut figures);
    }
    if wants("patrol") {
        runtime.block_on(patrol::measure(&mut figures));
    }
    if wants("program") {
        runtime.block_on(program::measure(&mut figures, arguments.program.as_deref()));
    }
    if arguments.only.as_deref() == Some("relay") {
        runtime.block_on(relay::measure(&mut figures, arguments.program.as_deref()));
    }
    let Some(path) = arguments.json else { return ExitCode::SUCCESS };
    match figures.write(&path) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            tell("some figures are not reached");
            ExitCode::FAILURE
        }
        Err(error) => {
            tell(&format!("the figures can't be written: {error}"));
            ExitCode::FAILURE
        }
    }
}
