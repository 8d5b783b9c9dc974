//! The table `signing_keys`.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use issuance::store::{KeyStore, SealedKey};
use primitives::audit::Event;
use primitives::names::ProfileName;
use primitives::store::StoreError;
use protocol::jose::SignatureAlgorithm;
use tokio_postgres::Row;

use super::values::{Failure, corrupt, get, get_id, uuid};
use super::{PostgresStore, audit};

#[async_trait]
impl KeyStore for PostgresStore {
    async fn signing_keys(&self, profile: &ProfileName) -> Result<Vec<SealedKey>, StoreError> {
        let Some(number) = self.known_profile(profile).await? else { return Ok(Vec::new()) };
        let connection = self.connections.get().await?;
        Ok(all(&connection, number).await?)
    }

    async fn insert_signing_key(&self, key: SealedKey, event: Event) -> Result<(), StoreError> {
        let number = self.profile(&event.profile).await?;
        let inserted = self.connections.retrying(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            insert(&transaction, number, &key).await?;
            audit::insert(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(())
        });
        Ok(inserted.await?)
    }
}

async fn insert(transaction: &impl GenericClient, profile: i32, key: &SealedKey) -> Result<(), Failure> {
    let SealedKey { id, algorithm, public_jwk, sealed } = key;
    let statement = transaction
        .prepare_cached(
            "INSERT INTO signing_keys (profile, id, algorithm, public_jwk, sealed)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .await?;
    let public_jwk = public_jwk.to_string();
    transaction
        .execute(&statement, &[&profile, &uuid(*id), &algorithm.as_str(), &public_jwk, sealed])
        .await?;
    Ok(())
}

async fn all(connection: &impl GenericClient, profile: i32) -> Result<Vec<SealedKey>, Failure> {
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
