//! The table `clients`.

use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use registration::access::Registrant;
use registration::client::{ClientRecord, Provenance, SecretAtRest, TemplateId};
use registration::definitions::Revision;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::values::{corrupt, millis, optional_timestamp};

pub(super) fn insert(connection: &Connection, profile: i64, client: &ClientRecord) -> rusqlite::Result<()> {
    let ClientRecord { profile: _, id, template, metadata, secret, provenance } = client;
    let Provenance { registrant, revision } = provenance;
    connection
        .prepare_cached(
            "INSERT INTO clients (profile, id, template, metadata, secret_hash, secret_expires_at,
                                  registrant, initial_client, subject, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            profile,
            id.as_bytes(),
            template.as_ref().map(TemplateId::as_str),
            metadata,
            secret.as_ref().map(|secret| secret.hash.as_bytes()),
            secret.as_ref().and_then(|secret| secret.expires_at).map(millis),
            registrant.kind(),
            registrant.client_id(),
            registrant.subject(),
            i64::try_from(revision.0).unwrap_or(i64::MAX),
        ])
        .map(drop)
}

pub(super) fn find(
    connection: &Connection,
    profile: i64,
    name: &ProfileName,
    id: OrderedId,
) -> rusqlite::Result<Option<ClientRecord>> {
    connection
        .prepare_cached(
            "SELECT template, metadata, secret_hash, secret_expires_at, registrant, initial_client, subject, revision
             FROM clients WHERE profile = ?1 AND id = ?2",
        )?
        .query_row(params![profile, id.as_bytes()], |row| read(row, name, id))
        .optional()
}

fn read(row: &Row<'_>, profile: &ProfileName, id: OrderedId) -> rusqlite::Result<ClientRecord> {
    let template = row.get::<_, Option<String>>(0)?.map(|template| template.parse());
    let secret = match row.get::<_, Option<[u8; 32]>>(2)? {
        Some(hash) => {
            Some(SecretAtRest { hash: SecretHash::from_bytes(hash), expires_at: optional_timestamp(row, 3)? })
        }
        None => None,
    };
    let kind: String = row.get(4)?;
    let registrant = match (kind.as_str(), row.get(5)?, row.get(6)?) {
        ("anonymous", None, None) => Registrant::Anonymous,
        ("operator", None, None) => Registrant::Operator,
        ("client", Some(client_id), None) => Registrant::Client { client_id },
        ("user", Some(client_id), Some(subject)) => Registrant::User { client_id, subject },
        _ => return Err(corrupt(4, format_args!("no registrant is a '{kind}' of that kind"))),
    };
    Ok(ClientRecord {
        profile: profile.clone(),
        id,
        template: template.transpose().map_err(|error| corrupt(0, error))?,
        metadata: row.get(1)?,
        secret,
        provenance: Provenance { registrant, revision: Revision(row.get::<_, i64>(7)?.unsigned_abs()) },
    })
}
