//! The operator's settings of this machine: where to listen, and under which addresses phones find
//! the relay. Read at start, written once by `township init`, then the operator's own file.

mod check;

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    path::PathBuf,
    time::Duration,
};

use http::Uri;
use serde::{Deserialize, Serialize};

use crate::{
    error::SetupError,
    folder::{self, Folder},
};

/// The port for phones unless the operator says otherwise.
pub const PORT: u16 = 8443;
/// The port for the console unless the operator says otherwise.
pub const API_PORT: u16 = 8444;
/// What stands above the settings in a new file.
const PREAMBLE: &str = include_str!("config.preamble.txt");

/// `config.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where phones connect.
    pub listen: SocketAddr,
    /// Where the console and the commands connect: this machine only.
    pub api_listen: SocketAddr,
    /// Where browsers on other machines of the town hall connect, by TLS; nowhere if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_listen: Option<SocketAddr>,
    /// Base addresses that go into the enrolment QR, the most likely first.
    pub addresses: Vec<String>,
    /// Most connections at once.
    #[serde(default = "most_connections")]
    pub connections: u32,
    /// Most connections at once from one address; a tunnel or proxy makes all phones look like one.
    #[serde(default = "most_connections_per_address")]
    pub connections_per_address: u32,
    /// Backups that the relay takes by itself.
    #[serde(default)]
    pub backup: BackupConfig,
    /// How much of the disk stays free.
    #[serde(default)]
    pub disk: DiskConfig,
    /// How much one device may send.
    #[serde(default)]
    pub quotas: Quotas,
    /// Once a day, what has been kept long enough goes.
    #[serde(default = "is_on")]
    pub daily_retention: bool,
}

const fn is_on() -> bool {
    true
}

/// `[backup]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupConfig {
    /// Where: a folder on another disk; none for no backups.
    pub to: Option<PathBuf>,
    /// How often; 0 for never.
    pub every_hours: u32,
    /// How many stay; 0 for all.
    pub keep: usize,
    /// A public key of age (`age1…`) for a folder that is begun.
    pub encrypt_to: Option<String>,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self { to: None, every_hours: 24, keep: 14, encrypt_to: None }
    }
}

impl BackupConfig {
    /// How often, if at all.
    pub fn every(&self) -> Option<Duration> {
        let hours = u64::from(self.every_hours);
        (self.to.is_some() && hours > 0).then(|| Duration::from_secs(hours * 3_600))
    }
}

/// `[disk]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskConfig {
    /// Below so much, attachments are refused; on a small disk, below a twentieth of it.
    pub attachments_free_mb: u64,
    /// Below so much, entries are refused too; on a small disk, below a hundredth of it.
    pub entries_free_mb: u64,
}

impl Default for DiskConfig {
    fn default() -> Self {
        Self { attachments_free_mb: 1_024, entries_free_mb: 64 }
    }
}

/// How much one device may send. The defaults are far beyond what a person does, also on the day after a month
/// without network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Entries in an hour.
    pub entries_per_hour: u64,
    /// Entries in a day.
    pub entries_per_day: u64,
    /// Bytes of photos, recordings and tracks in a day.
    pub attachment_bytes_per_day: u64,
    /// Uploads begun and not finished.
    pub uploads: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            entries_per_hour: 20_000,
            entries_per_day: 100_000,
            attachment_bytes_per_day: 4 * 1024 * 1024 * 1024,
            uploads: 256,
        }
    }
}

const fn most_connections() -> u32 {
    8_192
}

const fn most_connections_per_address() -> u32 {
    2_048
}

