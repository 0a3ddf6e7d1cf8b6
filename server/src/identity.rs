//! Who the relay is: the township's and its own id, its signing key, and the certificate that phones
//! pin. Made once by `township init`; losing it means enrolling every phone again.

use std::time::Duration;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use suishou_core::{
    id::{DeviceId, Pin, TownshipId},
    log::Key,
    time::{Clock, Random, Timestamp},
};

use crate::{
    error::SetupError,
    folder::{self, Folder},
};

/// Longest name of a township in bytes.
const MAX_NAME_BYTES: usize = 100;
/// Phones know the certificate by its pin; its end must never be the reason for enrolling all again.
const CERTIFICATE_LIFE: Duration = Duration::from_hours(20 * 365 * 24);
/// For phones whose clocks are behind.
const CERTIFICATE_LEAD: Duration = Duration::from_hours(365 * 24);

/// Who the relay is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Which township.
    pub township: TownshipId,
    /// What it is called.
    pub name: String,
    /// The relay as a device: an operator's action is an entry in its log.
    pub device: DeviceId,
    /// Signs receipts, settings and enrolments.
    pub key: Key,
}

/// `identity.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityFile {
    format: u8,
    township: TownshipId,
    name: String,
    device: DeviceId,
}

const FORMAT: u8 = 1;

impl Identity {
    /// A new township.
    pub fn new(name: &str, random: &mut Random) -> Result<Self, SetupError> {
        let name = name.trim();
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
            return Err(SetupError::BadName);
        }
        Ok(Self {
            township: TownshipId::new(random.bytes()),
            name: name.to_owned(),
            device: DeviceId::new(random.bytes()),
            key: Key::generate(random),
        })
    }

    /// Writes the files of a new relay.
    pub fn create(&self, folder: &Folder) -> Result<(), SetupError> {
        let secret = data_encoding::HEXLOWER.encode(&*self.key.secret());
        folder::create_private(&folder.relay_key(), secret.as_bytes())?;
        let file = IdentityFile {
            format: FORMAT,
            township: self.township,
            name: self.name.clone(),
            device: self.device,
        };
        let path = folder.identity();
        let json = serde_json::to_vec_pretty(&file)
            .map_err(|error| SetupError::Unreadable { path: path.clone(), reason: error.to_string() })?;
        folder::create_private(&path, &json)
    }

    /// Reads the files.
    pub fn load(folder: &Folder) -> Result<Self, SetupError> {
        let path = folder.identity();
        let unreadable = |reason: String| SetupError::Unreadable { path: path.clone(), reason };
        let file: IdentityFile = serde_json::from_str(&folder::read_text(&path)?)
            .map_err(|error| unreadable(error.to_string()))?;
        if file.format != FORMAT {
            return Err(unreadable(format!("format {}", file.format)));
        }
        let path = folder.relay_key();
        let secret = data_encoding::HEXLOWER
            .decode(folder::read_text(&path)?.trim().as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .ok_or(SetupError::Unreadable { path, reason: "64 hexadecimal digits".to_owned() })?;
        Ok(Self {
            township: file.township,
            name: file.name,
            device: file.device,
            key: Key::from_secret(&secret),
        })
    }
}

