//! The one opener: settings that keep what was acknowledged, and numbered migrations.
//!
//! Measured: with WAL and `synchronous=NORMAL` a power cut loses acknowledged rows, with FULL none.

use std::{fs::File, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig, limits::Limit};

use super::{blobs::sync_folder, copies, sql};
use crate::{
    error::{Error, Result},
    seeded::{self, Seeded},
};

/// A numbered change of a database's schema. Never edited once released.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The schema after it, from 1.
    pub number: i64,
    /// What it does, part by part.
    pub sql: &'static [&'static str],
}

/// Which database a file is.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// SQLite's `application_id`.
    pub application_id: i32,
    /// In order.
    pub migrations: &'static [Migration],
}

impl Schema {
    /// The newest schema that this program knows.
    pub fn newest(&self) -> i64 {
        self.migrations.last().map_or(0, |migration| migration.number)
    }
}

/// Keeps a second process out of a store for as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// How often a lock is tried: a process that is just ending, or that was forked from this one and has
/// not begun its own program yet, holds it for some milliseconds more.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Locks the store in `folder`; [`Error::Busy`] if another process has it.
pub fn lock(folder: &Path) -> Result<Lock> {
    std::fs::create_dir_all(folder).map_err(Error::file("creating the store's folder"))?;
    keep_name(folder);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(Error::file("opening the lock"))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(std::fs::TryLockError::Error(error)) => return Err(Error::file("locking")(error)),
        }
    }
    Err(Error::Busy)
}

/// Makes a folder's own name durable: without it nothing in it is. Also when the folder was there, since a process
/// that was killed may have made it.
fn keep_name(folder: &Path) {
    let Ok(folder) = folder.canonicalize() else { return };
    if let Some(Err(error)) = folder.parent().map(sync_folder) {
        // Somebody else's, who does not let this program in.
        tracing::warn!(%error, "the name of the store's folder can't be synced");
    }
}

/// Makes durable what a process that was cut off left in a database and its log. SQLite reads a commit from the log
/// whether it was synced or not, and what is shown after a start must not be gone after a power cut.
pub fn sync_left(database: &Path) -> Result<()> {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    for file in [Path::new(&log), database] {
        match File::open(file).and_then(|file| file.sync_all()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file("syncing what the last process left")(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Opens the writer's connection, creating and migrating the database.
pub fn writer(path: &Path, schema: Schema) -> Result<Connection> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    set_up(&connection)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(sql)?;
    if mode != "wal" && mode != "memory" {
        return Err(Error::Store(format!("journal mode {mode}")));
    }
    let synchronous = if seeded::is_on(Seeded::WeakCommit) { "NORMAL" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous).map_err(sql)?;
    connection
        .execute_batch(
            "PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON;
             PRAGMA secure_delete = ON;
             PRAGMA journal_size_limit = 4194304;",
        )
        .map_err(sql)?;
    migrate(&mut connection, path, schema)?;
    Ok(connection)
}

/// Opens a connection that can't write.
pub fn reader(path: &Path) -> Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    set_up(&connection)?;
    Ok(connection)
}

/// Opens a connection to a file of another kind, which is made if there is none.
pub(super) fn creator(path: &Path) -> Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

#[expect(clippy::disallowed_methods, reason = "this is the one opener")]
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)
}

fn set_up(connection: &Connection) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(5)).map_err(sql)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(sql)?;
    // Otherwise SQLite looks at bound limits and prepares such statements anew each time they run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sql)?;
    connection.set_prepared_statement_cache_capacity(128);
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 64 * 1024),
        (Limit::SQLITE_LIMIT_ATTACHED, 1),
    ];
    for (limit, value) in limits {
        connection.set_limit(limit, value).map_err(sql)?;
    }
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;
             PRAGMA mmap_size = 0;
             PRAGMA temp_store = MEMORY;",
        )
        .map_err(sql)
}

