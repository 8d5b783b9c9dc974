//! The tables `profiles` and `definition_revisions`.

use std::collections::{BTreeMap, BTreeSet};

use registration::client::TemplateId;
use registration::definitions::Revision;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::audit;
use super::values::{corrupt, millis};
use crate::definitions::{
    Change, DefinitionDocument, DefinitionKind, KeptDefinitions, Provision, Provisioned,
};

/// Makes the definitions what they are to be; the answer has the profile's number.
pub(super) fn provision(
    connection: &Connection,
    provision: &Provision,
) -> rusqlite::Result<(i64, Provisioned)> {
    let Provision { documents, made_by, event } = provision;
    let (profile, revision) = profile(connection, event.profile.as_str())?;
    let kept = current(connection, profile)?;
    let mut wanted = BTreeMap::new();
    for document in documents {
        wanted.insert(
            (document.kind.as_str(), document.id.as_str()),
            (document.kind, document.document.to_string()),
        );
    }

    let mut changes = Vec::new();
    let next = revision + 1;
    for ((kind_name, id), (kind, text)) in &wanted {
        let what = match kept.get(&((*kind_name).to_owned(), (*id).to_owned())) {
            Some(kept) if kept == text => continue,
            Some(_) => "changed",
            None => "added",
        };
        write(connection, profile, (kind_name, id), (next, Some(text)), provision)?;
        changes.push(Change { kind: *kind, id: (*id).to_owned(), what });
    }
    for (kind_name, id) in
        kept.keys().filter(|(kind, id)| !wanted.contains_key(&(kind.as_str(), id.as_str())))
    {
        let kind = DefinitionKind::named(kind_name)
            .ok_or_else(|| corrupt(0, format_args!("'{kind_name}' is no kind of definition")))?;
        write(connection, profile, (kind_name, id), (next, None), provision)?;
        changes.push(Change { kind, id: id.clone(), what: "removed" });
    }
    let revision = if changes.is_empty() { revision } else { next };
    if !changes.is_empty() {
        connection
            .prepare_cached("UPDATE profiles SET revision = ?2 WHERE number = ?1")?
            .execute(params![profile, revision])?;
        let mut event = event.clone();
        event.detail.insert("revision".to_owned(), json!(revision));
        event.detail.insert("by".to_owned(), json!(made_by));
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        event.detail.insert("changes".to_owned(), json!(changes));
        audit::insert(connection, profile, &event)?;
    }
    Ok((
        profile,
        Provisioned {
            revision: Revision(revision.unsigned_abs()),
            changes,
            template_ids_ever: template_ids_ever(connection, profile)?,
        },
    ))
}

fn profile(connection: &Connection, name: &str) -> rusqlite::Result<(i64, i64)> {
    let find = || {
        connection
            .prepare_cached("SELECT number, revision FROM profiles WHERE name = ?1")?
            .query_row(params![name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    };
    if let Some(known) = find()? {
        return Ok(known);
    }
    connection.prepare_cached("INSERT INTO profiles (name) VALUES (?1)")?.execute(params![name])?;
    find()?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// All that is kept of them, as it is now.
pub(super) fn kept(connection: &Connection, profile: i64) -> rusqlite::Result<KeptDefinitions> {
    let revision: i64 = connection
        .prepare_cached("SELECT revision FROM profiles WHERE number = ?1")?
        .query_row(params![profile], |row| row.get(0))?;
    let document = |((kind, id), text): ((String, String), String)| {
        let kind = DefinitionKind::named(&kind)
            .ok_or_else(|| corrupt(0, format_args!("'{kind}' is no kind of definition")))?;
        let document = serde_json::from_str(&text).map_err(|error| corrupt(2, error))?;
        Ok(DefinitionDocument { kind, id, document })
    };
    Ok(KeptDefinitions {
        revision: Revision(revision.unsigned_abs()),
        documents: current(connection, profile)?
            .into_iter()
            .map(document)
            .collect::<rusqlite::Result<_>>()?,
        template_ids_ever: template_ids_ever(connection, profile)?,
    })
}

/// The newest document of each definition that has not been removed.
fn current(connection: &Connection, profile: i64) -> rusqlite::Result<BTreeMap<(String, String), String>> {
    connection
        .prepare_cached(
            "SELECT kind, id, document FROM definition_revisions AS one
             WHERE profile = ?1 AND document IS NOT NULL AND revision = (
                 SELECT max(revision) FROM definition_revisions
                 WHERE profile = one.profile AND kind = one.kind AND id = one.id)",
        )?
        .query_map(params![profile], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
        .collect()
}

fn write(
    connection: &Connection,
    profile: i64,
    (kind, id): (&str, &str),
    (revision, document): (i64, Option<&String>),
    provision: &Provision,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO definition_revisions (profile, kind, id, revision, document, made_by, made_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            profile,
            kind,
            id,
            revision,
            document,
            provision.made_by,
            millis(provision.event.at())
        ])
        .map(drop)
}

fn template_ids_ever(connection: &Connection, profile: i64) -> rusqlite::Result<BTreeSet<TemplateId>> {
    connection
        .prepare_cached("SELECT DISTINCT id FROM definition_revisions WHERE profile = ?1 AND kind = ?2")?
        .query_map(params![profile, DefinitionKind::Template.as_str()], |row| {
            row.get::<_, String>(0)?.parse().map_err(|error| corrupt(0, error))
        })?
        .collect()
}
