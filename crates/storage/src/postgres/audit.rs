//! The tables `audit_events` and `audit_activity`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use primitives::audit::{DirectoryEvent, Event};
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::values::{Failure, count, get, get_id, get_timestamp, millis, uuid};
use super::{
    PostgresStore, assertions, authorizations, codes, grants, initial_access_tokens, sessions, tokens,
};
use crate::audit::{Activity, AuditEntry, AuditStore, Cleaned, Retention};

const MILLIS_OF_MINUTE: i64 = 60_000;

#[async_trait]
impl AuditStore for PostgresStore {
    async fn record_activity(&self, activity: Vec<Activity>) -> Result<(), StoreError> {
        let mut numbers = Vec::with_capacity(activity.len());
        for one in &activity {
            numbers.push(self.profile(&one.profile).await?);
        }
        let minutes = Minutes::of(&numbers, &activity);
        let counted = self.connections.write(|| async {
            let connection = self.connections.get().await?;
            count_all(&connection, &minutes).await
        });
        Ok(counted.await?)
    }

    async fn audit_since(&self, since: Timestamp, at_most: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            all_since(&connection, since, at_most).await
        });
        Ok(read.await?)
    }

    async fn clean(&self, retention: Retention) -> Result<Cleaned, StoreError> {
        let Retention { ended_before, events_before, activity_before, at_most } = retention;
        let cleaned = self.connections.within(async {
            let connection = &self.connections.get().await?;
            Ok(Cleaned {
                initial_access_tokens: initial_access_tokens::forget(connection, ended_before, at_most)
                    .await?,
                assertions: assertions::forget(connection, ended_before, at_most).await?,
                sessions: sessions::forget(connection, ended_before, at_most).await?,
                requests: authorizations::forget(connection, ended_before, at_most).await?,
                codes: codes::forget(connection, ended_before, at_most).await?,
                grants: grants::forget(connection, ended_before, at_most).await?,
                access_tokens: tokens::forget(connection, ended_before, at_most).await?,
                events: forget_events(connection, events_before, at_most).await?,
                activity: forget_activity(connection, activity_before, at_most).await?,
            })
        });
        Ok(cleaned.await?)
    }
}

pub(super) async fn insert(
    connection: &impl GenericClient,
    profile: i32,
    event: &Event,
) -> Result<(), Failure> {
    let Event { id, profile: _, kind, client_id, subject, detail } = event;
    let detail = Value::Object(detail.clone()).to_string();
    let statement = connection
        .prepare_cached(
            "INSERT INTO audit_events (id, profile, kind, client_id, subject, detail)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .await?;
    connection
        .execute(&statement, &[&uuid(*id), &profile, &kind.as_str(), client_id, subject, &detail])
        .await?;
    Ok(())
}

/// An event of a directory has the profile 0, which is none.
pub(super) async fn insert_of_directory(
    connection: &impl GenericClient,
    directory: i32,
    event: &DirectoryEvent,
) -> Result<(), Failure> {
    insert_all_of_directories(connection, &[(directory, event)]).await
}

/// The same for many, each with the number of its directory.
pub(super) async fn insert_all_of_directories(
    connection: &impl GenericClient,
    events: &[(i32, &DirectoryEvent)],
) -> Result<(), Failure> {
    let mut directories = Vec::with_capacity(events.len());
    let mut ids: Vec<Uuid> = Vec::with_capacity(events.len());
    let mut kinds = Vec::with_capacity(events.len());
    let mut subjects: Vec<&str> = Vec::with_capacity(events.len());
    let mut details = Vec::with_capacity(events.len());
    for (number, event) in events {
        let DirectoryEvent { id, directory: _, kind, subject, detail } = event;
        directories.push(*number);
        ids.push(uuid(*id));
        kinds.push(kind.as_str());
        subjects.push(subject);
        details.push(Value::Object(detail.clone()).to_string());
    }
    let statement = connection
        .prepare_cached(
            "INSERT INTO audit_events (id, profile, directory, kind, subject, detail)
             SELECT event.id, 0, event.directory, event.kind, event.subject, event.detail
             FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[])
                  AS event (id, directory, kind, subject, detail)",
        )
        .await?;
    connection.execute(&statement, &[&ids, &directories, &kinds, &subjects, &details]).await?;
    Ok(())
}

