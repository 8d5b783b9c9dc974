//! The table `grants`: codes become grants, grants are refreshed, and both are taken back.

use std::sync::LazyLock;

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Object};
use identity::authentication::Authentication;
use identity::user::UserId;
use issuance::authorize::CodeRecord;
use issuance::grant::{Gives, GrantRecord, Redemption, RefreshFamily, Rotation};
use issuance::store::{GrantStore, Marks, Once, Redeemed, Rotated};
use primitives::audit::{Event, EventKind};
use primitives::clock::Timestamp;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use primitives::store::StoreError;
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::{Key, Operation};
use super::codes::Spending;
use super::rows::Events;
use super::values::{
    Failure, corrupt, count, get, get_authenticator, get_id, get_optional_hash, get_optional_timestamp,
    get_scope, get_timestamp, millis, uuid,
};
use super::{PostgresStore, audit, codes, initial_access_tokens, marks, sessions, tokens};

#[async_trait]
impl GrantStore for PostgresStore {
    async fn code(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(CodeRecord, Marks)>, StoreError> {
        let number = self.profile(profile).await?;
        let Some(directory) = self.directory(directory).await? else { return Ok(None) };
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            codes::find(&connection, number, directory, id).await
        });
        Ok(read.await?)
    }

    async fn redeem(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        redemption: Redemption,
    ) -> Result<Redeemed, StoreError> {
        let number = self.profile(profile).await?;
        let Some(directory) = self.directory(directory).await? else { return Ok(Redeemed::Unknown) };
        let redeem = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            let redeemed = redeem(&transaction, number, directory, &redemption).await?;
            transaction.commit().await?;
            Ok(redeemed)
        });
        let (redeemed, told) = redeem.await?;
        self.tell(told);
        Ok(redeemed)
    }

    async fn grant(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(GrantRecord, Marks)>, StoreError> {
        let number = self.profile(profile).await?;
        let Some(directory) = self.directory(directory).await? else { return Ok(None) };
        self.found_grants.ask((number, directory, id)).await
    }

    async fn rotate(&self, profile: &ProfileName, rotation: Rotation) -> Result<Rotated, StoreError> {
        let number = self.profile(profile).await?;
        let reused = rotation.reused.kind;
        let rotated = self.rotations.ask((number, rotation)).await?;
        self.tell((rotated == Rotated::Reused).then_some(reused));
        Ok(rotated)
    }

    async fn end_grant(&self, id: OrderedId, event: Event) -> Result<Once, StoreError> {
        let number = self.profile(&event.profile).await?;
        let end = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            if !end(&transaction, number, id, event.at()).await? {
                return Ok(Once::Before);
            }
            audit::insert(&transaction, number, &event).await?;
            transaction.commit().await?;
            Ok(Once::Now)
        });
        let ended = end.await?;
        self.tell((ended == Once::Now).then_some(event.kind));
        Ok(ended)
    }
}

/// Finds grants, with what stands against them.
pub(super) struct Find;

impl Operation for Find {
    const WRITES: bool = false;
    type Question = (i32, i32, OrderedId);
    type Answer = Option<(GrantRecord, Marks)>;

    fn key(_question: &Self::Question) -> Option<Key> {
        None
    }

    async fn ask(connection: &Object, questions: &[&Self::Question]) -> Result<Vec<Self::Answer>, Failure> {
        static QUERY: LazyLock<String> = LazyLock::new(|| marks::query("grants", COLUMNS));
        let statement = connection.prepare_cached(&QUERY).await?;
        let profiles: Vec<i32> = questions.iter().map(|(profile, _, _)| *profile).collect();
        let ids: Vec<Uuid> = questions.iter().map(|(_, _, id)| uuid(*id)).collect();
        let directories: Vec<i32> = questions.iter().map(|(_, directory, _)| *directory).collect();
        let mut answers: Vec<Self::Answer> = questions.iter().map(|_| None).collect();
        for row in connection.query(&statement, &[&profiles, &ids, &directories]).await? {
            let place = usize::try_from(get::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
            if let (Some(answer), Some((_, _, id))) = (answers.get_mut(place), questions.get(place)) {
                *answer = Some((read(&row, *id)?, marks::read(&row, 13)?));
            }
        }
        Ok(answers)
    }
}

const COLUMNS: &str =
    "one.client_id, one.user_id, one.session, one.authenticated_at, one.authenticated_by, one.scope,
                       one.family, one.current, one.previous, one.rotated_at, one.expires_at, one.ended_at";

fn read(row: &Row, id: OrderedId) -> Result<GrantRecord, Failure> {
    let refresh =
        match (get_optional_hash(row, 7)?, get_optional_hash(row, 8)?, get_optional_timestamp(row, 10)?) {
            (None, None, None) => None,
            (Some(family), Some(current), Some(rotated_at)) => {
                Some(RefreshFamily { family, current, previous: get_optional_hash(row, 9)?, rotated_at })
            }
            _ => return Err(corrupt("a family of refresh tokens is not whole")),
        };
    Ok(GrantRecord {
        id,
        client_id: get(row, 1)?,
        user: UserId(get_id(row, 2)?),
        session: get_id(row, 3)?,
        authentication: Authentication { at: get_timestamp(row, 4)?, by: get_authenticator(row, 5)? },
        scope: get_scope(row, 6)?,
        refresh,
        expires_at: get_timestamp(row, 11)?,
        ended_at: get_optional_timestamp(row, 12)?,
    })
}

/// Decides about refresh tokens. A repeat of the previous one, where the answer with its successor was lost, replaces the
/// successor, which nobody has used yet; whoever uses that one then, or an older one, ends the family.
pub(super) struct Rotate;

impl Operation for Rotate {
    const WRITES: bool = true;
    type Question = (i32, Rotation);
    type Answer = Rotated;

