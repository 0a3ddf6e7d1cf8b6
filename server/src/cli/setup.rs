//! `township init` and `serve`: the two commands that need no running relay.

use std::{io::IsTerminal, path::Path, sync::Arc};

use suishou_core::time::{Clock, Random, SystemClock};
use tracing_subscriber::EnvFilter;

use super::{
    args::{Init, Serve},
    failure::Failure,
    output::tell,
};
use crate::{
    config::{Config, join_link},
    error::SetupError,
    folder::{self, Folder},
    identity::{self, Certificate, Identity},
    serve::{Options, Server, Transport, create_first_link, told_to_stop},
    times,
    words::Words,
};

/// Which log lines are written.
const LOG_VARIABLE: &str = "SUISHOU_LOG";
/// `json` for one JSON object a line.
const FORMAT_VARIABLE: &str = "SUISHOU_LOG_FORMAT";

/// Makes the data folder of a new township.
pub(super) fn init(path: &Path, init: &Init, words: &'static Words) -> Result<(), Failure> {
    let mut random = Random::system();
    let identity = Identity::new(&init.name, &mut random)?;
    let config = Config::new(&init.addresses)?;
    let folder = Folder::new(path);
    folder.create()?;
    Certificate::create(&folder, &config.hosts(), &SystemClock)?;
    identity::create_api_token(&folder, &mut random)?;
    config.create(&folder)?;
    let link = create_first_link(&folder, &mut random, SystemClock.now())?;
    identity.create(&folder)?;
    folder::sync_folder(folder.path())?;
    let certificate = Certificate::load(&folder)?;
    tell(
        words,
        "init.done",
        &[
            ("name", &identity.name),
            ("folder", &path.display()),
            ("addresses", &config.addresses.join(" ")),
            ("pin", &certificate.pin()),
        ],
    )?;
    let console = config.console_address(config.api_listen, config.console_listen);
    tell(
        words,
        "init.first",
        &[
            ("link", &join_link(&console, &link.code)),
            ("code", &link.code),
            ("until", &times::beijing(link.expires_at)),
        ],
    )
}

/// Whether a relay has said that it serves this folder.
pub(super) fn is_serving(dir: Option<&Path>) -> bool {
    Folder::new(dir.unwrap_or_else(|| Path::new("."))).serving().exists()
}

/// Runs the relay until it is told to stop.
pub(super) fn serve(path: &Path, serve: &Serve, words: &'static Words) -> Result<(), Failure> {
    start_log();
    let transport = if serve.insecure_http_on_loopback { Transport::PlainOnLoopback } else { Transport::Tls };
    let options = Options {
        listen: serve.listen,
        api_listen: serve.api_listen,
        console_listen: serve.console_listen,
        transport,
        console_dir: serve.console_dir.clone(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| SetupError::Relay(error.to_string()))?;
    runtime.block_on(async {
        let folder = Folder::new(path);
        let server = Server::start(&folder, options, Arc::new(SystemClock), Random::system()).await?;
        let serving = server.serving();
        let said = tell(words, "serve.ready", &[("device", &serving.device), ("api", &serving.api)]);
        let said = match &serving.console {
            Some(console) => said.and_then(|()| tell(words, "serve.console", &[("console", console)])),
            None => said,
        };
        let told = tokio::select! {
            told = told_to_stop() => told,
            () = server.disk_failed() => Err(SetupError::DiskFailed),
        };
        server.stop().await;
        told?;
        said
    })
}

/// To standard error; ids only, by the rule of every line that is written.
fn start_log() {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(std::io::stderr().is_terminal());
    let log = log.with_writer(std::io::stderr);
    let is_json = std::env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json");
    let begun = if is_json { log.json().flatten_event(true).try_init() } else { log.try_init() };
    if begun.is_err() {
        tracing::debug!("the log was begun before");
    }
}