/// Rows of `audit_activity`, none twice and in the order of their keys.
#[derive(Default)]
struct Minutes<'a> {
    minutes: Vec<i64>,
    profiles: Vec<i32>,
    kinds: Vec<&'a str>,
    reasons: Vec<&'a str>,
    client_ids: Vec<&'a str>,
    networks: Vec<&'a str>,
    counts: Vec<i64>,
    first: Vec<i64>,
    last: Vec<i64>,
}

impl<'a> Minutes<'a> {
    /// Sums up what is about the same row, which one statement can change once.
    fn of(profiles: &[i32], activity: &'a [Activity]) -> Self {
        let mut sums = BTreeMap::new();
        for (profile, activity) in profiles.iter().zip(activity) {
            let Activity { profile: _, kind, reason, client_id, network, count, first_at, last_at } =
                activity;
            let minute = millis(*first_at) / MILLIS_OF_MINUTE;
            let key = (minute, *profile, *kind, *reason, client_id.as_str(), network.as_str());
            let (sum, _, last) = sums.entry(key).or_insert((0_u64, *first_at, *last_at));
            *sum = sum.saturating_add(*count);
            *last = (*last).max(*last_at);
        }
        let mut rows = Self::default();
        for ((minute, profile, kind, reason, client_id, network), (count, first_at, last_at)) in sums {
            rows.minutes.push(minute);
            rows.profiles.push(profile);
            rows.kinds.push(kind);
            rows.reasons.push(reason);
            rows.client_ids.push(client_id);
            rows.networks.push(network);
            rows.counts.push(i64::try_from(count).unwrap_or(i64::MAX));
            rows.first.push(millis(first_at));
            rows.last.push(millis(last_at));
        }
        rows
    }
}

/// The rows are written in the order given, so that nodes do not wait for each other in a circle.
async fn count_all(connection: &impl GenericClient, minutes: &Minutes<'_>) -> Result<(), Failure> {
    let Minutes { minutes, profiles, kinds, reasons, client_ids, networks, counts, first, last } = minutes;
    let statement = connection
        .prepare_cached(
            "INSERT INTO audit_activity AS kept
                 (minute, profile, kind, reason, client_id, network, count, first_at, last_at)
             SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[],
                                  $7::bigint[], $8::bigint[], $9::bigint[])
             ON CONFLICT (minute, profile, kind, reason, client_id, network) DO UPDATE
             SET count = kept.count + excluded.count, last_at = greatest(kept.last_at, excluded.last_at)",
        )
        .await?;
    connection
        .execute(&statement, &[minutes, profiles, kinds, reasons, client_ids, networks, counts, first, last])
        .await?;
    Ok(())
}

/// A moment that is later than everything that was told of, and not before another. A clock that was set back
/// must not let a mark fall behind what it is set against.
pub(super) async fn after_everything(
    connection: &impl GenericClient,
    moment: Timestamp,
) -> Result<Timestamp, Failure> {
    let statement = connection.prepare_cached("SELECT id FROM audit_events ORDER BY id DESC LIMIT 1").await?;
    let Some(row) = connection.query_opt(&statement, &[]).await? else { return Ok(moment) };
    let next = get_id(&row, 0)?.made_at().plus(Duration::from_millis(1));
    Ok(next.max(moment))
}

/// The newest entries since a moment, in order of time.
async fn all_since(
    connection: &impl GenericClient,
    since: Timestamp,
    at_most: u32,
) -> Result<Vec<AuditEntry>, Failure> {
    let mut entries = events_since(connection, since, at_most).await?;
    entries.extend(activity_since(connection, since, at_most).await?);
    // Newest first as they come; what happened in one millisecond keeps its order.
    entries.reverse();
    entries.sort_by_key(|entry| entry.at);
    let surplus = entries.len().saturating_sub(usize::try_from(at_most).unwrap_or(usize::MAX));
    entries.drain(..surplus);
    Ok(entries)
}