    fn key((profile, rotation): &Self::Question) -> Option<Key> {
        Some((*profile, uuid(rotation.grant)))
    }

    async fn ask(connection: &Object, questions: &[&Self::Question]) -> Result<Vec<Self::Answer>, Failure> {
        // Whoever locks several grants does so in their order, so that nobody waits for somebody who waits for them.
        let statement = connection
            .prepare_cached(
                "WITH asked AS MATERIALIZED (
                     SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[])
                     WITH ORDINALITY AS asked (profile, id, presented, next, at, repeated_since, place)),
                 locked AS MATERIALIZED (
                     SELECT one.profile, one.id
                     FROM asked JOIN grants AS one ON one.profile = asked.profile AND one.id = asked.id
                     ORDER BY one.profile, one.id FOR UPDATE OF one),
                 decided AS (
                     UPDATE grants AS one SET
                         current = CASE
                             WHEN current = presented OR (previous = presented AND rotated_at > repeated_since)
                             THEN next ELSE current END,
                         previous = CASE WHEN current = presented THEN presented ELSE previous END,
                         rotated_at = CASE WHEN current = presented THEN at ELSE rotated_at END,
                         ended_at = CASE
                             WHEN current = presented OR (previous = presented AND rotated_at > repeated_since)
                             THEN NULL ELSE at END
                     FROM locked JOIN asked ON asked.profile = locked.profile AND asked.id = locked.id
                     WHERE one.profile = locked.profile AND one.id = locked.id
                         AND one.ended_at IS NULL AND one.family IS NOT NULL
                     RETURNING one.profile, asked.place, one.ended_at IS NULL AS goes_on),
                 kept AS (
                     INSERT INTO access_tokens (profile, id, hash, client_id, grant_id, scope, audience, expires_at)
                     SELECT token.profile, token.id, token.hash, token.client_id, token.grant_id, token.scope,
                            token.audience, token.expires_at
                     FROM unnest($7::integer[], $8::integer[], $9::uuid[], $10::bytea[], $11::text[], $12::uuid[],
                                 $13::text[], $14::text[], $15::bigint[])
                          AS token (place, profile, id, hash, client_id, grant_id, scope, audience, expires_at)
                     JOIN decided ON decided.place = token.place AND decided.goes_on),
                 told AS (
                     INSERT INTO audit_events (id, profile, kind, client_id, subject, detail)
                     SELECT event.id, decided.profile, event.kind, event.client_id, event.subject, event.detail
                     FROM unnest($16::integer[], $17::uuid[], $18::text[], $19::text[], $20::text[], $21::text[])
                          AS event (place, id, kind, client_id, subject, detail)
                     JOIN decided ON decided.place = event.place AND NOT decided.goes_on)
                 SELECT place, goes_on FROM decided",
            )
            .await?;
        let rows = Rows::of(questions);
        let Rows { profiles, grants, presented, next, moments, repeated_since, token_of, tokens, events } =
            &rows;
        let decided = connection
            .query(
                &statement,
                &[
                    profiles,
                    grants,
                    presented,
                    next,
                    moments,
                    repeated_since,
                    token_of,
                    &tokens.profiles,
                    &tokens.ids,
                    &tokens.hashes,
                    &tokens.client_ids,
                    &tokens.grants,
                    &tokens.scopes,
                    &tokens.audiences,
                    &tokens.ends,
                    &events.of,
                    &events.ids,
                    &events.kinds,
                    &events.client_ids,
                    &events.subjects,
                    &events.details,
                ],
            )
            .await?;
        let mut answers = vec![Rotated::Ended; questions.len()];
        for row in decided {
            let place = usize::try_from(get::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
            if let Some(answer) = answers.get_mut(place) {
                *answer = if get(&row, 1)? { Rotated::Now } else { Rotated::Reused };
            }
        }
        Ok(answers)
    }
}

#[derive(Default)]
struct Rows<'a> {
    profiles: Vec<i32>,
    grants: Vec<Uuid>,
    presented: Vec<&'a [u8]>,
    next: Vec<&'a [u8]>,
    moments: Vec<i64>,
    repeated_since: Vec<i64>,
    token_of: Vec<i32>,
    tokens: tokens::Rows<'a>,
    events: Events<'a>,
}

