//! samod as a server and as a device, in the words that `tests/peers` speaks with every engine.
//!
//! A device says `ready` when it has loaded what it holds, connects when it reads `go <url>`, says `acknowledged`
//! when the engine tells it so, `done` when it has everything it wants, and counts its documents at `end`.

use std::{
    convert::Infallible,
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use automerge::{
    AutoSerde, Automerge, AutomergeError, ObjId, ObjType, ROOT,
    transaction::{Transactable, Transaction},
};
use futures::{
    FutureExt as _, SinkExt as _, StreamExt as _,
    future::{BoxFuture, ready, try_join_all},
};
use samod::{
    BackoffConfig, ConcurrencyConfig, DialError, Dialer, DocHandle, DocumentId, Repo, ShareConfig, Transport,
    storage::TokioFilesystemStorage,
};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Stdin},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error as WsError, Message},
};
use url::Url;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["server", store] => serve(store).await,
        ["capture", store, work, ids] => capture(store, work, ids).await,
        ["device", mode, store, work, ids] => device(mode, store, work, ids).await,
        _ => Err("server STORE | capture STORE WORK IDS | device push|pull|again STORE WORK IDS".into()),
    }
}

/// Two threads for documents, as the machine has two cores.
async fn open(store: &str, share: ShareConfig) -> Outcome<Repo> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let repo = Repo::build_tokio().with_storage(TokioFilesystemStorage::new(PathBuf::from(store)));
    Ok(repo.with_concurrency(ConcurrencyConfig::Threadpool(pool)).with_share_policy(share).load().await)
}

/// It announces nothing, as automerge-repo's sync server: a device that asks would be sent documents twice.
async fn serve(store: &str) -> Outcome<()> {
    let repo = open(store, ShareConfig::read_write().with_announce(false)).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let acceptor = repo.make_acceptor(Url::parse(&format!("ws://127.0.0.1:{port}"))?)?;
    say(&json!({ "event": "ready", "port": port }))?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(socket) = tokio_tungstenite::accept_async(stream).await
                && let Ok(connection) = acceptor.accept(over(socket))
            {
                connection.handshake_complete().await.ok();
            }
        });
    }
}

