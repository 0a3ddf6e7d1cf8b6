//! `make demo`: a township like Jinhua's on this machine, end to end on the real program.
//!
//! It makes the township with `suishou`, enrols simulated phones that are the real core behind real HTTPS,
//! cuts the network while they work, restores it badly, lets the command centre and the departments act, and
//! counts what came of it from the phones and the relay. A missing report fails it.

mod day;
mod link;
mod office;
mod phones;
mod photos;
mod summary;
mod words;

use std::{fmt::Display, path::PathBuf, process::ExitCode};

use clap::Parser;
use serde_json::Value;
use suishou_tests::world::World;

use self::{office::Office, photos::Photos, words::Words};

/// Runs a demo township.
#[derive(Debug, Parser)]
struct Arguments {
    /// The `suishou` program.
    #[arg(long)]
    program: PathBuf,
    /// Where the township is made; what is there is removed first.
    #[arg(long)]
    dir: PathBuf,
    /// The same seed makes the same township and the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 0: end after the table; 1: the relay stays up.
    #[arg(long, default_value_t = 1)]
    keep: u8,
    /// How many grid members go out.
    #[arg(long, default_value_t = 24)]
    members_out: usize,
    /// Photos to take in place of made-up ones: a folder.
    #[arg(long)]
    photos: Option<PathBuf>,
    /// Grids in place of made-up ones: GeoJSON.
    #[arg(long)]
    grids: Option<PathBuf>,
    /// People in place of made-up ones: CSV.
    #[arg(long)]
    members: Option<PathBuf>,
    /// Departments in place of made-up ones: CSV.
    #[arg(long)]
    departments: Option<PathBuf>,
}

/// What went wrong, and where.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl Failed {
    pub(crate) fn new(what: &str, why: &dyn Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

/// A line for the person at the terminal.
pub(crate) fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("demo: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(why)) => {
            say(&format!("demo: {why}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failed> {
    let words = Words::read();
    say(&words.get("title"));
    let mut office = open_office(&arguments, &words)?;
    let photos = Photos::from(arguments.photos.as_deref())?;
    let worked = tokio::select! {
        worked = day::live(&office, &arguments.dir, &photos, arguments.seed, arguments.members_out, &words) => worked,
        _ = tokio::signal::ctrl_c() => {
            office.close();
            return Ok(());
        }
    };
    let day = worked?;
    let verdict = summary::tell(&day, &office, &words);
    if verdict.is_ok() && arguments.keep != 0 {
        let address = office.phones_connect_to()?;
        say("");
        say(&words.fill("stays", &[("address", &format!("https://{address}"))]));
        let roles = "administrator,dispatcher,leader";
        let added =
            office.json(&["operator", "add", "demo", "--shown", &words.get("operator"), "--roles", roles])?;
        let link = added.get("link").and_then(Value::as_str).unwrap_or_default();
        say(&words.fill("console", &[("link", &link)]));
        let program = arguments.program.display();
        let folder = office.folder().display();
        for command in [
            "status",
            "incident list",
            "incident show ID",
            "device list",
            "patrol list",
            "held list",
            "enrol ID",
        ] {
            say(&format!("  {program} {command} --dir {folder}"));
        }
        say(&words.fill("log", &[("log", &office.log().display())]));
        say(&words.get("stop"));
        drop(tokio::signal::ctrl_c().await);
    }
    office.close();
    verdict
}

/// Starts clean: makes the township, starts its relay, imports grids, departments and people.
fn open_office(arguments: &Arguments, words: &Words) -> Result<Office, Failed> {
    say(&words.get("making"));
    if arguments.dir.join("relay").exists() || arguments.dir.join("phones").exists() {
        std::fs::remove_dir_all(&arguments.dir)
            .map_err(|error| Failed::new("removing the last demo", &error))?;
    }
    let data = arguments.dir.join("data");
    std::fs::create_dir_all(&data).map_err(|error| Failed::new("making the folder", &error))?;
    World::new(arguments.seed)
        .write_files(&data)
        .map_err(|error| Failed::new("writing the township's files", &error))?;
    let office = Office::open(&arguments.program, &arguments.dir, &words.get("township"))?;
    let file = |own: &Option<PathBuf>, made: &str| {
        own.clone().unwrap_or_else(|| data.join(made)).to_string_lossy().into_owned()
    };
    let count = |kind: &str, file: String| -> Result<u64, Failed> {
        let imported = office.json(&[kind, "import", &file])?;
        imported.get("added").and_then(serde_json::Value::as_u64).ok_or_else(|| Failed::new(kind, &imported))
    };
    let grids = count("grid", file(&arguments.grids, "grids.geojson"))?;
    let departments = count("department", file(&arguments.departments, "departments.csv"))?;
    let members = count("member", file(&arguments.members, "members.csv"))?;
    say(&words.fill("imported", &[("grids", &grids), ("departments", &departments), ("members", &members)]));
    Ok(office)
}
