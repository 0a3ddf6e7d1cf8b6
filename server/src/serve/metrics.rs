//! `/metrics` for Prometheus, on the loopback listener: counts and times of the machine's own work. No name, no id of
//! a person, phone or document stands here.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use suishou_core::{sync::wire::path, time::SharedClock};

use crate::{console::Desk, relay::Relay};

/// Upper bounds of the histogram of exchanges, in seconds.
const BOUNDS: [(f64, &str); 9] = [
    (0.005, "0.005"),
    (0.01, "0.01"),
    (0.025, "0.025"),
    (0.05, "0.05"),
    (0.1, "0.1"),
    (0.25, "0.25"),
    (0.5, "0.5"),
    (1.0, "1"),
    (5.0, "5"),
];

/// What was counted since the start.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(&'static str, u16), u64>,
    buckets: [u64; BOUNDS.len()],
    exchanges: u64,
    exchange_seconds: f64,
    waiting: u64,
}

/// The kinds of routes that are told apart.
fn class(found: &str) -> &'static str {
    if found == path::SYNC {
        "sync"
    } else if found == path::WAIT {
        "wait"
    } else if found == path::ENROL {
        "enrol"
    } else if found == path::SETTINGS {
        "settings"
    } else if found.starts_with(path::BLOBS) {
        "blob"
    } else if found.starts_with("/api/") {
        "api"
    } else {
        "other"
    }
}

impl Metrics {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, class: &'static str, status: u16, took: Duration) {
        let mut counts = self.counts();
        *counts.requests.entry((class, status)).or_default() += 1;
        if class == "sync" {
            let seconds = took.as_secs_f64();
            counts.exchanges += 1;
            counts.exchange_seconds += seconds;
            for (bucket, (bound, _)) in counts.buckets.iter_mut().zip(BOUNDS) {
                if seconds <= bound {
                    *bucket += 1;
                }
            }
        }
    }
}

/// Counts a phone that waits, for as long as it does.
struct Waiting(Metrics);

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut counts = self.0.counts();
        counts.waiting = counts.waiting.saturating_sub(1);
    }
}

/// Counts requests and times exchanges.
pub(super) async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let class = class(request.uri().path());
    #[expect(clippy::disallowed_methods, reason = "how long an answer took, for the figures alone")]
    let begun = Instant::now();
    let waiting = (class == "wait").then(|| {
        metrics.counts().waiting += 1;
        Waiting(metrics.clone())
    });
    let response = next.run(request).await;
    drop(waiting);
    metrics.note(class, response.status().as_u16(), begun.elapsed());
    response
}

/// The route.
pub(super) fn router(metrics: Metrics, relay: Relay, desk: Desk, clock: SharedClock) -> Router {
    let show = async move || {
        let text = text(&metrics, &relay, desk.listeners(), &clock).await;
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
    };
    Router::new().route("/metrics", get(show))
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let written = writeln!(self.0, "# HELP suishou_{name} {help}\n# TYPE suishou_{name} {kind}");
        debug_assert!(written.is_ok(), "writing to memory does not fail");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let written = writeln!(self.0, "suishou_{name}{labels} {value}");
        debug_assert!(written.is_ok(), "writing to memory does not fail");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, "gauge", help);
        self.line(name, "", value);
    }
}

async fn text(metrics: &Metrics, relay: &Relay, listeners: usize, clock: &SharedClock) -> String {
    let mut page = Page(String::new());
    {
        let counts = metrics.counts();
        page.head("requests_total", "counter", "Requests answered, by kind of route and status.");
        for ((class, status), count) in &counts.requests {
            page.line("requests_total", &format!("class=\"{class}\",status=\"{status}\""), count);
        }
        page.head("sync_seconds", "histogram", "How long exchanges with phones took.");
        for (bucket, (_, bound)) in counts.buckets.iter().zip(BOUNDS) {
            page.line("sync_seconds_bucket", &format!("le=\"{bound}\""), bucket);
        }
        page.line("sync_seconds_bucket", "le=\"+Inf\"", counts.exchanges);
        page.line("sync_seconds_sum", "", counts.exchange_seconds);
        page.line("sync_seconds_count", "", counts.exchanges);
        page.gauge("waiting_phones", "Phones that wait for news.", counts.waiting);
    }
    page.gauge("listeners", "Consoles and programs that listen to what changes.", listeners);
    page.gauge("queue_depth", "Jobs that wait for the writer.", relay.queue_depth());
    page.gauge("disk_failed", "1 after a failed write or sync.", u8::from(relay.blobs().has_disk_failed()));
    if let Ok(room) = relay.blobs().room() {
        page.gauge("disk_free_bytes", "Free bytes of the disk.", room.free_bytes);
        page.gauge("disk_low", "1 if attachments are refused.", u8::from(room.is_low));
        page.gauge("disk_full", "1 if entries are refused.", u8::from(room.is_full));
    }
    if let Ok(status) = relay.status().await {
        page.gauge("entries", "Entries, each counted once.", status.entries);
        let behind = status.stored_seq.saturating_sub(status.projected_seq);
        page.gauge("entries_unprojected", "Entries that are not in their documents yet.", behind);
        page.head("held", "gauge", "Entries that take no effect, by reason.");
        for (code, count) in &status.held {
            page.line("held", &format!("code=\"{code}\""), count);
        }
        page.head("documents", "gauge", "Documents by kind.");
        for (kind, count) in &status.documents {
            page.line("documents", &format!("kind=\"{kind}\""), count);
        }
        page.head("blobs", "gauge", "Attachments by kind.");
        for (kind, blobs) in &status.blobs {
            page.line("blobs", &format!("kind=\"{kind}\""), blobs.count);
        }
        page.head("blob_bytes", "gauge", "Bytes of attachments by kind.");
        for (kind, blobs) in &status.blobs {
            page.line("blob_bytes", &format!("kind=\"{kind}\""), blobs.bytes);
        }
        page.gauge("devices", "Enrolled phones.", status.devices);
    }
    let (now, keeping) = (clock.now(), relay.keeping());
    if let Some(at) = keeping.kept.backup_at {
        page.gauge("backup_age_seconds", "Since the last whole backup.", now.since(at).as_secs());
    }
    page.gauge("backup_overdue", "1 if a scheduled backup is overdue.", u8::from(keeping.is_overdue));
    page.gauge("check_damage", "Damages that the last check found.", keeping.kept.check_damage);
    page.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_told_apart_by_kind_and_never_by_what_they_name() {
        for (path, expected) in [
            ("/v1/sync", "sync"),
            ("/v1/sync/wait", "wait"),
            ("/v1/blobs/0123456789abcdef", "blob"),
            ("/api/members/m1", "api"),
            ("/../etc/passwd", "other"),
        ] {
            assert_eq!(class(path), expected);
        }
    }

    #[test]
    fn the_histogram_is_cumulative() {
        let metrics = Metrics::default();
        metrics.note("sync", 200, Duration::from_millis(30));
        metrics.note("sync", 200, Duration::from_secs(9));
        let counts = metrics.counts();
        assert_eq!(counts.buckets, [0, 0, 0, 1, 1, 1, 1, 1, 1]);
        assert_eq!((counts.exchanges, counts.requests[&("sync", 200)]), (2, 2));
    }
}
