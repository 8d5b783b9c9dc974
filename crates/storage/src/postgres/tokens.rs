//! The tables `access_tokens`, `revoked_access_tokens` and `client_marks`, and the port to all tokens.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Object};
use issuance::access_token::AccessTokenRecord;
use issuance::store::{AccessTokenMarks, Once, TokenStore};
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use registration::access::InitialAccessTokenRecord;
use uuid::Uuid;

use super::batch::{Key, Operation};
use super::values::{
    Failure, get, get_hash, get_optional_id, get_optional_timestamp, get_scope, get_timestamp, millis, uuid,
};
use super::{PostgresStore, assertions, audit, initial_access_tokens, marks};

#[async_trait]
impl TokenStore for PostgresStore {
    async fn insert_initial_access_token(
        &self,
        record: InitialAccessTokenRecord,
        event: Event,
    ) -> Result<(), StoreError> {
        let number = self.profile(&event.profile).await?;
        let insert = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            initial_access_tokens::insert(&transaction, number, &record).await?;
            audit::insert(&transaction, number, &event).await?;
            Ok(transaction.commit().await?)
        });
        insert.await?;
        self.tell([event.kind]);
        Ok(())
    }

    async fn revoke_initial_access_token(&self, id: OrderedId, event: Event) -> Result<Once, StoreError> {
        let number = self.profile(&event.profile).await?;
        let revoke = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !initial_access_tokens::revoke(&transaction, number, id, event.at()).await? {
                return Ok(Once::Before);
            }
            audit::insert(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(Once::Now)
        });
        let revoked = revoke.await?;
        self.tell((revoked == Once::Now).then_some(event.kind));
        Ok(revoked)
    }

    async fn accept_assertion(
        &self,
        profile: &ProfileName,
        fingerprint: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<Once, StoreError> {
        let number = self.profile(profile).await?;
        let accept = self.connections.write(|| async {
            let connection = self.connections.get().await?;
            assertions::accept(&connection, number, fingerprint, expires_at).await
        });
        Ok(accept.await?)
    }

    async fn keep_access_token(
        &self,
        profile: &ProfileName,
        record: AccessTokenRecord,
    ) -> Result<(), StoreError> {
        let number = self.profile(profile).await?;
        self.access_tokens.ask((number, record)).await
    }

    async fn access_token(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<AccessTokenRecord>, StoreError> {
        let number = self.profile(profile).await?;
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            find(&connection, number, id).await
        });
        Ok(read.await?)
    }

    async fn revoke_access_token(
        &self,
        id: OrderedId,
        expires_at: Timestamp,
        event: Event,
    ) -> Result<Once, StoreError> {
        let number = self.profile(&event.profile).await?;
        let revoke = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !revoke(&transaction, number, id, expires_at).await? {
                return Ok(Once::Before);
            }
            audit::insert(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(Once::Now)
        });
        let revoked = revoke.await?;
        self.tell((revoked == Once::Now).then_some(event.kind));
        Ok(revoked)
    }

    async fn access_token_marks(
        &self,
        profile: &ProfileName,
        id: OrderedId,
        client_id: &str,
    ) -> Result<AccessTokenMarks, StoreError> {
        let number = self.profile(profile).await?;
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            find_marks(&connection, number, id, client_id).await
        });
        Ok(read.await?)
    }

    async fn mark_client(&self, event: Event) -> Result<(), StoreError> {
        let number = self.profile(&event.profile).await?;
        let client_id = event.client_id.as_deref().unwrap_or_default();
        let mark = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            let mark = audit::after_everything(&transaction, event.at()).await?;
            mark_client(&transaction, number, client_id, mark).await?;
            initial_access_tokens::revoke_of_client(&transaction, number, client_id, event.at()).await?;
            audit::insert(&transaction, number, &event).await?;
            Ok(transaction.commit().await?)
        });
        mark.await?;
        self.tell([event.kind]);
        Ok(())
    }
}

/// Rows of `access_tokens`, as lists of their columns.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) profiles: Vec<i32>,
    pub(super) ids: Vec<Uuid>,
    pub(super) hashes: Vec<&'a [u8]>,
    pub(super) client_ids: Vec<&'a str>,
    pub(super) grants: Vec<Option<Uuid>>,
    pub(super) scopes: Vec<String>,
    pub(super) audiences: Vec<&'a str>,
    pub(super) ends: Vec<i64>,
}

impl<'a> Rows<'a> {
    pub(super) fn push(&mut self, profile: i32, token: &'a AccessTokenRecord) {
        let AccessTokenRecord { id, hash, client_id, grant, scope, audience, expires_at } = token;
        self.profiles.push(profile);
        self.ids.push(uuid(*id));
        self.hashes.push(&hash.as_bytes()[..]);
        self.client_ids.push(client_id);
        self.grants.push(grant.map(uuid));
        self.scopes.push(scope.to_string());
        self.audiences.push(audience);
        self.ends.push(millis(*expires_at));
    }
}