impl Config {
    /// The settings of a new relay; without addresses, the one this machine has in its network.
    pub fn new(addresses: &[String]) -> Result<Self, SetupError> {
        let addresses = if addresses.is_empty() {
            vec![format!("https://{}", SocketAddr::new(own_address(), PORT))]
        } else {
            addresses.iter().map(|address| checked_address(address)).collect::<Result<_, _>>()?
        };
        Ok(Self {
            listen: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT),
            api_listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), API_PORT),
            console_listen: None,
            addresses,
            connections: most_connections(),
            connections_per_address: most_connections_per_address(),
            backup: BackupConfig::default(),
            disk: DiskConfig::default(),
            quotas: Quotas::default(),
            daily_retention: is_on(),
        })
    }

    /// Reads and checks the file, and what the environment says in its place (`SUISHOU_LISTEN`,
    /// `SUISHOU_BACKUP_TO` …); all that is wrong is told at once.
    pub fn load(folder: &Folder) -> Result<Self, SetupError> {
        let path = folder.config();
        let unreadable = |error: &toml::de::Error| SetupError::Unreadable {
            path: path.clone(),
            reason: error.message().to_owned(),
        };
        let table: toml::Table = folder::read_text(&path)?.parse().map_err(|error| unreadable(&error))?;
        let table = check::complete(table, |name| env::var(name).ok())
            .map_err(|problems| SetupError::Config { path: path.clone(), problems })?;
        toml::Value::Table(table).try_into().map_err(|error| unreadable(&error))
    }

    /// Writes the file of a new relay.
    pub fn create(&self, folder: &Folder) -> Result<(), SetupError> {
        let path = folder.config();
        let settings = toml::to_string(self)
            .map_err(|error| SetupError::Unreadable { path: path.clone(), reason: error.to_string() })?;
        folder::create_private(&path, format!("{PREAMBLE}{settings}").as_bytes())
    }

    /// The addresses for the QR when the relay listens at `bound`: the port that was asked for in the
    /// file becomes the one that is used; any other port is a forwarded one and stays.
    pub fn reachable(&self, bound: SocketAddr) -> Vec<String> {
        self.addresses.iter().map(|address| with_port(address, self.listen.port(), bound.port())).collect()
    }

    /// Under which address browsers find the console: by TLS from other machines, else on this one.
    pub fn console_address(&self, api: SocketAddr, console: Option<SocketAddr>) -> String {
        let Some(console) = console else { return format!("http://localhost:{}", api.port()) };
        let first = self.addresses.first().and_then(|address| address.parse::<Uri>().ok());
        let host = first.as_ref().and_then(Uri::host).map(str::to_owned);
        format!("https://{}:{}", host.unwrap_or_else(|| console.ip().to_string()), console.port())
    }

    /// Names and numbers that the certificate is for.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = vec!["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()];
        for address in &self.addresses {
            if let Some(host) = address.parse::<Uri>().ok().as_ref().and_then(Uri::host) {
                let host = host.trim_start_matches('[').trim_end_matches(']');
                if !hosts.iter().any(|known| known == host) {
                    hosts.push(host.to_owned());
                }
            }
        }
        hosts
    }
}

/// The page on which somebody with a one-time link chooses a password. What stands behind `#` never travels.
pub fn join_link(console: &str, code: &str) -> String {
    format!("{console}/#/join/{code}")
}

/// `https://HOST[:PORT]` and nothing behind it.
fn checked_address(address: &str) -> Result<String, SetupError> {
    let bad = || SetupError::BadAddress { address: address.to_owned() };
    let trimmed = address.trim().trim_end_matches('/');
    let uri: Uri = trimmed.parse().map_err(|_| bad())?;
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let is_bare = uri.path() == "/" && uri.query().is_none() && !trimmed.contains(['@', '#']);
    if uri.scheme_str() == Some("https") && has_host && is_bare { Ok(trimmed.to_owned()) } else { Err(bad()) }
}

fn with_port(address: &str, asked: u16, bound: u16) -> String {
    match address.rsplit_once(':') {
        Some((host, port)) if port.parse() == Ok(asked) => format!("{host}:{bound}"),
        _ => address.to_owned(),
    }
}

/// This machine's address in its network: the one it would send from. Nothing is sent.
fn own_address() -> IpAddr {
    const DOCUMENTATION: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
    let own = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| socket.connect(DOCUMENTATION).and_then(|()| socket.local_addr()));
    own.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_https_addresses_are_taken() {
        let given = ["https://192.168.1.20:8443/".to_owned(), "https://[fd00::1]:9000".to_owned()];
        let config = Config::new(&given).unwrap();
        assert_eq!(config.addresses, ["https://192.168.1.20:8443", "https://[fd00::1]:9000"]);
        assert_eq!(config.hosts(), ["localhost", "127.0.0.1", "192.168.1.20", "fd00::1"]);
        for bad in [
            "http://192.168.1.20",
            "192.168.1.20:8443",
            "https://",
            "https://a/b",
            "https://a@b",
            "https://a?b",
        ] {
            assert!(Config::new(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_file_reads_back_and_names_unknown_keys() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path());
        let config = Config::new(&[]).unwrap();
        config.create(&folder).unwrap();
        assert_eq!(Config::load(&folder).unwrap(), config);
        folder::replace_private(&folder.config(), b"lisen = 1").unwrap();
        assert!(matches!(Config::load(&folder), Err(SetupError::Config { .. })));
        folder::replace_private(&folder.config(), b"listen =").unwrap();
        assert!(matches!(Config::load(&folder), Err(SetupError::Unreadable { .. })));
    }

    #[test]
    fn the_qr_names_the_port_that_is_used_and_keeps_forwarded_ones() {
        let addresses = ["https://10.0.0.2:8443".to_owned(), "https://town.example:443".to_owned()];
        let config = Config::new(&addresses).unwrap();
        let bound = SocketAddr::from(([0, 0, 0, 0], 40_000));
        assert_eq!(config.reachable(bound), ["https://10.0.0.2:40000", "https://town.example:443"]);
    }
}
