//! Coming in and going out: passwords, sessions, one-time links.
//!
//! A session's token is known to the browser alone; the relay keeps its hash. What a form must show beside
//! the cookie is derived from the token, so it stands nowhere either.

use std::{net::IpAddr, time::Duration};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde::Serialize;
use suishou_core::{
    error::Problem,
    time::{Random, Timestamp},
};

use super::{
    LoginError, OperatorRole, OperatorShown, checked_name, checked_shown_name, password, password::Hashing,
    throttle::Throttle,
};
use crate::{
    db::{
        self,
        operator::{Kept, Link},
    },
    relay::{
        Relay,
        engine::{Engine, Work},
        error::{RelayError, Result},
    },
};

/// A session that nobody uses ends.
const IDLE: Duration = Duration::from_hours(12);
/// However much it is used, it ends.
const LONGEST: Duration = Duration::from_hours(7 * 24);
/// How long a password given again is good for.
const CONFIRMED: Duration = Duration::from_mins(5);
/// Use is noted no more often.
const NOTED_EVERY: Duration = Duration::from_mins(1);
/// How long a one-time link is good for.
const LINK_LIFE: Duration = Duration::from_hours(72);

/// Whoever wants in comes past here.
#[derive(Debug, Default)]
pub(in crate::relay) struct Gate {
    hashing: Hashing,
    throttle: Throttle,
}

/// The hash of a session's token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionKey([u8; 32]);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey")
    }
}

/// A session under way.
#[derive(Clone, Debug)]
pub struct Session {
    /// By what it is known.
    pub key: SessionKey,
    /// Whose.
    pub operator: OperatorShown,
    /// What state-changing requests must show.
    pub csrf: String,
    /// The password was given again within the last minutes.
    pub is_confirmed: bool,
    /// It ends then at the latest.
    pub expires_at: Timestamp,
}

/// Somebody came in.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct SignedIn {
    /// For the cookie, and for nobody's eyes.
    #[serde(skip)]
    pub token: String,
    /// Who.
    pub operator: OperatorShown,
    /// What state-changing requests must show.
    pub csrf: String,
    /// The session ends then at the latest.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("operator", &self.operator.id).finish_non_exhaustive()
    }
}

/// A one-time link's code.
#[derive(Clone, Serialize)]
pub struct JoinLink {
    /// The code; the relay keeps only its hash.
    pub code: String,
    /// Useless from then on.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for JoinLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinLink").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What somebody with a one-time link chooses.
#[derive(Clone, Default)]
pub struct Joining {
    /// The link's code.
    pub code: String,
    /// The login name; only the first administrator chooses one.
    pub name: Option<String>,
    /// What colleagues call them.
    pub shown_name: Option<String>,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Joining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Joining")
    }
}

/// A code and what is kept of it.
pub fn new_link(random: &mut Random, now: Timestamp) -> (JoinLink, [u8; 32]) {
    let code = BASE32_NOPAD.encode(&random.bytes::<16>());
    let hash = link_hash(&code);
    (JoinLink { code, expires_at: now.after(LINK_LIFE) }, hash)
}

impl Relay {
    /// Lets somebody in; the session of `before`, if there was one, ends.
    pub async fn sign_in(
        &self,
        name: &str,
        password: String,
        from: Option<IpAddr>,
        before: Option<String>,
    ) -> Result<SignedIn> {
        let name = name.trim().to_lowercase();
        let gate = &self.inner.gate;
        gate.throttle.begin(&name, from, self.inner.shared.clock.now())?;
        let wanted = name.clone();
        let kept = self.with(move |connection, _| Ok(db::operator::find(connection, &wanted)?)).await?;
        let kept = kept.filter(|kept| !kept.is_disabled);
        let hash = kept.as_ref().and_then(|kept| kept.password_hash.clone());
        let is_right = gate.hashing.is_right(password, hash).await?;
        let Some(kept) = kept.filter(|_| is_right) else { return Err(LoginError::BadLogin.into()) };
        gate.throttle.succeed(&name, from);
        self.call(move |engine| engine.begin_session(&kept, before.as_deref())).await
    }

