//! The table `signing_keys`.

use issuance::store::SealedKey;
use protocol::jose::SignatureAlgorithm;
use rusqlite::{Connection, params};

use super::values::{corrupt, ordered_id};

/// Says whether it is the first of its algorithm; otherwise nothing is written.
pub(super) fn insert_first(connection: &Connection, profile: i64, key: &SealedKey) -> rusqlite::Result<bool> {
    let SealedKey { id, algorithm, public_jwk, sealed } = key;
    connection
        .prepare_cached(
            "INSERT INTO signing_keys (profile, id, algorithm, public_jwk, sealed) SELECT ?1, ?2, ?3, ?4, ?5
             WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE profile = ?1 AND algorithm = ?3)",
        )?
        .execute(params![profile, id.as_bytes(), algorithm.as_str(), public_jwk.to_string(), sealed])
        .map(|inserted| inserted == 1)
}

pub(super) fn all(connection: &Connection, profile: i64) -> rusqlite::Result<Vec<SealedKey>> {
    connection
        .prepare_cached(
            "SELECT id, algorithm, public_jwk, sealed FROM signing_keys WHERE profile = ?1 ORDER BY id",
        )?
        .query_map(params![profile], |row| {
            let algorithm: String = row.get(1)?;
            let public_jwk: String = row.get(2)?;
            Ok(SealedKey {
                id: ordered_id(row, 0)?,
                algorithm: algorithm
                    .parse::<SignatureAlgorithm>()
                    .map_err(|_unknown| corrupt(1, format_args!("'{algorithm}' is no algorithm")))?,
                public_jwk: serde_json::from_str(&public_jwk).map_err(|error| corrupt(2, error))?,
                sealed: row.get(3)?,
            })
        })?
        .collect()
}
