//! The tables `profiles` and `definition_revisions`.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Object};
use primitives::audit::EventKind;
use primitives::names::ProfileName;
use primitives::store::StoreError;
use registration::client::TemplateId;
use registration::definitions::Revision;
use serde_json::json;
use tokio_postgres::IsolationLevel;

use super::batch::{Key, Operation};
use super::listener::CHANNEL;
use super::values::{Failure, corrupt, get, millis};
use super::{PostgresStore, audit, names};
use crate::definitions::{
    Change, DefinitionDocument, DefinitionKind, DefinitionStore, KeptDefinitions, Provision, Provisioned,
};

#[async_trait]
impl DefinitionStore for PostgresStore {
    async fn provision(&self, provisions: Vec<Provision>) -> Result<Vec<Provisioned>, StoreError> {
        // Nodes that start together go in the same order, so that none waits for one that waits for it.
        let mut ordered: Vec<(usize, &Provision)> = provisions.iter().enumerate().collect();
        ordered.sort_by(|(_, one), (_, other)| one.event.profile.cmp(&other.event.profile));
        let done = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            let done = provision_all(&transaction, &ordered).await?;
            if done.iter().any(|(_, provisioned)| !provisioned.changes.is_empty()) {
                // It is told when the transaction is committed, and not where it is taken back.
                transaction.execute("SELECT pg_notify($1, '')", &[&CHANNEL]).await?;
            }
            transaction.commit().await?;
            Ok(done)
        });
        let mut done = done.await?;
        let changed = done.iter().filter(|(_, provisioned)| !provisioned.changes.is_empty());
        self.tell(changed.map(|_| EventKind::DefinitionsChanged));
        done.sort_by_key(|(place, _)| *place);
        Ok(done.into_iter().map(|(_, provisioned)| provisioned).collect())
    }

    async fn profiles_ever(&self) -> Result<Vec<ProfileName>, StoreError> {
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            profiles_ever(&connection).await
        });
        Ok(read.await?)
    }

    async fn revision(&self, profile: &ProfileName) -> Result<Revision, StoreError> {
        match self.known_profile(profile).await? {
            Some(number) => self.revisions.ask(number).await,
            None => Ok(Revision::default()),
        }
    }

    async fn definitions(&self, profile: &ProfileName) -> Result<KeptDefinitions, StoreError> {
        let Some(number) = self.known_profile(profile).await? else {
            return Ok(KeptDefinitions {
                revision: Revision::default(),
                documents: Vec::new(),
                template_ids_ever: BTreeSet::new(),
            });
        };
        let kept = self.connections.retrying(|| async {
            let mut connection = self.connections.get().await?;
            // All of it at one moment.
            let transaction = connection
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await?;
            kept(&transaction, number).await
        });
        Ok(kept.await?)
    }

    async fn wait_for_change(&self) {
        self.listener.wait().await;
    }
}

/// Finds out what definitions are at.
pub(super) struct FindRevision;

impl Operation for FindRevision {
    const WRITES: bool = false;
    type Question = i32;
    type Answer = Revision;

    fn key(_question: &Self::Question) -> Option<Key> {
        None
    }

