//! The tables of the relay. A released migration is never edited; a new one goes at the end.
//!
//! `entry`, `run`, `log`, `device` and `member` are the truth; documents, rows and the feed follow from
//! them.

use suishou_core::store::{
    open::{Migration, Schema},
    tables,
};

/// The relay's database.
pub const SCHEMA: Schema = Schema {
    application_id: 0x5375_6952,
    migrations: &[
        Migration { number: 1, sql: &[tables::SCHEMA_1, SCHEMA_1] },
        Migration { number: 2, sql: &[tables::SCHEMA_2] },
        Migration { number: 3, sql: SCHEMA_3 },
        Migration { number: 4, sql: &[super::seen::TABLES_4] },
    ],
};

/// Each area's tables stand in its own file.
const SCHEMA_3: &[&str] = &[
    super::identity::TABLES_3,
    super::subject::TABLES_3,
    super::enrolment::TABLES_3,
    super::held::TABLES_3,
    super::quota::TABLES_3,
    super::intake::TABLES_3,
    super::webhook::TABLES_3,
    super::figures::TABLES_3,
    super::retention::TABLES_3,
    super::operator::TABLES_3,
    super::audit::TABLES_3,
];

const SCHEMA_1: &str = "
CREATE TABLE meta (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    epoch        BLOB NOT NULL,
    projected    INTEGER NOT NULL,
    own_log      BLOB NOT NULL
) STRICT;

CREATE TABLE settings (
    version      INTEGER PRIMARY KEY,
    bundle       BLOB NOT NULL,
    made_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE member (
    row          INTEGER PRIMARY KEY,
    member       TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    department   TEXT,
    phone        TEXT NOT NULL
) STRICT;

CREATE TABLE member_grid (
    member       INTEGER NOT NULL REFERENCES member (row),
    grid         TEXT NOT NULL,
    PRIMARY KEY (member, grid)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    row             INTEGER PRIMARY KEY,
    device          BLOB NOT NULL UNIQUE,
    member          INTEGER REFERENCES member (row),
    public_key      BLOB NOT NULL,
    is_revoked      INTEGER NOT NULL DEFAULT 0,
    enrolled_at     INTEGER NOT NULL,
    last_contact_at INTEGER
) STRICT;

CREATE TABLE enrol_code (
    code_hash    BLOB PRIMARY KEY,
    member       INTEGER NOT NULL REFERENCES member (row),
    expires_at   INTEGER NOT NULL,
    used_by      BLOB,
    device       INTEGER REFERENCES device (row)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
    row          INTEGER PRIMARY KEY,
    log          BLOB NOT NULL UNIQUE,
    device       INTEGER NOT NULL REFERENCES device (row),
    counter      INTEGER NOT NULL,
    hash         BLOB NOT NULL
) STRICT;

CREATE TABLE run (
    log            INTEGER NOT NULL REFERENCES log (row),
    from_counter   INTEGER NOT NULL,
    from_hash      BLOB NOT NULL,
    to_counter     INTEGER NOT NULL,
    first_seq      INTEGER NOT NULL,
    head_hash      BLOB NOT NULL,
    head_signature BLOB NOT NULL,
    received_at    INTEGER NOT NULL,
    PRIMARY KEY (log, from_counter)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    seq          INTEGER PRIMARY KEY,
    entry_id     BLOB NOT NULL,
    document     BLOB NOT NULL,
    kind         INTEGER NOT NULL,
    body_type    INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    held_code    INTEGER NOT NULL DEFAULT 0,
    author       INTEGER NOT NULL DEFAULT 0,
    log          INTEGER NOT NULL,
    feed_seq     INTEGER NOT NULL DEFAULT 0,
    claimed_at   INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    same_as      INTEGER,
    erased_hash  BLOB,
    body         BLOB
) STRICT;
CREATE UNIQUE INDEX entry_by_id ON entry (entry_id) WHERE same_as IS NULL;
CREATE INDEX entry_by_document ON entry (document, seq);
CREATE INDEX entry_held ON entry (document) WHERE state = 3;

CREATE TABLE scope_key (
    key          INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE document_key (
    row          INTEGER PRIMARY KEY,
    document     BLOB NOT NULL,
    key          INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    lost_at      INTEGER
) STRICT;
CREATE INDEX document_key_by_document ON document_key (document, lost_at, key, since);
CREATE INDEX document_key_by_key ON document_key (key);

CREATE TABLE member_key (
    row          INTEGER PRIMARY KEY,
    member       INTEGER NOT NULL REFERENCES member (row),
    key          INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    lost_at      INTEGER
) STRICT;
CREATE INDEX member_key_by_member ON member_key (member);

CREATE TABLE document_author (
    document     BLOB NOT NULL,
    member       INTEGER NOT NULL REFERENCES member (row),
    alias        INTEGER NOT NULL,
    PRIMARY KEY (document, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed (
    seq          INTEGER PRIMARY KEY,
    what         INTEGER NOT NULL,
    entry        INTEGER,
    document     BLOB,
    key          INTEGER,
    code         INTEGER
) STRICT;

CREATE TABLE feed_key (
    key          INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    hash         BLOB PRIMARY KEY,
    kind         TEXT NOT NULL,
    preview_of   BLOB,
    size_bytes   INTEGER NOT NULL,
    device       INTEGER NOT NULL REFERENCES device (row),
    stored_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_by_photo ON blob (preview_of) WHERE preview_of IS NOT NULL;

CREATE TABLE upload (
    upload       BLOB PRIMARY KEY,
    device       INTEGER NOT NULL REFERENCES device (row),
    hash         BLOB,
    kind         TEXT NOT NULL,
    preview_of   BLOB,
    size_bytes   INTEGER NOT NULL,
    offset_bytes INTEGER NOT NULL,
    begun_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_by_hash ON upload (device, hash);

CREATE TABLE document_blob (
    hash         BLOB NOT NULL,
    document     BLOB NOT NULL,
    PRIMARY KEY (hash, document)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_by_record ON document (kind, record_row);
";
