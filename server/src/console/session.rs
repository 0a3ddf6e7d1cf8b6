//! Logging in and out, giving the password again, choosing another, and the one-time link.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Extension,
    extract::{ConnectInfo, FromRequestParts, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use suishou_core::{error::Problem, time::Timestamp};

use super::{
    Desk, cookie,
    error::ApiError,
    input::{Answer, Form, Shown},
    ledger::Noted,
    matrix::{Caller, OperatorRole},
};
use crate::relay::operators::{Joining, LoginError, OperatorShown, Session, SignedIn};

/// Where a request comes from, if that is known.
pub(super) struct Peer(Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map(|ConnectInfo(peer)| peer.ip())))
    }
}

/// The session that a browser shows; a program with the folder's token has none.
pub(super) struct OfSession(Session);

impl<S: Send + Sync> FromRequestParts<S> for OfSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let session = parts.extensions.get::<Session>().cloned();
        session
            .map(Self)
            .ok_or_else(|| ApiError::invalid(vec![Problem::Missing("the session of an operator")]))
    }
}

/// Name and password.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = LoginForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    name: String,
    password: String,
}

type Entered = (StatusCode, [(HeaderName, HeaderValue); 1], Extension<Noted>, Shown);

fn entered(status: StatusCode, signed_in: &SignedIn) -> Answer<Entered> {
    let noted = Noted { operator: Some(signed_in.operator.id), ..Noted::default() };
    Ok((status, cookie::set(&signed_in.token), Extension(noted), Shown::of(signed_in)?))
}

/// `POST /api/session`
pub(super) async fn enter(
    State(desk): State<Desk>,
    Peer(from): Peer,
    headers: HeaderMap,
    Form(login): Form<Login>,
) -> Answer<Entered> {
    let before = cookie::token(&headers);
    let signed_in = desk.relay.sign_in(&login.name, login.password, from, before).await?;
    entered(StatusCode::OK, &signed_in)
}

/// A one-time link's code with what its holder chooses.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = JoinForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    code: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    shown_name: Option<String>,
    password: String,
}

/// `POST /api/session/join`
pub(super) async fn join(State(desk): State<Desk>, Form(join): Form<Join>) -> Answer<Entered> {
    let Join { code, name, shown_name, password } = join;
    let signed_in = desk.relay.join(Joining { code, name, shown_name, password }).await?;
    entered(StatusCode::CREATED, &signed_in)
}

/// Who asks.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SessionShown)]
pub(super) struct Who {
    /// None for a program of this machine.
    operator: Option<OperatorShown>,
    /// What they may do now.
    roles: Vec<OperatorRole>,
    /// What state-changing requests must show; none for a program of this machine.
    csrf: Option<String>,
    /// The password was given again within the last minutes.
    is_confirmed: bool,
    /// The session ends then at the latest.
    expires_at: Option<Timestamp>,
}

/// `GET /api/session`: who asks, and as what.
pub(super) async fn who(caller: Extension<Caller>, session: Option<Extension<Session>>) -> Answer {
    let Some(Extension(session)) = session else {
        let Extension(caller) = caller;
        let Caller { roles, .. } = caller;
        let (operator, csrf, expires_at) = (None, None, None);
        return Shown::of(Who { operator, roles, csrf, is_confirmed: true, expires_at });
    };
    Shown::of(Who {
        roles: session.operator.roles.clone(),
        operator: Some(session.operator),
        csrf: Some(session.csrf),
        is_confirmed: session.is_confirmed,
        expires_at: Some(session.expires_at),
    })
}

/// A session is over.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SessionEnded)]
pub(super) struct Ended {
    is_ended: bool,
}

/// `DELETE /api/session`
pub(super) async fn leave(State(desk): State<Desk>, OfSession(session): OfSession) -> Answer<Response> {
    desk.relay.sign_out(session.key).await?;
    Ok((cookie::clear(), Shown::of(Ended { is_ended: true })?).into_response())
}

/// A password given again.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ConfirmForm)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    password: String,
}

/// How long the password that was given again is good for.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Confirmed {
    confirmed_until: Timestamp,
}

/// `POST /api/session/confirm`
pub(super) async fn confirm(
    State(desk): State<Desk>,
    Peer(from): Peer,
    OfSession(session): OfSession,
    Form(confirm): Form<Confirm>,
) -> Answer {
    let confirmed_until = desk.relay.confirm(&session, confirm.password, from).await?;
    Shown::of(Confirmed { confirmed_until })
}

/// The password in use, and the one to come.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewPasswordForm)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    password: String,
    new_password: String,
}

/// `POST /api/session/password`: every session ends; the answer begins a new one.
pub(super) async fn password(
    State(desk): State<Desk>,
    Peer(from): Peer,
    OfSession(session): OfSession,
    Form(form): Form<NewPassword>,
) -> Answer<Entered> {
    let changed = desk.relay.change_password(&session, form.password, form.new_password, from).await;
    entered(StatusCode::OK, &changed?)
}

/// What a refused login says beside its code.
pub(super) fn seconds(error: LoginError) -> Option<u64> {
    match error {
        LoginError::TryLater { seconds } => Some(seconds),
        _ => None,
    }
}
