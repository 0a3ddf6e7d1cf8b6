//! The third state of what a phone captured: seen by the command centre. Kept once for each document, told to those
//! whose work is in it, and never who looked.

use suishou_core::id::DocumentId;

use super::{
    Relay,
    engine::{Engine, Work},
    error::Result,
    scope::member_key,
};
use crate::db::{self, feed::Item};

impl Engine {
    /// Notes that the command centre has seen a document up to a place of the feed; its authors' phones are told.
    pub fn note_seen(&mut self, document: DocumentId, upto: i64) -> Result<()> {
        self.write(|work| work.note_seen(document, upto))
    }
}

impl Work<'_> {
    fn note_seen(&mut self, document: DocumentId, upto: i64) -> Result<()> {
        if db::seen::unseen(self.transaction, document)?.is_none() {
            return Ok(());
        }
        db::seen::note(self.transaction, document, upto, self.now)?;
        let place = self.tell(Item::Seen { document })?;
        for (member, _) in db::member::aliases(self.transaction, document)? {
            // Under the member's own key: every phone of theirs hears of it, one that they get later too.
            let member = db::member::get(self.transaction, member)?;
            let key = self.key(&member_key(&member.id))?;
            self.show(key, place)?;
        }
        Ok(())
    }
}

impl Relay {
    /// Up to which place of the feed somebody sees something new who is shown a document from now on; none if all
    /// was seen.
    pub async fn unseen(&self, document: DocumentId) -> Result<Option<i64>> {
        self.with(move |connection, _| Ok(db::seen::unseen(connection, document)?)).await
    }

    /// Notes that the command centre was shown a document after [`Relay::unseen`] told this place.
    pub async fn note_seen(&self, document: DocumentId, upto: i64) -> Result<()> {
        self.call(move |engine| engine.note_seen(document, upto)).await
    }
}