    async fn ask(connection: &Object, questions: &[&Self::Question]) -> Result<Vec<Self::Answer>, Failure> {
        let mut numbers: Vec<i32> = questions.iter().map(|number| **number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let statement =
            connection.prepare_cached("SELECT number, revision FROM profiles WHERE number = ANY($1)").await?;
        let mut revisions = BTreeMap::new();
        for row in connection.query(&statement, &[&numbers]).await? {
            revisions.insert(get::<i32>(&row, 0)?, Revision(get::<i64>(&row, 1)?.unsigned_abs()));
        }
        Ok(questions.iter().map(|number| revisions.get(number).copied().unwrap_or_default()).collect())
    }
}

async fn kept(transaction: &impl GenericClient, profile: i32) -> Result<KeptDefinitions, Failure> {
    let statement = transaction.prepare_cached("SELECT revision FROM profiles WHERE number = $1").await?;
    let revision: i64 = get(&transaction.query_one(&statement, &[&profile]).await?, 0)?;
    let document = |((kind, id), text): ((String, String), String)| {
        let kind = DefinitionKind::named(&kind)
            .ok_or_else(|| corrupt(format_args!("'{kind}' is no kind of definition")))?;
        let document = serde_json::from_str(&text).map_err(corrupt)?;
        Ok(DefinitionDocument { kind, id, document })
    };
    Ok(KeptDefinitions {
        revision: Revision(revision.unsigned_abs()),
        documents: current(transaction, profile)
            .await?
            .into_iter()
            .map(document)
            .collect::<Result<_, Failure>>()?,
        template_ids_ever: template_ids_ever(transaction, profile).await?,
    })
}

/// Makes the definitions of profiles what they are to be; each answer has the place of its question.
async fn provision_all(
    transaction: &impl GenericClient,
    ordered: &[(usize, &Provision)],
) -> Result<Vec<(usize, Provisioned)>, Failure> {
    let mut numbers = Vec::with_capacity(ordered.len());
    for (_, one) in ordered {
        numbers.push(names::find_or_add(transaction, "profiles", one.event.profile.as_str()).await?);
    }
    // Before any row: whoever has the table to themselves, since they add a profile, must not wait for a row
    // of somebody who has yet to be let into the table to change it.
    transaction.batch_execute("LOCK TABLE profiles IN ROW EXCLUSIVE MODE").await?;
    let mut done = Vec::with_capacity(ordered.len());
    for ((place, one), number) in ordered.iter().zip(numbers) {
        done.push((*place, provision(transaction, number, one).await?));
    }
    Ok(done)
}

async fn provision(
    transaction: &impl GenericClient,
    profile: i32,
    provision: &Provision,
) -> Result<Provisioned, Failure> {
    let Provision { documents, made_by, event } = provision;
    let revision = lock(transaction, profile).await?;
    let kept = current(transaction, profile).await?;
    let mut wanted = BTreeMap::new();
    for document in documents {
        wanted.insert(
            (document.kind.as_str(), document.id.as_str()),
            (document.kind, document.document.to_string()),
        );
    }

    let changed = compare(&kept, &wanted)?;
    let next = revision + 1;
    for (change, text) in &changed {
        write(transaction, profile, change, (next, *text), provision).await?;
    }
    let changes: Vec<Change> = changed.into_iter().map(|(change, _)| change).collect();
    let revision = if changes.is_empty() { revision } else { next };
    if !changes.is_empty() {
        let statement =
            transaction.prepare_cached("UPDATE profiles SET revision = $2 WHERE number = $1").await?;
        transaction.execute(&statement, &[&profile, &revision]).await?;
        let mut event = event.clone();
        event.detail.insert("revision".to_owned(), json!(revision));
        event.detail.insert("by".to_owned(), json!(made_by));
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        event.detail.insert("changes".to_owned(), json!(changes));
        audit::insert(transaction, profile, &event).await?;
    }
    Ok(Provisioned {
        revision: Revision(revision.unsigned_abs()),
        changes,
        template_ids_ever: template_ids_ever(transaction, profile).await?,
    })
}

/// What changes, and what each of it says from then on; `None` where it is removed.
fn compare<'a>(
    kept: &BTreeMap<(String, String), String>,
    wanted: &'a BTreeMap<(&str, &str), (DefinitionKind, String)>,
) -> Result<Vec<(Change, Option<&'a str>)>, Failure> {
    let mut changes = Vec::new();
    for ((kind_name, id), (kind, text)) in wanted {
        let what = match kept.get(&((*kind_name).to_owned(), (*id).to_owned())) {
            Some(kept) if kept == text => continue,
            Some(_) => "changed",
            None => "added",
        };
        changes.push((Change { kind: *kind, id: (*id).to_owned(), what }, Some(text.as_str())));
    }
    for (kind_name, id) in
        kept.keys().filter(|(kind, id)| !wanted.contains_key(&(kind.as_str(), id.as_str())))
    {
        let kind = DefinitionKind::named(kind_name)
            .ok_or_else(|| corrupt(format_args!("'{kind_name}' is no kind of definition")))?;
        changes.push((Change { kind, id: id.clone(), what: "removed" }, None));
    }
    Ok(changes)
}

/// The revision of a profile, which nobody else changes before this transaction has ended.
pub(super) async fn lock(transaction: &impl GenericClient, profile: i32) -> Result<i64, Failure> {
    let statement =
        transaction.prepare_cached("SELECT revision FROM profiles WHERE number = $1 FOR UPDATE").await?;
    get(&transaction.query_one(&statement, &[&profile]).await?, 0)
}

/// The newest document of each definition that has not been removed.
async fn current(
    transaction: &impl GenericClient,
    profile: i32,
) -> Result<BTreeMap<(String, String), String>, Failure> {
    let statement = transaction
        .prepare_cached(
            "SELECT kind, id, document FROM definition_revisions AS one
             WHERE profile = $1 AND document IS NOT NULL AND revision = (
                 SELECT max(revision) FROM definition_revisions
                 WHERE profile = one.profile AND kind = one.kind AND id = one.id)",
        )
        .await?;
    let rows = transaction.query(&statement, &[&profile]).await?;
    rows.iter().map(|row| Ok(((get(row, 0)?, get(row, 1)?), get(row, 2)?))).collect()
}

async fn write(
    transaction: &impl GenericClient,
    profile: i32,
    change: &Change,
    (revision, document): (i64, Option<&str>),
    provision: &Provision,
) -> Result<(), Failure> {
    let statement = transaction
        .prepare_cached(
            "INSERT INTO definition_revisions (profile, kind, id, revision, document, made_by, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .await?;
    transaction
        .execute(
            &statement,
            &[
                &profile,
                &change.kind.as_str(),
                &change.id,
                &revision,
                &document,
                &provision.made_by,
                &millis(provision.event.at()),
            ],
        )
        .await?;
    Ok(())
}

async fn template_ids_ever(
    transaction: &impl GenericClient,
    profile: i32,
) -> Result<BTreeSet<TemplateId>, Failure> {
    let statement = transaction
        .prepare_cached("SELECT DISTINCT id FROM definition_revisions WHERE profile = $1 AND kind = $2")
        .await?;
    let rows = transaction.query(&statement, &[&profile, &DefinitionKind::Template.as_str()]).await?;
    rows.iter().map(|row| get::<&str>(row, 0)?.parse().map_err(corrupt)).collect()
}

async fn profiles_ever(connection: &impl GenericClient) -> Result<Vec<ProfileName>, Failure> {
    let statement = connection.prepare_cached("SELECT name FROM profiles ORDER BY number").await?;
    let rows = connection.query(&statement, &[]).await?;
    rows.iter().map(|row| get::<&str>(row, 0)?.parse().map_err(corrupt)).collect()
}
