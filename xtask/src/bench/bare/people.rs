//! What people are given: the row of a code, and the rotation of a refresh token with a signature.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use protocol::jose::{SignatureAlgorithm, SigningKey};
use rusqlite::{Connection, params};
use serde_json::json;

use super::durable::Durable;
use super::{now_ms, ordered_id};

/// Families are rotated in an order that scatters them over the file, as those who refresh do.
pub(super) const STRIDE: u64 = 4_099;

const CLIENT: &str = "06h0fiii0c000eev642oo0s7ig";
const CODE: &str = "mac_06h0fiii0c000eev642oo0s7ig4fBreD-zlyfvkB5obzyVddmamcdHSGGHABqfhHcV44U";
const REFRESH_TOKEN: &str = "mrt_06h0fiii0c000eev642oo0s7ig4fBreD-zlyfvkB5obzyVddmamcdHSGGHABqfhHcV44U4fBreD-zlyfvkB5obzyVddmamcdHSGGHABqfhHcV44U";

const SCHEMA: &str =
    include_str!("../../../../crates/storage/migrations/sqlite/0003_authorizations_and_grants.sql");

struct Ceiling {
    durable: Durable,
    key: SigningKey,
    count: AtomicU64,
    families: u64,
}

pub(super) async fn router(folder: &Path, families: u64) -> anyhow::Result<Router> {
    let durable = Durable::open(folder, SCHEMA)?;
    durable.write(move |connection| (0..families).try_for_each(|family| begin(connection, family))).await?;
    let (key, _) = SigningKey::generate(SignatureAlgorithm::Es256)?;
    let ceiling = Arc::new(Ceiling { durable, key, count: AtomicU64::new(0), families });
    Ok(Router::new()
        .route("/p/authorize", get(authorize))
        .route("/p/token", post(refresh))
        .with_state(ceiling))
}

async fn authorize(State(ceiling): State<Arc<Ceiling>>) -> Response {
    let id = ordered_id(ceiling.count.fetch_add(1, Ordering::Relaxed));
    match ceiling.durable.write(move |connection| code(connection, id)).await {
        Ok(()) => {
            let location = format!(
                "https://app.example/cb?code={CODE}&state=4fBreD-zlyfvkB5o&iss=http%3A%2F%2Flocalhost%3A8700%2Fp"
            );
            let headers = [
                (header::LOCATION, location.as_str()),
                (header::CACHE_CONTROL, "no-store"),
                (header::REFERRER_POLICY, "no-referrer"),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn refresh(State(ceiling): State<Arc<Ceiling>>, _body: Bytes) -> Response {
    let family = ceiling.count.fetch_add(1, Ordering::Relaxed).wrapping_mul(STRIDE) % ceiling.families;
    match ceiling.answer(family).await {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

impl Ceiling {
    async fn answer(&self, family: u64) -> anyhow::Result<String> {
        let token = sign(&self.key)?;
        self.durable.write(move |connection| rotate(connection, family)).await?;
        Ok(answer(&token))
    }
}

/// The signature of a refresh.
pub(super) fn sign(key: &SigningKey) -> anyhow::Result<String> {
    let now = now_ms() / 1_000;
    let claims = json!({
        "iss": "http://localhost:8700/p", "aud": "https://orders.example", "iat": now, "exp": now + 600,
        "sub": CLIENT, "client_id": CLIENT, "jti": format!("{CLIENT}{CLIENT}"), "scope": "offline_access orders:read",
        "auth_time": now, "acr": "urn:matricula:acr:password",
    });
    key.sign_jwt("at+jwt", &claims).ok().context("it was not signed")
}

/// Its answer.
pub(super) fn answer(token: &str) -> String {
    format!(
        r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":600,"scope":"offline_access orders:read","refresh_token":"{REFRESH_TOKEN}"}}"#
    )
}

fn code(connection: &Connection, id: u128) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO authorization_codes
                 (profile, id, hash, client_id, redirect_uri, challenge, scope, nonce, user,
                  session, authenticated_at, authenticated_by, expires_at)
             VALUES (1, ?1, ?2, ?3, 'https://app.example/cb', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
                     'offline_access orders:read', NULL, ?4, ?4, ?5, 'pwd', ?5)",
        )?
        .execute(params![id.to_be_bytes(), [7_u8; 32], CLIENT, [7_u8; 16], now()])
        .map(drop)
}

fn begin(connection: &Connection, family: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO grants (profile, id, client_id, user, session, authenticated_at, authenticated_by, scope,
                                 family, current, previous, rotated_at, expires_at, ended_at)
             VALUES (1, ?1, ?2, ?3, ?3, ?5, 'pwd', 'offline_access orders:read', ?4, ?4, ?4, ?5, ?5, NULL)",
        )?
        .execute(params![u128::from(family).to_be_bytes(), CLIENT, [7_u8; 16], [7_u8; 32], now()])
        .map(drop)
}

fn rotate(connection: &Connection, family: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE grants SET current = ?2, previous = ?3, rotated_at = ?4 WHERE profile = 1 AND id = ?1",
        )?
        .execute(params![u128::from(family).to_be_bytes(), [8_u8; 32], [7_u8; 32], now()])
        .map(drop)
}

fn now() -> i64 {
    i64::try_from(now_ms()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_codes_and_families_fit_the_tables_of_the_server() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        code(&connection, 1).unwrap();
        begin(&connection, 5).unwrap();
        rotate(&connection, 5).unwrap();
        let current: [u8; 32] =
            connection.query_row("SELECT current FROM grants", [], |row| row.get(0)).unwrap();
        assert_eq!(current, [8; 32], "a rotation that finds no row would be a ceiling that does nothing");
    }
}
