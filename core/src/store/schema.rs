//! The phone's database, schema by schema.

use super::{
    consent, doubt, draft, list,
    open::{Migration, Schema},
    reply, search, seen, space, tables,
};

/// The phone's database.
pub(super) const PHONE: Schema = Schema {
    application_id: 0x5375_6970,
    migrations: &[
        Migration { number: 1, sql: &[tables::SCHEMA_1, PHONE_1] },
        Migration {
            number: 2,
            sql: &[
                tables::SCHEMA_2,
                consent::TABLES_2,
                draft::TABLES_2,
                space::SCHEMA_2,
                search::TABLES_2,
                list::TABLES_2,
            ],
        },
        Migration { number: 3, sql: &[reply::TABLES_3] },
        Migration { number: 4, sql: &[seen::TABLES_4, doubt::TABLES_4] },
    ],
};

/// Schema 1. `entry.state` is what `append::state` says.
const PHONE_1: &str = "
CREATE TABLE enrolment (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    township      BLOB NOT NULL,
    township_name TEXT NOT NULL,
    device        BLOB NOT NULL,
    secret_key    BLOB NOT NULL,
    relay_key     BLOB NOT NULL,
    pin           BLOB,
    addresses     TEXT NOT NULL,
    membership    BLOB NOT NULL,
    is_revoked    INTEGER NOT NULL DEFAULT 0,
    enrolled_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE feed_position (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    epoch  BLOB NOT NULL,
    seq    INTEGER NOT NULL,
    inside INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    bundle  BLOB NOT NULL
) STRICT;

CREATE TABLE entry (
    id          INTEGER PRIMARY KEY,
    entry_id    BLOB NOT NULL UNIQUE,
    document    BLOB NOT NULL,
    kind        INTEGER NOT NULL,
    body_type   INTEGER NOT NULL,
    claimed_at  INTEGER NOT NULL,
    received_at INTEGER,
    author      INTEGER NOT NULL,
    body        BLOB NOT NULL,
    state       INTEGER NOT NULL,
    held_code   INTEGER
) STRICT;
CREATE INDEX entry_by_document ON entry (document, id);
CREATE INDEX entry_unsettled ON entry (state) WHERE state IN (1, 3);

CREATE TABLE log (
    id        INTEGER PRIMARY KEY,
    log       BLOB NOT NULL UNIQUE,
    receipted INTEGER NOT NULL
) STRICT;

CREATE TABLE log_entry (
    log     INTEGER NOT NULL REFERENCES log (id),
    counter INTEGER NOT NULL,
    hash    BLOB NOT NULL,
    entry   INTEGER NOT NULL REFERENCES entry (id),
    PRIMARY KEY (log, counter)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_entry_by_entry ON log_entry (entry);

CREATE TABLE blob (
    hash         BLOB PRIMARY KEY,
    kind         TEXT NOT NULL,
    preview_of   BLOB,
    size_bytes   INTEGER NOT NULL,
    captured_at  INTEGER NOT NULL,
    stored_epoch BLOB,
    is_lost      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_by_photo ON blob (preview_of) WHERE preview_of IS NOT NULL;

CREATE TABLE document_blob (
    document BLOB NOT NULL,
    blob     BLOB NOT NULL,
    PRIMARY KEY (document, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_blob_by_blob ON document_blob (blob);

CREATE TABLE patrol_fix (
    document     BLOB NOT NULL,
    at           INTEGER NOT NULL,
    latitude_e7  INTEGER NOT NULL,
    longitude_e7 INTEGER NOT NULL,
    accuracy_m   INTEGER NOT NULL,
    PRIMARY KEY (document, at)
) STRICT, WITHOUT ROWID;
";
