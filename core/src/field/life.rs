//! The phone's life: room, held work handed over by hand, damage, revocation.

use std::path::Path;

use super::{Field, Inner};
use crate::{
    capture::Photo,
    error::{Error, Result},
    id::BlobHash,
    model::{blob::BlobKind, consent::ConsentKind},
    store::{Exported, RevokedNote, SalvageReport, StorageReport, Trimmed},
    time::Timestamp,
    view::EnrolmentView,
};

impl Field {
    /// Removes the files of photos, voice recordings and track segments that the relay holds and that are 14 days
    /// old; previews stay, and views say where the photo is. To be called when the app is idle, and when it is low.
    pub fn trim(&self) -> Result<Trimmed> {
        let now = self.now();
        self.inner().store.trim(now)
    }

    /// Where the room on this phone went.
    pub fn storage(&self) -> Result<StorageReport> {
        let now = self.now();
        self.inner().store.storage(now)
    }

    /// Writes every held entry with its photos into a folder that a person can hand over; nothing is removed.
    pub fn export_held(&self, to: &Path) -> Result<Exported> {
        self.inner().store.export_held(to)
    }

    /// What came of a damaged database that was found at a start, until the person has seen it.
    pub fn salvage(&self) -> Option<SalvageReport> {
        self.inner().store.salvage().cloned()
    }

    /// The person has seen what the salvage came to.
    pub fn salvage_seen(&self) -> Result<()> {
        self.inner().store.salvage_seen()
    }

    /// What is left of a phone that the township revoked: who opens what it had not sent.
    pub fn revoked(&self) -> Option<RevokedNote> {
        self.inner().store.revoked().cloned()
    }
}

impl Inner {
    /// Keeps a photo with its preview, or neither. Refused only if the person took the consent back: before they
    /// were asked a report must not wait for it.
    pub(super) fn keep_photo(&mut self, photo: &Photo, at: Timestamp) -> Result<BlobHash> {
        self.check_consent(ConsentKind::Photos)?;
        let was_known = self.store.knows_blob(&photo.hash)?;
        let kept = self.store.add_blob(&photo.jpeg, BlobKind::Photo, None, at).and_then(|hash| {
            self.store.add_blob(&photo.preview.jpeg, BlobKind::Preview, Some(hash), at)?;
            Ok(hash)
        });
        if kept.is_err() && !was_known {
            self.store.remove_unnamed(&[photo.hash])?;
        }
        kept
    }

    /// Who this phone belongs to; of a wiped one what its note says.
    pub(super) fn enrolment(&mut self) -> Result<EnrolmentView> {
        match self.store.identity() {
            Ok(identity) => Ok(EnrolmentView {
                grids: self.rights()?.grids.into_iter().collect(),
                township_name: identity.township_name,
                member: identity.membership.member.to_string(),
                role: identity.membership.role,
                is_revoked: identity.is_revoked,
                check: self.store.check()?,
            }),
            Err(Error::Revoked) => {
                let note = self.store.revoked().ok_or(Error::Revoked)?;
                Ok(EnrolmentView {
                    township_name: note.township_name.clone(),
                    member: note.member.to_string(),
                    role: note.role,
                    grids: Vec::new(),
                    is_revoked: true,
                    check: None,
                })
            }
            Err(error) => Err(error),
        }
    }
}
