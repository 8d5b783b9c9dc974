//! Between rows and types, and what went wrong.

use deadpool_postgres::PoolError;
use deadpool_postgres::TimeoutType;
use identity::authentication::Authenticator;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use primitives::store::StoreError;
use protocol::scope::Scope;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

/// Why PostgreSQL did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No connection was to be had.
    #[error("{}", no_connection(.0))]
    Pool(#[from] PoolError),
    /// It said no, or the connection broke.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// It said nothing.
    #[error("PostgreSQL does not answer")]
    Silent,
    /// More is waiting than is taken on.
    #[error("too much is waiting")]
    Full,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// A row holds what no writer of ours has put there.
    #[error("{0}")]
    Corrupt(String),
}

/// Why there is no connection, with what PostgreSQL or the system says of that.
fn no_connection(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => told(error),
        other => other.to_string(),
    }
}

/// What PostgreSQL says about an error, without the values of a row, which its details have.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refusal) => format!("{} ({})", refusal.message(), refusal.code().code()),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

impl Failure {
    /// Whether everything was taken back because others were at it too, so that it may be begun anew.
    pub(super) fn was_for_the_sake_of_others(&self) -> bool {
        let code = self.code();
        code == Some(&SqlState::T_R_SERIALIZATION_FAILURE) || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
    }

    /// Whether PostgreSQL refused something for what was in it, so that nothing of it is there: data (class 22),
    /// constraints (23), bounds (54). Everything else is the same for all that were asked with it.
    pub(super) fn is_of_a_row(&self) -> bool {
        self.code().is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.code().starts_with(class)))
    }

    fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Postgres(error) => error.code(),
            _ => None,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match &failure {
            Failure::Pool(PoolError::Closed) => Failure::Closed.into(),
            Failure::Pool(PoolError::Timeout(TimeoutType::Wait)) | Failure::Full => Self::Overloaded,
            // That one is said while a connection comes about.
            Failure::Pool(PoolError::Backend(error))
                if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) =>
            {
                Self::Overloaded
            }
            Failure::Corrupt(why) => Self::Corrupt(why.clone()),
            Failure::Postgres(error) => match error.code() {
                Some(code)
                    if failure.was_for_the_sake_of_others() || *code == SqlState::LOCK_NOT_AVAILABLE =>
                {
                    Self::Overloaded
                }
                Some(code) if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => {
                    Self::Corrupt(failure.to_string())
                }
                Some(_) | None => Self::Unavailable(failure.to_string()),
            },
            Failure::Pool(_) | Failure::Silent | Failure::Closed => Self::Unavailable(failure.to_string()),
        }
    }
}

/// A value in a row that no writer of ours has put there.
pub(super) fn corrupt(why: impl std::fmt::Display) -> Failure {
    Failure::Corrupt(why.to_string())
}

pub(super) fn uuid(id: OrderedId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}

pub(super) fn ordered_id(id: Uuid) -> OrderedId {
    OrderedId::from_bytes(id.into_bytes())
}

/// A moment, for a row. It fits until the year 292 million.
pub(super) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}

pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or_default())
}

pub(super) fn hash(bytes: &[u8]) -> Result<SecretHash, Failure> {
    let bytes = bytes.try_into().map_err(|_length| corrupt("a hash has not 32 bytes"))?;
    Ok(SecretHash::from_bytes(bytes))
}

/// Reads a column. What has another type is corrupt.
pub(super) fn get<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r Row,
    column: usize,
) -> Result<T, Failure> {
    row.try_get(column).map_err(|error| corrupt(told(&error)))
}

pub(super) fn get_hash(row: &Row, column: usize) -> Result<SecretHash, Failure> {
    hash(get(row, column)?)
}

pub(super) fn get_optional_hash(row: &Row, column: usize) -> Result<Option<SecretHash>, Failure> {
    get::<Option<&[u8]>>(row, column)?.map(hash).transpose()
}

pub(super) fn get_id(row: &Row, column: usize) -> Result<OrderedId, Failure> {
    get(row, column).map(ordered_id)
}

pub(super) fn get_optional_id(row: &Row, column: usize) -> Result<Option<OrderedId>, Failure> {
    Ok(get::<Option<Uuid>>(row, column)?.map(ordered_id))
}

pub(super) fn get_timestamp(row: &Row, column: usize) -> Result<Timestamp, Failure> {
    get(row, column).map(timestamp)
}

pub(super) fn get_optional_timestamp(row: &Row, column: usize) -> Result<Option<Timestamp>, Failure> {
    Ok(get::<Option<i64>>(row, column)?.map(timestamp))
}

pub(super) fn get_scope(row: &Row, column: usize) -> Result<Scope, Failure> {
    get::<&str>(row, column)?.parse().map_err(corrupt)
}

pub(super) fn get_authenticator(row: &Row, column: usize) -> Result<Authenticator, Failure> {
    let word: &str = get(row, column)?;
    Authenticator::named(word).ok_or_else(|| corrupt(format_args!("nobody proves anything by '{word}'")))
}

/// How many rows it was.
pub(super) fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
