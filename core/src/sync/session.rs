//! The sync session: what to ask the relay next and what its answer means, without any I/O.
//!
//! The caller sends what [`Session::next`] gives and hands the answer to [`Session::accept`], or tells
//! [`Session::lost`] that there was none. Nothing but a receipt that the relay signed for this very request
//! counts as an acknowledgement, whatever the HTTP status.

mod blobs;

use std::{collections::BTreeSet, time::Duration};

use data_encoding::BASE64URL_NOPAD;

use crate::{
    entry::page::unpack,
    error::{Error, Result, Unreachable},
    id::{BlobHash, Epoch, Nonce, Signature},
    log::{LogHead, Revocation, verify},
    model::{decode, encode, settings::Settings},
    outbox::{self, WaitingBlob},
    seeded::{self, Seeded},
    store::{Identity, ReceiptTaken, Store},
    sync::{
        exchange::{Method, Request, Response},
        wire::{
            ANSWER_HEADER, AnswerSeal, CONTENT_TYPE, SettingsDigest, SignedRequest, SignedSettings,
            SyncRequest, SyncResponse, VERSION, code, known_version, path,
        },
    },
    time::Timestamp,
};

/// Compression of pushed runs: phones have time and little bandwidth.
const PUSH_LEVEL: i32 = 9;
/// First size of a piece of a blob; halved when the link cuts, doubled when it holds.
const FIRST_CHUNK_BYTES: usize = 64 * 1024;
/// How many answers may leave a revoked phone with as many entries as before, until it seals them.
const MAX_IDLE: u8 = 3;
/// Nobody is asked to wait longer.
const MAX_PATIENCE: Duration = Duration::from_hours(1);

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send this and come back with the answer.
    Send(Request),
    /// Everything that the relay takes is receipted and the feed is read to its end; `Figures` tells what it
    /// did not take.
    Finished,
}

/// Figures of one session, for the screen and the tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Figures {
    /// Requests that got an answer.
    pub requests: u64,
    /// Entries that were receipted.
    pub entries_receipted: u64,
    /// Entries of others, or of ours from elsewhere, that came.
    pub entries_received: u64,
    /// Blobs that were receipted.
    pub blobs_receipted: u64,
    /// The relay held another history of our log.
    pub forks: u64,
    /// Blobs that the relay refused; they stay in the outbox.
    pub blobs_refused: u64,
}

/// One session; a new one for every time that the phone tries.
#[derive(Debug)]
pub struct Session {
    figures: Figures,
    asked: Asked,
    token: Option<String>,
    is_token_renewed: bool,
    is_synced: bool,
    settings_wanted: bool,
    upload: Option<Upload>,
    /// Blobs that the relay refuses: they keep nothing back, and go again in the next session.
    refused: BTreeSet<BlobHash>,
    chunk_bytes: usize,
    /// The relay's time at its last receipt.
    relay_at: Option<Timestamp>,
    retry_after: Option<Duration>,
    /// Told to be revoked: how many entries were left then, and how often that did not change.
    revoked: Option<(u64, u8)>,
}

/// What was asked and not answered.
#[derive(Debug)]
enum Asked {
    Nothing,
    Sync { nonce: Nonce },
    Settings,
    Create { blob: WaitingBlob },
    Held { blobs: Vec<WaitingBlob>, question: [u8; 32] },
    Offset,
    Piece { to: u64 },
}

#[derive(Debug)]
struct Upload {
    blob: WaitingBlob,
    location: String,
    /// What the relay says it holds; none after a cut.
    offset: Option<u64>,
    restarts: u8,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            figures: Figures::default(),
            asked: Asked::Nothing,
            token: None,
            is_token_renewed: false,
            is_synced: false,
            settings_wanted: false,
            upload: None,
            refused: BTreeSet::new(),
            chunk_bytes: FIRST_CHUNK_BYTES,
            relay_at: None,
            retry_after: None,
            revoked: None,
        }
    }
}

impl Session {
    /// What came of it so far.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// For blobs and waiting; known after the first answer.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// How long the relay asked to be left alone, when it refused for having too much to do.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Asks for one more exchange, for instance because the relay said that there is something new.
    pub fn stir(&mut self) {
        self.is_synced = false;
    }

    /// What to ask next. Entries go before blobs, every time.
    pub fn next(&mut self, store: &mut Store) -> Result<Step> {
        if store.end_if_decided()? {
            return Err(Error::Revoked);
        }
        let identity = store.identity()?;
        let pending = store.pending_entries()?;
        let Some(token) = self.token.clone() else { return self.ask_sync(store, &identity) };
        if !self.is_synced || pending > 0 {
            return self.ask_sync(store, &identity);
        }
        if self.settings_wanted {
            self.asked = Asked::Settings;
            return Ok(Step::Send(Request::new(Method::Get, path::SETTINGS).bearer(&token)));
        }
        loop {
            let waiting = store.waiting_blobs()?.into_iter();
            let waiting = waiting.filter(|blob| !self.refused.contains(&blob.hash)).collect();
            let outbox::Next::Blob(blob) = outbox::next(pending, waiting) else {
                return Ok(match self.ask_held(store, &token)? {
                    Some(request) => Step::Send(request),
                    None => Step::Finished,
                });
            };
            // A photo that can't be read any more must not keep the others back.
            if let Some(bytes) = store.readable(&blob)? {
                return self.ask_blob(&token, blob, &bytes).map(Step::Send);
            }
        }
    }

