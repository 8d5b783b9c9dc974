//! A database that is looked at, and neither made nor changed, whether or not servers use it.

use deadpool_postgres::GenericClient;
use issuance::store::SealedKey;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;

use super::connections::Connections;
use super::migrations::MigrationError;
use super::values::{Failure, corrupt, get, get_id, get_timestamp, timestamp};
use super::{OpenError, PostgresStore, PostgresUrl, migrations, signing_keys};
use crate::Examination;

/// What was found in a database.
#[derive(Debug)]
pub struct DatabaseExamination {
    /// What is kept there; `None` where nothing is yet.
    pub kept: Option<Examination>,
    /// Whether it is a copy of another one, which takes no writes.
    pub is_copy: bool,
    /// Whether what it acknowledged outlives a crash (`fsync`, `full_page_writes` and `synchronous_commit`).
    pub is_durable: bool,
    /// What time it is there.
    pub now: Timestamp,
}

impl PostgresStore {
    /// Looks at a database. Servers may be using it.
    ///
    /// # Errors
    /// See [`OpenError`]: it is out of reach, or a newer program's.
    pub async fn examine(url: &PostgresUrl) -> Result<DatabaseExamination, OpenError> {
        let connections = Connections::new(url)?;
        let status = migrations::status(&connections).await?;
        let connection = connections.get().await.map_err(MigrationError::from)?;
        let look = async {
            let row = connection
                .query_one(
                    "SELECT pg_is_in_recovery(), (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
                            current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'
                                AND current_setting('synchronous_commit') <> 'off'",
                    &[],
                )
                .await?;
            let kept = if status.applied == 0 {
                None
            } else {
                Some(Examination {
                    is_current: status.is_current(),
                    newest: newest(&connection).await?,
                    signing_keys: keys(&connection).await?,
                })
            };
            Ok::<_, Failure>(DatabaseExamination {
                kept,
                is_copy: get(&row, 0)?,
                is_durable: get(&row, 2)?,
                now: timestamp(get(&row, 1)?),
            })
        };
        Ok(look.await.map_err(MigrationError::from)?)
    }
}

async fn newest(connection: &impl GenericClient) -> Result<Option<Timestamp>, Failure> {
    let outcome = connection.query_opt("SELECT id FROM audit_events ORDER BY id DESC LIMIT 1", &[]).await?;
    let outcome = outcome.map(|row| get_id(&row, 0)).transpose()?.map(|id| id.made_at());
    let activity = connection
        .query_opt("SELECT last_at FROM audit_activity ORDER BY minute DESC, last_at DESC LIMIT 1", &[])
        .await?;
    Ok(outcome.max(activity.map(|row| get_timestamp(&row, 0)).transpose()?))
}

async fn keys(connection: &impl GenericClient) -> Result<Vec<(ProfileName, Vec<SealedKey>)>, Failure> {
    let mut keys = Vec::new();
    for row in connection.query("SELECT name, number FROM profiles ORDER BY name", &[]).await? {
        let name = get::<&str>(&row, 0)?.parse().map_err(corrupt)?;
        keys.push((name, signing_keys::all(connection, get(&row, 1)?).await?));
    }
    Ok(keys)
}
