//! A device without an app, for programs of other people: joins with an invitation over plain HTTP and prints
//! the token with which it may upload.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
};

use suishou_core::{
    id::{LogId, Nonce},
    log::{Head, Key},
    model::{decode, encode},
    sync::wire::{
        CONTENT_TYPE, EnrolProof, EnrolRequest, Invitation, SignedEnrolment, SignedRequest, SyncRequest,
        SyncResponse, VERSION, path,
    },
    time::Random,
};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(invitation)) = (arguments.next(), arguments.next()) else {
        return ExitCode::from(2);
    };
    let mut out = std::io::stdout();
    match token(&address, &invitation) {
        Ok(token) if writeln!(out, "{token}").is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn token(address: &str, invitation: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut random = Random::system();
    let key = Key::generate(&mut random);
    let invitation = Invitation::from_text(invitation)?;
    let (code, nonce, public_key) = (invitation.code, Nonce::new(random.bytes()), key.public());
    let proof = key.sign(&EnrolProof { code, public_key, nonce });
    let body = encode(&EnrolRequest { version: VERSION, code, public_key, proof, nonce, opening: None });
    let signed: SignedEnrolment = decode(&post(address, path::ENROL, &body)?, "an enrolment")?;
    let request = SyncRequest {
        version: VERSION,
        township: invitation.township,
        device: signed.enrolment.device,
        nonce: Nonce::new(random.bytes()),
        cursor: None,
        log: LogId::new(random.bytes()),
        from: Head::START,
        page: None,
        head: Head::START,
        head_signature: None,
        settings_version: 0,
    };
    let body = encode(&SignedRequest::sign(&request, &key));
    let answer: SyncResponse = decode(&post(address, path::SYNC, &body)?, "an answer")?;
    answer.token.ok_or_else(|| "the answer has no token".into())
}

/// The body of an answer to a POST of CBOR.
fn post(address: &str, path: &str, body: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {CONTENT_TYPE}\r\n\
         content-length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or("an answer without an end of its head")?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err(String::from_utf8_lossy(&answer).into_owned().into());
    }
    Ok(answer.split_off(head + 4))
}
