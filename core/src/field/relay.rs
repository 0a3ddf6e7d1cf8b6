//! Sync and waiting: what needs the network beside enrolment.

use super::Field;
use crate::{
    error::{Error, Result, Unreachable},
    sync::{
        client::Client,
        exchange::{Method, Request, Response},
        session::{Figures, Session, Step},
        wire::path,
    },
};

impl Field {
    /// Sends what waits and reads what is new, until nothing is left. On an error everything that was
    /// receipted stays receipted and the rest stays in the outbox.
    pub async fn sync(&self) -> Result<Figures> {
        let mut session = Session::default();
        self.run(&mut session).await?;
        Ok(session.figures())
    }

    /// Like [`Field::sync`], but keeps what the session learned and what it counted also when it fails.
    pub async fn run(&self, session: &mut Session) -> Result<()> {
        while let Step::Send(request) = self.ask(session)? {
            match self.exchange(&request).await {
                Ok(response) => self.answer(session, &response)?,
                Err(error) => {
                    session.lost();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// What to send next; for callers that carry the requests themselves.
    pub fn ask(&self, session: &mut Session) -> Result<Step> {
        session.next(&mut self.inner().store)
    }

    /// Takes the answer to what [`Field::ask`] gave.
    pub fn answer(&self, session: &mut Session, response: &Response) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        let accepted = session.accept(&mut inner.store, response);
        inner.store.keep_relay_time(now)?;
        accepted
    }

    /// Hangs until the relay has something for this phone, or its patience ends; tells which.
    pub async fn wait(&self, session: &Session) -> Result<bool> {
        let cursor = self.inner().store.cursor()?;
        let (Some(cursor), Some(token)) = (cursor, session.token()) else { return Ok(true) };
        let path = format!("{}?epoch={}&seq={}", path::WAIT, cursor.epoch, cursor.seq);
        let response = self.exchange(&Request::new(Method::Get, &path).bearer(token)).await?;
        match response.status {
            // 401: a token that ran out; sync brings a new one.
            200 | 401 => Ok(true),
            204 => Ok(false),
            _ => Err(Error::Offline(Unreachable::NotTheRelay)),
        }
    }

    pub(super) async fn exchange(&self, request: &Request) -> Result<Response> {
        let (client, addresses) = {
            let mut inner = self.inner();
            let identity = inner.store.identity()?;
            let client = match &inner.client {
                Some(client) => client.clone(),
                None => inner.client.insert(Client::new(identity.pin)?).clone(),
            };
            (client, identity.addresses)
        };
        let (address, response) = first_answer(&client, &addresses, request).await?;
        if addresses.first() != Some(&address) {
            self.inner().store.prefer_address(&address)?;
        }
        Ok(response)
    }
}

/// Tries the relay's addresses in turn; only one that can't be connected to is passed over.
pub(super) async fn first_answer(
    client: &Client,
    addresses: &[String],
    request: &Request,
) -> Result<(String, Response)> {
    for address in addresses {
        match client.send(address, request.clone()).await {
            Ok(response) => return Ok((address.clone(), response)),
            Err(Error::Offline(Unreachable::NoConnection)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Offline(Unreachable::NoConnection))
}
