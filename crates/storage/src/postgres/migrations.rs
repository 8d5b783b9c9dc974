//! The schema, step by step. Steps are only ever added, and each leaves the program before it able to go on: nodes are
//! replaced one after the other.

use aws_lc_rs::digest::{SHA256, digest};
use deadpool_postgres::GenericClient;

use super::connections::Connections;
use super::values::{Failure, get};
use crate::SchemaStatus;

/// All steps, in order. What stands in one that was released never changes: its checksum is compared.
const STEPS: [&str; 1] = [include_str!("../../migrations/postgres/0001_the_beginning.sql")];

/// Names the lock that whoever changes the schema holds. The number means nothing else.
const LOCK: i64 = 0x4d74_7263;

/// Why a schema is not the one of this program.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// It could not be looked at or changed.
    #[error("the schema could not be looked at or changed: {0}")]
    Failed(String),
    /// A store is being moved there, and not all of it has come.
    #[error("a store is being moved there: call 'matricula db move' again, until it ends well")]
    Moving,
    /// Steps are missing.
    #[error(
        "the schema of the store is older than this program: bring it up to date with 'matricula db migrate'"
    )]
    Older,
    /// A later version of the program has changed it.
    #[error("the store was made by a later version of this program")]
    Newer,
    /// A step that was applied says something else now.
    #[error("step {0} of the schema is not the one that was applied")]
    Changed(i32),
}

impl From<Failure> for MigrationError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

/// Brings the schema up to date, all of it or nothing. Nodes that come meanwhile wait, and find it done.
pub(super) async fn run(connections: &Connections) -> Result<(), MigrationError> {
    refuse_where_moving(connections).await?;
    run_to_move(connections).await
}

/// The same, for what is moved there.
pub(super) async fn run_to_move(connections: &Connections) -> Result<(), MigrationError> {
    let mut connection = connections.get().await?;
    let applied = async {
        let transaction = connection.transaction().await?;
        transaction.batch_execute(&format!("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({LOCK})")).await?;
        // Whoever waits for a table holds up everybody behind them; to begin again later is better.
        transaction.batch_execute("SET LOCAL lock_timeout = '5s'").await?;
        // Where it is there, the role need not be one that may make tables.
        if !exists(&transaction, "schema_migrations").await? {
            transaction
                .batch_execute(
                    "CREATE TABLE schema_migrations (
                         number   integer NOT NULL PRIMARY KEY,
                         checksum bytea   NOT NULL
                     )",
                )
                .await?;
        }
        let applied = applied(&transaction).await?;
        for (number, step) in (1_i32..).zip(STEPS).skip(applied.len()) {
            transaction.batch_execute(step).await?;
            transaction
                .execute("INSERT INTO schema_migrations VALUES ($1, $2)", &[&number, &checksum(step)])
                .await?;
        }
        transaction.commit().await?;
        Ok::<_, Failure>(applied)
    };
    compare(&applied.await?)
}

/// Refuses a schema that is not the one of this program. Nothing is changed.
pub(super) async fn check(connections: &Connections) -> Result<(), MigrationError> {
    refuse_where_moving(connections).await?;
    if status(connections).await?.is_current() { Ok(()) } else { Err(MigrationError::Older) }
}

/// How far the schema is. Nothing is changed.
pub(super) async fn status(connections: &Connections) -> Result<SchemaStatus, MigrationError> {
    let connection = connections.get().await?;
    let applied = if exists(&connection, "schema_migrations").await? {
        applied(&connection).await?
    } else {
        Vec::new()
    };
    compare(&applied)?;
    Ok(SchemaStatus { applied: applied.len(), known: STEPS.len() })
}

/// Refuses a schema that steps were applied to which this program does not know.
fn compare(applied: &[Vec<u8>]) -> Result<(), MigrationError> {
    if applied.len() > STEPS.len() {
        return Err(MigrationError::Newer);
    }
    for ((number, step), known) in (1_i32..).zip(STEPS).zip(applied) {
        if *known != checksum(step) {
            return Err(MigrationError::Changed(number));
        }
    }
    Ok(())
}

fn checksum(step: &str) -> Vec<u8> {
    digest(&SHA256, step.as_bytes()).as_ref().to_vec()
}

async fn applied(connection: &impl GenericClient) -> Result<Vec<Vec<u8>>, Failure> {
    let rows = connection.query("SELECT checksum FROM schema_migrations ORDER BY number", &[]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

async fn refuse_where_moving(connections: &Connections) -> Result<(), MigrationError> {
    let connection = connections.get().await?;
    if is_moving(&connection).await? { Err(MigrationError::Moving) } else { Ok(()) }
}

/// Whether a store is being moved there.
pub(super) async fn is_moving(connection: &impl GenericClient) -> Result<bool, Failure> {
    exists(connection, "moving").await
}

/// Whether there is a table, in the schema that is ours and in no other that is searched.
async fn exists(connection: &impl GenericClient, table: &str) -> Result<bool, Failure> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1)";
    get(&connection.query_one(sql, &[&table]).await?, 0)
}