async fn events_since(
    connection: &impl GenericClient,
    since: Timestamp,
    at_most: u32,
) -> Result<Vec<AuditEntry>, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT event.id, profiles.name, directories.name, event.kind, event.client_id, event.subject,
                    event.detail
             FROM audit_events AS event
             LEFT JOIN profiles ON profiles.number = event.profile
             LEFT JOIN directories ON directories.number = event.directory
             WHERE event.id >= $1 ORDER BY event.id DESC LIMIT $2",
        )
        .await?;
    let first = uuid(OrderedId::first_at(since));
    connection.query(&statement, &[&first, &i64::from(at_most)]).await?.iter().map(read_event).collect()
}

fn read_event(row: &Row) -> Result<AuditEntry, Failure> {
    Ok(AuditEntry {
        at: get_id(row, 0)?.made_at(),
        profile: get(row, 1)?,
        directory: get(row, 2)?,
        kind: get(row, 3)?,
        client_id: get(row, 4)?,
        subject: get(row, 5)?,
        network: None,
        count: 1,
        detail: get(row, 6)?,
    })
}

async fn activity_since(
    connection: &impl GenericClient,
    since: Timestamp,
    at_most: u32,
) -> Result<Vec<AuditEntry>, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT last_at, name, kind, client_id, network, count, reason
             FROM audit_activity JOIN profiles ON number = profile
             WHERE minute >= $1 AND last_at >= $2 ORDER BY minute DESC, last_at DESC LIMIT $3",
        )
        .await?;
    let minute = millis(since) / MILLIS_OF_MINUTE - 1;
    let rows = connection.query(&statement, &[&minute, &millis(since), &i64::from(at_most)]).await?;
    rows.iter().map(read_activity).collect()
}

fn read_activity(row: &Row) -> Result<AuditEntry, Failure> {
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    let mut detail = Map::new();
    if let Some(reason) = filled(get(row, 6)?) {
        detail.insert("reason".to_owned(), json!(reason));
    }
    Ok(AuditEntry {
        at: get_timestamp(row, 0)?,
        profile: Some(get(row, 1)?),
        directory: None,
        kind: get(row, 2)?,
        client_id: filled(get(row, 3)?),
        subject: None,
        network: filled(get(row, 4)?),
        count: get::<i64>(row, 5)?.unsigned_abs(),
        detail: Value::Object(detail).to_string(),
    })
}

/// What another node is just forgetting is left to it.
async fn forget_events(
    connection: &impl GenericClient,
    before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let statement = connection
        .prepare_cached(
            "WITH old AS MATERIALIZED (
                 SELECT id, profile FROM audit_events WHERE id < $1 ORDER BY id LIMIT $2
                 FOR UPDATE SKIP LOCKED)
             DELETE FROM audit_events AS one USING old WHERE one.id = old.id AND one.profile = old.profile",
        )
        .await?;
    let first = uuid(OrderedId::first_at(before));
    Ok(count(connection.execute(&statement, &[&first, &i64::from(at_most)]).await?))
}

/// What another node is just forgetting is left to it.
async fn forget_activity(
    connection: &impl GenericClient,
    before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    let statement = connection
        .prepare_cached(
            "WITH old AS MATERIALIZED (
                 SELECT minute, profile, kind, reason, client_id, network FROM audit_activity
                 WHERE minute < $1 ORDER BY minute LIMIT $2 FOR UPDATE SKIP LOCKED)
             DELETE FROM audit_activity AS one USING old
             WHERE one.minute = old.minute AND one.profile = old.profile AND one.kind = old.kind
                 AND one.reason = old.reason AND one.client_id = old.client_id AND one.network = old.network",
        )
        .await?;
    let minute = millis(before) / MILLIS_OF_MINUTE;
    Ok(count(connection.execute(&statement, &[&minute, &i64::from(at_most)]).await?))
}
