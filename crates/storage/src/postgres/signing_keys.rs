//! The table `signing_keys`.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use issuance::store::{KeyStore, Once, SealedKey};
use primitives::audit::Event;
use primitives::names::ProfileName;
use primitives::store::StoreError;
use protocol::jose::SignatureAlgorithm;
use tokio_postgres::Row;

use super::values::{Failure, corrupt, get, get_id, uuid};
use super::{PostgresStore, audit, definitions};

#[async_trait]
impl KeyStore for PostgresStore {
    async fn signing_keys(&self, profile: &ProfileName) -> Result<Vec<SealedKey>, StoreError> {
        let Some(number) = self.known_profile(profile).await? else { return Ok(Vec::new()) };
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            all(&connection, number).await
        });
        Ok(read.await?)
    }

    async fn insert_first_signing_key(&self, key: SealedKey, event: Event) -> Result<Once, StoreError> {
        let number = self.profile(&event.profile).await?;
        let inserted = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            definitions::lock(&transaction, number).await?;
            if !insert_first(&transaction, number, &key).await? {
                return Ok(Once::Before);
            }
            audit::insert(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(Once::Now)
        });
        let inserted = inserted.await?;
        self.tell((inserted == Once::Now).then_some(event.kind));
        Ok(inserted)
    }
}

/// Says whether it is the first of its algorithm; otherwise nothing is written. Whoever calls this has the profile locked,
/// so that no other node makes one at the same time.
async fn insert_first(
    transaction: &impl GenericClient,
    profile: i32,
    key: &SealedKey,
) -> Result<bool, Failure> {
    let SealedKey { id, algorithm, public_jwk, sealed } = key;
    let statement = transaction
        .prepare_cached(
            "INSERT INTO signing_keys (profile, id, algorithm, public_jwk, sealed)
             SELECT $1, $2, $3, $4, $5
             WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE profile = $1 AND algorithm = $3)",
        )
        .await?;
    let public_jwk = public_jwk.to_string();
    let inserted = transaction
        .execute(&statement, &[&profile, &uuid(*id), &algorithm.as_str(), &public_jwk, sealed])
        .await?;
    Ok(inserted == 1)
}

pub(super) async fn all(connection: &impl GenericClient, profile: i32) -> Result<Vec<SealedKey>, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT id, algorithm, public_jwk, sealed FROM signing_keys WHERE profile = $1 ORDER BY id",
        )
        .await?;
    connection.query(&statement, &[&profile]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<SealedKey, Failure> {
    let algorithm: &str = get(row, 1)?;
    Ok(SealedKey {
        id: get_id(row, 0)?,
        algorithm: algorithm
            .parse::<SignatureAlgorithm>()
            .map_err(|_unknown| corrupt(format_args!("'{algorithm}' is no algorithm")))?,
        public_jwk: serde_json::from_str(get(row, 2)?).map_err(corrupt)?,
        sealed: get(row, 3)?,
    })
}
