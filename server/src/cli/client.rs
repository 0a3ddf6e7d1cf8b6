//! Asks the running relay of a folder, over its `/api` on this machine.
//!
//! The commands never open the database: there is one writer, and it is the relay.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::HEXUPPER;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Bytes, Frame, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

use super::failure::Failure;
use crate::{
    folder::{self, Folder},
    serve::Serving,
    words::Words,
};

/// To reach a port of this machine.
const CONNECT: Duration = Duration::from_secs(5);
/// For an answer: an import of a large map takes some seconds.
const ANSWER: Duration = Duration::from_mins(3);
/// For an answer to a bundle with the photos of weeks.
const IMPORT: Duration = Duration::from_hours(1);
/// How much of a file is sent at a time.
const PIECE_BYTES: usize = 256 * 1024;
/// Largest answer in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A relay that runs on this machine.
#[derive(Debug)]
pub(super) struct Client {
    folder: Folder,
    serving: Serving,
    token: String,
    words: &'static Words,
}

/// What is sent along.
#[derive(Debug)]
pub(super) enum Payload {
    Json(Value),
    Csv(Vec<u8>),
    GeoJson(Vec<u8>),
    /// A file sent in pieces: it may be larger than the memory.
    Large(File),
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalDetail,
}

#[derive(Deserialize)]
struct RefusalDetail {
    reason: String,
    #[serde(default)]
    problems: Vec<String>,
}

impl Client {
    /// Finds the relay of a folder.
    pub(super) fn find(folder: &Path, words: &'static Words) -> Result<Self, Failure> {
        let folder = Folder::new(folder);
        let token = folder::read_text(&folder.api_token())?.trim().to_owned();
        let serving =
            Serving::read(&folder).map_err(|_| Failure::NotRunning { folder: folder.path().to_owned() })?;
        Ok(Self { folder, serving, token, words })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None).await
    }

    pub(super) async fn put(&self, path: &str, payload: Payload) -> Result<Value, Failure> {
        self.ask(Method::PUT, path, Some(payload)).await
    }

    pub(super) async fn post(&self, path: &str, json: Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(Payload::Json(json))).await
    }

    pub(super) async fn send(&self, path: &str, payload: Payload) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(payload)).await
    }

    /// The bytes of a file, which may take as long as an import.
    pub(super) async fn bytes(&self, path: &str) -> Result<Bytes, Failure> {
        self.answer(Method::GET, path, None, IMPORT).await
    }

    pub(super) async fn call(&self, method: Method, path: &str) -> Result<Value, Failure> {
        self.ask(method, path, None).await
    }

    /// Asks for a file, piece by piece; it gets its name when it is whole.
    pub(super) async fn download(&self, path: &str, out: &Path) -> Result<(), Failure> {
        let (response, _driver) = timeout(ANSWER, self.send_request(Method::GET, path, None))
            .await
            .map_err(|_| Failure::BadAnswer("timeout".to_owned()))??;
        let bad = |error: hyper::Error| Failure::BadAnswer(error.to_string());
        if !response.status().is_success() {
            let body = response.into_body().collect().await.map_err(bad)?.to_bytes();
            return Err(refused(&body)?);
        }
        let mut name = out.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let failed = |error: io::Error| Failure::File { path: out.to_owned(), kind: error.kind() };
        let mut file = File::create(&part).await.map_err(failed)?;
        let mut body = response.into_body();
        let written = async {
            while let Some(frame) = body.frame().await {
                if let Ok(piece) = frame.map_err(bad)?.into_data() {
                    file.write_all(&piece).await.map_err(failed)?;
                }
            }
            file.sync_all().await.map_err(failed)?;
            tokio::fs::rename(&part, out).await.map_err(failed)
        };
        let done = written.await;
        if done.is_err() {
            drop(tokio::fs::remove_file(&part).await);
        }
        done
    }

    async fn ask(&self, method: Method, path: &str, payload: Option<Payload>) -> Result<Value, Failure> {
        let patience = if let Some(Payload::Large(_)) = payload { IMPORT } else { ANSWER };
        let body = self.answer(method, path, payload, patience).await?;
        serde_json::from_slice(&body).map_err(|error| Failure::BadAnswer(error.to_string()))
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        payload: Option<Payload>,
        patience: Duration,
    ) -> Result<Bytes, Failure> {
        let answered = timeout(patience, self.exchange(method, path, payload)).await;
        let (is_success, body) = answered.map_err(|_| Failure::BadAnswer("timeout".to_owned()))??;
        if is_success {
            return Ok(body);
        }
        Err(refused(&body)?)
    }

    /// An answer without an end, in pieces; nothing of it is kept.
    pub(super) async fn listen(
        &self,
        path: &str,
        last_event: Option<&str>,
        mut piece: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let not_running = || Failure::NotRunning { folder: self.folder.path().to_owned() };
        let bad = |error: hyper::Error| Failure::BadAnswer(error.to_string());
        let stream = timeout(CONNECT, TcpStream::connect(self.serving.api)).await;
        let stream = stream.map_err(|_| not_running())?.map_err(|_| not_running())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(bad)?;
        let driver = tokio::spawn(connection);
        let mut request = Request::builder()
            .uri(path)
            .header(header::HOST, self.serving.api.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::ACCEPT_LANGUAGE, self.words.lang().tag());
        if let Some(last_event) = last_event {
            request = request.header("last-event-id", last_event);
        }
        let request =
            request.body(whole(Vec::new())).map_err(|error| Failure::BadAnswer(error.to_string()))?;
        let mut response = sender.send_request(request).await.map_err(bad)?;
        if !response.status().is_success() {
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| Failure::BadAnswer(error.to_string()))?.to_bytes();
            let refusal: Refusal =
                serde_json::from_slice(&body).map_err(|error| Failure::BadAnswer(error.to_string()))?;
            return Err(Failure::Refused { reason: refusal.error.reason, problems: refusal.error.problems });
        }
        // An end without a last chunk is an end too: whoever listens comes back.
        while let Some(Ok(frame)) = response.body_mut().frame().await {
            if let Some(bytes) = frame.data_ref() {
                piece(bytes)?;
            }
        }
        driver.abort();
        Ok(())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        payload: Option<Payload>,
    ) -> Result<(bool, Bytes), Failure> {
        let (response, driver) = self.send_request(method, path, payload).await?;
        let is_success = response.status().is_success();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        driver.abort();
        Ok((is_success, body.map_err(|error| Failure::BadAnswer(error.to_string()))?.to_bytes()))
    }

    /// Sends a request; the answer's body comes as long as the driver lives.
    async fn send_request(
        &self,
        method: Method,
        path: &str,
        payload: Option<Payload>,
    ) -> Result<(http::Response<Incoming>, JoinHandle<hyper::Result<()>>), Failure> {
        let not_running = || Failure::NotRunning { folder: self.folder.path().to_owned() };
        let bad = |error: hyper::Error| Failure::BadAnswer(error.to_string());
        let stream = timeout(CONNECT, TcpStream::connect(self.serving.api)).await;
        let stream = stream.map_err(|_| not_running())?.map_err(|_| not_running())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(bad)?;
        let driver = tokio::spawn(connection);
        let (kind, body) = match payload {
            None => ("", whole(Vec::new())),
            Some(Payload::Json(value)) => ("application/json", whole(value.to_string().into_bytes())),
            Some(Payload::Csv(bytes)) => ("text/csv", whole(bytes)),
            Some(Payload::GeoJson(bytes)) => ("application/geo+json", whole(bytes)),
            Some(Payload::Large(file)) => ("application/octet-stream", in_pieces(file)),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.serving.api.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::ACCEPT_LANGUAGE, self.words.lang().tag());
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let request = request.body(body).map_err(|error| Failure::BadAnswer(error.to_string()))?;
        Ok((sender.send_request(request).await.map_err(bad)?, driver))
    }
}

