//! Enrolment: a new key's first exchange with the relay, without any I/O.

use crate::{
    error::{Error, Result, Unreachable},
    id::Nonce,
    log::{Key, verify},
    model::{decode, encode},
    store::Store,
    sync::{
        exchange::{Method, Request, Response},
        wire::{
            CONTENT_TYPE, EnrolProof, EnrolRequest, ErrorBody, Invitation, SignedEnrolment, VERSION, code,
            known_version, path,
        },
    },
    time::Timestamp,
};

/// An enrolment under way. The key exists only here until the relay has answered.
#[derive(Debug)]
pub struct Enrolling {
    invitation: Invitation,
    key: Key,
    nonce: Nonce,
}

impl Enrolling {
    /// Begins with what the QR says.
    pub fn begin(invitation: Invitation, store: &mut Store) -> Self {
        Self { invitation, key: store.new_key(), nonce: Nonce::new(store.random_bytes()) }
    }

    /// What the QR says.
    pub fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// The request; sending it again is harmless.
    pub fn request(&self) -> Request {
        let (code, public_key, nonce) = (self.invitation.code, self.key.public(), self.nonce);
        let proof = self.key.sign(&EnrolProof { code, public_key, nonce });
        let body = encode(&EnrolRequest { version: VERSION, code, public_key, proof, nonce });
        Request::new(Method::Post, path::ENROL).content(CONTENT_TYPE, body)
    }

    /// Takes the answer and keeps the enrolment.
    pub fn accept(&self, store: &mut Store, response: &Response, at: Timestamp) -> Result<()> {
        let not_the_relay = || Error::Offline(Unreachable::NotTheRelay);
        if response.status != 200 {
            let typed: Option<ErrorBody> = serde_json::from_slice(&response.body).ok();
            return Err(match typed.map(|body| body.error.code) {
                Some(found) if found == code::BAD_ENROL_CODE => Error::BadEnrolCode,
                Some(found) if code::ALL.contains(&found.as_str()) => Error::RelayRefused { code: found },
                _ => not_the_relay(),
            });
        }
        let answer: SignedEnrolment =
            decode(&response.body, "the relay's answer").map_err(|_| not_the_relay())?;
        known_version("the relay's answer", answer.enrolment.version)?;
        verify(&self.invitation.relay_key, &answer.enrolment, &answer.signature)?;
        if answer.enrolment.nonce != self.nonce || answer.enrolment.township != self.invitation.township {
            return Err(Error::Offline(Unreachable::BadSignature));
        }
        store.enrol(&self.invitation, &answer.enrolment, &self.key, at)
    }
}
