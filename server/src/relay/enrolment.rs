//! Invitations and enrolment: one-time codes as QR and to be typed, and the phones that come with them.

use std::time::Duration;

use serde::Serialize;
use suishou_core::{
    id::{DeviceId, EnrolCode, MemberId, Nonce},
    log::verify,
    model::decode,
    sync::{
        check::{CheckCode, Compared, Hello, MAX_COMMITMENTS, SignedWelcome, Welcome, code_hash, commitment},
        typed::TypedCode,
        wire::{EnrolProof, EnrolRequest, Enrolment, SignedEnrolment, VERSION, known_version},
    },
    time::Timestamp,
};

use super::{
    Relay,
    engine::{Engine, Work},
    error::{RelayError, Result},
    feed::membership,
    scope::device_key,
    shared::Shared,
};
use crate::db::{self, Connection, enrolment::Listed};

/// Most invitations of one list.
const MAX_LISTED: usize = 500;
/// Most invitations made at once: a sheet for a whole township.
pub const MAX_AT_ONCE: usize = 500;

/// A one-time code for a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invited {
    /// By which operators name it.
    pub number: i64,
    /// For the QR; the relay keeps only its hash.
    pub code: EnrolCode,
    /// To be typed where there is no camera; the relay keeps only its hash.
    pub typed_code: String,
    /// Useless from then on.
    pub expires_at: Timestamp,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// It can be used.
    Open,
    /// A phone used it.
    Used,
    /// It is out of date.
    Expired,
    /// An operator took it back.
    Withdrawn,
    /// Too many began with its typed code without coming to an end.
    Spent,
}

/// An invitation, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct InvitationShown {
    /// By which operators name it.
    pub number: i64,
    /// For whom.
    pub member: MemberId,
    /// What became of it.
    pub state: InvitationState,
    /// Since when.
    pub made_at: Timestamp,
    /// Useless from then on.
    pub expires_at: Timestamp,
    /// The phone that used it.
    pub device: Option<DeviceId>,
    /// The digits that operator and person compare, once it is used.
    pub check: Option<CheckCode>,
    /// How many phones began with its typed code; more than one is worth a question.
    pub begun: u64,
}

impl Engine {
    /// A one-time code for a phone of this member. Only hashes are kept of it.
    pub fn invite(&mut self, member: &MemberId, valid_for: Duration) -> Result<Invited> {
        self.write(|work| work.invite(member, valid_for))
    }

    /// One-time codes for several members; all or none.
    pub fn invite_all(&mut self, members: &[MemberId], valid_for: Duration) -> Result<Vec<Invited>> {
        self.write(|work| members.iter().map(|member| work.invite(member, valid_for)).collect())
    }

    /// Answers what goes before an enrolment by a typed code. `sync/check.rs` of core says why each commitment gets one
    /// nonce and a code takes few of them.
    pub fn welcome(&mut self, body: &[u8]) -> Result<SignedWelcome> {
        let hello: Hello = decode(body, "a hello")?;
        known_version("the hello", hello.version)?;
        let nonce = self.write(|work| {
            let known = db::enrolment::find(work.transaction, hello.code)?;
            let code = db::device::find_code(work.transaction, known.code_hash.to_array())?;
            let code = code.filter(|_| known.is_typed).ok_or(RelayError::BadEnrolCode)?;
            if let Some(nonce) = db::enrolment::nonce_of(work.transaction, hello.code, hello.commitment)? {
                return Ok(nonce);
            }
            if code.used_by.is_some() {
                return Err(RelayError::EnrolCodeUsed);
            }
            let begun = db::enrolment::commitments(work.transaction, hello.code)?;
            if known.is_withdrawn || code.expires_at <= work.now || begun >= MAX_COMMITMENTS {
                return Err(RelayError::EnrolCodeExpired);
            }
            let nonce = Nonce::new(work.random.bytes());
            db::enrolment::commit_to(work.transaction, hello.code, hello.commitment, nonce)?;
            Ok(nonce)
        })?;
        let identity = &self.shared().identity;
        let welcome = Welcome {
            version: VERSION,
            township: identity.township,
            relay_key: identity.key.public(),
            commitment: hello.commitment,
            nonce,
        };
        let signature = identity.key.sign(&welcome);
        Ok(SignedWelcome { welcome, signature })
    }

    /// Enrols a phone. The same code with the same key gets the same device again: an answer may be
    /// lost on the way.
    pub fn enrol(&mut self, body: &[u8]) -> Result<SignedEnrolment> {
        let request: EnrolRequest = decode(body, "an enrolment request")?;
        known_version("the enrolment request", request.version)?;
        let proof = EnrolProof { code: request.code, public_key: request.public_key, nonce: request.nonce };
        verify(&request.public_key, &proof, &request.proof).map_err(|_| RelayError::BadEnrolCode)?;
        let (device, membership) = self.write(|work| work.enrol(&request))?;
        self.shared().touch_devices();
        let identity = &self.shared().identity;
        let enrolment = Enrolment {
            version: VERSION,
            township: identity.township,
            township_name: identity.name.clone(),
            device,
            membership,
            nonce: request.nonce,
        };
        let signature = identity.key.sign(&enrolment);
        Ok(SignedEnrolment { enrolment, signature })
    }

