//! `webhook …`: who is told what happens here, and what could not be told.

use serde_json::json;

use super::{
    args::Webhook,
    client::{Client, encoded, query},
    failure::Failure,
    intake::{authority, enabled, secret, switch},
    lists::show,
    output::{Table, say_json, tell},
    value::{is, items, joined, number, short, text, time},
};
use crate::words::Words;

/// Runs one of the commands.
pub(super) async fn webhook(client: &Client, command: Webhook, words: &'static Words) -> Result<(), Failure> {
    match command {
        Webhook::Add(add) => {
            let form = json!({
                "id": add.id,
                "url": add.url,
                "events": add.events,
                "with_text": add.with_text,
                "authority": authority(add.ca.as_deref())?,
            });
            secret(&client.post("/api/webhooks", form).await?, add.format.json, words)
        }
        Webhook::List(format) => {
            let hooks = client.get("/api/webhooks").await?;
            let mut table = Table::new(words, &["id", "url", "state", "pending", "dead", "events"]);
            for hook in items(&hooks, "webhooks") {
                table.row([
                    text(hook, "id"),
                    text(hook, "url"),
                    enabled(hook, words),
                    text(hook, "pending"),
                    text(hook, "dead"),
                    joined(hook, "events"),
                ]);
            }
            show(&hooks, &table, format, words)
        }
        Webhook::Disable(named) => {
            switch(client, "webhooks", &named.id, false, named.format.json, words).await
        }
        Webhook::Enable(named) => switch(client, "webhooks", &named.id, true, named.format.json, words).await,
        Webhook::Test(named) => {
            let path = format!("/api/webhooks/{}/test", encoded(&named.id));
            let tested = client.post(&path, json!({})).await?;
            if named.format.json {
                return say_json(&tested);
            }
            let error = text(&tested, "error");
            if is(&tested, "is_delivered") {
                return tell(words, "webhook.delivered", &[("id", &named.id)]);
            }
            let reason = words.say("webhook.not_delivered", &[("id", &named.id), ("error", &error)]);
            Err(Failure::Refused { reason, problems: Vec::new() })
        }
        Webhook::Dead(dead) => {
            let query = query(&[("webhook", dead.webhook.as_deref())]);
            let found = client.get(&format!("/api/webhook-items{query}")).await?;
            let columns = ["item", "webhook", "event_kind", "document", "attempts", "reason", "made_at"];
            let mut table = Table::new(words, &columns);
            for item in items(&found, "items") {
                table.row([
                    text(item, "item"),
                    text(item, "webhook"),
                    text(item, "kind"),
                    short(&text(item, "document")),
                    text(item, "attempts"),
                    text(item, "error"),
                    time(item, "made_at"),
                ]);
            }
            show(&found, &table, dead.format, words)
        }
        Webhook::Retry(retry) => {
            let path = format!("/api/webhooks/{}/retry", encoded(&retry.id));
            let done = client.post(&path, json!({ "item": retry.item })).await?;
            if retry.format.json {
                return say_json(&done);
            }
            tell(words, "webhook.retried", &[("count", &number(&done, "retried"))])
        }
    }
}