/// Keeps opaque access tokens.
pub(super) struct Keep;

impl Operation for Keep {
    const WRITES: bool = true;
    type Question = (i32, AccessTokenRecord);
    type Answer = ();

    fn key(_question: &Self::Question) -> Option<Key> {
        None
    }

    async fn ask(connection: &Object, questions: &[&Self::Question]) -> Result<Vec<()>, Failure> {
        let mut rows = Rows::default();
        questions.iter().for_each(|(profile, token)| rows.push(*profile, token));
        let statement = connection
            .prepare_cached(
                "INSERT INTO access_tokens (profile, id, hash, client_id, grant_id, scope, audience, expires_at)
                 SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bytea[], $4::text[], $5::uuid[], $6::text[],
                                      $7::text[], $8::bigint[])",
            )
            .await?;
        let Rows { profiles, ids, hashes, client_ids, grants, scopes, audiences, ends } = &rows;
        connection
            .execute(&statement, &[profiles, ids, hashes, client_ids, grants, scopes, audiences, ends])
            .await?;
        Ok(vec![(); questions.len()])
    }
}

/// Keeps one, in the transaction of what it comes from.
pub(super) async fn insert(
    transaction: &impl GenericClient,
    profile: i32,
    token: &AccessTokenRecord,
) -> Result<(), Failure> {
    let AccessTokenRecord { id, hash, client_id, grant, scope, audience, expires_at } = token;
    let statement = transaction
        .prepare_cached(
            "INSERT INTO access_tokens (profile, id, hash, client_id, grant_id, scope, audience, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .await?;
    transaction
        .execute(
            &statement,
            &[
                &profile,
                &uuid(*id),
                &&hash.as_bytes()[..],
                client_id,
                &grant.map(uuid),
                &scope.to_string(),
                audience,
                &millis(*expires_at),
            ],
        )
        .await?;
    Ok(())
}

async fn find(
    connection: &impl GenericClient,
    profile: i32,
    id: OrderedId,
) -> Result<Option<AccessTokenRecord>, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT hash, client_id, grant_id, scope, audience, expires_at
             FROM access_tokens WHERE profile = $1 AND id = $2",
        )
        .await?;
    let Some(row) = connection.query_opt(&statement, &[&profile, &uuid(id)]).await? else { return Ok(None) };
    Ok(Some(AccessTokenRecord {
        id,
        hash: get_hash(&row, 0)?,
        client_id: get(&row, 1)?,
        grant: get_optional_id(&row, 2)?,
        scope: get_scope(&row, 3)?,
        audience: get(&row, 4)?,
        expires_at: get_timestamp(&row, 5)?,
    }))
}

/// Says whether it was not known before.
async fn revoke(
    transaction: &impl GenericClient,
    profile: i32,
    id: OrderedId,
    expires_at: Timestamp,
) -> Result<bool, Failure> {
    let statement = transaction
        .prepare_cached(
            "INSERT INTO revoked_access_tokens (profile, id, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        )
        .await?;
    Ok(transaction.execute(&statement, &[&profile, &uuid(id), &millis(expires_at)]).await? == 1)
}

async fn find_marks(
    connection: &impl GenericClient,
    profile: i32,
    id: OrderedId,
    client_id: &str,
) -> Result<AccessTokenMarks, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM revoked_access_tokens WHERE profile = $1 AND id = $2),
                    (SELECT not_before FROM client_marks WHERE profile = $1 AND client_id = $3)",
        )
        .await?;
    let row = connection.query_one(&statement, &[&profile, &uuid(id), &client_id]).await?;
    Ok(AccessTokenMarks { is_revoked: get(&row, 0)?, client_not_before: get_optional_timestamp(&row, 1)? })
}

async fn mark_client(
    transaction: &impl GenericClient,
    profile: i32,
    client_id: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    let statement = transaction
        .prepare_cached(
            "INSERT INTO client_marks AS mark (profile, client_id, not_before) VALUES ($1, $2, $3)
             ON CONFLICT (profile, client_id)
                 DO UPDATE SET not_before = greatest(mark.not_before, excluded.not_before)",
        )
        .await?;
    transaction.execute(&statement, &[&profile, &client_id, &millis(at)]).await?;
    Ok(())
}

/// Forgets tokens that have ended.
pub(super) async fn forget(
    connection: &impl GenericClient,
    ended_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let kept = marks::forget_ended(connection, "access_tokens", ended_before, at_most).await?;
    let revoked = marks::forget_ended(connection, "revoked_access_tokens", ended_before, at_most).await?;
    Ok(kept.max(revoked))
}
