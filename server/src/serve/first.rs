//! The first administrator's one-time link: made by `township init` before there is a database, taken into it
//! when the relay first starts. The file holds the code's hash only.

use std::{fs, io};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use suishou_core::time::{Random, Timestamp};

use crate::{
    error::SetupError,
    folder::{self, Folder},
    relay::{
        Relay,
        operators::{JoinLink, new_link},
    },
};

/// `first.link`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLink {
    link_hash: String,
    expires_at: Timestamp,
}

/// Makes the link of a new township.
pub fn create_first_link(
    folder: &Folder,
    random: &mut Random,
    now: Timestamp,
) -> Result<JoinLink, SetupError> {
    let (link, hash) = new_link(random, now);
    let file = FirstLink { link_hash: HEXLOWER.encode(&hash), expires_at: link.expires_at };
    let path = folder.first_link();
    let json = serde_json::to_vec_pretty(&file)
        .map_err(|error| SetupError::Unreadable { path: path.clone(), reason: error.to_string() })?;
    folder::create_private(&path, &json)?;
    Ok(link)
}

/// Takes the file into the database. Doing it twice changes nothing: a link that was used stays used.
pub(super) async fn take_first_link(folder: &Folder, relay: &Relay) -> Result<(), SetupError> {
    let path = folder.first_link();
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|error| SetupError::file("read", &path, &error))?,
    };
    let unreadable = |reason: &str| SetupError::Unreadable { path: path.clone(), reason: reason.to_owned() };
    let file: FirstLink = serde_json::from_str(&text).map_err(|error| unreadable(&error.to_string()))?;
    let hash = HEXLOWER.decode(file.link_hash.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let hash: [u8; 32] = hash.ok_or_else(|| unreadable("64 hexadecimal digits"))?;
    let taken = relay.take_first_link(hash, file.expires_at).await;
    taken.map_err(|error| SetupError::Relay(error.to_string()))?;
    fs::remove_file(&path).map_err(|error| SetupError::file("remove", &path, &error))
}
