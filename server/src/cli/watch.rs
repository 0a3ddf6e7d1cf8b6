//! `watch`: what changes, a line for each, until the relay ends or Ctrl-C.

use std::time::Duration;

use serde_json::Value;

use super::{
    args::Format,
    client::Client,
    failure::Failure,
    output::{say, tell},
    value::{number, text},
};
use crate::words::Words;

/// Before listening again: the relay sends listeners away after some minutes.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest line of an event.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Runs the command.
pub(super) async fn watch(client: &Client, format: Format, words: &'static Words) -> Result<(), Failure> {
    let mut events = Events::default();
    let mut has_listened = false;
    loop {
        let last = events.last_id.clone();
        let listened = client
            .listen("/api/events", last.as_deref(), |piece| {
                events.take(piece).iter().try_for_each(|event| told(event, format, words))
            })
            .await;
        match listened {
            // It was there before: it has ended, and so does this.
            Err(Failure::NotRunning { .. }) if has_listened => return Ok(()),
            done => done?,
        }
        has_listened = true;
        tokio::time::sleep(PAUSE).await;
    }
}

fn told(event: &Value, format: Format, words: &Words) -> Result<(), Failure> {
    if format.json {
        return say(&event.to_string());
    }
    let name = text(event, "event");
    let kind = words.word(&format!("watch.{}", text(event, "kind"))).to_owned();
    let (document, version) = (text(event, "document"), number(event, "version"));
    let key = format!("watch.{name}");
    tell(words, &key, &[("kind", &kind), ("document", &document), ("version", &version)])
}

/// Reads a stream of events, however it was cut.
#[derive(Debug, Default)]
struct Events {
    line: Vec<u8>,
    data: String,
    last_id: Option<String>,
}

impl Events {
    fn take(&mut self, piece: &[u8]) -> Vec<Value> {
        let mut found = Vec::new();
        for byte in piece {
            if *byte != b'\n' {
                if self.line.len() < MAX_LINE_BYTES {
                    self.line.push(*byte);
                }
                continue;
            }
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            match line.trim_end_matches('\r').split_once(':') {
                None if line.trim().is_empty() => {
                    let data = std::mem::take(&mut self.data);
                    found.extend(serde_json::from_str::<Value>(&data).ok());
                }
                Some(("data", data)) => self.data.push_str(data.trim_start()),
                Some(("id", id)) => self.last_id = Some(id.trim().to_owned()),
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_wherever_the_stream_is_cut() {
        let stream =
            ": ping\n\nevent: changed\nid: e.1.1\ndata: {\"seq\":1}\n\nid: e.2.1\ndata: {\"seq\":2}\n\n";
        for cut in 0..stream.len() {
            let mut events = Events::default();
            let (before, after) = stream.as_bytes().split_at(cut);
            let mut found = events.take(before);
            found.extend(events.take(after));
            let seqs: Vec<u64> = found.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
            assert_eq!((seqs, events.last_id.as_deref()), (vec![1, 2], Some("e.2.1")), "{cut}");
        }
    }
}
