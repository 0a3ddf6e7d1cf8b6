//! The object: a phone's store that is opened anew after a panic, and one [`Session`] for all syncs.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt as _;
use suishou_core::{
    error::Result as CoreResult,
    field::Field as Phone,
    sync::session::{Figures, Session},
    time::{Random, SharedClock},
};
use tokio::sync::{Mutex as Turn, Notify};

use crate::{
    error::FieldError,
    platform::{KeyProvider, PhoneClock, Told, Watcher},
};

pub(crate) type Result<T> = std::result::Result<T, FieldError>;

/// One phone.
#[derive(uniffi::Object)]
pub struct Field {
    folder: PathBuf,
    clock: SharedClock,
    keys: Arc<dyn KeyProvider>,
    watcher: Arc<dyn Watcher>,
    open: Mutex<Opened>,
    session: Turn<Session>,
    /// How many wait to sync.
    wishes: AtomicUsize,
    /// Ends a wait for the relay, because somebody wants to sync.
    stirred: Notify,
    /// Ends what waits for the network, so that the store can be closed.
    broken: Notify,
}

/// Somebody wants to sync: whoever hangs at the relay makes room.
struct Wish<'a>(&'a AtomicUsize);

impl<'a> Wish<'a> {
    fn of(field: &'a Field) -> Self {
        field.wishes.fetch_add(1, Ordering::SeqCst);
        field.stirred.notify_waiters();
        Self(&field.wishes)
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The store while it is open.
struct Opened {
    phone: Option<Arc<Phone>>,
    /// Something panicked in it: to be opened anew as soon as nobody uses it.
    is_broken: bool,
}

#[uniffi::export]
impl Field {
    /// Opens the phone's store in `folder`, or makes one.
    #[uniffi::constructor]
    fn open(
        folder: String,
        clock: Arc<dyn PhoneClock>,
        keys: Arc<dyn KeyProvider>,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<Self>> {
        let field = Self {
            folder: folder.into(),
            clock: Arc::new(Told(clock)),
            keys,
            watcher,
            open: Mutex::new(Opened { phone: None, is_broken: false }),
            session: Turn::default(),
            wishes: AtomicUsize::new(0),
            stirred: Notify::new(),
            broken: Notify::new(),
        };
        drop(field.phone()?);
        Ok(Arc::new(field))
    }

    /// Closes the store in order. It opens again by itself when it is used.
    fn shut(&self) {
        self.broken.notify_waiters();
        self.opened().phone = None;
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Field {
    /// Enrols this phone with what the operator's QR says.
    async fn enrol(&self, invitation: String) -> Result<()> {
        self.online(async |phone| phone.enrol(&invitation).await).await
    }

    /// Enrols this phone with a typed address and code.
    async fn enrol_typed(&self, address: String, code: String) -> Result<()> {
        self.online(async |phone| phone.enrol_typed(&address, &code).await).await
    }

    /// Sends what waits and reads what is new, until nothing is left.
    async fn sync(&self) -> Result<Figures> {
        self.online(async |phone| {
            let wish = Wish::of(self);
            let mut session = self.session.lock().await;
            drop(wish);
            session.stir();
            phone.run(&mut session).await.map(|()| session.figures())
        })
        .await
    }

    /// Brings the township's base map, on a network that costs nothing; tells whether there is one here now.
    async fn fetch_base_map(&self) -> Result<bool> {
        self.online(async |phone| {
            // Not for as long as it takes: a report must not wait for a map.
            let token = self.session.lock().await.token().map(str::to_owned);
            match token {
                Some(token) => phone.fetch_base_map(&token).await,
                None => Ok(phone.base_map()?.is_some()),
            }
        })
        .await
    }

    /// Hangs until the relay has something for this phone, or its patience ends; tells which. Lets go at once when
    /// something is to be sent.
    async fn wait(&self) -> Result<bool> {
        self.online(async |phone| {
            let session = self.session.lock().await;
            let mut stirred = pin!(self.stirred.notified());
            stirred.as_mut().enable();
            if self.wishes.load(Ordering::SeqCst) > 0 {
                return Ok(true);
            }
            tokio::select! {
                news = phone.wait(&session) => news,
                () = stirred => Ok(true),
            }
        })
        .await
    }
}

impl Field {
    /// Reads something.
    pub(crate) fn read<T>(&self, act: impl FnOnce(&Phone) -> CoreResult<T>) -> Result<T> {
        let phone = self.phone()?;
        let done = catch_unwind(AssertUnwindSafe(|| act(&phone)));
        drop(phone);
        done.map_err(|_| self.repair())?.map_err(FieldError::from)
    }

    /// Does something, and says that it may have changed what is shown.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&Phone) -> CoreResult<T>) -> Result<T> {
        let done = self.read(act)?;
        self.watcher.changed();
        Ok(done)
    }

    async fn online<T>(&self, act: impl AsyncFnOnce(Arc<Phone>) -> CoreResult<T>) -> Result<T> {
        let phone = self.phone()?;
        let work = AssertUnwindSafe(act(phone)).catch_unwind();
        let done = tokio::select! {
            done = work => done.map_err(|_| self.repair()),
            () = self.broken.notified() => Err(FieldError::Retry { reason: "busy".to_owned() }),
        };
        self.watcher.changed();
        done?.map_err(FieldError::from)
    }

    /// The open store; opens it if it is not.
    fn phone(&self) -> Result<Arc<Phone>> {
        let mut opened = self.opened();
        if opened.is_broken && opened.phone.as_ref().is_some_and(|phone| Arc::strong_count(phone) == 1) {
            *opened = Opened { phone: None, is_broken: false };
        }
        if let Some(phone) = &opened.phone {
            return Ok(Arc::clone(phone));
        }
        let phone =
            Phone::open_guarded(&self.folder, Arc::clone(&self.clock), Random::system(), &self.keys.secret());
        Ok(Arc::clone(opened.phone.insert(Arc::new(phone?))))
    }

    /// After a panic: the store is closed when nobody uses it any more, and opened anew.
    fn repair(&self) -> FieldError {
        tracing::error!("a panic: the store is opened anew");
        self.opened().is_broken = true;
        self.broken.notify_waiters();
        FieldError::report("panic")
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Futures of foreign callers are polled from any thread; what they hold is only borrowed.
#[expect(dead_code, reason = "a proof for the compiler")]
fn is_sendable(field: &Field) -> impl Future + Send {
    field.sync()
}
