//! A request and its answer as plain values: what the session gives and takes, whoever carries them.

use crate::outbox::WaitingBlob;
use crate::sync::wire::{ErrorBody, code, path};

/// The tus version this speaks.
pub const TUS_VERSION: &str = "1.0.0";

/// What to do at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Ask what is there.
    Head,
    /// Send.
    Post,
    /// Send on.
    Patch,
}

impl Method {
    /// As HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// A request to the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// Where, from the relay's root; may have a query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// May be empty.
    pub body: Vec<u8>,
}

/// An answer, from the relay or from something that stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP's status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Whole, or the answer is lost.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers or body.
    pub fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// With a body.
    #[must_use]
    pub fn content(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", content_type.to_owned())
    }

    /// With the relay's token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With the protocol's version.
    #[must_use]
    pub fn tus(self) -> Self {
        self.header("tus-resumable", TUS_VERSION.to_owned())
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Response {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The code of a typed error, if the body is one that the relay writes.
    pub fn code(&self) -> Option<String> {
        let body: ErrorBody = serde_json::from_slice(&self.body).ok()?;
        code::ALL.contains(&body.error.code.as_str()).then_some(body.error.code)
    }
}

/// tus creation, with the whole blob if `bytes` are given.
pub fn create_upload(token: &str, blob: &WaitingBlob, bytes: Option<&[u8]>) -> Request {
    let base64 = |value: &str| data_encoding::BASE64.encode(value.as_bytes());
    let mut metadata = format!("hash {},kind {}", base64(&blob.hash.to_string()), base64(blob.kind.as_str()));
    if let Some(photo) = &blob.preview_of {
        metadata.push_str(",preview_of ");
        metadata.push_str(&base64(&photo.to_string()));
    }
    let request = Request::new(Method::Post, path::BLOBS)
        .bearer(token)
        .tus()
        .header("upload-length", blob.size_bytes.to_string())
        .header("upload-metadata", metadata);
    match bytes {
        Some(bytes) => request.content("application/offset+octet-stream", bytes.to_vec()),
        None => request,
    }
}
