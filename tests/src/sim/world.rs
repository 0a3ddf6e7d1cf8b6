//! A township, its phones and what lies between, moved by actions.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use suishou_core::{
    error::{Error, Unreachable},
    id::{DeviceId, DocumentId, DraftId},
    model::consent::ConsentKind,
    sync::{
        exchange::{Request, Response},
        session::Session,
    },
    time::Random,
};
use tempfile::TempDir;

use super::{
    check,
    clock::OwnClock,
    ledger::{Ledger, Numbers},
    link, outside,
    plan::{Action, Deed, MEMBERS},
    relay::Backup,
};
use crate::harness::{Phone, Township};

/// What can be told of something that is not as promised.
pub(super) type Judged<T = ()> = Result<T, String>;

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Actions.
    pub actions: u64,
    /// Exchanges with the relay.
    pub exchanges: u64,
    /// Things that a screen called saved.
    pub said: u64,
    /// Rounds until the phones had nothing more to say.
    pub rounds: u64,
}

/// What a phone's files should hold.
#[derive(Clone, Debug)]
pub(super) struct Known {
    has: Numbers,
    told: Numbers,
    drafts: BTreeMap<DraftId, String>,
}

/// A phone with all that its person knows of it.
#[derive(Debug)]
pub(super) struct Carried {
    /// The phone.
    pub phone: Phone,
    /// Its clock.
    pub clock: Arc<OwnClock>,
    /// Whose.
    pub member: &'static str,
    /// By which id the relay knows it.
    pub device: DeviceId,
    /// The session that is under way.
    pub session: Session,
    /// What it was told is saved and should be on it.
    pub has: Numbers,
    /// What its screen calls stored at the relay.
    pub told: Numbers,
    /// Texts of drafts that were called saved.
    pub drafts: BTreeMap<DraftId, String>,
    /// A copy of its files, with what was on it then.
    pub copy: Option<(TempDir, Known)>,
    /// Answers that it got.
    pub answers: VecDeque<Response>,
    /// Where its person walks, as latitude.
    pub north_e7: i32,
    /// It was told that it is revoked, and sealed what it had.
    pub is_wiped: bool,
    /// How often the relay had been restored by then: what it had sent lies nowhere else.
    pub wiped_after: u32,
    /// What it sealed was opened.
    pub is_opened: bool,
    /// Its disk is full for so many more actions of its own.
    pub full_for: u8,
}

/// Everything.
#[derive(Debug)]
pub(super) struct World {
    /// The relay, and everybody's time.
    pub township: Township,
    /// The phones.
    pub phones: Vec<Carried>,
    /// What was said.
    pub ledger: Ledger,
    /// The last backup of the relay.
    pub backup: Option<Backup>,
    /// Metres of each patrol for which fixes came without a gap: no more may be claimed.
    pub walked: BTreeMap<DocumentId, u64>,
    /// An older copy was put in place of the relay: phones may have been told what it does not know any more.
    pub was_restored: bool,
    /// How often.
    pub restores: u32,
    /// Such a copy had its own marker: of attachments alone nothing tells that they are gone, until a phone comes that
    /// stands where the feed has no place.
    pub was_restored_whole: bool,
    /// Requests that were sent once.
    pub requests: VecDeque<Request>,
    /// Somebody who sends what no app sends.
    pub stranger: outside::Stranger,
    /// What happened.
    pub trace: Vec<String>,
    /// How much happened.
    pub tally: Tally,
    is_traced: bool,
    texts: u32,
    /// A run is shorter than the time for which phones keep what they sent.
    passed: Duration,
}

/// No run is longer, in virtual time: phones keep what they sent for 14 days.
const LONGEST: Duration = Duration::from_hours(12 * 24);

impl World {
    /// A township with an enrolled phone of each member.
    pub(super) async fn new(seed: u64, is_traced: bool) -> Self {
        let township = Township::new(seed).await;
        let stranger = outside::Stranger::enrol(&township, seed).await;
        let mut world = Self {
            township,
            phones: Vec::new(),
            ledger: Ledger::default(),
            backup: None,
            walked: BTreeMap::new(),
            was_restored: false,
            restores: 0,
            was_restored_whole: false,
            requests: VecDeque::new(),
            stranger,
            trace: Vec::new(),
            tally: Tally::default(),
            is_traced,
            texts: 0,
            passed: Duration::ZERO,
        };
        for (number, member) in MEMBERS.into_iter().enumerate() {
            let clock = Arc::new(OwnClock::new(&world.township.time));
            let known = world.devices().await;
            let own: suishou_core::time::SharedClock = Arc::<OwnClock>::clone(&clock);
            let phone = world.township.phone_with(member, seed ^ (number as u64 + 1) << 32, own).await;
            for kind in [ConsentKind::Position, ConsentKind::Photos] {
                phone.field().give_consent(kind, 1).expect("consent can be given");
            }
            let device = world.devices().await.into_iter().find(|device| !known.contains(device));
            let device = device.expect("the relay knows the phone");
            world.phones.push(Carried::new(phone, clock, member, device));
        }
        world
    }

    async fn devices(&self) -> Vec<DeviceId> {
        let devices = self.township.relay.devices().await.expect("the relay answers");
        devices.into_iter().map(|device| device.id).collect()
    }

