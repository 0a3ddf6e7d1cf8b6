//! How a phone comes into a township: by the operator's QR, or by a code and an address that are typed.

use super::{Field, relay::first_answer};
use crate::{
    error::{Error, Result, Unreachable},
    sync::{
        check::CheckCode,
        client::Client,
        enrol::{Enrolling, Greeting},
        exchange::Response,
        wire::Invitation,
    },
};

impl Field {
    /// Enrols this phone with what the operator's QR says.
    pub async fn enrol(&self, invitation: &str) -> Result<()> {
        let enrolling = self.begin_enrolment(invitation)?;
        self.go_on(&enrolling).await
    }

    /// Enrols this phone with a typed address and code. Whoever answers there is trusted until
    /// [`Field::check_code`] has been compared with what the operator sees.
    pub async fn enrol_typed(&self, address: &str, code: &str) -> Result<()> {
        let greeting = self.begin_typed_enrolment(address, code)?;
        let (client, seen) = Client::on_first_use()?;
        let response = client.send(greeting.address(), greeting.request()).await?;
        let pin = seen.pin();
        if pin.is_none() && greeting.address().starts_with("https:") {
            return Err(Error::Offline(Unreachable::NotTheRelay));
        }
        let enrolling = greeting.accept(&response, pin)?;
        self.go_on(&enrolling).await
    }

    async fn go_on(&self, enrolling: &Enrolling) -> Result<()> {
        let client = Client::new(enrolling.invitation().pin)?;
        let addresses = &enrolling.invitation().addresses;
        let (_, response) = first_answer(&client, addresses, &enrolling.request()).await?;
        self.finish_enrolment(enrolling, &response)
    }

    /// The first part of an enrolment, without I/O.
    pub fn begin_enrolment(&self, invitation: &str) -> Result<Enrolling> {
        let invitation = Invitation::from_text(invitation)?;
        Ok(Enrolling::begin(invitation, &mut self.inner().store))
    }

    /// The first part of an enrolment by a typed code, without I/O; [`Greeting::accept`] is the second.
    pub fn begin_typed_enrolment(&self, address: &str, code: &str) -> Result<Greeting> {
        Greeting::begin(address, code, &mut self.inner().store)
    }

    /// The last part of an enrolment: takes the relay's answer.
    pub fn finish_enrolment(&self, enrolling: &Enrolling, response: &Response) -> Result<()> {
        let now = self.now();
        let mut inner = self.inner();
        enrolling.accept(&mut inner.store, response, now)?;
        inner.client = None;
        Ok(())
    }

    /// The six digits that the person and the operator compare by word; none before an enrolment.
    pub fn check_code(&self) -> Result<Option<CheckCode>> {
        self.inner().store.check()
    }
}
