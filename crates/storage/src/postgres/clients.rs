//! The table `clients`.

use async_trait::async_trait;
use deadpool_postgres::Object;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use registration::access::{InitialAccessTokenRecord, Registrant};
use registration::client::{ClientRecord, Provenance, SecretAtRest, TemplateId};
use registration::definitions::Revision;
use registration::store::{ClientStore, Insertion, NewRegistration};
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::{Key, Operation};
use super::rows::Events;
use super::values::{Failure, corrupt, get, get_optional_hash, get_optional_timestamp, millis, uuid};
use super::{PostgresStore, initial_access_tokens};

#[async_trait]
impl ClientStore for PostgresStore {
    async fn client(&self, profile: &ProfileName, id: OrderedId) -> Result<Option<ClientRecord>, StoreError> {
        let number = self.profile(profile).await?;
        self.found_clients.ask((number, profile.clone(), id)).await
    }

    async fn initial_access_token(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<InitialAccessTokenRecord>, StoreError> {
        let number = self.profile(profile).await?;
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            initial_access_tokens::find(&connection, number, id).await
        });
        Ok(read.await?)
    }

    async fn insert(&self, registration: NewRegistration) -> Result<Insertion, StoreError> {
        let number = self.profile(&registration.client.profile).await?;
        let kinds: Vec<_> = registration.events.iter().map(|event| event.kind).collect();
        let insertion = self.registrations.ask((number, registration)).await?;
        if insertion == Insertion::Inserted {
            self.tell(kinds);
        }
        Ok(insertion)
    }
}

/// Finds clients.
pub(super) struct Find;

impl Operation for Find {
    const WRITES: bool = false;
    type Question = (i32, ProfileName, OrderedId);
    type Answer = Option<ClientRecord>;

    fn key(_question: &Self::Question) -> Option<Key> {
        None
    }

    async fn ask(connection: &Object, questions: &[&Self::Question]) -> Result<Vec<Self::Answer>, Failure> {
        let statement = connection
            .prepare_cached(
                "SELECT asked.place, template, metadata, secret_hash, secret_expires_at, registrant, initial_client,
                        subject, revision
                 FROM unnest($1::integer[], $2::uuid[]) WITH ORDINALITY AS asked (profile, id, place)
                 JOIN clients ON clients.profile = asked.profile AND clients.id = asked.id",
            )
            .await?;
        let (profiles, ids): (Vec<i32>, Vec<Uuid>) =
            questions.iter().map(|(profile, _, id)| (*profile, uuid(*id))).unzip();
        let mut answers: Vec<Option<ClientRecord>> = questions.iter().map(|_| None).collect();
        for row in connection.query(&statement, &[&profiles, &ids]).await? {
            let place = usize::try_from(get::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
            if let (Some(answer), Some((_, name, id))) = (answers.get_mut(place), questions.get(place)) {
                *answer = Some(read(&row, name, *id)?);
            }
        }
        Ok(answers)
    }
}

fn read(row: &Row, profile: &ProfileName, id: OrderedId) -> Result<ClientRecord, Failure> {
    let template = get::<Option<&str>>(row, 1)?.map(str::parse).transpose().map_err(corrupt)?;
    let secret = match get_optional_hash(row, 3)? {
        Some(hash) => Some(SecretAtRest { hash, expires_at: get_optional_timestamp(row, 4)? }),
        None => None,
    };
    let kind: &str = get(row, 5)?;
    let registrant = match (kind, get(row, 6)?, get(row, 7)?) {
        ("anonymous", None, None) => Registrant::Anonymous,
        ("operator", None, None) => Registrant::Operator,
        ("client", Some(client_id), None) => Registrant::Client { client_id },
        ("user", Some(client_id), Some(subject)) => Registrant::User { client_id, subject },
        _ => return Err(corrupt(format_args!("no registrant is a '{kind}' of that kind"))),
    };
    Ok(ClientRecord {
        profile: profile.clone(),
        id,
        template,
        metadata: get(row, 2)?,
        secret,
        provenance: Provenance { registrant, revision: Revision(get::<i64>(row, 8)?.unsigned_abs()) },
    })
}

/// Inserts clients, and spends the tokens that pay for them.
pub(super) struct Register;

impl Operation for Register {
    const WRITES: bool = true;
    type Question = (i32, NewRegistration);
    type Answer = Insertion;

    /// A token pays for one of them.
    fn key((profile, registration): &Self::Question) -> Option<Key> {
        registration.spends.map(|token| (*profile, uuid(token)))
    }