    /// Lets one thing happen and looks at what it left.
    pub(super) async fn perform(&mut self, number: usize, action: Action) -> Judged {
        self.tally.actions += 1;
        let at = usize::from(action.phone) % self.phones.len();
        let mut dice = Random::seeded(action.dice);
        let who = self.carried(at).member;
        self.tell(|| format!("{number:4} {:<13} {who}.{at}", format!("{:?}", action.deed)));
        match action.deed {
            Deed::Exchange | Deed::Sync => link::exchange(self, at, &mut dice, action.deed).await?,
            Deed::StaleRequest => link::stale_request(self, &mut dice).await?,
            Deed::StaleAnswer => link::stale_answer(self, at, &mut dice)?,
            Deed::Time => {
                let hours = super::deeds::pick(&mut dice, &[0, 0, 1, 3, 24]).unwrap_or(0);
                self.pass(Duration::from_mins(hours * 60 + dice.below(50)));
            }
            Deed::RelayRestart
            | Deed::RelayCrash
            | Deed::Backup
            | Deed::CopyBack
            | Deed::CopyBackWhole
            | Deed::Revoke
            | Deed::Allow
            | Deed::MoveMember
            | Deed::MoveGrids
            | Deed::Operate => super::relay::perform(self, at, &mut dice, action.deed).await?,
            Deed::Poison => outside::poison(self, &mut dice).await?,
            _ => super::deeds::perform(self, at, &mut dice, action.deed)?,
        }
        check::after(self, at, action.deed).await
    }

    /// Time passes for everybody, as long as there is some left.
    pub(super) fn pass(&mut self, by: Duration) {
        if self.passed + by <= LONGEST {
            self.passed += by;
            self.township.time.advance(by);
        }
    }

    /// A text that nothing else has.
    pub(super) fn text(&mut self, what: &str) -> String {
        self.texts += 1;
        self.tally.said += 1;
        format!("{what} {:05}", self.texts)
    }

    /// Adds to the trace.
    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.is_traced {
            self.trace.push(line());
        }
    }

    /// Adds to the last line of the trace.
    pub(super) fn tell_more(&mut self, more: impl FnOnce() -> String) {
        if let Some(line) = self.trace.last_mut() {
            line.push(' ');
            line.push_str(&more());
        }
    }

    /// The phone of this number.
    pub(super) fn carried(&mut self, at: usize) -> &mut Carried {
        let count = self.phones.len();
        self.phones.get_mut(at % count).expect("there is always a phone")
    }

    /// The relay runs anew: phones find it again.
    pub(super) fn reconnect(&mut self) {
        for carried in &mut self.phones {
            carried.phone.reconnect(&self.township);
        }
        self.stranger.reconnect(&self.township);
    }

    /// Ends everything in order.
    pub(super) async fn end(&mut self) {
        for carried in &mut self.phones {
            carried.phone.kill();
        }
        self.township.relay.stop().await;
    }
}

impl Carried {
    /// A phone that was just enrolled.
    pub(super) fn new(phone: Phone, clock: Arc<OwnClock>, member: &'static str, device: DeviceId) -> Self {
        Self {
            phone,
            clock,
            member,
            device,
            session: Session::default(),
            has: Numbers::new(),
            told: Numbers::new(),
            drafts: BTreeMap::new(),
            copy: None,
            answers: VecDeque::new(),
            north_e7: 290_050_000,
            is_wiped: false,
            wiped_after: 0,
            is_opened: false,
            full_for: 0,
        }
    }

    /// What its files should hold.
    pub(super) fn known(&self) -> Known {
        Known { has: self.has.clone(), told: self.told.clone(), drafts: self.drafts.clone() }
    }

    /// Its files are others.
    pub(super) fn knows(&mut self, known: Known) {
        (self.has, self.told, self.drafts) = (known.has, known.told, known.drafts);
    }

    /// It was told that it is revoked: perhaps it is wiped by now.
    pub(super) fn look_whether_wiped(&mut self, restores: u32) {
        if !self.is_wiped && self.phone.field().revoked().is_some() {
            self.is_wiped = true;
            self.wiped_after = restores;
        }
    }

    /// The app runs anew: what was only in its memory is gone.
    pub(super) fn is_new(&mut self) {
        self.session = Session::default();
        self.answers.clear();
    }

    /// What the app may say of something that a person tried, without that anything is broken.
    pub(super) fn excused<T>(&self, tried: Result<T, Error>, what: &str) -> Judged<Option<T>> {
        match tried {
            Ok(done) => Ok(Some(done)),
            Err(Error::Refused { .. } | Error::Invalid { .. } | Error::NotFound { .. }) => Ok(None),
            Err(Error::Revoked | Error::NotEnrolled | Error::DraftNotFound { .. }) if self.is_wiped => {
                Ok(None)
            }
            Err(Error::StorageFull) if self.full_for > 0 => Ok(None),
            Err(error) => Err(format!("{}'s phone, {what}: {error}", self.member)),
        }
    }
}

/// What may come of talking to the relay while something is in the way.
pub(super) fn is_no_news(error: &Error) -> bool {
    matches!(
        error,
        Error::Offline(
            Unreachable::Cut | Unreachable::NotTheRelay | Unreachable::Overloaded | Unreachable::BadSignature
        )
    )
}
