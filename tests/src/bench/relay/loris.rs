//! 2,000 sockets that say a byte a second, and honest phones beside them.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};

use super::{
    super::{
        figures::{Figures, tell},
        running::Running,
    },
    PHONES,
    phones::{enrol, p99, push_all},
};

/// Sockets that dawdle.
const SOCKETS: usize = 2_000;
/// The beginning of a TLS handshake that never ends.
const BEGINNING: [u8; 9] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc];

/// `calm` is the p99 of the same storm without them, in ms.
pub(super) async fn measure(figures: &mut Figures, program: &Path, calm: f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Arc::new(Running::start(program, folder.path().join("relay")));
    let phones = enrol(&relay, folder.path(), PHONES).await;
    let address = relay.phones_connect_to().trim_start_matches("https://").to_owned();
    let mut dawdling = JoinSet::new();
    for _ in 0..SOCKETS {
        dawdling.spawn(dawdle(address.clone()));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (_, pushed) = push_all(phones, 10).await;
    dawdling.abort_all();
    let in_vain: u32 = pushed.iter().map(|pushed| pushed.in_vain).sum();
    tell(&format!(
        "   with {SOCKETS} sockets that dawdle, {in_vain} honest requests were told to come again"
    ));
    let took = p99(pushed.iter().map(|pushed| pushed.took).collect());
    figures.ratio("p99 of a request beside 2,000 sockets that dawdle", took, "ms", calm, 2.0);
}

/// A byte a second, and again when it is cut off.
async fn dawdle(address: String) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(&address).await {
            for byte in BEGINNING.iter().cycle() {
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
