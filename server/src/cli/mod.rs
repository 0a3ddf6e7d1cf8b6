//! The commands: what an operator types, asked of the running relay and told in their language.

pub mod args;
mod basemap;
mod bundle;
mod care;
mod client;
mod device;
mod enrol;
mod enrol_sheet;
mod export;
mod failure;
mod figures;
mod form;
mod held;
mod help;
mod identity;
mod incident;
mod keeping;
mod intake;
mod lists;
mod notice;
mod operator;
mod output;
mod qr;
mod retention;
mod settings;
mod setup;
mod sheet;
mod step;
mod subject;
mod task;
mod value;
mod watch;
mod warning;
mod webhook;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use self::{
    args::{Cli, Command, Township},
    client::Client,
    failure::Failure,
    output::complain,
};
use crate::{
    folder::Folder,
    words::{Lang, Words},
};

/// Names the data folder if `--dir` does not.
const FOLDER_VARIABLE: &str = "SUISHOU_DIR";

/// Runs one command line.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match help::parse(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; clap knows where each belongs.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let words = Words::of(language(cli.lang.as_deref()));
    match perform(cli, words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let said = failure.say(words);
            if !said.is_empty() {
                complain(&said);
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// What was asked for, else the language of the terminal, else Chinese.
fn language(asked: Option<&str>) -> Lang {
    let of_terminal = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| env::var(name).ok());
    Lang::from_tag(&asked.map(str::to_owned).or_else(of_terminal).unwrap_or_default())
}

fn perform(cli: Cli, words: &'static Words) -> Result<(), Failure> {
    let dir = cli.dir.or_else(|| env::var_os(FOLDER_VARIABLE).map(PathBuf::from));
    match cli.command {
        Command::Township(Township::Init(init)) => setup::init(&dir.ok_or(Failure::NoFolder)?, &init, words),
        Command::Subject(args::Subject::Verify(verify)) => subject::verify(&verify, dir.as_deref(), words),
        Command::Serve(serve) => setup::serve(&folder(dir)?, &serve, words),
        Command::Restore(restore) => keeping::restore(&dir.ok_or(Failure::NoFolder)?, &restore, words),
        Command::Backup(backup) => keeping::backup(dir.map_or_else(|| folder(None), Ok), backup, words),
        Command::Check(check) => keeping::check(&folder(dir)?, &check, words),
        Command::Doctor(doctor) => keeping::doctor(&folder(dir)?, &doctor, words),
        Command::Install(install) => keeping::install(&folder(dir)?, &install, words),
        Command::Audit(args::Audit::Verify(format)) if !setup::is_serving(dir.as_deref()) => {
            operator::verify_stopped(&folder(dir)?, format.json, words)
        }
        command => {
            let folder = folder(dir)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Failure::Output(error.kind()))?;
            runtime.block_on(ask(command, &folder, words))
        }
    }
}

/// The folder that was named, else the current one if it holds a township.
fn folder(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    named.map_or_else(
        || {
            let here = Path::new(".");
            if Folder::new(here).identity().exists() { Ok(here.to_owned()) } else { Err(Failure::NoFolder) }
        },
        Ok,
    )
}

async fn ask(command: Command, folder: &Path, words: &'static Words) -> Result<(), Failure> {
    let client = &Client::find(folder, words)?;
    match command {
        Command::Township(_)
        | Command::Serve(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Check(_)
        | Command::Doctor(_)
        | Command::Install(_) => Ok(()),
        Command::Status(format) => lists::status(client, format, words).await,
        Command::Grid(grid) => lists::grid(client, grid, words).await,
        Command::Department(department) => lists::department(client, department, words).await,
        Command::Member(member) => lists::member(client, member, words).await,
        Command::Enrol(enrol) => enrol::enrol(client, enrol, words).await,
        Command::Device(device) => device::device(client, device, words).await,
        Command::Basemap(command) => basemap::base_map(client, command, words).await,
        Command::Bundle(bundle) => bundle::bundle(client, bundle, words).await,
        Command::Incident(incident) => incident::incident(client, incident, words).await,
        Command::Patrol(patrol) => lists::patrol(client, patrol, words).await,
        Command::Task(task) => task::task(client, task, words).await,
        Command::Warning(warning) => warning::warning(client, warning, words).await,
        Command::Notice(notice) => notice::notice(client, notice, words).await,
        Command::Household(household) => care::household(client, household, words).await,
        Command::Visit(visit) => care::visit(client, visit, words).await,
        Command::Settings(settings) => settings::settings(client, settings, words).await,
        Command::Checkpoint(checkpoint) => settings::checkpoint(client, checkpoint, words).await,
        Command::Subject(subject) => subject::subject(client, subject, words).await,
        Command::Identity(identity) => identity::identity(client, identity, words).await,
        Command::Reveal(reveal) => identity::reveal(client, reveal, words).await,
        Command::Intake(intake) => intake::intake(client, intake, words).await,
        Command::Webhook(webhook) => webhook::webhook(client, webhook, words).await,
        Command::Figures(command) => figures::figures(client, command, words).await,
        Command::Export(order) => export::export(client, &order, words).await,
        Command::Retention(command) => retention::retention(client, command, words).await,
        Command::Held(held) => held::held(client, held, words).await,
        Command::Operator(operator) => operator::operator(client, operator, words).await,
        Command::Audit(audit) => operator::audit(client, audit, words).await,
        Command::Watch(format) => watch::watch(client, format, words).await,
    }
}
