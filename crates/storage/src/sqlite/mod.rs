//! The embedded engine: one SQLite file, one thread that writes, several that read.
//!
//! Every write is a job for the writer, which commits as many as are waiting in one transaction (group commit) and
//! answers none of them before that transaction is on the disk (WAL, `synchronous=FULL`). Reads see everything that
//! was acknowledged before they were asked for.

mod access_tokens;
mod assertions;
mod audit;
mod authorizations;
mod clients;
mod codes;
mod consents;
mod definitions;
mod directories;
mod examine;
mod file;
mod grant_store;
mod grants;
mod initial_access_tokens;
mod marks;
mod migrations;
mod outcomes;
mod profiles;
mod reader;
mod requests;
mod sessions;
mod signing_keys;
mod users;
mod values;
mod writer;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use issuance::access_token::AccessTokenRecord;
use issuance::store::{AccessTokenMarks, KeyStore, Once, SealedKey, TokenStore};
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use registration::access::InitialAccessTokenRecord;
use registration::client::ClientRecord;
use registration::definitions::Revision;
use registration::store::{ClientStore, Insertion, NewRegistration};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use self::directories::Directories;
use self::profiles::{Known, Profiles};
use self::reader::Readers;
use self::writer::Writer;
use crate::{
    Activity, AuditEntry, AuditStore, Cleaned, DefinitionStore, Figures, KeptDefinitions, Provision,
    Provisioned, Retention, SchemaStatus, Store,
};

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the file is not accessible.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Another server has it open.
    #[error("{0} is in use by another server: an SQLite store has one at a time")]
    InUse(PathBuf),
    /// It is an SQLite file of something else, or no SQLite file.
    #[error("{0} is not a store of this program: it is left alone")]
    NotAStore(PathBuf),
    /// It was made by a newer version.
    #[error("{0}: its schema is newer than this program")]
    Newer(PathBuf),
    /// It was made by an older version, and the server that uses it is the one to bring it up to date.
    #[error("{0}: its schema is older than this program: update the server that is using it")]
    Older(PathBuf),
    /// A migration is not the one that was applied.
    #[error("{0}: migration {1} is not the one that was applied to this database")]
    Changed(PathBuf, u32),
    /// SQLite refused.
    #[error("{path}: {error}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        error: rusqlite::Error,
    },
}