/// What the relay said why not.
fn refused(body: &[u8]) -> Result<Failure, Failure> {
    let refusal: Refusal =
        serde_json::from_slice(body).map_err(|error| Failure::BadAnswer(error.to_string()))?;
    Ok(Failure::Refused { reason: refusal.error.reason, problems: refusal.error.problems })
}

fn whole(bytes: Vec<u8>) -> BoxBody<Bytes, io::Error> {
    Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed()
}

fn in_pieces(file: File) -> BoxBody<Bytes, io::Error> {
    let pieces = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok((read > 0).then(|| (Frame::data(Bytes::from(piece)), file)))
    });
    BodyExt::boxed(StreamBody::new(pieces))
}

/// A query from those values that are given, with everything but letters and digits encoded.
pub(super) fn query(values: &[(&str, Option<&str>)]) -> String {
    let mut text = String::new();
    for (name, value) in values.iter().filter_map(|(name, value)| Some((name, (*value)?))) {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&encoded(value));
    }
    text
}

/// A part of a path or query.
pub(super) fn encoded(text: &str) -> String {
    let mut coded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => coded.push(char::from(byte)),
            _ => {
                coded.push('%');
                coded.push_str(&HEXUPPER.encode(&[byte]));
            }
        }
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_carry_only_what_is_given_and_nothing_breaks_out() {
        assert_eq!(
            query(&[("a", None), ("grid", Some("西/1&x=2")), ("limit", Some("5"))]),
            "?grid=%E8%A5%BF%2F1%26x%3D2&limit=5"
        );
        assert_eq!(query(&[("a", None)]), "");
    }
}
