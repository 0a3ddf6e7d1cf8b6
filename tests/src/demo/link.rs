//! The network between the phones and the relay: a proxy on loopback that can be shut and that cuts every
//! connection after so many bytes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// The link's switches and counters.
#[derive(Debug, Default)]
pub(crate) struct Link {
    is_open: AtomicBool,
    /// 0 for never.
    cut_after_bytes: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    cuts: AtomicU64,
    port: AtomicU64,
}

impl Link {
    /// Listens, and leads to the relay at `target`.
    pub(crate) async fn to(target: String) -> std::io::Result<Arc<Self>> {
        let link = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        link.port.store(u64::from(listener.local_addr()?.port()), Ordering::SeqCst);
        let shared = Arc::clone(&link);
        tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let (link, target) = (Arc::clone(&shared), target.clone());
                tokio::spawn(async move { link.carry(phone, &target).await });
            }
        });
        Ok(link)
    }

    /// Where phones connect.
    pub(crate) fn address(&self) -> String {
        format!("https://127.0.0.1:{}", self.port.load(Ordering::SeqCst))
    }

    /// Opens or shuts the network.
    pub(crate) fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::SeqCst);
    }

    /// Cuts every connection after so many bytes; 0 for never.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.cut_after_bytes.store(bytes, Ordering::SeqCst);
    }

    /// Bytes up and down, and how often it was cut.
    pub(crate) fn counted(&self) -> (u64, u64, u64) {
        (self.up.load(Ordering::SeqCst), self.down.load(Ordering::SeqCst), self.cuts.load(Ordering::SeqCst))
    }

    async fn carry(self: Arc<Self>, phone: TcpStream, target: &str) {
        if !self.is_open.load(Ordering::SeqCst) {
            return;
        }
        let Ok(relay) = TcpStream::connect(target).await else { return };
        drop((phone.set_nodelay(true), relay.set_nodelay(true)));
        let passed = AtomicU64::new(0);
        let (phone_read, phone_write) = phone.into_split();
        let (relay_read, relay_write) = relay.into_split();
        tokio::select! {
            () = self.pipe(phone_read, relay_write, &self.up, &passed) => {}
            () = self.pipe(relay_read, phone_write, &self.down, &passed) => {}
        }
    }

    async fn pipe(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        count: &AtomicU64,
        passed: &AtomicU64,
    ) {
        let mut buffer = vec![0; 8 * 1024];
        loop {
            let Ok(len @ 1..) = from.read(&mut buffer).await else { return };
            let limit = self.cut_after_bytes.load(Ordering::SeqCst);
            let total = passed.fetch_add(len as u64, Ordering::SeqCst) + len as u64;
            if !self.is_open.load(Ordering::SeqCst) || (limit > 0 && total > limit) {
                self.cuts.fetch_add(1, Ordering::SeqCst);
                return;
            }
            count.fetch_add(len as u64, Ordering::SeqCst);
            let Some(bytes) = buffer.get(..len) else { return };
            if to.write_all(bytes).await.is_err() {
                return;
            }
        }
    }
}