impl<'a> Rows<'a> {
    fn of(questions: &[&'a (i32, Rotation)]) -> Self {
        let mut rows = Self::default();
        for (place, (profile, rotation)) in (1..).zip(questions) {
            let Rotation { grant, presented, next, at, overlap, access_token, reused } = rotation;
            rows.profiles.push(*profile);
            rows.grants.push(uuid(*grant));
            rows.presented.push(&presented.as_bytes()[..]);
            rows.next.push(&next.as_bytes()[..]);
            rows.moments.push(millis(*at));
            rows.repeated_since.push(millis(*at) - i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX));
            if let Some(token) = access_token {
                rows.token_of.push(place);
                rows.tokens.push(*profile, token);
            }
            rows.events.push(place, *profile, reused);
        }
        rows
    }
}

async fn insert(transaction: &impl GenericClient, profile: i32, grant: &GrantRecord) -> Result<(), Failure> {
    let Authentication { at, by } = grant.authentication;
    let refresh = grant.refresh.as_ref();
    let bytes = |hash: &'_ SecretHash| hash.as_bytes().to_vec();
    let statement = transaction
        .prepare_cached(
            "INSERT INTO grants (profile, id, client_id, user_id, session, authenticated_at, authenticated_by, scope,
                                 family, current, previous, rotated_at, expires_at, ended_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .await?;
    transaction
        .execute(
            &statement,
            &[
                &profile,
                &uuid(grant.id),
                &grant.client_id,
                &uuid(grant.user.0),
                &uuid(grant.session),
                &millis(at),
                &by.amr(),
                &grant.scope.to_string(),
                &refresh.map(|refresh| bytes(&refresh.family)),
                &refresh.map(|refresh| bytes(&refresh.current)),
                &refresh.and_then(|refresh| refresh.previous.as_ref()).map(bytes),
                &refresh.map(|refresh| millis(refresh.rotated_at)),
                &millis(grant.expires_at),
                &grant.ended_at.map(millis),
            ],
        )
        .await?;
    Ok(())
}

/// Ends a grant; says whether it had not ended before.
async fn end(
    transaction: &impl GenericClient,
    profile: i32,
    id: OrderedId,
    at: Timestamp,
) -> Result<bool, Failure> {
    let statement = transaction
        .prepare_cached("UPDATE grants SET ended_at = $3 WHERE profile = $1 AND id = $2 AND ended_at IS NULL")
        .await?;
    Ok(transaction.execute(&statement, &[&profile, &uuid(id), &millis(at)]).await? == 1)
}

/// What became of the code, and what was told of that.
async fn redeem(
    transaction: &impl GenericClient,
    profile: i32,
    directory: i32,
    redemption: &Redemption,
) -> Result<(Redeemed, Option<EventKind>), Failure> {
    let Redemption { code, at, gives, given, replayed } = redemption;
    let ids = match gives {
        Gives::Grant(grant, _) => (Some(grant.id), None),
        Gives::InitialAccessToken(token) => (None, Some(token.id)),
    };
    match codes::spend(transaction, profile, (*code, *at), ids).await? {
        Spending::Unknown => Ok((Redeemed::Unknown, None)),
        Spending::Before { grant, token } => {
            if !take_back(transaction, profile, (grant, token), *at).await? {
                return Ok((Redeemed::Before, None));
            }
            audit::insert(transaction, profile, replayed).await?;
            Ok((Redeemed::Before, Some(replayed.kind)))
        }
        Spending::Now => {
            match gives {
                Gives::Grant(grant, access_token) => {
                    insert(transaction, profile, grant).await?;
                    sessions::keep_until(transaction, directory, grant.session, grant.expires_at).await?;
                    if let Some(token) = access_token {
                        tokens::insert(transaction, profile, token).await?;
                    }
                }
                Gives::InitialAccessToken(token) => {
                    initial_access_tokens::insert(transaction, profile, token).await?;
                }
            }
            audit::insert(transaction, profile, given).await?;
            Ok((Redeemed::Now, Some(given.kind)))
        }
    }
}

/// RFC 6749 §4.1.2: what a code gave that is presented again. Says whether there was something left to take back.
async fn take_back(
    transaction: &impl GenericClient,
    profile: i32,
    (grant, token): (Option<OrderedId>, Option<OrderedId>),
    at: Timestamp,
) -> Result<bool, Failure> {
    let ended = match grant {
        Some(grant) => end(transaction, profile, grant, at).await?,
        None => false,
    };
    let revoked = match token {
        Some(token) => initial_access_tokens::revoke(transaction, profile, token, at).await?,
        None => false,
    };
    Ok(ended || revoked)
}

/// Forgets grants that are over by themselves. Those that were ended before stay until then: whoever presents what came
/// from them is told that they have ended.
pub(super) async fn forget(
    connection: &impl GenericClient,
    ended_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let statement = connection
        .prepare_cached(
            "DELETE FROM grants WHERE (profile, id) IN (
                 SELECT profile, id FROM grants WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        )
        .await?;
    Ok(count(connection.execute(&statement, &[&millis(ended_before), &i64::from(at_most)]).await?))
}