    async fn ask(connection: &Object, questions: &[&Self::Question]) -> Result<Vec<Self::Answer>, Failure> {
        let rows = Rows::of(questions);
        if rows.tokens.iter().all(Option::is_none) {
            insert_free(connection, &rows).await?;
            return Ok(vec![Insertion::Inserted; questions.len()]);
        }
        // Whoever locks several tokens does so in their order, so that nobody waits for somebody who waits for them.
        let statement = connection
            .prepare_cached(
                "WITH asked AS MATERIALIZED (
                     SELECT * FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::bigint[],
                                          $7::text[], $8::text[], $9::text[], $10::bigint[], $11::uuid[], $12::bigint[])
                     WITH ORDINALITY AS asked (profile, id, template, metadata, secret_hash, secret_expires_at,
                                               registrant, initial_client, subject, revision, token, at, place)),
                 locked AS MATERIALIZED (
                     SELECT token.profile, token.id
                     FROM asked JOIN initial_access_tokens AS token
                                ON token.profile = asked.profile AND token.id = asked.token
                     ORDER BY token.profile, token.id FOR UPDATE OF token),
                 spent AS (
                     UPDATE initial_access_tokens AS token SET spent_at = asked.at
                     FROM locked JOIN asked ON asked.profile = locked.profile AND asked.token = locked.id
                     WHERE token.profile = locked.profile AND token.id = locked.id
                         AND token.spent_at IS NULL AND token.revoked_at IS NULL AND token.expires_at > asked.at
                     RETURNING asked.place),
                 paid AS MATERIALIZED (
                     SELECT * FROM asked WHERE token IS NULL OR place IN (SELECT place FROM spent)),
                 inserted AS (
                     INSERT INTO clients (profile, id, template, metadata, secret_hash, secret_expires_at, registrant,
                                          initial_client, subject, revision)
                     SELECT profile, id, template, metadata, secret_hash, secret_expires_at, registrant, initial_client,
                            subject, revision
                     FROM paid ORDER BY profile, id),
                 told AS (
                     INSERT INTO audit_events (id, profile, kind, client_id, subject, detail)
                     SELECT event.id, paid.profile, event.kind, event.client_id, event.subject, event.detail
                     FROM unnest($13::integer[], $14::uuid[], $15::text[], $16::text[], $17::text[], $18::text[])
                          AS event (place, id, kind, client_id, subject, detail)
                     JOIN paid ON paid.place = event.place)
                 SELECT place FROM paid",
            )
            .await?;
        let Rows { profiles, ids, templates, metadata, secret_hashes, secret_ends, .. } = &rows;
        let Rows { registrants, initial_clients, subjects, revisions, tokens, moments, events, .. } = &rows;
        let paid = connection
            .query(
                &statement,
                &[
                    profiles,
                    ids,
                    templates,
                    metadata,
                    secret_hashes,
                    secret_ends,
                    registrants,
                    initial_clients,
                    subjects,
                    revisions,
                    tokens,
                    moments,
                    &events.of,
                    &events.ids,
                    &events.kinds,
                    &events.client_ids,
                    &events.subjects,
                    &events.details,
                ],
            )
            .await?;
        let mut answers = vec![Insertion::TokenNotGood; questions.len()];
        for row in paid {
            let place = usize::try_from(get::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
            if let Some(answer) = answers.get_mut(place) {
                *answer = Insertion::Inserted;
            }
        }
        Ok(answers)
    }
}

/// Inserts clients that nobody pays for: nothing is to be decided.
async fn insert_free(connection: &Object, rows: &Rows<'_>) -> Result<(), Failure> {
    let statement = connection
        .prepare_cached(
            "WITH inserted AS (
                 INSERT INTO clients (profile, id, template, metadata, secret_hash, secret_expires_at, registrant,
                                      initial_client, subject, revision)
                 SELECT * FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::bigint[],
                                      $7::text[], $8::text[], $9::text[], $10::bigint[]))
             INSERT INTO audit_events (profile, id, kind, client_id, subject, detail)
             SELECT * FROM unnest($11::integer[], $12::uuid[], $13::text[], $14::text[], $15::text[], $16::text[])",
        )
        .await?;
    let Rows { profiles, ids, templates, metadata, secret_hashes, secret_ends, .. } = rows;
    let Rows { registrants, initial_clients, subjects, revisions, events, .. } = rows;
    connection
        .execute(
            &statement,
            &[
                profiles,
                ids,
                templates,
                metadata,
                secret_hashes,
                secret_ends,
                registrants,
                initial_clients,
                subjects,
                revisions,
                &events.profiles,
                &events.ids,
                &events.kinds,
                &events.client_ids,
                &events.subjects,
                &events.details,
            ],
        )
        .await?;
    Ok(())
}

#[derive(Default)]
struct Rows<'a> {
    profiles: Vec<i32>,
    ids: Vec<Uuid>,
    templates: Vec<Option<&'a str>>,
    metadata: Vec<Option<&'a str>>,
    secret_hashes: Vec<Option<&'a [u8]>>,
    secret_ends: Vec<Option<i64>>,
    registrants: Vec<&'a str>,
    initial_clients: Vec<Option<&'a str>>,
    subjects: Vec<Option<&'a str>>,
    revisions: Vec<i64>,
    tokens: Vec<Option<Uuid>>,
    moments: Vec<i64>,
    events: Events<'a>,
}

impl<'a> Rows<'a> {
    fn of(questions: &[&'a (i32, NewRegistration)]) -> Self {
        let mut rows = Self::default();
        for (place, (profile, registration)) in (1..).zip(questions) {
            let NewRegistration { client, at, spends, events } = registration;
            let ClientRecord { profile: _, id, template, metadata, secret, provenance } = client;
            let Provenance { registrant, revision } = provenance;
            rows.profiles.push(*profile);
            rows.ids.push(uuid(*id));
            rows.templates.push(template.as_ref().map(TemplateId::as_str));
            rows.metadata.push(metadata.as_deref());
            rows.secret_hashes.push(secret.as_ref().map(|secret| &secret.hash.as_bytes()[..]));
            rows.secret_ends.push(secret.as_ref().and_then(|secret| secret.expires_at).map(millis));
            rows.registrants.push(registrant.kind());
            rows.initial_clients.push(registrant.client_id());
            rows.subjects.push(registrant.subject());
            rows.revisions.push(i64::try_from(revision.0).unwrap_or(i64::MAX));
            rows.tokens.push(spends.map(uuid));
            rows.moments.push(millis(*at));
            events.iter().for_each(|event| rows.events.push(place, *profile, event));
        }
        rows
    }
}
