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
        if kind == ConsentKind::Position && inner.is_walking()? { inner.pause(now) } else { Ok(()) }
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

    /// The consent to be located was taken back since then.
    pub(super) fn was_refused_since(&self, since: Timestamp) -> Result<bool> {
        let consent = self.consent(ConsentKind::Position)?;
        Ok(consent.and_then(|consent| consent.withdrawn_at).is_some_and(|at| at >= since))
    }
}
