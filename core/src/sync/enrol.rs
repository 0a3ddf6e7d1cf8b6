//! Enrolment: a new key's first exchange with the relay, without any I/O.

use super::{
    check::{Compared, Hello, SignedWelcome, code_hash, commitment},
    typed::{TypedCode, address},
};
use crate::{
    error::{Error, Result, Unreachable},
    id::{EnrolCode, Nonce, Pin},
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
    /// With a typed code: the phone's secret and the relay's nonce.
    opened: Option<(Nonce, Nonce)>,
}

impl Enrolling {
    /// Begins with what the QR says.
    pub fn begin(invitation: Invitation, store: &mut Store) -> Self {
        let nonce = Nonce::new(store.random_bytes());
        Self { invitation, key: store.new_key(), nonce, opened: None }
    }

    /// What the QR says.
    pub fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// The request; sending it again is harmless.
    pub fn request(&self) -> Request {
        let (code, public_key, nonce) = (self.invitation.code, self.key.public(), self.nonce);
        let proof = self.key.sign(&EnrolProof { code, public_key, nonce });
        let opening = self.opened.map(|(secret, _)| secret);
        let body = encode(&EnrolRequest { version: VERSION, code, public_key, proof, nonce, opening });
        Request::new(Method::Post, path::ENROL).content(CONTENT_TYPE, body)
    }

    /// Takes the answer and keeps the enrolment, with the digits that are to be compared.
    pub fn accept(&self, store: &mut Store, response: &Response, at: Timestamp) -> Result<()> {
        let answer: SignedEnrolment =
            decode(body(response)?, "the relay's answer").map_err(|_| not_the_relay())?;
        known_version("the relay's answer", answer.enrolment.version)?;
        verify(&self.invitation.relay_key, &answer.enrolment, &answer.signature)?;
        if answer.enrolment.nonce != self.nonce || answer.enrolment.township != self.invitation.township {
            return Err(Error::Offline(Unreachable::BadSignature));
        }
        let compared = Compared {
            relay_key: self.invitation.relay_key,
            pin: self.invitation.pin,
            device_key: self.key.public(),
            code: self.invitation.code,
            opened: self.opened,
        };
        store.set_check(answer.enrolment.device, compared.check())?;
        store.enrol(&self.invitation, &answer.enrolment, &self.key, at)
    }
}

/// An enrolment by a typed code, before the relay is known. See `check.rs` for why it goes in two steps.
#[derive(Debug)]
pub struct Greeting {
    address: String,
    code: EnrolCode,
    key: Key,
    secret: Nonce,
    nonce: Nonce,
}

impl Greeting {
    /// Begins with what the person typed.
    pub fn begin(typed_address: &str, typed_code: &str, store: &mut Store) -> Result<Self> {
        let address = address(typed_address)?;
        let code = typed_code.parse::<TypedCode>()?.code();
        let (secret, nonce) = (Nonce::new(store.random_bytes()), Nonce::new(store.random_bytes()));
        Ok(Self { address, code, key: store.new_key(), secret, nonce })
    }

    /// Where the relay should be.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The request; sending it again is harmless.
    pub fn request(&self) -> Request {
        let commitment = commitment(&self.secret, &self.key.public());
        let hello = Hello { version: VERSION, code: code_hash(&self.code), commitment };
        Request::new(Method::Post, path::HELLO).content(CONTENT_TYPE, encode(&hello))
    }

    /// Takes the answer of whoever is there; `pin` is the certificate that was shown. From here on this and no other is
    /// spoken to, and the digits will tell whether it is the township's.
    pub fn accept(self, response: &Response, pin: Option<Pin>) -> Result<Enrolling> {
        let answer: SignedWelcome =
            decode(body(response)?, "the relay's answer").map_err(|_| not_the_relay())?;
        let welcome = answer.welcome;
        known_version("the relay's answer", welcome.version)?;
        verify(&welcome.relay_key, &welcome, &answer.signature)?;
        if welcome.commitment != commitment(&self.secret, &self.key.public()) {
            return Err(Error::Offline(Unreachable::BadSignature));
        }
        let invitation = Invitation {
            version: VERSION,
            addresses: vec![self.address],
            pin,
            relay_key: welcome.relay_key,
            township: welcome.township,
            code: self.code,
        };
        let opened = Some((self.secret, welcome.nonce));
        Ok(Enrolling { invitation, key: self.key, nonce: self.nonce, opened })
    }
}

/// The body of a success; of a refusal what it means.
fn body(response: &Response) -> Result<&[u8]> {
    if response.status == 200 {
        return Ok(&response.body);
    }
    let typed: Option<ErrorBody> = serde_json::from_slice(&response.body).ok();
    let found = typed.map(|body| body.error.code).unwrap_or_default();
    Err(match found.as_str() {
        code::BAD_ENROL_CODE => Error::BadEnrolCode,
        code::ENROL_CODE_USED => Error::EnrolCodeUsed,
        code::ENROL_CODE_EXPIRED => Error::EnrolCodeExpired,
        code::QUOTA | code::OVERLOADED => Error::Offline(Unreachable::Overloaded),
        known if code::ALL.contains(&known) => Error::RelayRefused { code: found },
        _ => not_the_relay(),
    })
}

fn not_the_relay() -> Error {
    Error::Offline(Unreachable::NotTheRelay)
}
