//! The command centre's orders, in one place: tasks, warnings and notices, and what it says of them later.
//!
//! A desk is a device of somebody who has the dispatcher's role and speaks the wire. Once the relay itself
//! takes such orders, only the bodies of these methods change.

use suishou_core::{
    entry::{BodyType, Entry},
    id::{DocumentId, Salt},
    model::{
        DocumentKind, encode,
        notice::{NoticeRecord, NoticeStep},
        task::{TaskRecord, TaskStep},
        warning::{WarningRecord, WarningStep},
    },
    time::Clock as _,
};

use super::{RawDevice, Township};

/// A desk in the command centre.
#[derive(Debug)]
pub struct Desk {
    device: RawDevice,
    actor: [u8; 16],
}

impl Desk {
    /// Somebody with the dispatcher's role sits down.
    pub async fn open(township: &Township, dispatcher: &str, seed: u64) -> Self {
        let mut device = RawDevice::enrol(township, dispatcher, seed).await;
        let actor = device.random.bytes();
        Self { device, actor }
    }

    /// Gives a task.
    pub async fn give(&mut self, township: &Township, record: TaskRecord) -> DocumentId {
        let record = TaskRecord { salt: self.salt(), ..record };
        record.check().expect("the order is one");
        self.record(township, DocumentKind::Task, encode(&record)).await
    }

    /// Issues a warning.
    pub async fn warn(&mut self, township: &Township, record: WarningRecord) -> DocumentId {
        let record = WarningRecord { salt: self.salt(), ..record };
        record.check().expect("the warning is one");
        self.record(township, DocumentKind::Warning, encode(&record)).await
    }

    /// Publishes a notice.
    pub async fn publish(&mut self, township: &Township, record: NoticeRecord) -> DocumentId {
        let record = NoticeRecord { salt: self.salt(), ..record };
        record.check().expect("the notice is one");
        self.record(township, DocumentKind::Notice, encode(&record)).await
    }

    /// Says something of a task.
    pub async fn say_of_task(&mut self, township: &Township, task: DocumentId, step: &TaskStep) {
        let fields: Vec<(String, String)> = step.field().into_iter().collect();
        self.change(township, task, encode(step), &fields).await;
    }

    /// Raises, lowers, extends or ends a warning.
    pub async fn say_of_warning(&mut self, township: &Township, warning: DocumentId, step: &WarningStep) {
        self.change(township, warning, encode(step), &[]).await;
    }

    /// Withdraws a notice.
    pub async fn withdraw(&mut self, township: &Township, notice: DocumentId) {
        self.change(township, notice, encode(&NoticeStep::Withdrawn), &[]).await;
    }

    fn salt(&mut self) -> Salt {
        Salt::new(self.device.random.bytes())
    }

    async fn record(&mut self, township: &Township, kind: DocumentKind, body: Vec<u8>) -> DocumentId {
        let now = township.time.now();
        let document = DocumentId::at(now, self.device.random.bytes());
        let entry = Entry::new(document, kind, now, BodyType::Record, body).expect("an order is small");
        self.push(township, entry).await;
        document
    }

    async fn change(
        &mut self,
        township: &Township,
        document: DocumentId,
        step: Vec<u8>,
        fields: &[(String, String)],
    ) {
        let mut as_it_is = township.document(document).await;
        let fields: Vec<(&str, String)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let change = as_it_is.edit(self.actor, &[step], &fields).expect("the document takes the step");
        let now = township.time.now();
        let entry = Entry::new(document, as_it_is.kind(), now, BodyType::Change, change);
        self.push(township, entry.expect("a step is small")).await;
    }

    /// An order that the relay holds back is none.
    async fn push(&mut self, township: &Township, entry: Entry) {
        let id = entry.id();
        self.device.push(&[entry]).await;
        let held = township.settled().await.held().await.expect("the relay answers");
        let code = held.into_iter().find(|held| held.entry == id).map(|held| held.code);
        assert_eq!(code, None, "the relay holds the order back");
    }
}
