//! What lies between a phone and the relay: it carries values, counts bytes, and breaks on demand.

use std::collections::VecDeque;

use axum::{Router, body::Body};
use http_body_util::BodyExt as _;
use suishou_core::{
    error::{Error, Result, Unreachable},
    sync::exchange::{Request, Response},
};
use tower::ServiceExt as _;

/// What happens to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it passes.
    None,
    /// The request never arrives.
    RequestLost,
    /// The request arrives, the answer does not.
    AnswerLost,
    /// The request arrives twice; the second answer is handed over.
    Twice,
    /// A captive portal answers 200 with a page.
    Portal,
    /// A proxy answers 502 with a page.
    BadGateway,
    /// The relay's answer loses its second half.
    AnswerCut,
    /// One bit of the relay's answer flips.
    AnswerFlipped,
    /// One bit of the request's body flips.
    RequestFlipped,
}

/// A link to the relay.
#[derive(Debug)]
pub struct Network {
    router: Router,
    faults: VecDeque<Fault>,
    /// Bytes of bodies and, about, of heads, towards the relay.
    pub bytes_up: u64,
    /// Bytes of bodies and, about, of heads, towards the phone.
    pub bytes_down: u64,
    /// Exchanges that were tried.
    pub requests: u64,
}

impl Network {
    /// A link that works.
    pub fn to(router: Router) -> Self {
        Self { router, faults: VecDeque::new(), bytes_up: 0, bytes_down: 0, requests: 0 }
    }

    /// Leads to another run of the relay; what was counted stays.
    pub fn reconnect(&mut self, router: Router) {
        self.router = router;
    }

    /// The next exchanges meet these faults, one each.
    pub fn break_next(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults);
    }

    /// No more faults.
    pub fn heal(&mut self) {
        self.faults.clear();
    }

    /// Carries one exchange.
    pub async fn carry(&mut self, mut request: Request) -> Result<Response> {
        self.requests += 1;
        let fault = self.faults.pop_front().unwrap_or(Fault::None);
        let cut = Err(Error::Offline(Unreachable::Cut));
        match fault {
            Fault::RequestLost => return cut,
            Fault::Portal => return Ok(page(200, "<html><title>Login</title></html>")),
            Fault::BadGateway => return Ok(page(502, "<html>Bad Gateway</html>")),
            Fault::RequestFlipped => flip(&mut request.body),
            Fault::Twice => drop(self.deliver(request.clone()).await?),
            Fault::None | Fault::AnswerLost | Fault::AnswerCut | Fault::AnswerFlipped => {}
        }
        let mut response = self.deliver(request).await?;
        match fault {
            Fault::AnswerLost => return cut,
            Fault::AnswerCut => response.body.truncate(response.body.len() / 2),
            Fault::AnswerFlipped => flip(&mut response.body),
            _ => {}
        }
        Ok(response)
    }

    /// Carries one exchange whatever faults are to come.
    pub async fn deliver(&mut self, request: Request) -> Result<Response> {
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.path);
        let mut head = request.path.len() + 60;
        for (name, value) in &request.headers {
            head += name.len() + value.len() + 4;
            builder = builder.header(*name, value);
        }
        self.bytes_up += (head + request.body.len()) as u64;
        builder = builder.header("content-length", request.body.len());
        let request = builder.body(Body::from(request.body)).map_err(|_| Error::Corrupt("a request"))?;
        let Ok(answer) = self.router.clone().oneshot(request).await;
        let status = answer.status().as_u16();
        let headers: Vec<(String, String)> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let collected = answer.into_body().collect().await.map_err(|_| Error::Offline(Unreachable::Cut))?;
        let body = collected.to_bytes().to_vec();
        let head: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        self.bytes_down += (head + 20 + body.len()) as u64;
        Ok(Response { status, headers, body })
    }
}

fn page(status: u16, html: &str) -> Response {
    let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    Response { status, headers, body: html.as_bytes().to_vec() }
}

fn flip(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 0x10;
    }
}
