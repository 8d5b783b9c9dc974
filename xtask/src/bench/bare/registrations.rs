//! A registration: its two rows.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use rusqlite::{Connection, params};

use super::durable::Durable;
use super::ordered_id;

/// What differs between a client with a definition and an instance.
pub(super) struct Row {
    pub(super) template: Option<&'static str>,
    pub(super) metadata: Option<&'static str>,
    /// What is echoed.
    answer: &'static str,
}

impl Row {
    pub(super) fn answer(&self, id: u128) -> String {
        format!(
            r#"{{"client_id":"{id:032x}","client_secret":"mcs_4fBreD-zlyfvkB5obzyVddmamcdHSGGHABqfhHcV44U",{}}}"#,
            self.answer
        )
    }
}

pub(super) const INSTANCE: Row = Row {
    template: Some("app"),
    metadata: None,
    answer: r#""application_type":"web","client_name":"App","grant_types":["client_credentials"],"response_types":[],"scope":"orders:read orders:write","software_id":"app","token_endpoint_auth_method":"client_secret_basic""#,
};

pub(super) const DEFINITION: Row = Row {
    template: None,
    metadata: Some(
        r#"{"redirect_uris":["https://reports.example/cb"],"token_endpoint_auth_method":"client_secret_basic","grant_types":["client_credentials"],"response_types":[],"client_name":"Reports of the Example company","client_uri":"https://reports.example/","scope":"orders:read","contacts":["ops@reports.example"],"application_type":"web"}"#,
    ),
    answer: r#""redirect_uris":["https://reports.example/cb"],"token_endpoint_auth_method":"client_secret_basic","grant_types":["client_credentials"],"response_types":[],"client_name":"Reports of the Example company","client_uri":"https://reports.example/","scope":"orders:read","contacts":["ops@reports.example"],"application_type":"web""#,
};

const SCHEMA: &str =
    include_str!("../../../../crates/storage/migrations/sqlite/0001_clients_tokens_keys_audit.sql");

pub(super) fn router(folder: &Path) -> anyhow::Result<Router> {
    let durable = Durable::open(folder, SCHEMA)?;
    let count = Arc::new(AtomicU64::new(0));
    let endpoint = |row: &'static Row| {
        let (durable, count) = (durable.clone(), Arc::clone(&count));
        post(move |_body: Bytes| {
            let (durable, count) = (durable.clone(), Arc::clone(&count));
            async move {
                let id = ordered_id(count.fetch_add(1, Ordering::Relaxed));
                match durable.write(move |connection| write(connection, id, row)).await {
                    Ok(()) => {
                        (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], row.answer(id))
                            .into_response()
                    }
                    Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                }
            }
        })
    };
    Ok(Router::new().route("/instance", endpoint(&INSTANCE)).route("/definition", endpoint(&DEFINITION)))
}

fn write(connection: &Connection, id: u128, row: &Row) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO clients (profile, id, template, metadata, secret_hash, secret_expires_at,
                                  registrant, initial_client, subject, revision)
             VALUES (1, ?1, ?2, ?3, ?4, NULL, 'anonymous', NULL, NULL, 1)",
        )?
        .execute(params![id.to_be_bytes(), row.template, row.metadata, [7_u8; 32]])?;
    connection
        .prepare_cached(
            "INSERT INTO audit_events (id, profile, kind, client_id, subject, detail)
             VALUES (?1, 1, 'client-registered', ?2, NULL, '{\"registrant\":\"anonymous\",\"revision\":1,\"template\":\"app\"}')",
        )?
        .execute(params![(id | 1).to_be_bytes(), "06h0fiii0c000eev642oo0s7ig"])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_registrations_fit_the_tables_of_the_server() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        write(&connection, 2, &INSTANCE).unwrap();
        write(&connection, 4, &DEFINITION).unwrap();
        let rows = |table: &str| {
            connection
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!((rows("clients"), rows("audit_events")), (2, 2));
    }
}
