//! `subject …`: all that is held about one person, written into a folder or erased with a certificate.

use std::path::Path;

use serde_json::{Value, json};

use super::{
    args::{About, FromInput, Subject, SubjectErase, SubjectExport, SubjectVerify},
    client::Client,
    failure::Failure,
    identity::Asked,
    lists::read,
    output::{say, say_json, tell},
    value::{items, number, text, time},
};
use crate::{
    folder::{self, Folder},
    identity::Identity,
    relay::subject::SignedCertificate,
    words::Words,
};

/// Runs one of the commands.
pub(super) async fn subject(client: &Client, command: Subject, words: &'static Words) -> Result<(), Failure> {
    match command {
        Subject::Export(export) => self::export(client, &export, words).await,
        Subject::Erase(erase) => self::erase(client, &erase, words).await,
        Subject::Verify(_) => Ok(()),
    }
}

fn about(about: &About) -> Value {
    match (&about.member, &about.household, &about.caller) {
        (Some(member), ..) => json!({ "member": member }),
        (None, Some(household), _) => json!({ "household": household }),
        (None, None, caller) => json!({ "caller": caller }),
    }
}

async fn export(client: &Client, export: &SubjectExport, words: &'static Words) -> Result<(), Failure> {
    let mut form = about(&export.about);
    if export.unseal {
        let format = super::args::Format { json: false };
        let input = FromInput { passphrase_stdin: export.passphrase_stdin, format };
        put(&mut form, "passphrase", json!(Asked::new(input, words).one("identity.ask_present")?));
    }
    let found = client.post("/api/subjects/exports", form).await?;
    // Whoever else has an account on this machine must not read it.
    Folder::new(&export.out).create()?;
    folder::create_private(&export.out.join("subject.json"), format!("{found:#}\n").as_bytes())?;
    let (mut written, mut missing) = (0_u32, 0_u32);
    for entry in items(&found, "entries") {
        for blob in items(entry, "blobs").iter().filter_map(Value::as_str) {
            let path = format!("/api/{}s/{}/photos/{blob}", text(entry, "kind"), text(entry, "document"));
            let to = export.out.join(blob);
            if to.exists() {
                continue;
            }
            match client.bytes(&path).await {
                Ok(bytes) => {
                    folder::create_private(&to, &bytes)?;
                    written += 1;
                }
                // Not here yet, or named by an entry that is held.
                Err(Failure::Refused { .. }) => missing += 1,
                Err(failure) => return Err(failure),
            }
        }
    }
    let entries = items(&found, "entries").len();
    let path = export.out.display();
    tell(
        words,
        "subject.exported",
        &[("entries", &entries), ("files", &written), ("missing", &missing), ("path", &path)],
    )
}

fn put(form: &mut serde_json::Value, name: &str, value: serde_json::Value) {
    if let Some(form) = form.as_object_mut() {
        form.insert(name.to_owned(), value);
    }
}

async fn erase(client: &Client, erase: &SubjectErase, words: &'static Words) -> Result<(), Failure> {
    let mut form = about(&erase.about);
    put(&mut form, "reason", json!(erase.reason));
    put(&mut form, "is_dry_run", json!(true));
    let plan = client.post("/api/subjects/erasures", form.clone()).await?;
    let (true, Some(out)) = (erase.yes, &erase.out) else {
        return if erase.format.json { say_json(&plan) } else { say(&planned(&plan, words)) };
    };
    put(&mut form, "is_dry_run", json!(false));
    // What came in between is not meant.
    put(&mut form, "incidents", json!(items(&plan, "incidents")));
    let certificate = client.post("/api/subjects/erasures", form).await?;
    folder::replace_private(out, format!("{certificate:#}\n").as_bytes())?;
    let readable = out.with_extension("txt");
    let text = said(&certificate, words);
    folder::replace_private(&readable, format!("{text}\n").as_bytes())?;
    if erase.format.json {
        return say_json(&certificate);
    }
    say(&text)?;
    tell(words, "subject.certificate_saved", &[("path", &out.display()), ("readable", &readable.display())])
}

fn planned(plan: &Value, words: &Words) -> String {
    let counts = ["records", "notes", "blobs", "documents", "open_documents", "devices", "contacts"];
    let [records, notes, blobs, documents, open, devices, contacts] = counts.map(|name| number(plan, name));
    let planned = words.say(
        "subject.planned",
        &[
            ("records", &records),
            ("notes", &notes),
            ("blobs", &blobs),
            ("documents", &documents),
            ("open", &open),
            ("devices", &devices),
            ("contacts", &contacts),
        ],
    );
    let incidents: Vec<&str> = items(plan, "incidents").iter().filter_map(Value::as_str).collect();
    if incidents.is_empty() {
        return planned;
    }
    let incidents = incidents.join("\n  ");
    words.say("subject.planned_incidents", &[("planned", &planned), ("incidents", &incidents)])
}

fn said(signed: &Value, words: &Words) -> String {
    let certificate = signed.get("certificate").unwrap_or(&Value::Null);
    let subject = ["subject.member", "subject.household", "subject.caller"]
        .map(|name| text(certificate, name))
        .concat();
    let counts = ["records", "notes", "blobs", "documents", "devices_revoked", "contacts"];
    let [records, notes, blobs, documents, devices, contacts] = counts.map(|name| number(certificate, name));
    let mut told = words.say(
        "subject.certificate",
        &[
            ("subject", &subject),
            ("at", &time(certificate, "erased_at")),
            ("reason", &text(certificate, "reason")),
            ("records", &records),
            ("notes", &notes),
            ("blobs", &blobs),
            ("documents", &documents),
            ("devices", &devices),
            ("contacts", &contacts),
            ("township", &text(certificate, "township")),
            ("key", &text(certificate, "relay_key")),
        ],
    );
    for list in ["bodies", "blob_hashes"] {
        for hash in items(certificate, list).iter().filter_map(Value::as_str) {
            told.push_str("\n  ");
            told.push_str(hash);
        }
    }
    told
}

/// `subject verify`: needs no relay; with the township's folder it says whether it is this township's.
pub(super) fn verify(
    verify: &SubjectVerify,
    dir: Option<&Path>,
    words: &'static Words,
) -> Result<(), Failure> {
    let given = || verify.file.display().to_string();
    let signed = SignedCertificate::read(&read(&verify.file)?)
        .map_err(|_| Failure::Id { key: "fail.certificate", given: given() })?;
    let key = signed.certificate.relay_key;
    let own = dir.map(|dir| Identity::load(&Folder::new(dir))).transpose()?;
    let json = serde_json::to_value(&signed).unwrap_or_default();
    match own {
        Some(own) if own.key.public() != key => {
            Err(Failure::Id { key: "fail.certificate_other", given: given() })
        }
        Some(_) => say(&said(&json, words)).and_then(|()| tell(words, "subject.verified", &[])),
        None => say(&said(&json, words)).and_then(|()| tell(words, "subject.verified_key", &[("key", &key)])),
    }
}
