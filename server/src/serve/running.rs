//! `serving.json`: where the running relay listens, for the commands on this machine.

use std::{fs, net::SocketAddr};

use serde::{Deserialize, Serialize};

use crate::{
    error::SetupError,
    folder::{self, Folder},
};

/// Where a relay listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Base address for phones.
    pub device: String,
    /// Address of `/api`.
    pub api: SocketAddr,
    /// Base address of the console for other machines, if it is open to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// The process.
    pub pid: u32,
}

impl Serving {
    /// Says where the relay of this folder listens.
    pub fn write(&self, folder: &Folder) -> Result<(), SetupError> {
        let path = folder.serving();
        let json = serde_json::to_vec_pretty(self)
            .map_err(|error| SetupError::Unreadable { path: path.clone(), reason: error.to_string() })?;
        folder::replace_private(&path, &json)
    }

    /// Where the relay of this folder listens, if it runs or was killed.
    pub fn read(folder: &Folder) -> Result<Self, SetupError> {
        let path = folder.serving();
        serde_json::from_str(&folder::read_text(&path)?)
            .map_err(|error| SetupError::Unreadable { path, reason: error.to_string() })
    }

    pub(super) fn remove(folder: &Folder) {
        if let Err(error) = fs::remove_file(folder.serving()) {
            tracing::warn!(kind = %error.kind(), "serving.json stays behind");
        }
    }
}
