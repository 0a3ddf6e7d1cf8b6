//! The session's part for attachments: sent in pieces, gone on with where the relay stands, asked about when they are no
//! longer here.

use super::{Asked, Session, Upload, not_the_relay, typed_code};
use crate::{
    error::{Error, Result, Unreachable},
    id::{BlobHash, Epoch, Nonce},
    log::verify,
    model::{decode, encode},
    outbox::WaitingBlob,
    store::Store,
    sync::{
        exchange::{Method, Request, Response, create_upload},
        wire::{
            CONTENT_TYPE, HeldQuestion, RECEIPT_HEADER, SignedBlobReceipt, SignedHeldAnswer, VERSION, code,
            path,
        },
    },
};

pub(super) const MIN_CHUNK_BYTES: usize = 16 * 1024;
const MAX_CHUNK_BYTES: usize = 256 * 1024;
/// How often one upload may start over before the session leaves it for the next time.
const MAX_RESTARTS: u8 = 3;

impl Session {
    pub(super) fn ask_blob(&mut self, token: &str, blob: WaitingBlob, bytes: &[u8]) -> Result<Request> {
        let current = self.upload.as_ref().filter(|upload| upload.blob.hash == blob.hash);
        let Some(upload) = current else {
            // Small ones travel with their creation: one request for a preview.
            let first =
                bytes.get(..bytes.len().min(MIN_CHUNK_BYTES * 2)).filter(|first| first.len() == bytes.len());
            let request = create_upload(token, &blob, first);
            self.asked = Asked::Create { blob };
            return Ok(request);
        };
        let Some(offset) = upload.offset else {
            self.asked = Asked::Offset;
            return Ok(Request::new(Method::Head, &upload.location).bearer(token).tus());
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(self.chunk_bytes).min(bytes.len());
        let piece = bytes.get(from..to).ok_or(Error::Corrupt("a blob"))?.to_vec();
        self.asked = Asked::Piece { to: to as u64 };
        Ok(Request::new(Method::Patch, &upload.location)
            .bearer(token)
            .tus()
            .header("upload-offset", offset.to_string())
            .content("application/offset+octet-stream", piece))
    }

    /// Asks about attachments that are not here and of which the relay's present life has given no receipt.
    pub(super) fn ask_held(&mut self, store: &mut Store, token: &str) -> Result<Option<Request>> {
        let blobs = store.doubtful_blobs(self.relay_at.unwrap_or_default())?;
        if blobs.is_empty() {
            return Ok(None);
        }
        let question = HeldQuestion {
            version: VERSION,
            nonce: Nonce::new(store.random_bytes()),
            blobs: blobs.iter().map(|blob| blob.hash).collect(),
        };
        let body = encode(&question);
        self.asked = Asked::Held { blobs, question: *blake3::hash(&body).as_bytes() };
        Ok(Some(Request::new(Method::Post, path::HELD).bearer(token).content(CONTENT_TYPE, body)))
    }

    pub(super) fn accept_created(
        &mut self,
        store: &mut Store,
        blob: WaitingBlob,
        response: &Response,
    ) -> Result<()> {
        if response.status != 201 {
            return self.refuse_blob(blob.hash, response);
        }
        if self.take_blob_receipt(store, &blob, response)? {
            return Ok(());
        }
        let (Some(location), Some(offset)) = (response.header("location"), offset(response)) else {
            return Err(not_the_relay());
        };
        let restarts =
            self.upload.take().filter(|last| last.blob.hash == blob.hash).map_or(0, |last| last.restarts);
        self.upload = Some(Upload { blob, location: path_of(location), offset: Some(offset), restarts });
        Ok(())
    }

    /// Each is receipted or missing now: the same question is not asked again in this session.
    pub(super) fn accept_held(
        &mut self,
        store: &mut Store,
        blobs: &[WaitingBlob],
        question: [u8; 32],
        response: &Response,
    ) -> Result<()> {
        let body = Self::cbor_body(response)?;
        let SignedHeldAnswer { answer, signature } =
            decode(body, "the relay's answer").map_err(|_| not_the_relay())?;
        let identity = store.identity()?;
        verify(&identity.relay_key, &answer, &signature)?;
        let is_for_us = answer.township == identity.township && answer.question == question;
        if !is_for_us || answer.sizes.len() != blobs.len() {
            return Err(Error::Offline(Unreachable::BadSignature));
        }
        let now = self.relay_at.unwrap_or_default();
        let missing = store.take_held(blobs, &answer.sizes, answer.epoch, now)?;
        self.figures.blobs_receipted += (blobs.len() - missing) as u64;
        if missing > 0 {
            tracing::warn!(missing, "the relay has not got attachments that are no longer on this phone");
        }
        self.ask_for_feed_of(store, answer.epoch)
    }

    pub(super) fn accept_offset(&mut self, store: &mut Store, response: &Response) -> Result<()> {
        let Some(mut upload) = self.upload.take() else { return Ok(()) };
        match (response.status, offset(response)) {
            (200 | 204, Some(offset)) => {
                if !self.take_blob_receipt(store, &upload.blob, response)? {
                    upload.offset = Some(offset);
                    self.upload = Some(upload);
                }
                Ok(())
            }
            // The relay does not know the upload any more: create it again.
            (404 | 410, _) => Ok(()),
            _ => Err(Self::refused(response)),
        }
    }

    pub(super) fn accept_piece(&mut self, store: &mut Store, to: u64, response: &Response) -> Result<()> {
        let Some(mut upload) = self.upload.take() else { return Ok(()) };
        if response.status == 204 {
            if self.take_blob_receipt(store, &upload.blob, response)? {
                return Ok(());
            }
            upload.offset = offset(response).filter(|offset| *offset <= to);
            self.chunk_bytes = (self.chunk_bytes * 2).min(MAX_CHUNK_BYTES);
            self.upload = Some(upload);
            return Ok(());
        }
        match typed_code(response).as_deref() {
            Some(code::OFFSET) => {
                upload.offset = None;
                self.upload = Some(upload);
                Ok(())
            }
            Some(code::WRONG_HASH | code::NOT_FOUND) if upload.restarts < MAX_RESTARTS => {
                upload.restarts += 1;
                upload.offset = None;
                self.upload = Some(upload);
                Ok(())
            }
            _ => self.refuse_blob(upload.blob.hash, response),
        }
    }

    /// A refusal of this blob alone leaves it for the next session and goes on; any other ends this one.
    fn refuse_blob(&mut self, blob: BlobHash, response: &Response) -> Result<()> {
        match typed_code(response).as_deref() {
            Some(found @ (code::TOO_LARGE | code::MALFORMED | code::WRONG_HASH)) => {
                tracing::warn!(%blob, code = found, "the relay does not take an attachment");
                self.refused.insert(blob);
                self.figures.blobs_refused += 1;
                Ok(())
            }
            _ => Err(Self::refused(response)),
        }
    }

    /// Takes a blob's receipt if the answer has one.
    fn take_blob_receipt(
        &mut self,
        store: &mut Store,
        blob: &WaitingBlob,
        response: &Response,
    ) -> Result<bool> {
        let Some(text) = response.header(RECEIPT_HEADER) else { return Ok(false) };
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| not_the_relay())?;
        let signed: SignedBlobReceipt = decode(&bytes, "a receipt").map_err(|_| not_the_relay())?;
        let identity = store.identity()?;
        verify(&identity.relay_key, &signed.receipt, &signed.signature)?;
        let receipt = &signed.receipt;
        if receipt.blob != blob.hash
            || receipt.size_bytes != blob.size_bytes
            || receipt.township != identity.township
        {
            return Err(Error::Offline(Unreachable::BadSignature));
        }
        store.set_blob_stored(&blob.hash, receipt.size_bytes, receipt.epoch)?;
        self.figures.blobs_receipted += 1;
        self.upload = None;
        self.ask_for_feed_of(store, receipt.epoch)?;
        Ok(true)
    }

    /// Another life of the relay than the one that the feed stands in: ask what it still holds.
    fn ask_for_feed_of(&mut self, store: &Store, epoch: Epoch) -> Result<()> {
        if store.cursor()?.is_none_or(|cursor| cursor.epoch != epoch) {
            self.is_synced = false;
        }
        Ok(())
    }
}

fn offset(response: &Response) -> Option<u64> {
    response.header("upload-offset")?.parse().ok()
}

/// The path of an absolute or relative `Location`.
fn path_of(location: &str) -> String {
    match location.split_once("://") {
        Some((_, rest)) => {
            rest.split_once('/').map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}"))
        }
        None => location.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_whatever_its_form() {
        assert_eq!(path_of("https://10.0.0.1:8443/v1/blobs/uploads/a"), "/v1/blobs/uploads/a");
        assert_eq!(path_of("/v1/blobs/uploads/a"), "/v1/blobs/uploads/a");
    }
}