fn migrate(connection: &mut Connection, path: &Path, schema: Schema) -> Result<()> {
    let version = |connection: &Connection| -> Result<(i64, i32)> {
        let number = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(sql)?;
        let application = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(sql)?;
        Ok((number, application))
    };
    let (found, application_id) = version(connection)?;
    if found > schema.newest() {
        return Err(Error::TooNew { found, known: schema.newest() });
    }
    if found > 0 && application_id != schema.application_id {
        return Err(Error::Corrupt("this is another program's database"));
    }
    if found == schema.newest() {
        return Ok(());
    }
    if found > 0 {
        match keep_copy(connection, path, found) {
            // The migration is one transaction: the copy is a comfort, and a database that does not open is none.
            Err(Error::StorageFull) => tracing::warn!(found, "no room for a copy before a migration"),
            kept => kept?,
        }
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    for migration in schema.migrations.iter().filter(|migration| migration.number > found) {
        for part in migration.sql {
            transaction.execute_batch(part).map_err(sql)?;
        }
        transaction.pragma_update(None, "application_id", schema.application_id).map_err(sql)?;
        transaction.pragma_update(None, "user_version", migration.number).map_err(sql)?;
    }
    transaction.commit().map_err(sql)
}

/// A copy of the database as it was before a migration, beside it; half a copy is not left.
fn keep_copy(connection: &Connection, path: &Path, found: i64) -> Result<()> {
    let failed = Error::file("keeping a copy before a migration");
    let part = path.with_extension("before.part");
    if part.exists() {
        std::fs::remove_file(&part).map_err(&failed)?;
    }
    let kept = write_copy(connection, path, &part, found);
    if kept.is_err() {
        drop(std::fs::remove_file(&part));
    }
    kept
}

fn write_copy(connection: &Connection, path: &Path, part: &Path, found: i64) -> Result<()> {
    let failed = Error::file("keeping a copy before a migration");
    connection.execute("VACUUM INTO ?1", [part.to_string_lossy()]).map_err(sql)?;
    File::open(part).and_then(|file| file.sync_all()).map_err(&failed)?;
    // Whole under its name or not there: a copy that was cut off is of no use to anybody.
    std::fs::rename(part, copies::path(path, found + 1)).map_err(&failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), |folder| File::open(folder).and_then(|folder| folder.sync_all()).map_err(&failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Schema = Schema {
        application_id: 7,
        migrations: &[Migration { number: 1, sql: &["CREATE TABLE a (x INTEGER) STRICT;"] }],
    };
    const SECOND: Schema = Schema {
        application_id: 7,
        migrations: &[
            Migration { number: 1, sql: &["CREATE TABLE a (x INTEGER) STRICT;"] },
            Migration { number: 2, sql: &["ALTER TABLE a ADD COLUMN y INTEGER;"] },
        ],
    };

    #[test]
    fn a_migration_keeps_a_copy_and_a_newer_database_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        writer(&path, FIRST).unwrap().execute("INSERT INTO a VALUES (5)", []).unwrap();
        let kept: i64 = writer(&path, SECOND)
            .unwrap()
            .query_row("SELECT x FROM a WHERE y IS NULL", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 5);
        assert!(folder.path().join("store.before-2.db").exists());
        assert!(matches!(writer(&path, FIRST), Err(Error::TooNew { found: 2, known: 1 })));
    }

    #[test]
    fn a_migration_without_room_says_so_and_leaves_the_old_database_whole() {
        const FULL: Schema = Schema {
            application_id: 7,
            migrations: &[
                Migration { number: 1, sql: &["CREATE TABLE a (x INTEGER) STRICT;"] },
                Migration { number: 2, sql: &["ALTER TABLE a ADD COLUMN y INTEGER;"] },
                Migration {
                    number: 3,
                    sql: &["PRAGMA max_page_count = 2;", "CREATE TABLE b (x INTEGER) STRICT;"],
                },
            ],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        writer(&path, FIRST).unwrap().execute("INSERT INTO a VALUES (5)", []).unwrap();
        assert!(matches!(writer(&path, FULL), Err(Error::StorageFull)));
        let connection = writer(&path, FIRST).unwrap();
        let kept: i64 = connection.query_row("SELECT x FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 5, "the program of before opens it: no part of the migration happened");
    }

    #[test]
    fn another_programs_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(writer(&path, FIRST).unwrap());
        assert!(matches!(writer(&path, Schema { application_id: 8, ..FIRST }), Err(Error::Corrupt(_))));
    }

    #[test]
    fn a_second_process_is_kept_out() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert!(matches!(lock(folder.path()), Err(Error::Busy)));
        drop(held);
        assert!(lock(folder.path()).is_ok());
    }

    #[test]
    fn the_writer_is_durable() {
        let folder = tempfile::tempdir().unwrap();
        let connection = writer(&folder.path().join("store.db"), FIRST).unwrap();
        let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 2, "FULL");
    }
}
