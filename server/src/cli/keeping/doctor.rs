//! `doctor`: one line for each thing that keeps a relay well, with what to do about those that are not.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use suishou_core::time::{Clock as _, SystemClock, Timestamp};

use super::wait_for;
use crate::{
    cli::{
        args::Doctor,
        client::Client,
        failure::Failure,
        lists::mebibytes,
        output::{say, say_json},
    },
    config::Config,
    error::SetupError,
    folder::Folder,
    identity::Certificate,
    relay::{
        backup::Shelf,
        keeper::{Kept, quick_look},
    },
    serve::Serving,
    words::Words,
};

/// A clock that says less than this is not set: 2025-01-01.
const EARLIEST_MS: i64 = 1_735_689_600_000;
/// A file of tomorrow: the clock was set back.
const SLACK: Duration = Duration::from_mins(5);
/// Less memory than this is not enough for a storm of phones.
const MEMORY_KIB: u64 = 400 * 1024;
/// A certificate that ends within this is a worry.
const CERTIFICATE: Duration = Duration::from_hours(180 * 24);
/// A backup should be read back as often.
const VERIFIED: Duration = Duration::from_hours(31 * 24);

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warn,
    Bad,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// One line.
struct Line {
    what: &'static str,
    level: Level,
    /// The words' key after `doctor.`.
    key: &'static str,
    detail: String,
}

fn line(what: &'static str, level: Level, key: &'static str, detail: impl Into<String>) -> Line {
    Line { what, level, key, detail: detail.into() }
}

/// `doctor`
pub(in crate::cli) fn doctor(folder: &Path, doctor: &Doctor, words: &'static Words) -> Result<(), Failure> {
    let place = Folder::new(folder);
    if !place.identity().exists() {
        return Err(SetupError::NotSetUp { file: place.identity() }.into());
    }
    let now = SystemClock.now();
    let mut lines = vec![clock(folder, now)];
    let (config_line, config) = match Config::load(&place) {
        Ok(config) => (line("config", Level::Ok, "config_ok", ""), Some(config)),
        Err(error) => (line("config", Level::Bad, "config_bad", error.say(words)), None),
    };
    lines.push(config_line);
    let status = status(folder, words);
    lines.push(relay(folder, status.as_ref()));
    lines.extend(status.as_ref().map(keeper));
    lines.extend(ports(&place));
    lines.push(disk(folder));
    lines.push(database(folder));
    lines.push(certificate(&place, now));
    lines.extend(backups(folder, config.as_ref(), now));
    lines.extend(memory());
    lines.push(keys(&place));
    lines.push(unit());
    let worst = lines.iter().map(|line| line.level).max().unwrap_or(Level::Ok);
    let text = |line: &Line| words.say(&format!("doctor.{}", line.key), &[("detail", &line.detail)]);
    if doctor.format.json {
        let lines: Vec<Value> = lines
            .iter()
            .map(|line| {
                json!({ "what": line.what, "level": line.level.as_str(), "code": line.key, "text": text(line) })
            })
            .collect();
        say_json(&json!({ "worst": worst.as_str(), "lines": lines }))?;
    } else {
        for line in &lines {
            let level = words.word(match line.level {
                Level::Ok => "doctor.level_ok",
                Level::Warn => "doctor.level_warn",
                Level::Bad => "doctor.level_bad",
            });
            say(&format!("{level}  {}", text(line)))?;
        }
    }
    if worst == Level::Bad { Err(Failure::Said) } else { Ok(()) }
}

fn clock(folder: &Path, now: Timestamp) -> Line {
    if now.millis() < EARLIEST_MS {
        return line("clock", Level::Bad, "clock_unset", now.to_rfc3339());
    }
    let newest = ["township.db", "township.db-wal", "marker"]
        .iter()
        .filter_map(|name| fs::metadata(folder.join(name)).and_then(|file| file.modified()).ok())
        .max();
    #[expect(clippy::disallowed_methods, reason = "the machine's clock is what is looked at")]
    let is_ahead = newest
        .is_some_and(|newest| newest.duration_since(SystemTime::now()).is_ok_and(|ahead| ahead > SLACK));
    if is_ahead {
        return line("clock", Level::Bad, "clock_back", now.to_rfc3339());
    }
    line("clock", Level::Ok, "clock_ok", now.to_rfc3339())
}

/// What the running relay says of itself.
fn status(folder: &Path, words: &'static Words) -> Option<Value> {
    let asked = Client::find(folder, words)
        .and_then(|client| wait_for(async move { client.get("/api/status").await }));
    asked.ok()
}

fn relay(folder: &Path, status: Option<&Value>) -> Line {
    if folder.join("disk-failed").exists() {
        return line("relay", Level::Bad, "disk_failed", "");
    }
    match status {
        Some(_) => line("relay", Level::Ok, "relay_ok", ""),
        None => line("relay", Level::Warn, "relay_off", folder.display().to_string()),
    }
}

/// Whether informants are sealed, and whether two different people could open one.
fn keeper(status: &Value) -> Line {
    let identities = status.get("identities").unwrap_or(&Value::Null);
    let count = |name: &str| identities.get(name).and_then(Value::as_u64).unwrap_or_default();
    let since = identities.get("keeper_key_since").and_then(Value::as_str);
    match since {
        None => line("identity", Level::Warn, "keeper_none", count("in_clear").to_string()),
        Some(since) if count("keepers") == 0 || count("askers") == 0 => {
            line("identity", Level::Warn, "keeper_alone", since)
        }
        Some(since) => line("identity", Level::Ok, "keeper_ok", since),
    }
}

