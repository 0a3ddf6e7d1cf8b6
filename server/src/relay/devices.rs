//! Phones as operators see and order them: in touch, revoked, wanted again, replaced.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use suishou_core::{
    error::HeldCode,
    id::{DeviceId, LogId, MemberId},
    sync::check::CheckCode,
    time::Timestamp,
};

use super::{
    Relay,
    engine::{Engine, Work},
    enrolment::Invited,
    error::{RelayError, Result},
    held::{Released, code_word},
    quota::{UsedShown, hour},
    shared::Shared,
};
use crate::db::{
    self, Connection,
    device::Device,
    enrolment::Change,
    phone::{Phone, PhoneLog},
};

/// An enrolled phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeviceShown {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub member: MemberId,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// When it last synced; of an informant's phone the day alone, for the time would tell which report is theirs.
    pub last_contact_at: Option<Timestamp>,
    /// It gets nothing more, and what it sends is held.
    pub is_revoked: bool,
    /// When it was last revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was wanted again after that.
    pub restored_at: Option<Timestamp>,
    /// It was told that it is revoked, and so has wiped itself: it must be enrolled anew.
    pub is_wiped: bool,
    /// How many entries it sent; none of an informant's, for who watches the number sees which report is theirs.
    pub entries: Option<u64>,
    /// How many of them are held; none of an informant's.
    pub held: Option<u64>,
    /// Uploads under way; none of an informant's.
    pub uploads: Option<u64>,
    /// The six digits that operator and person compare.
    pub check: Option<CheckCode>,
    /// It was enrolled by a typed code: the digits matter.
    pub is_typed: bool,
    /// Logs of which it, or a copy of it, held another history.
    pub forks: u64,
}

/// A log of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LogShown {
    /// Which.
    pub log: LogId,
    /// How many entries the relay holds of it.
    pub entries: u64,
    /// Another history of it was shown then: the phone was copied, or set back.
    pub forked_at: Option<Timestamp>,
}

/// A phone with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeviceDetail {
    /// What the list says.
    #[serde(flatten)]
    pub device: DeviceShown,
    /// Its logs, oldest first; none of an informant's.
    pub logs: Vec<LogShown>,
    /// What of it is held, by reason; nothing of an informant's.
    pub held_by_code: BTreeMap<&'static str, u64>,
    /// How much it sent of late; none of an informant's.
    pub used: Option<UsedShown>,
}

/// What came of wanting a phone again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Restored {
    /// Which.
    pub id: DeviceId,
    /// It has wiped itself: it must be enrolled anew, and has what it had not sent in a sealed file.
    pub is_wiped: bool,
    /// What was held because it was revoked.
    #[serde(flatten)]
    pub released: Released,
}

/// What came of replacing a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// The one that is gone.
    pub replaced: DeviceId,
    /// Whose.
    pub member: MemberId,
    /// For the new one.
    #[serde(flatten)]
    pub invited: Invited,
}

impl From<Phone> for DeviceShown {
    fn from(phone: Phone) -> Self {
        let is_wiped = if phone.is_revoked { was_told(&phone) } else { phone.is_wiped };
        Self {
            id: phone.device,
            member: phone.member,
            enrolled_at: phone.enrolled_at,
            last_contact_at: phone
                .last_contact_at
                .map(|at| if phone.is_informant { to_the_day(at) } else { at }),
            is_revoked: phone.is_revoked,
            revoked_at: phone.revoked_at,
            restored_at: phone.restored_at,
            is_wiped,
            entries: (!phone.is_informant).then_some(phone.entries),
            held: (!phone.is_informant).then_some(phone.held),
            uploads: (!phone.is_informant).then_some(phone.uploads),
            check: phone.digits.and_then(CheckCode::from_number),
            is_typed: phone.is_typed,
            forks: phone.forks,
        }
    }
}

fn to_the_day(time: Timestamp) -> Timestamp {
    const DAY_MS: i64 = 24 * 3_600_000;
    Timestamp::from_millis(time.millis().div_euclid(DAY_MS) * DAY_MS)
}

/// Whether a revoked phone was in touch since: each answer to it carries the signed revocation. Of one that an older
/// program revoked it is not known when; it counts as told.
fn was_told(phone: &Phone) -> bool {
    match (phone.revoked_at, phone.last_contact_at) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(revoked_at), Some(contact_at)) => contact_at > revoked_at,
    }
}