/// An open SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    profiles: Arc<Profiles>,
    directories: Arc<Directories>,
    figures: Arc<Figures>,
    /// Held for as long as the store is open; a command beside a server holds none.
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens the file for a server, makes it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let path = &file::real_name(path)?;
        let lock = file::lock(path)?;
        let connection = open_current(path)?;
        Self::start(connection, path, Some(lock))
    }

    /// Opens the file for a command that a server may be running beside, now or before the command is done.
    ///
    /// Two processes that write are safe: SQLite lets one of them write at a time, and the other waits for it, up to five
    /// seconds; each sees what the other has committed. What the lock is for is something else: a server decides some
    /// things by what it has in memory, the definitions and the names of profiles, so there must be one server. A command
    /// that is opened like this must not touch what they are made of. The numbers of directories are no such thing: they
    /// never change, and a server that does not remember one looks.
    ///
    /// Nobody brings the schema up to date under a running server. Where none runs, this does what [`Self::open`] does
    /// and gives the lock back at once, so that a server can start meanwhile.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_beside(path: &Path) -> Result<Self, OpenError> {
        let path = &file::real_name(path)?;
        let connection = match file::lock(path) {
            Ok(_until_it_is_current) => open_current(path)?,
            // The file is not looked at but through SQLite: whoever opens and closes it otherwise may take the locks of
            // a server in the same process.
            Err(OpenError::InUse(_)) => {
                let connection = open_writer(path)?;
                migrations::check_is_current(&connection, path)?;
                configure_writer(&connection)
                    .map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })?;
                connection
            }
            Err(error) => return Err(error),
        };
        Self::start(connection, path, None)
    }

    fn start(connection: Connection, path: &Path, lock: Option<File>) -> Result<Self, OpenError> {
        let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
        let profiles = Arc::new(Profiles::load(&connection).map_err(sqlite)?);
        let figures = Arc::<Figures>::default();
        let readers = Readers::start(|| open_reader(path), Arc::clone(&figures)).map_err(sqlite)?;
        let writer = match &lock {
            Some(_) => Writer::start(connection, path, Arc::clone(&figures)),
            None => Writer::start_beside(connection, Arc::clone(&figures)),
        };
        Ok(Self { writer, readers, profiles, directories: Arc::default(), figures, _lock: lock })
    }

    /// Reads from a directory; `None` where there is none of this name.
    async fn read_directory<T: Send + 'static>(
        &self,
        directory: &DirectoryName,
        work: impl FnOnce(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let (directories, directory) = (Arc::clone(&self.directories), directory.clone());
        self.readers
            .read(move |connection| {
                let Some(number) = directories.read(connection, &directory)? else { return Ok(None) };
                work(connection, number).map(Some)
            })
            .await
    }

    /// Writes to a directory; `None`, and nothing is written, where there is none of this name.
    async fn write_directory<T: Send + 'static>(
        &self,
        directory: &DirectoryName,
        mut work: impl FnMut(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let (directories, directory) = (Arc::clone(&self.directories), directory.clone());
        self.writer
            .write(move |connection| {
                let Some(number) = directories.write(connection, &directory)? else { return Ok(None) };
                work(connection, number).map(Some)
            })
            .await
    }

    /// How far the schema of a file is. Nothing is changed.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn schema(path: &Path) -> Result<SchemaStatus, OpenError> {
        file::check(path)?;
        let connection =
            open_reader(path).map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })?;
        migrations::status(&connection, path)
    }

    /// Opens a file that a server may be using, to look at it and nothing else.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn look(
        path: &Path,
    ) -> Result<impl Fn(Timestamp, u32) -> Result<Vec<AuditEntry>, StoreError> + use<>, OpenError> {
        file::check(path)?;
        let connection =
            open_reader(path).map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })?;
        if !migrations::is_ours(&connection, path)? {
            return Err(OpenError::NotAStore(path.to_owned()));
        }
        Ok(move |since, at_most| {
            audit::since(&connection, since, at_most).map_err(|error| values::store_error(&error))
        })
    }
}

/// Opens a file to read all of it, while no server may use it: until the lock is dropped.
pub(crate) fn open_to_move(path: &Path) -> Result<(File, Connection), OpenError> {
    let path = &file::real_name(path)?;
    file::check(path)?;
    let lock = file::lock(path)?;
    let connection = open_reader(path).map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })?;
    migrations::check_is_current(&connection, path)?;
    Ok((lock, connection))
}

/// Opens the file for writing, makes it where there is none, and brings its schema up to date. Whoever calls this holds
/// the lock.
fn open_current(path: &Path) -> Result<Connection, OpenError> {
    file::create(path)?;
    let mut connection = open_writer(path)?;
    migrations::check(&connection, path)?;
    configure_writer(&connection).map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })?;
    migrations::run(&mut connection, path)?;
    Ok(connection)
}

fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(sqlite)?;
    Ok(connection)
}

fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    keep_plans(connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A statement is planned once, whatever is bound to it. SQLite would plan some of them anew at each use, in case another
/// value made for another plan; here rows are found by their keys, and there is one.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

#[async_trait]
impl ClientStore for SqliteStore {
    async fn client(&self, profile: &ProfileName, id: OrderedId) -> Result<Option<ClientRecord>, StoreError> {
        let (number, profile) = (self.profiles.number(profile)?, profile.clone());
        self.readers.read(move |connection| clients::find(connection, number, &profile, id)).await
    }

    async fn initial_access_token(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<InitialAccessTokenRecord>, StoreError> {
        let number = self.profiles.number(profile)?;
        self.readers.read(move |connection| initial_access_tokens::find(connection, number, id)).await
    }

    async fn insert(&self, registration: NewRegistration) -> Result<Insertion, StoreError> {
        let number = self.profiles.number(&registration.client.profile)?;
        self.writer
            .write(move |connection| {
                // A job decides before it writes: a token that is not good leaves nothing to take back.
                if let Some(token) = registration.spends
                    && !initial_access_tokens::spend(connection, number, token, registration.at)?
                {
                    return Ok(Insertion::TokenNotGood);
                }
                clients::insert(connection, number, &registration.client)?;
                for event in &registration.events {
                    audit::insert(connection, number, event)?;
                }
                Ok(Insertion::Inserted)
            })
            .await
    }
}

#[async_trait]
impl TokenStore for SqliteStore {
    async fn insert_initial_access_token(
        &self,
        record: InitialAccessTokenRecord,
        event: Event,
    ) -> Result<(), StoreError> {
        let number = self.profiles.number(&event.profile)?;
        self.writer
            .write(move |connection| {
                initial_access_tokens::insert(connection, number, &record)?;
                audit::insert(connection, number, &event)
            })
            .await
    }

    async fn revoke_initial_access_token(&self, id: OrderedId, event: Event) -> Result<Once, StoreError> {
        let number = self.profiles.number(&event.profile)?;
        self.writer
            .write(move |connection| {
                if !initial_access_tokens::revoke(connection, number, id, event.at())? {
                    return Ok(Once::Before);
                }
                audit::insert(connection, number, &event)?;
                Ok(Once::Now)
            })
            .await
    }

    async fn accept_assertion(
        &self,
        profile: &ProfileName,
        fingerprint: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<Once, StoreError> {
        let number = self.profiles.number(profile)?;
        self.writer
            .write(move |connection| assertions::accept(connection, number, fingerprint, expires_at))
            .await
    }

    async fn keep_access_token(
        &self,
        profile: &ProfileName,
        record: AccessTokenRecord,
    ) -> Result<(), StoreError> {
        let number = self.profiles.number(profile)?;
        self.writer.write(move |connection| access_tokens::insert(connection, number, &record)).await
    }

    async fn access_token(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<AccessTokenRecord>, StoreError> {
        let number = self.profiles.number(profile)?;
        self.readers.read(move |connection| access_tokens::find(connection, number, id)).await
    }

    async fn revoke_access_token(
        &self,
        id: OrderedId,
        expires_at: Timestamp,
        event: Event,
    ) -> Result<Once, StoreError> {
        let number = self.profiles.number(&event.profile)?;
        self.writer
            .write(move |connection| {
                if !access_tokens::revoke(connection, number, id, expires_at)? {
                    return Ok(Once::Before);
                }
                audit::insert(connection, number, &event)?;
                Ok(Once::Now)
            })
            .await
    }

    async fn access_token_marks(
        &self,
        profile: &ProfileName,
        id: OrderedId,
        client_id: &str,
    ) -> Result<AccessTokenMarks, StoreError> {
        let (number, client_id) = (self.profiles.number(profile)?, client_id.to_owned());
        self.readers.read(move |connection| access_tokens::marks(connection, number, id, &client_id)).await
    }

    async fn mark_client(&self, event: Event) -> Result<(), StoreError> {
        let number = self.profiles.number(&event.profile)?;
        self.writer
            .write(move |connection| {
                let client_id = event.client_id.as_deref().unwrap_or_default();
                let mark = audit::after_everything(connection, event.at())?;
                access_tokens::mark_client(connection, number, client_id, mark)?;
                initial_access_tokens::revoke_of_client(connection, number, client_id, event.at())?;
                audit::insert(connection, number, &event)
            })
            .await
    }
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn signing_keys(&self, profile: &ProfileName) -> Result<Vec<SealedKey>, StoreError> {
        match self.profiles.known(profile) {
            Some(Known { number, .. }) => {
                self.readers.read(move |connection| signing_keys::all(connection, number)).await
            }
            None => Ok(Vec::new()),
        }
    }

    async fn insert_first_signing_key(&self, key: SealedKey, event: Event) -> Result<Once, StoreError> {
        let number = self.profiles.number(&event.profile)?;
        self.writer
            .write(move |connection| {
                if !signing_keys::insert_first(connection, number, &key)? {
                    return Ok(Once::Before);
                }
                audit::insert(connection, number, &event)?;
                Ok(Once::Now)
            })
            .await
    }
}

#[async_trait]
impl DefinitionStore for SqliteStore {
    async fn provision(&self, provisions: Vec<Provision>) -> Result<Vec<Provisioned>, StoreError> {
        let names: Vec<_> = provisions.iter().map(|provision| provision.event.profile.clone()).collect();
        let work = move |connection: &Connection| {
            provisions.iter().map(|provision| definitions::provision(connection, provision)).collect()
        };
        let done: Vec<(i64, Provisioned)> = self.writer.write(work).await?;
        let remembered = names.into_iter().zip(done).map(|(profile, (number, provisioned))| {
            self.profiles.remember(profile, Known { number, revision: provisioned.revision });
            provisioned
        });
        Ok(remembered.collect())
    }

    async fn profiles_ever(&self) -> Result<Vec<ProfileName>, StoreError> {
        Ok(self.profiles.names())
    }

    /// One server at a time has the file, and nobody else changes definitions: what it did last is what there is.
    async fn revision(&self, profile: &ProfileName) -> Result<Revision, StoreError> {
        Ok(self.profiles.known(profile).map(|known| known.revision).unwrap_or_default())
    }

    async fn definitions(&self, profile: &ProfileName) -> Result<KeptDefinitions, StoreError> {
        match self.profiles.known(profile) {
            Some(Known { number, .. }) => {
                self.readers.read(move |connection| definitions::kept(connection, number)).await
            }
            None => Ok(KeptDefinitions {
                revision: Revision::default(),
                documents: Vec::new(),
                template_ids_ever: BTreeSet::new(),
            }),
        }
    }

    async fn wait_for_change(&self) {
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl AuditStore for SqliteStore {
    async fn record_activity(&self, activity: Vec<Activity>) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(activity.len());
        for activity in activity {
            rows.push((self.profiles.number(&activity.profile)?, activity));
        }
        self.writer
            .write(move |connection| {
                rows.iter().try_for_each(|(number, activity)| audit::count(connection, *number, activity))
            })
            .await
    }

    async fn audit_since(&self, since: Timestamp, at_most: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.readers.read(move |connection| audit::since(connection, since, at_most)).await
    }

    async fn clean(&self, retention: Retention) -> Result<Cleaned, StoreError> {
        self.writer
            .write(move |connection| {
                let Retention { ended_before, events_before, activity_before, at_most } = retention;
                Ok(Cleaned {
                    initial_access_tokens: initial_access_tokens::forget(connection, ended_before, at_most)?,
                    assertions: assertions::forget(connection, ended_before, at_most)?,
                    sessions: sessions::forget(connection, ended_before, at_most)?,
                    requests: requests::forget(connection, ended_before, at_most)?,
                    codes: codes::forget(connection, ended_before, at_most)?,
                    grants: grants::forget(connection, ended_before, at_most)?,
                    access_tokens: access_tokens::forget(connection, ended_before, at_most)?,
                    events: audit::forget_events(connection, events_before, at_most)?,
                    activity: audit::forget_activity(connection, activity_before, at_most)?,
                })
            })
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.writer.check()?;
        let look = |connection: &Connection| {
            connection
                .prepare_cached("SELECT count(*) FROM schema_migrations")?
                .query_row([], |row| row.get::<_, i64>(0))
        };
        self.readers.read(look).await.map(drop)
    }

    fn figures(&self) -> &Figures {
        &self.figures
    }

    fn close(&self) {
        self.readers.close();
        self.writer.close();
    }
}
