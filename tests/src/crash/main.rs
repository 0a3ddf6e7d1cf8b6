//! `crash`: cuts the power of phones and a relay at every operation on their files. See `suishou_tests::crash`.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use suishou_tests::crash::{Forget, Settings, Work, again, part, run};

/// Power cuts at every operation on files: what was promised before must hold after the next start.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// How many crash points, in all.
    #[arg(long, default_value_t = 20_000)]
    points: usize,
    /// Decides what becomes of what is not synced.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What is recorded.
    #[arg(long, value_enum, default_value_t = Work::All)]
    work: Work,
    /// Which syncs the disk ignores: then the check must find something.
    #[arg(long, value_enum, default_value_t = Forget::Nothing)]
    forget: Forget,
    /// Tries a point again that was kept.
    #[arg(long)]
    again: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// What is recorded, in a process of its own.
    #[command(hide = true)]
    Part {
        /// Which.
        name: String,
        /// Where.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match (&arguments.part, &arguments.again) {
        (Some(Part::Part { name, folder }), _) => part(name, folder).map(|()| String::new()),
        (None, Some(kept)) => match again(kept) {
            Ok(Ok(())) => Ok("everything that was promised holds".to_owned()),
            Ok(Err(failed)) => Err(failed.to_string()),
            Err(error) => Err(error),
        },
        (None, None) => {
            let Arguments { work, points, seed, forget, .. } = arguments;
            match run(Settings { work, points, seed, forget }, true) {
                Ok(Ok(outcome)) => Ok(format!(
                    "{} crash points among {} operations: everything that was promised holds",
                    outcome.points, outcome.operations
                )),
                Ok(Err(failed)) => Err(failed.to_string()),
                Err(error) => Err(error),
            }
        }
    };
    let (line, code) = match done {
        Ok(line) => (line, ExitCode::SUCCESS),
        Err(line) => (line, ExitCode::FAILURE),
    };
    drop(writeln!(std::io::stderr(), "{line}"));
    code
}
