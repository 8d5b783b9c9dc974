//! The tables `audit_events` and `audit_activity`.

use std::time::Duration;

use primitives::audit::{DirectoryEvent, Event};
use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::outcomes;
use super::values::{millis, ordered_id, timestamp};
use crate::audit::{Activity, AuditEntry};

const MILLIS_OF_MINUTE: i64 = 60_000;

pub(super) fn insert(connection: &Connection, profile: i64, event: &Event) -> rusqlite::Result<()> {
    let Event { id, profile: _, kind, client_id, subject, detail } = event;
    let detail = Value::Object(detail.clone()).to_string();
    outcomes::tell(*kind);
    connection
        .prepare_cached(
            "INSERT INTO audit_events (id, profile, kind, client_id, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![id.as_bytes(), profile, kind.as_str(), client_id, subject, detail])
        .map(drop)
}

/// An event of a directory has the profile 0, which is none.
pub(super) fn insert_of_directory(
    connection: &Connection,
    directory: i64,
    event: &DirectoryEvent,
) -> rusqlite::Result<()> {
    let DirectoryEvent { id, directory: _, kind, subject, detail } = event;
    let detail = Value::Object(detail.clone()).to_string();
    outcomes::tell(*kind);
    connection
        .prepare_cached(
            "INSERT INTO audit_events (id, profile, directory, kind, subject, detail) VALUES (?1, 0, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id.as_bytes(), directory, kind.as_str(), subject, detail])
        .map(drop)
}

pub(super) fn count(connection: &Connection, profile: i64, activity: &Activity) -> rusqlite::Result<()> {
    let Activity { profile: _, kind, reason, client_id, network, count, first_at, last_at } = activity;
    connection
        .prepare_cached(
            "INSERT INTO audit_activity (minute, profile, kind, reason, client_id, network, count, first_at, last_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)",
        )?
        .execute(params![
            millis(*first_at) / MILLIS_OF_MINUTE,
            profile,
            kind,
            reason,
            client_id,
            network,
            i64::try_from(*count).unwrap_or(i64::MAX),
            millis(*first_at),
            millis(*last_at),
        ])
        .map(drop)
}

/// A moment that is later than everything that was told of, and not before another. A clock that was set back must not let
/// a mark fall behind what it is set against.
pub(super) fn after_everything(connection: &Connection, moment: Timestamp) -> rusqlite::Result<Timestamp> {
    let newest = connection
        .prepare_cached("SELECT id FROM audit_events ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| ordered_id(row, 0))
        .optional()?;
    let next = newest.map(|newest| newest.made_at().plus(Duration::from_millis(1)));
    Ok(next.map_or(moment, |next| next.max(moment)))
}

/// The newest entries since a moment, in order of time.
pub(super) fn since(
    connection: &Connection,
    since: Timestamp,
    at_most: u32,
) -> rusqlite::Result<Vec<AuditEntry>> {
    let mut entries = events_since(connection, since, at_most)?;
    entries.extend(activity_since(connection, since, at_most)?);
    // Newest first as they come; what happened in one millisecond keeps its order.
    entries.reverse();
    entries.sort_by_key(|entry| entry.at);
    let surplus = entries.len().saturating_sub(at_most as usize);
    entries.drain(..surplus);
    Ok(entries)
}

fn events_since(
    connection: &Connection,
    since: Timestamp,
    at_most: u32,
) -> rusqlite::Result<Vec<AuditEntry>> {
    connection
        .prepare_cached(
            "SELECT audit_events.id, profiles.name, directories.name, kind, client_id, subject, detail
             FROM audit_events
             LEFT JOIN profiles ON profiles.number = profile
             LEFT JOIN directories ON directories.number = directory
             WHERE audit_events.id >= ?1 ORDER BY audit_events.id DESC LIMIT ?2",
        )?
        .query_map(params![OrderedId::first_at(since).as_bytes(), at_most], |row| {
            Ok(AuditEntry {
                at: ordered_id(row, 0)?.made_at(),
                profile: row.get(1)?,
                directory: row.get(2)?,
                kind: row.get(3)?,
                client_id: row.get(4)?,
                subject: row.get(5)?,
                network: None,
                count: 1,
                detail: row.get(6)?,
            })
        })?
        .collect()
}

fn activity_since(
    connection: &Connection,
    since: Timestamp,
    at_most: u32,
) -> rusqlite::Result<Vec<AuditEntry>> {
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    connection
        .prepare_cached(
            "SELECT last_at, name, kind, client_id, network, count, reason
             FROM audit_activity JOIN profiles ON number = profile
             WHERE minute >= ?1 AND last_at >= ?2 ORDER BY minute DESC, last_at DESC LIMIT ?3",
        )?
        .query_map(params![millis(since) / MILLIS_OF_MINUTE - 1, millis(since), at_most], |row| {
            let mut detail = Map::new();
            if let Some(reason) = filled(row.get(6)?) {
                detail.insert("reason".to_owned(), json!(reason));
            }
            Ok(AuditEntry {
                at: timestamp(row, 0)?,
                profile: Some(row.get(1)?),
                directory: None,
                kind: row.get(2)?,
                client_id: filled(row.get(3)?),
                subject: None,
                network: filled(row.get(4)?),
                count: row.get::<_, i64>(5)?.unsigned_abs(),
                detail: Value::Object(detail).to_string(),
            })
        })?
        .collect()
}

pub(super) fn forget_events(
    connection: &Connection,
    before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE id < ?1 ORDER BY id LIMIT ?2)",
        )?
        .execute(params![OrderedId::first_at(before).as_bytes(), at_most])
}

pub(super) fn forget_activity(
    connection: &Connection,
    before: Timestamp,
    at_most: u32,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM audit_activity WHERE (minute, profile, kind, reason, client_id, network) IN (
                 SELECT minute, profile, kind, reason, client_id, network FROM audit_activity
                 WHERE minute < ?1 ORDER BY minute LIMIT ?2)",
        )?
        .execute(params![millis(before) / MILLIS_OF_MINUTE, at_most])
}