/// The certificate with its secret key.
#[derive(Debug)]
pub struct Certificate {
    /// What phones see.
    pub certificate: CertificateDer<'static>,
    /// What only the relay has.
    pub key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// Makes a certificate for these hosts, signed by itself, and writes it.
    pub fn create(folder: &Folder, hosts: &[String], clock: &dyn Clock) -> Result<(), SetupError> {
        let failed = |error: rcgen::Error| SetupError::Certificate(error.to_string());
        let mut parameters = CertificateParams::new(hosts).map_err(failed)?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, "Suishou relay");
        parameters.distinguished_name = subject;
        let now = rcgen::date_time_ymd(1970, 1, 1) + clock.now().since(Timestamp::default());
        parameters.not_before = now - CERTIFICATE_LEAD;
        parameters.not_after = now + CERTIFICATE_LIFE;
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters.self_signed(&key).map_err(failed)?;
        folder::create_private(&folder.tls_key(), key.serialize_pem().as_bytes())?;
        folder::create_private(&folder.tls_certificate(), certificate.pem().as_bytes())
    }

    /// Reads the files.
    pub fn load(folder: &Folder) -> Result<Self, SetupError> {
        let read = |path: std::path::PathBuf| folder::read_text(&path).map(|text| (text, path));
        let (certificate, path) = read(folder.tls_certificate())?;
        let unreadable = |path| {
            move |error: rustls::pki_types::pem::Error| SetupError::Unreadable {
                path,
                reason: error.to_string(),
            }
        };
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(unreadable(path))?;
        let (key, path) = read(folder.tls_key())?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unreadable(path))?;
        Ok(Self { certificate, key })
    }

    /// When it ends; none if that is not told as it should be.
    pub fn ends_at(&self) -> Option<Timestamp> {
        // Validity is two times, one behind the other (RFC 5280, 4.1.2.5): of the whole certificate nothing else is.
        let times = (0..self.certificate.len()).find_map(|at| {
            let (_, first) = der_time(self.certificate.get(at..)?)?;
            der_time(self.certificate.get(at + first..)?)
        });
        times.and_then(|(end, _)| end.parse().ok())
    }

    /// What the QR carries of it.
    pub fn pin(&self) -> Pin {
        pin(&self.certificate)
    }
}

/// A `UTCTime` or `GeneralizedTime` at the beginning of these bytes, in RFC 3339, with how many bytes it takes.
fn der_time(bytes: &[u8]) -> Option<(String, usize)> {
    let (tag, length) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let text = std::str::from_utf8(bytes.get(2..2 + length)?).ok()?;
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, rest) = match (tag, length) {
        (0x17, 13) => {
            let (year, rest) = digits.split_at_checked(2)?;
            let century = if year < "50" { "20" } else { "19" };
            (format!("{century}{year}"), rest)
        }
        (0x18, 15) => digits.split_at_checked(4).map(|(year, rest)| (year.to_owned(), rest))?,
        _ => return None,
    };
    let part = |from: usize| rest.get(from..from + 2);
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    Some((format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"), 2 + length))
}

/// SHA-256 of a certificate.
pub fn pin(certificate: &CertificateDer<'_>) -> Pin {
    Pin::new(Sha256::digest(certificate).into())
}

/// Makes the secret that an operator's program shows to `/api`.
pub fn create_api_token(folder: &Folder, random: &mut Random) -> Result<(), SetupError> {
    let token = data_encoding::HEXLOWER.encode(&random.bytes::<32>());
    folder::create_private(&folder.api_token(), token.as_bytes())
}

#[cfg(test)]
mod tests {
    use suishou_core::time::SystemClock;

    use super::*;

    #[test]
    fn an_identity_reads_back_and_a_name_is_needed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path());
        let identity = Identity::new(" 金华镇 ", &mut Random::seeded(1)).unwrap();
        identity.create(&folder).unwrap();
        let read = Identity::load(&folder).unwrap();
        assert_eq!(read.name, "金华镇");
        assert_eq!(read.township, identity.township);
        assert_eq!(*read.key.secret(), *identity.key.secret());
        assert!(Identity::new(" ", &mut Random::seeded(1)).is_err());
    }

    #[test]
    fn the_certificate_reads_back() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path());
        Certificate::create(&folder, &["localhost".to_owned(), "10.0.0.2".to_owned()], &SystemClock).unwrap();
        let certificate = Certificate::load(&folder).unwrap();
        assert_ne!(certificate.pin(), Pin::ZERO);
        assert_eq!(certificate.pin(), Certificate::load(&folder).unwrap().pin());
        let life = certificate.ends_at().unwrap().since(SystemClock.now());
        assert!(CERTIFICATE_LIFE.abs_diff(life) < Duration::from_hours(1), "{life:?}");
    }
}