    /// Takes an invitation back. One that was used stays used.
    pub fn withdraw_invitation(&mut self, number: i64) -> Result<InvitationShown> {
        self.write(|work| {
            let now = work.now;
            db::enrolment::withdraw(work.transaction, number, now)?;
            invitation(work.transaction, work.shared, number)
        })
    }
}

impl Work<'_> {
    /// A new code for a member.
    pub(super) fn invite(&mut self, member: &MemberId, valid_for: Duration) -> Result<Invited> {
        let member = db::member::find(self.transaction, member)?.ok_or(RelayError::NotFound)?;
        let code = EnrolCode::new(self.random.bytes());
        let typed = TypedCode::new(self.random.bytes());
        let expires_at = self.now.after(valid_for);
        let number = db::enrolment::add(
            self.transaction,
            code_hash(&code),
            code_hash(&typed.code()),
            member.row,
            expires_at,
            self.now,
        )?;
        Ok(Invited { number, code, typed_code: typed.to_string(), expires_at })
    }

    fn enrol(&mut self, request: &EnrolRequest) -> Result<(DeviceId, suishou_core::sync::wire::Membership)> {
        let hash = code_hash(&request.code);
        let known = db::enrolment::find(self.transaction, hash)?;
        let code = db::device::find_code(self.transaction, known.code_hash.to_array())?;
        let code = code.ok_or(RelayError::BadEnrolCode)?;
        let opened = if known.is_typed { Some(self.opened(request)?) } else { None };
        if let Some((key, device)) = code.used_by {
            if key != request.public_key {
                return Err(RelayError::EnrolCodeUsed);
            }
            let device = db::device::get(self.transaction, device)?;
            return Ok((device.device, membership(self.transaction, code.member)?));
        }
        if known.is_withdrawn || code.expires_at <= self.now {
            return Err(RelayError::EnrolCodeExpired);
        }
        let device = DeviceId::new(self.random.bytes());
        let row = db::device::add(self.transaction, device, Some(code.member), request.public_key, self.now)?;
        db::device::use_code(self.transaction, known.code_hash.to_array(), request.public_key, row)?;
        let compared = Compared {
            relay_key: self.shared.identity.key.public(),
            pin: self.shared.terms().pin,
            device_key: request.public_key,
            code: request.code,
            opened,
        };
        db::enrolment::set_check(self.transaction, row, compared.check().number(), known.is_typed)?;
        // Whoever waits for news knows the key from the beginning.
        self.key(&device_key(device))?;
        tracing::info!(%device, is_typed = known.is_typed, "enrolled");
        Ok((device, membership(self.transaction, code.member)?))
    }

    /// The phone's secret and the relay's nonce, if the phone was bound to them: a typed code is good for nothing else.
    fn opened(&self, request: &EnrolRequest) -> Result<(Nonce, Nonce)> {
        let secret = request.opening.ok_or(RelayError::BadEnrolCode)?;
        let commitment = commitment(&secret, &request.public_key);
        let nonce = db::enrolment::nonce_of(self.transaction, code_hash(&request.code), commitment)?;
        Ok((secret, nonce.ok_or(RelayError::BadEnrolCode)?))
    }
}

impl Relay {
    /// A one-time code for a phone of this member.
    pub async fn invite(&self, member: MemberId, valid_for: Duration) -> Result<Invited> {
        self.call(move |engine| engine.invite(&member, valid_for)).await
    }

    /// One-time codes for several members; all or none.
    pub async fn invite_all(&self, members: Vec<MemberId>, valid_for: Duration) -> Result<Vec<Invited>> {
        self.call(move |engine| engine.invite_all(&members, valid_for)).await
    }

    /// Invitations, newest first.
    pub async fn invitations(&self) -> Result<Vec<InvitationShown>> {
        self.with(|connection, shared| {
            let listed = db::enrolment::list(connection, MAX_LISTED)?;
            listed.into_iter().map(|listed| shown(connection, shared, listed)).collect()
        })
        .await
    }

    /// One invitation.
    pub async fn invitation(&self, number: i64) -> Result<InvitationShown> {
        self.with(move |connection, shared| invitation(connection, shared, number)).await
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(&self, number: i64) -> Result<InvitationShown> {
        self.call(move |engine| engine.withdraw_invitation(number)).await
    }
}

fn invitation(connection: &Connection, shared: &Shared, number: i64) -> Result<InvitationShown> {
    let listed = db::enrolment::get(connection, number)?.ok_or(RelayError::NotFound)?;
    shown(connection, shared, listed)
}

fn shown(connection: &Connection, shared: &Shared, listed: Listed) -> Result<InvitationShown> {
    let state = if listed.device.is_some() {
        InvitationState::Used
    } else if listed.withdrawn_at.is_some() {
        InvitationState::Withdrawn
    } else if listed.expires_at <= shared.clock.now() {
        InvitationState::Expired
    } else if listed.begun >= MAX_COMMITMENTS {
        InvitationState::Spent
    } else {
        InvitationState::Open
    };
    let phone = match listed.device {
        Some(device) => db::phone::get(connection, device)?,
        None => None,
    };
    Ok(InvitationShown {
        number: listed.number,
        member: listed.member,
        state,
        made_at: listed.made_at,
        expires_at: listed.expires_at,
        device: listed.device,
        check: phone.and_then(|phone| phone.digits).and_then(CheckCode::from_number),
        begun: listed.begun,
    })
}
