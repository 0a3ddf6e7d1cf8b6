//! A simulated phone: the real facade in a folder of its own, with its own network.

use std::{path::PathBuf, sync::Arc};

use suishou_core::{
    error::{Error, Result},
    field::Field,
    id::BlobHash,
    store::blobs::BlobFolder,
    sync::session::{Figures, Session, Step},
    time::{Random, SharedClock},
};
use suishou_server::relay::Relay;
use tempfile::TempDir;

use super::{
    Network, Township,
    folder::{copy_folder, crashed, replace},
    township::settle,
};

/// A phone.
#[derive(Debug)]
pub struct Phone {
    /// What its app calls; none while the process is dead.
    field: Option<Field>,
    /// Its link.
    pub network: Network,
    relay: Relay,
    clock: SharedClock,
    folder: PathBuf,
    seed: u64,
    _kept: Option<TempDir>,
}

impl Phone {
    /// A new phone with nothing on it.
    pub fn new(township: &Township, seed: u64) -> Self {
        Self::with_clock(township, seed, township.clock())
    }

    /// A new phone with a clock of its own.
    pub fn with_clock(township: &Township, seed: u64, clock: SharedClock) -> Self {
        let kept = tempfile::tempdir().expect("a folder for the phone can be made");
        let mut phone = Self {
            field: None,
            network: Network::to(township.router()),
            relay: township.relay.clone(),
            clock,
            folder: kept.path().join("store"),
            seed,
            _kept: Some(kept),
        };
        phone.start();
        phone
    }

    /// The same phone's files, copied: a second phone that believes to be the first.
    #[must_use]
    pub fn cloned(&mut self, township: &Township) -> Self {
        self.kill();
        let kept = tempfile::tempdir().expect("a folder for the clone can be made");
        let folder = kept.path().join("store");
        copy_folder(&self.folder, &folder);
        self.start();
        let mut clone = Self {
            field: None,
            network: Network::to(township.router()),
            relay: township.relay.clone(),
            clock: Arc::clone(&self.clock),
            folder,
            seed: self.seed + 1_000_000,
            _kept: Some(kept),
        };
        clone.start();
        clone
    }

    /// Keeps a copy of the files as they are, as a backup of the phone would.
    pub fn snapshot(&mut self) -> TempDir {
        self.kill();
        let kept = tempfile::tempdir().expect("a folder for the copy can be made");
        copy_folder(&self.folder, kept.path());
        self.start();
        kept
    }

    /// Puts an older copy in place of the files.
    pub fn roll_back(&mut self, snapshot: &TempDir) {
        self.kill();
        replace(&self.folder, snapshot.path());
        self.start();
    }

    /// Ends the app as a kill does: what is on the disk at this moment is all that its next start finds.
    pub fn crash(&mut self) {
        let kept = crashed(&self.folder);
        self.roll_back(&kept);
    }

    /// Leads to the relay as it runs now.
    pub fn reconnect(&mut self, township: &Township) {
        self.network.reconnect(township.router());
        self.relay = township.relay.clone();
    }

    /// Where the phone's files lie.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Ends the app without warning.
    pub fn kill(&mut self) {
        self.field = None;
    }

    /// Starts the app, with chance that no earlier start had.
    pub fn start(&mut self) {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let field = Field::open(&self.folder, Arc::clone(&self.clock), Random::seeded(self.seed));
        self.field = Some(field.expect("the phone's store opens"));
    }

    /// What its app calls.
    pub fn field(&self) -> &Field {
        self.field.as_ref().expect("the app is running")
    }

    /// Removes a blob's file, as a cleaner app might.
    pub fn lose_blob(&self, blob: &BlobHash) {
        let blobs = BlobFolder::open(self.folder.join("blobs")).expect("the blob folder is there");
        blobs.remove(blob).expect("the blob can be removed");
    }

    /// Enrols with an invitation.
    pub async fn enrol(&mut self, invitation: &str) -> Result<()> {
        let enrolling = self.field().begin_enrolment(invitation)?;
        let response = self.network.carry(enrolling.request()).await?;
        self.field().finish_enrolment(&enrolling, &response)
    }

    /// One try to sync: it ends with the first fault.
    pub async fn sync(&mut self) -> Result<Figures> {
        let mut session = Session::default();
        self.sync_with(&mut session).await?;
        Ok(session.figures())
    }

    /// Syncs within a session that may have met faults before. Documents follow behind the relay's log: what
    /// others sent before is in them by now, so that no test depends on which was quicker.
    pub async fn sync_with(&mut self, session: &mut Session) -> Result<()> {
        settle(&self.relay).await;
        // A bound instead of trust: a session that never ends is a fault of ours.
        for _ in 0..10_000 {
            let Step::Send(request) = self.field().ask(session)? else { return Ok(()) };
            match self.network.carry(request).await {
                Ok(response) => self.field().answer(session, &response)?,
                Err(error) => {
                    session.lost();
                    return Err(error);
                }
            }
        }
        Err(Error::Corrupt("the session does not end"))
    }
}
