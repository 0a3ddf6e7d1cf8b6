//! What the relay's database holds of a document, whatever the console shows of it.

use serde::de::DeserializeOwned;
use suishou_core::{
    document::Document,
    id::DocumentId,
    store::{rows::find, tables::load_document},
};
use suishou_server::db::Readers;

use super::Township;

impl Township {
    /// A document as the relay holds it, once all that it stored is in.
    pub async fn document(&self, document: DocumentId) -> Document {
        self.settled().await;
        let found: Result<_, suishou_core::error::Error> =
            Readers::new(self.folder()).with(|connection| load_document(connection, document));
        found.expect("the relay's database can be read").expect("the relay has the document")
    }

    /// A document's row as the relay keeps it.
    pub async fn row<T: DeserializeOwned>(&self, document: DocumentId) -> T {
        self.settled().await;
        let found: Result<_, suishou_core::error::Error> =
            Readers::new(self.folder()).with(|connection| find(connection, document));
        found.expect("the relay's database can be read").expect("the relay has the row")
    }
}