/// samod's messages in binary frames, as automerge-repo sends them.
fn over(socket: WebSocketStream<TcpStream>) -> Transport {
    let (sink, stream) = socket.split();
    let incoming = stream.filter_map(|message| {
        ready(match message {
            Ok(Message::Binary(bytes)) => Some(Ok(bytes.to_vec())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    });
    Transport::new(incoming, sink.with(|bytes: Vec<u8>| ready(Ok::<_, WsError>(Message::binary(bytes)))))
}

/// WebSocket without TLS; samod's own wants OpenSSL.
struct Plain(Url);

impl Dialer for Plain {
    type Error = Infallible;

    fn url(&self) -> Url {
        self.0.clone()
    }

    fn connect(&self) -> BoxFuture<'static, Result<Transport, DialError<Infallible>>> {
        let url = self.0.clone();
        async move {
            let (host, port) = (url.host_str().unwrap_or_default(), url.port().unwrap_or_default());
            let stream = TcpStream::connect((host, port)).await.map_err(DialError::transient)?;
            stream.set_nodelay(true).map_err(DialError::transient)?;
            let (socket, _) =
                tokio_tungstenite::client_async(url.as_str(), stream).await.map_err(DialError::transient)?;
            Ok(over(socket))
        }
        .boxed()
    }
}

/// Writes the reports offline: a change for the capture and one for each later step.
async fn capture(store: &str, work: &str, ids: &str) -> Outcome<()> {
    let repo = open(store, ShareConfig::default()).await?;
    let mut written = Vec::new();
    for mut report in reports(work)? {
        let steps = report.get_mut("steps").and_then(Value::as_array_mut).ok_or("no steps")?;
        let later = steps.split_off(1);
        let mut document = Automerge::new();
        document.transact(|tx| put_fields(tx, &ROOT, &report)).map_err(|failure| failure.error)?;
        let handle = repo.create(document).await?;
        for step in later {
            handle.with_document(|document| {
                document.transact(|tx| add_step(tx, &step)).map(drop).map_err(|failure| failure.error)
            })?;
        }
        written.push(handle.document_id().to_string());
    }
    repo.stop().await;
    fs::write(ids, serde_json::to_vec(&written)?)?;
    Ok(())
}

async fn device(mode: &str, store: &str, work: &str, ids: &str) -> Outcome<()> {
    let repo = open(store, ShareConfig::default()).await?;
    let ids: Vec<String> = serde_json::from_slice(&fs::read(ids)?)?;
    let ids = ids.iter().map(|id| id.parse::<DocumentId>()).collect::<Result<Vec<_>, _>>()?;
    let mut handles = Vec::new();
    if mode != "pull" {
        handles = find(&repo, &ids).await?;
    }
    say(&json!({ "event": "ready" }))?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let line = next(&mut lines).await?;
    let url = Url::parse(line.strip_prefix("go ").ok_or("no go")?)?;
    let dialer = repo.dial(BackoffConfig::default(), Arc::new(Plain(url)))?;
    dialer.established().await.map_err(|_| "no connection")?;
    if mode == "pull" {
        handles = find(&repo, &ids).await?;
    } else {
        let connection = dialer.connection_id().ok_or("the connection is gone")?;
        futures::future::join_all(handles.iter().map(|handle| handle.they_have_our_changes(connection)))
            .await;
        say(&json!({ "event": "acknowledged" }))?;
    }
    say(&json!({ "event": "done" }))?;
    next(&mut lines).await?;
    let reports = reports(work)?;
    let equal = handles.iter().zip(&reports).filter(|(handle, report)| holds(handle, report)).count();
    repo.stop().await;
    say(&json!({ "event": "ended", "documents": equal }))
}

async fn find(repo: &Repo, ids: &[DocumentId]) -> Outcome<Vec<DocHandle>> {
    try_join_all(ids.iter().map(|id| async move {
        repo.find(id.clone()).await?.ok_or_else(|| "a document is unavailable".into())
    }))
    .await
}

fn holds(handle: &DocHandle, report: &Map<String, Value>) -> bool {
    let there = handle.with_document(|document| serde_json::to_value(AutoSerde::from(&*document)));
    there.is_ok_and(|there| there.as_object() == Some(report))
}

/// The reports without their ids: documents have their own here.
fn reports(work: &str) -> Outcome<Vec<Map<String, Value>>> {
    let mut reports: Vec<Map<String, Value>> = serde_json::from_slice(&fs::read(Path::new(work))?)?;
    for report in &mut reports {
        report.remove("id");
    }
    Ok(reports)
}

fn put_fields(
    tx: &mut Transaction<'_>,
    object: &ObjId,
    fields: &Map<String, Value>,
) -> Result<(), AutomergeError> {
    for (key, value) in fields {
        match value {
            Value::Object(inner) => {
                let object = tx.put_object(object, key, ObjType::Map)?;
                put_fields(tx, &object, inner)?;
            }
            Value::Array(items) => {
                let list = tx.put_object(object, key, ObjType::List)?;
                for (index, item) in items.iter().enumerate() {
                    insert(tx, &list, index, item)?;
                }
            }
            // What people edit together is a text, every other string a value.
            Value::String(text) if key == "text" => {
                let object = tx.put_object(object, key, ObjType::Text)?;
                tx.splice_text(&object, 0, 0, text)?;
            }
            scalar => tx.put(object, key, scalar_of(scalar))?,
        }
    }
    Ok(())
}

fn insert(tx: &mut Transaction<'_>, list: &ObjId, index: usize, item: &Value) -> Result<(), AutomergeError> {
    match item {
        Value::Object(fields) => {
            let object = tx.insert_object(list, index, ObjType::Map)?;
            put_fields(tx, &object, fields)
        }
        scalar => tx.insert(list, index, scalar_of(scalar)),
    }
}

fn scalar_of(value: &Value) -> automerge::ScalarValue {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::Bool(is) => (*is).into(),
        _ => automerge::ScalarValue::Null,
    }
}

fn add_step(tx: &mut Transaction<'_>, step: &Value) -> Result<(), AutomergeError> {
    use automerge::ReadDoc as _;
    let (_, steps) = tx.get(&ROOT, "steps")?.ok_or(AutomergeError::InvalidObjId("steps".to_owned()))?;
    let end = tx.length(&steps);
    insert(tx, &steps, end, step)
}

async fn next(lines: &mut tokio::io::Lines<BufReader<Stdin>>) -> Outcome<String> {
    Ok(lines.next_line().await?.ok_or("nobody listens any more")?)
}

fn say(event: &Value) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{event}")?;
    Ok(out.flush()?)
}