impl Engine {
    /// From now on the device gets nothing, and what it sends is held.
    pub fn revoke(&mut self, device: DeviceId) -> Result<()> {
        self.write(|work| work.revoke(device).map(drop))?;
        tracing::info!(%device, "revoked");
        Ok(())
    }

    /// The device is wanted again: what was held because it was revoked takes effect, if it may.
    pub fn restore_device(&mut self, device: DeviceId) -> Result<Restored> {
        let is_wiped = self.write(|work| {
            let phone = db::phone::get(work.transaction, device)?.ok_or(RelayError::NotFound)?;
            let is_wiped = if phone.is_revoked { was_told(&phone) } else { phone.is_wiped };
            let change = Change::Restored { is_wiped };
            db::enrolment::set_revoked(work.transaction, phone.row, change, work.now)?;
            Ok(is_wiped)
        })?;
        tracing::info!(%device, is_wiped, "wanted again");
        let released = self.release_of(device)?;
        Ok(Restored { id: device, is_wiped, released })
    }

    /// Revokes a lost phone and invites its owner's next one, in one step.
    pub fn replace_device(&mut self, device: DeviceId, valid_for: Duration) -> Result<Replaced> {
        let replaced = self.write(|work| {
            let lost = work.revoke(device)?;
            let member = lost.member.ok_or(RelayError::NotFound)?;
            let member = db::member::get(work.transaction, member)?.id;
            let invited = work.invite(&member, valid_for)?;
            Ok(Replaced { replaced: device, member, invited })
        })?;
        tracing::info!(%device, "replaced");
        Ok(replaced)
    }
}

impl Work<'_> {
    fn revoke(&mut self, device: DeviceId) -> Result<Device> {
        let found = db::device::find(self.transaction, device)?.filter(|found| found.member.is_some());
        let found = found.ok_or(RelayError::NotFound)?;
        db::enrolment::set_revoked(self.transaction, found.row, Change::Revoked, self.now)?;
        Ok(found)
    }
}

impl Relay {
    /// All enrolled phones.
    pub async fn devices(&self) -> Result<Vec<DeviceShown>> {
        self.with(|connection, _| Ok(db::phone::all(connection)?.into_iter().map(Into::into).collect())).await
    }

    /// One phone.
    pub async fn device_detail(&self, device: DeviceId) -> Result<DeviceDetail> {
        self.with(move |connection, shared| detail(connection, shared, device)).await
    }

    /// From now on the device gets nothing, and what it sends is held.
    pub async fn revoke(&self, device: DeviceId) -> Result<()> {
        self.call(move |engine| engine.revoke(device)).await
    }

    /// The device is wanted again.
    pub async fn restore_device(&self, device: DeviceId) -> Result<Restored> {
        self.call(move |engine| engine.restore_device(device)).await
    }

    /// Revokes a lost phone and invites its owner's next one.
    pub async fn replace_device(&self, device: DeviceId, valid_for: Duration) -> Result<Replaced> {
        self.call(move |engine| engine.replace_device(device, valid_for)).await
    }
}

fn detail(connection: &Connection, shared: &Shared, device: DeviceId) -> Result<DeviceDetail> {
    let snapshot = db::snapshot(connection)?;
    let phone = db::phone::get(&snapshot, device)?.ok_or(RelayError::NotFound)?;
    if phone.is_informant {
        let (logs, held_by_code) = (Vec::new(), BTreeMap::new());
        return Ok(DeviceDetail { device: phone.into(), logs, held_by_code, used: None });
    }
    let log = |log: PhoneLog| LogShown { log: log.log, entries: log.entries, forked_at: log.forked_at };
    let codes = db::held::codes_of(&snapshot, device)?;
    Ok(DeviceDetail {
        logs: db::phone::logs(&snapshot, phone.row)?.into_iter().map(log).collect(),
        held_by_code: codes.into_iter().map(|(code, count)| (code_word(code), count)).collect(),
        used: Some(db::quota::of(&snapshot, phone.row, hour(shared.clock.now()))?.into()),
        device: phone.into(),
    })
}

/// The code of work that waits for an operator because its phone was revoked.
pub(super) const WAITING: HeldCode = HeldCode::Revoked;