    fn ask_sync(&mut self, store: &mut Store, identity: &Identity) -> Result<Step> {
        let outgoing = store.outgoing(PUSH_LEVEL)?;
        let nonce = Nonce::new(store.random_bytes());
        let log_head = LogHead {
            township: identity.township,
            device: identity.device,
            log: outgoing.log,
            head: outgoing.head,
        };
        let head_signature = outgoing.page.is_some().then(|| identity.key.sign(&log_head));
        let request = SyncRequest {
            version: VERSION,
            township: identity.township,
            device: identity.device,
            nonce,
            cursor: store.cursor()?,
            log: outgoing.log,
            from: outgoing.from,
            page: outgoing.page,
            head: outgoing.head,
            head_signature,
            settings_version: store.settings_version()?,
        };
        self.asked = Asked::Sync { nonce };
        let body = encode(&SignedRequest::sign(&request, &identity.key));
        Ok(Step::Send(Request::new(Method::Post, path::SYNC).content(CONTENT_TYPE, body)))
    }

    /// The request had no answer: nothing is known of what arrived.
    pub fn lost(&mut self) {
        self.asked = Asked::Nothing;
        self.chunk_bytes = (self.chunk_bytes / 2).max(blobs::MIN_CHUNK_BYTES);
        if let Some(upload) = &mut self.upload {
            upload.offset = None;
        }
    }

    /// Takes an answer. An error means that nothing was acknowledged; what was kept before stays.
    pub fn accept(&mut self, store: &mut Store, response: &Response) -> Result<()> {
        self.figures.requests += 1;
        let taken = match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Nothing => Ok(()),
            Asked::Sync { nonce } => self.accept_sync(store, nonce, response),
            Asked::Settings => self.accept_settings(store, response),
            Asked::Create { blob } => self.accept_created(store, blob, response),
            Asked::Held { blobs, question } => self.accept_held(store, &blobs, question, response),
            Asked::Offset => self.accept_offset(store, response),
            Asked::Piece { to } => self.accept_piece(store, to, response),
        };
        self.retry_after = match &taken {
            Err(Error::Offline(Unreachable::Overloaded)) => patience(response),
            _ => None,
        };
        match taken {
            // A token that ran out in the middle: the next exchange brings a new one.
            Err(Error::RelayRefused { code }) if code == code::BAD_TOKEN && !self.is_token_renewed => {
                self.is_token_renewed = true;
                self.token = None;
                Ok(())
            }
            other => other,
        }
    }

    fn accept_sync(&mut self, store: &mut Store, nonce: Nonce, response: &Response) -> Result<()> {
        if seeded::is_on(Seeded::AnyAnswerAccepted)
            && response.status == 200
            && Self::cbor_body(response).is_err()
        {
            return store.believe();
        }
        let body = Self::cbor_body(response)?;
        let answer: SyncResponse = decode(body, "the relay's answer").map_err(|_| not_the_relay())?;
        known_version("the relay's answer", answer.version)?;
        let identity = store.identity()?;
        let receipt = &answer.receipt;
        verify(&identity.relay_key, receipt, &answer.signature)?;
        let is_old_taken = seeded::is_on(Seeded::NonceNotCompared);
        let is_for_us = (receipt.nonce == nonce || is_old_taken)
            && receipt.log_head.township == identity.township
            && receipt.log_head.device == identity.device;
        if !is_for_us {
            return Err(Error::Offline(Unreachable::BadSignature));
        }
        check_seal(&identity, if is_old_taken { receipt.nonce } else { nonce }, response)?;
        self.relay_at = Some(receipt.at);
        match store.take_receipt(receipt, answer.outcome)? {
            ReceiptTaken::Receipted(entries) => self.figures.entries_receipted += entries,
            ReceiptTaken::Again(_) => {}
            ReceiptTaken::Forked => {
                self.figures.forks += 1;
                self.is_synced = false;
                return Ok(());
            }
        }
        store.set_revoked(answer.is_revoked)?;
        if answer.is_revoked {
            let Some(signature) = &answer.revocation else {
                // An older relay: nothing is wiped on a word that is not signed.
                return if store.pending_entries()? > 0 { Ok(()) } else { Err(Error::Revoked) };
            };
            let (township, device, epoch) = (identity.township, identity.device, receipt.epoch);
            verify(&identity.relay_key, &Revocation { township, device, epoch, nonce }, signature)?;
            return self.accept_revocation(store, epoch);
        }
        self.revoked = None;
        if let Some(membership) = &answer.membership {
            store.set_membership(membership)?;
        }
        self.token.clone_from(&answer.token);
        let page = answer.page.as_deref().map(unpack).transpose()?.unwrap_or_default();
        self.figures.entries_received += page.len() as u64;
        let cursor = answer.cursor.ok_or_else(not_the_relay)?;
        store.take_feed(page, &answer.notices, answer.seen.as_deref().unwrap_or_default(), cursor)?;
        if !answer.has_more {
            store.end_doubt()?;
        }
        self.settings_wanted = answer.settings_version != store.settings_version()?;
        self.is_synced = !answer.has_more;
        Ok(())
    }

    /// The relay signed that this phone is revoked. It still takes entries, and holds them: first those are
    /// pushed. What it does not take is sealed, and the phone is wiped.
    fn accept_revocation(&mut self, store: &mut Store, epoch: Epoch) -> Result<()> {
        store.notice_life(epoch)?;
        if self.revoked.is_none() {
            store.close_tracks()?;
        }
        let left = store.pending_entries()?;
        let idle = match self.revoked {
            Some((before, idle)) if left >= before => idle + 1,
            _ => 0,
        };
        self.revoked = Some((left, idle));
        if left > 0 && idle < MAX_IDLE {
            return Ok(());
        }
        store.end()?;
        Err(Error::Revoked)
    }

    fn accept_settings(&mut self, store: &mut Store, response: &Response) -> Result<()> {
        let body = Self::cbor_body(response)?;
        let signed: SignedSettings = decode(body, "the settings").map_err(|_| not_the_relay())?;
        let digest = SettingsDigest(*blake3::hash(&signed.bundle).as_bytes());
        verify(&store.identity()?.relay_key, &digest, &signed.signature)?;
        let settings = Settings::from_bytes(&signed.bundle)?;
        store.set_settings(&settings, &signed.bundle)?;
        self.settings_wanted = false;
        Ok(())
    }

    /// The body of a 200 that says of itself that it is ours; it is believed only after its signature.
    fn cbor_body(response: &Response) -> Result<&[u8]> {
        if response.status != 200 {
            return Err(Self::refused(response));
        }
        match response.header("content-type") {
            Some(found) if found.starts_with(CONTENT_TYPE) => Ok(&response.body),
            _ => Err(not_the_relay()),
        }
    }

    /// What an answer that is no success means. Only the relay's own typed errors are believed; all
    /// else is somebody in between, and nothing is lost by trying again.
    fn refused(response: &Response) -> Error {
        let Some(code) = response.code() else {
            return match response.status {
                502..=504 => Error::Offline(Unreachable::Overloaded),
                _ => not_the_relay(),
            };
        };
        match code.as_str() {
            code::UNKNOWN_DEVICE => Error::NotEnrolled,
            code::OVERLOADED | code::STORAGE_FULL | code::INTERNAL | code::QUOTA => {
                Error::Offline(Unreachable::Overloaded)
            }
            _ => Error::RelayRefused { code },
        }
    }
}