/// Whether phones find an open port on this machine; firewalls in between are not seen from here.
fn ports(folder: &Folder) -> Option<Line> {
    let serving = Serving::read(folder).ok()?;
    let address = serving.device.rsplit_once("//")?.1.to_owned();
    let socket: SocketAddr = address.parse().ok()?;
    let own =
        if socket.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], socket.port())) } else { socket };
    let is_open = TcpStream::connect_timeout(&own, Duration::from_secs(3)).is_ok();
    Some(if is_open {
        line("port", Level::Ok, "port_ok", address)
    } else {
        line("port", Level::Bad, "port_closed", address)
    })
}

fn disk(folder: &Path) -> Line {
    match crate::blobs::Blobs::open(folder).and_then(|blobs| blobs.room()) {
        Ok(room) => {
            let free = format!("{} / {}", mebibytes(room.free_bytes), mebibytes(room.total_bytes));
            match (room.is_full, room.is_low) {
                (true, _) => line("disk", Level::Bad, "disk_full", free),
                (_, true) => line("disk", Level::Bad, "disk_low", free),
                _ if room.free_bytes < room.total_bytes / 10 => line("disk", Level::Warn, "disk_soon", free),
                _ => line("disk", Level::Ok, "disk_ok", free),
            }
        }
        Err(error) => line("disk", Level::Bad, "unreadable", error.to_string()),
    }
}

fn database(folder: &Path) -> Line {
    match quick_look(folder) {
        Ok(found) if found.is_empty() => line("database", Level::Ok, "database_ok", ""),
        Ok(found) => line("database", Level::Bad, "database_bad", found.len().to_string()),
        Err(error) => line("database", Level::Bad, "unreadable", error.to_string()),
    }
}

fn certificate(folder: &Folder, now: Timestamp) -> Line {
    let end = match Certificate::load(folder) {
        Ok(certificate) => certificate.ends_at(),
        Err(error) => return line("certificate", Level::Bad, "unreadable", error.to_string()),
    };
    let Some(end) = end else { return line("certificate", Level::Warn, "certificate_strange", "") };
    let text = end.to_rfc3339();
    if end <= now {
        line("certificate", Level::Bad, "certificate_ended", text)
    } else if end.since(now) < CERTIFICATE {
        line("certificate", Level::Warn, "certificate_soon", text)
    } else {
        line("certificate", Level::Ok, "certificate_ok", text)
    }
}

fn backups(folder: &Path, config: Option<&Config>, now: Timestamp) -> Vec<Line> {
    let kept: Kept = fs::read(folder.join("keeping.json"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let days = |at: Timestamp| (now.since(at).as_secs() / 86_400).to_string();
    let every = config.and_then(|config| config.backup.every());
    let limit = every.unwrap_or(Duration::from_hours(7 * 24)) * 2;
    let mut lines = Vec::new();
    lines.push(match kept.backup_at {
        None => line("backup", Level::Bad, "backup_never", ""),
        Some(at) if now.since(at) > limit => line("backup", Level::Bad, "backup_old", days(at)),
        Some(at) => line("backup", Level::Ok, "backup_ok", days(at)),
    });
    if every.is_none() {
        lines.push(line("backup", Level::Warn, "backup_by_hand", ""));
    }
    if let Some(code) = kept.failed {
        lines.push(line("backup", Level::Warn, "backup_failed", code));
    }
    if let Some(to) = kept.backup_to {
        match Shelf::open(&to) {
            Err(_) => lines.push(line("backup", Level::Warn, "backup_gone", to.display().to_string())),
            Ok(shelf) => {
                if !shelf.is_encrypted() {
                    lines.push(line("backup", Level::Warn, "backup_open", ""));
                }
                let is_fresh = shelf.verified_at().is_some_and(|at| now.since(at) <= VERIFIED);
                let (level, key) =
                    if is_fresh { (Level::Ok, "verified_ok") } else { (Level::Warn, "verified_old") };
                lines.push(line("backup", level, key, ""));
            }
        }
    }
    if kept.check_damage > 0 {
        lines.push(line("check", Level::Bad, "check_damage", kept.check_damage.to_string()));
    }
    lines
}

fn memory() -> Option<Line> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = available.split_whitespace().next()?.parse().ok()?;
    let size = mebibytes(kib * 1024);
    Some(if kib < MEMORY_KIB {
        line("memory", Level::Warn, "memory_low", size)
    } else {
        line("memory", Level::Ok, "memory_ok", size)
    })
}

/// Nobody but their owner may read the keys.
fn keys(folder: &Folder) -> Line {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for path in [folder.relay_key(), folder.tls_key(), folder.api_token(), folder.identity()] {
            let Ok(metadata) = fs::metadata(&path) else {
                return line("keys", Level::Bad, "keys_missing", path.display().to_string());
            };
            if metadata.permissions().mode() & 0o077 != 0 {
                return line("keys", Level::Bad, "keys_open", path.display().to_string());
            }
        }
    }
    line("keys", Level::Ok, "keys_ok", folder.path().display().to_string())
}

fn unit() -> Line {
    let found = ["/etc/systemd/system/suishou.service", "/lib/systemd/system/suishou.service"]
        .into_iter()
        .find(|path| Path::new(path).exists());
    match found {
        Some(path) => line("unit", Level::Ok, "unit_ok", path),
        None => line("unit", Level::Warn, "unit_none", ""),
    }
}
