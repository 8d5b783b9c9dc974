//! Between rows and types.

use identity::authentication::Authenticator;
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use primitives::store::StoreError;
use protocol::scope::Scope;
use rusqlite::types::Type;
use rusqlite::{ErrorCode, Row};

/// What the store says of an error of SQLite's.
pub(super) fn store_error(error: &rusqlite::Error) -> StoreError {
    use rusqlite::Error;
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt(error.to_string()),
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(error.to_string()),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Overloaded,
            _ => StoreError::Unavailable(error.to_string()),
        },
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// A value in a row that no writer of ours has put there.
pub(super) fn corrupt(column: usize, why: impl std::fmt::Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, why.to_string().into())
}

/// A moment, for a row. It fits until the year 292 million.
pub(super) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.millis()).unwrap_or(i64::MAX)
}

pub(super) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Ok(from_millis(row.get(column)?))
}

pub(super) fn optional_timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(from_millis))
}

fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or_default())
}

pub(super) fn ordered_id(row: &Row<'_>, column: usize) -> rusqlite::Result<OrderedId> {
    row.get(column).map(OrderedId::from_bytes)
}

pub(super) fn optional_id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<OrderedId>> {
    Ok(row.get::<_, Option<_>>(column)?.map(OrderedId::from_bytes))
}

pub(super) fn optional_hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SecretHash>> {
    Ok(row.get::<_, Option<_>>(column)?.map(SecretHash::from_bytes))
}

pub(super) fn scope(row: &Row<'_>, column: usize) -> rusqlite::Result<Scope> {
    row.get::<_, String>(column)?.parse().map_err(|error| corrupt(column, error))
}

pub(super) fn authenticator(row: &Row<'_>, column: usize) -> rusqlite::Result<Authenticator> {
    let word: String = row.get(column)?;
    Authenticator::named(&word)
        .ok_or_else(|| corrupt(column, format_args!("nobody proves anything by '{word}'")))
}