/// The receipt is signed by itself. What stands beside it, the feed and its place, would be gone for good if a byte of it
/// were lost and the phone went on behind it.
fn check_seal(identity: &Identity, nonce: Nonce, response: &Response) -> Result<()> {
    let Some(seal) = response.header(ANSWER_HEADER) else { return Ok(()) };
    let bytes = BASE64URL_NOPAD.decode(seal.as_bytes()).map_err(|_| not_the_relay())?;
    let signature = Signature::from_slice(&bytes).map_err(|_| not_the_relay())?;
    verify(&identity.relay_key, &AnswerSeal::of(nonce, &response.body), &signature)
        .map_err(|_| Error::Offline(Unreachable::BadSignature))
}

/// What `Retry-After` asks for, within reason.
fn patience(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.header("retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_PATIENCE))
}

fn not_the_relay() -> Error {
    Error::Offline(Unreachable::NotTheRelay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_with_too_much_to_do_says_when_to_come_again() {
        let answer = |after: &str| Response {
            status: 503,
            headers: vec![("retry-after".to_owned(), after.to_owned())],
            body: br#"{"error":{"code":"overloaded","reason":"x"}}"#.to_vec(),
        };
        assert_eq!(patience(&answer("7")), Some(Duration::from_secs(7)));
        assert_eq!(patience(&answer("99999999")), Some(MAX_PATIENCE));
        assert_eq!(patience(&answer("soon")), None);
        let refused = Session::refused(&answer("7"));
        assert!(matches!(refused, Error::Offline(Unreachable::Overloaded)));
    }

    #[test]
    fn only_the_relays_own_words_count_as_typed() {
        let answer =
            |body: &str| Response { status: 403, headers: Vec::new(), body: body.as_bytes().to_vec() };
        assert_eq!(answer(r#"{"error":{"code":"revoked","reason":"x"}}"#).code().as_deref(), Some("revoked"));
        assert_eq!(answer(r#"{"error":{"code":"login_needed","reason":"x"}}"#).code(), None);
        assert_eq!(answer("<html>login</html>").code(), None);
    }
}
