//! Consent: given and taken back one by one, and what follows at once.

use super::{Field, Inner};
use crate::{
    error::{Error, Problem, Result},
    model::consent::{Consent, ConsentKind},
    time::Timestamp,
};

impl Field {
    /// Notes that the person agreed to a version of the privacy notice.
    pub fn give_consent(&self, kind: ConsentKind, version: u32) -> Result<()> {
        let now = self.now();
        self.inner().store.give_consent(kind, version, now)
    }

    /// Takes a consent back. Without the one to be located a patrol under way pauses at once, and no place is
    /// kept any more; what was kept before stays.
    pub fn withdraw_consent(&self, kind: ConsentKind) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        inner.store.withdraw_consent(kind, now)?;
        inner.pause_without_consent();
        Ok(())
    }

    /// What was agreed to and taken back.
    pub fn consents(&self) -> Result<Vec<Consent>> {
        self.inner().store.consents()
    }
}

impl Inner {
    fn consent(&self, kind: ConsentKind) -> Result<Option<Consent>> {
        Ok(self.store.consents()?.into_iter().find(|consent| consent.kind == kind))
    }

    /// The person took their consent back.
    pub(super) fn is_refused(&self, kind: ConsentKind) -> Result<bool> {
        Ok(self.consent(kind)?.is_some_and(|consent| consent.is_refused()))
    }

    /// Refuses what needs a consent that was taken back.
    pub(super) fn check_consent(&self, kind: ConsentKind) -> Result<()> {
        if self.is_refused(kind)? {
            return Err(Error::invalid(Problem::Missing("the consent")));
        }
        Ok(())
    }

    /// When the consent to be located was last taken back.
    pub(super) fn refused_at(&self) -> Result<Option<Timestamp>> {
        Ok(self.consent(ConsentKind::Position)?.and_then(|consent| consent.withdrawn_at))
    }

    /// Pauses a patrol that runs without the consent to be located, at the moment when that was taken back. Nothing
    /// is recorded meanwhile, so one that can't be paused now is paused when the app starts the next time.
    pub(super) fn pause_without_consent(&mut self) {
        if let Err(error) = self.try_pause_without_consent() {
            tracing::warn!(%error, "a patrol without consent could not be paused");
        }
    }

    fn try_pause_without_consent(&mut self) -> Result<()> {
        match self.refused_at()? {
            Some(at) if self.is_refused(ConsentKind::Position)? && self.is_walking()? => self.pause(at),
            _ => Ok(()),
        }
    }
}