    /// The session of a cookie, if it has not ended.
    pub async fn session(&self, token: &str) -> Result<Option<Session>> {
        let Some(key) = key_of(token) else { return Ok(None) };
        let now = self.inner.shared.clock.now();
        let found = self.with(move |connection, _| Ok(db::operator::session(connection, key.0)?)).await?;
        let Some(found) = found.filter(|found| is_alive(found, now)) else { return Ok(None) };
        if now.since(found.used_at) >= NOTED_EVERY {
            self.call(move |engine| engine.use_session(key)).await?;
        }
        Ok(Some(Session {
            key,
            is_confirmed: found.confirmed_at.is_some_and(|at| at <= now && now.since(at) < CONFIRMED),
            operator: found.operator.into(),
            csrf: csrf_of(token),
            expires_at: found.made_at.after(LONGEST),
        }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, key: SessionKey) -> Result<()> {
        self.call(move |engine| engine.end_session(key)).await
    }

    /// The password is given again; good for some minutes.
    pub async fn confirm(
        &self,
        session: &Session,
        password: String,
        from: Option<IpAddr>,
    ) -> Result<Timestamp> {
        self.check_password(session, password, from).await?;
        let key = session.key;
        self.call(move |engine| engine.confirm_session(key)).await
    }

    /// Somebody chooses another password; every session of theirs ends but the new one.
    pub async fn change_password(
        &self,
        session: &Session,
        old: String,
        new: String,
        from: Option<IpAddr>,
    ) -> Result<SignedIn> {
        password::check(&session.operator.name, &new)?;
        self.check_password(session, old, from).await?;
        let hash = self.hashed(new).await?;
        let operator = session.operator.id;
        self.call(move |engine| engine.set_password(operator, hash)).await
    }

    /// Somebody uses a one-time link, chooses a password and is in.
    pub async fn join(&self, joining: Joining) -> Result<SignedIn> {
        let hash = link_hash(&joining.code);
        let name = self
            .with(move |connection, shared| {
                let link = usable(db::operator::link(connection, hash)?, shared.clock.now())?;
                let kept = link.operator.map(|row| db::operator::get(connection, row)).transpose()?.flatten();
                Ok(kept.map(|kept| kept.name))
            })
            .await?;
        let chosen =
            joining.name.as_deref().filter(|name| !name.trim().is_empty()).map(checked_name).transpose()?;
        let name = match (name, chosen) {
            (Some(known), Some(chosen)) if known != chosen => {
                return Err(RelayError::invalid(Problem::Malformed("the login name that the link is for")));
            }
            (Some(known), _) => known,
            (None, Some(chosen)) => chosen,
            (None, None) => return Err(RelayError::invalid(Problem::Missing("the login name"))),
        };
        password::check(&name, &joining.password)?;
        let shown_name = joining.shown_name.as_deref().filter(|name| !name.trim().is_empty());
        let shown_name = shown_name.map(checked_shown_name).transpose()?;
        let password_hash = self.hashed(joining.password).await?;
        self.call(move |engine| engine.join(hash, name, shown_name, password_hash)).await
    }

    /// Takes over the link that `township init` printed.
    pub async fn take_first_link(&self, link_hash: [u8; 32], expires_at: Timestamp) -> Result<()> {
        self.call(move |engine| {
            let link = Link { operator: None, expires_at, is_used: false };
            engine.write(|work| Ok(db::operator::add_link(work.transaction, link_hash, &link)?))
        })
        .await
    }

    async fn check_password(&self, session: &Session, password: String, from: Option<IpAddr>) -> Result<()> {
        let gate = &self.inner.gate;
        let name = session.operator.name.clone();
        gate.throttle.begin(&name, from, self.inner.shared.clock.now())?;
        let wanted = name.clone();
        let kept = self.with(move |connection, _| Ok(db::operator::find(connection, &wanted)?)).await?;
        if !gate.hashing.is_right(password, kept.and_then(|kept| kept.password_hash)).await? {
            return Err(LoginError::WrongPassword.into());
        }
        gate.throttle.succeed(&name, from);
        Ok(())
    }

    async fn hashed(&self, password: String) -> Result<String> {
        let salt = self.call(|engine| Ok(engine.random_bytes())).await?;
        self.inner.gate.hashing.hash(password, salt).await
    }
}

impl Engine {
    /// Begins a session of somebody whose password was right; `judged` is what it was compared with.
    fn begin_session(&mut self, judged: &Kept, before: Option<&str>) -> Result<SignedIn> {
        self.write(|work| {
            let kept = work.operator(judged.row)?;
            if kept.is_disabled || kept.password_hash != judged.password_hash {
                return Err(LoginError::BadLogin.into());
            }
            if let Some(key) = before.and_then(key_of) {
                db::operator::end_session(work.transaction, key.0)?;
            }
            work.sign_in(kept)
        })
    }

    fn use_session(&mut self, key: SessionKey) -> Result<()> {
        self.write(|work| Ok(db::operator::use_session(work.transaction, key.0, work.now)?))
    }

    fn end_session(&mut self, key: SessionKey) -> Result<()> {
        self.write(|work| Ok(db::operator::end_session(work.transaction, key.0)?))
    }

    fn confirm_session(&mut self, key: SessionKey) -> Result<Timestamp> {
        self.write(|work| {
            db::operator::confirm_session(work.transaction, key.0, work.now)?;
            Ok(work.now.after(CONFIRMED))
        })
    }

    fn set_password(&mut self, operator: i64, hash: String) -> Result<SignedIn> {
        self.write(|work| {
            let kept = work.operator(operator)?;
            if kept.is_disabled {
                return Err(LoginError::NoSession.into());
            }
            let kept = Kept { password_hash: Some(hash), ..kept };
            db::operator::set(work.transaction, &kept)?;
            db::operator::end_sessions(work.transaction, operator)?;
            work.sign_in(kept)
        })
    }

    fn join(
        &mut self,
        link_hash: [u8; 32],
        name: String,
        shown_name: Option<String>,
        password_hash: String,
    ) -> Result<SignedIn> {
        self.write(|work| {
            let link = usable(db::operator::link(work.transaction, link_hash)?, work.now)?;
            db::operator::use_link(work.transaction, link_hash, work.now)?;
            let mut kept = match link.operator {
                Some(operator) => work.operator(operator)?,
                None => work.first_administrator(name, shown_name.as_deref())?,
            };
            if kept.is_disabled {
                return Err(LoginError::BadLink.into());
            }
            if let Some(shown_name) = shown_name {
                kept.shown_name = shown_name;
            }
            kept.password_hash = Some(password_hash);
            db::operator::set(work.transaction, &kept)?;
            db::operator::end_sessions(work.transaction, kept.row)?;
            work.sign_in(kept)
        })
    }
}

impl Work<'_> {
    /// A one-time link for somebody who is known.
    pub(super) fn link(&mut self, operator: i64) -> Result<JoinLink> {
        let (link, hash) = new_link(self.random, self.now);
        let kept = Link { operator: Some(operator), expires_at: link.expires_at, is_used: false };
        db::operator::add_link(self.transaction, hash, &kept)?;
        Ok(link)
    }

    fn first_administrator(&mut self, name: String, shown_name: Option<&str>) -> Result<Kept> {
        if db::operator::find(self.transaction, &name)?.is_some() {
            return Err(LoginError::NameTaken.into());
        }
        let mut kept = Kept {
            row: 0,
            shown_name: shown_name.unwrap_or(&name).to_owned(),
            name,
            roles: OperatorRole::column(&[OperatorRole::Administrator]),
            department: None,
            password_hash: None,
            is_disabled: false,
            made_at: self.now,
            last_login_at: None,
        };
        kept.row = db::operator::add(self.transaction, &kept)?;
        Ok(kept)
    }

    fn sign_in(&mut self, mut kept: Kept) -> Result<SignedIn> {
        let token = HEXLOWER.encode(&self.random.bytes::<32>());
        let key = key_of(&token).ok_or(LoginError::NoSession)?;
        kept.last_login_at = Some(self.now);
        db::operator::set(self.transaction, &kept)?;
        let ended = (before(self.now, LONGEST), before(self.now, IDLE));
        db::operator::add_session(self.transaction, key.0, kept.row, self.now, ended)?;
        let (operator, csrf) = (kept.into(), csrf_of(&token));
        Ok(SignedIn { token, operator, csrf, expires_at: self.now.after(LONGEST) })
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(age))
}

fn is_alive(session: &db::operator::Session, now: Timestamp) -> bool {
    !session.operator.is_disabled && now.since(session.made_at) < LONGEST && now.since(session.used_at) < IDLE
}

fn usable(link: Option<Link>, now: Timestamp) -> Result<Link> {
    let link = link.filter(|link| !link.is_used && link.expires_at > now);
    Ok(link.ok_or(LoginError::BadLink)?)
}

/// None for what can't be a token.
fn key_of(token: &str) -> Option<SessionKey> {
    let is_token = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_token.then(|| SessionKey(blake3::derive_key("suishou 2026 session", token.as_bytes())))
}

fn csrf_of(token: &str) -> String {
    HEXLOWER.encode(&blake3::derive_key("suishou 2026 csrf", token.as_bytes()))
}

/// As it may have been typed: in small letters, with spaces or hyphens.
fn link_hash(code: &str) -> [u8; 32] {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    blake3::derive_key("suishou 2026 login link", code.as_bytes())
}
