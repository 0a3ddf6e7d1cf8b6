//! `export …`: a file of rows. It has its name only when it is whole.

use std::path::Path;

use super::{
    args::ExportRows,
    client::{Client, query},
    failure::Failure,
    output::{Table, say, tell},
};
use crate::{
    relay::{
        export::{What, column_ids},
        figures::By,
    },
    words::Words,
};

/// Runs the command.
pub(super) async fn export(
    client: &Client,
    order: &ExportRows,
    words: &'static Words,
) -> Result<(), Failure> {
    if order.columns {
        return say(&columns(&order.what, words));
    }
    let Some(out) = &order.out else { return say(&columns(&order.what, words)) };
    let asked = query(&[
        ("format", Some(&order.format)),
        ("excel", order.excel.then_some("true")),
        ("from", order.when.from.as_deref()),
        ("to", order.when.to.as_deref()),
        ("by", order.by.as_deref()),
    ]);
    save(client, &format!("/api/exports/{}{asked}", order.what), out, words).await
}

/// What each column means.
fn columns(what: &str, words: &Words) -> String {
    let what = match what {
        "patrols" => What::Patrols,
        "tasks" => What::Tasks,
        "visits" => What::Visits,
        "warnings" => What::Warnings,
        "figures" => What::Figures(By::Category),
        _ => What::Incidents,
    };
    let mut table =
        Table::with_heads(["column", "meaning"].map(|head| words.word(&format!("pub.{head}")).to_owned()));
    for column in column_ids(what) {
        table.row([(*column).to_owned(), words.word(&format!("export.{column}")).to_owned()]);
    }
    table.lines(words)
}

/// Asks for a file and keeps it under its name once it is whole.
pub(super) async fn save(
    client: &Client,
    path: &str,
    out: &Path,
    words: &'static Words,
) -> Result<(), Failure> {
    client.download(path, out).await?;
    tell(words, "export.done", &[("path", &out.display())])
}
