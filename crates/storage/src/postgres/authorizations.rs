//! Requests that wait for a person (`authorization_requests`), and what their answers lead to.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use identity::user::UserId;
use issuance::authorize::{
    CodeRecord, Endpoint, GivenConsent, NewCode, NewInitialAccessToken, PendingRequest, Progress,
};
use issuance::store::{AuthorizationStore, CodeIssue, Once};
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use protocol::scope::Scope;
use registration::access::InitialAccessTokenRecord;

use super::values::{
    Failure, corrupt, get, get_hash, get_optional_hash, get_optional_id, get_timestamp, millis, uuid,
};
use super::{PostgresStore, audit, codes, consents, initial_access_tokens, marks};

#[async_trait]
impl AuthorizationStore for PostgresStore {
    async fn keep_request(&self, profile: &ProfileName, request: PendingRequest) -> Result<(), StoreError> {
        let number = self.profile(profile).await?;
        let keep = self.connections.write(|| async {
            let connection = self.connections.get().await?;
            insert(&connection, number, &request).await
        });
        Ok(keep.await?)
    }

    async fn request(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<PendingRequest>, StoreError> {
        let number = self.profile(profile).await?;
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            find(&connection, number, id).await
        });
        Ok(read.await?)
    }

    async fn note_progress(
        &self,
        profile: &ProfileName,
        id: OrderedId,
        progress: Progress,
    ) -> Result<(), StoreError> {
        let number = self.profile(profile).await?;
        let note = self.connections.write(|| async {
            let connection = self.connections.get().await?;
            note(&connection, number, id, progress).await
        });
        Ok(note.await?)
    }

    async fn drop_request(&self, profile: &ProfileName, id: OrderedId) -> Result<Once, StoreError> {
        let number = self.profile(profile).await?;
        let take = self.connections.write(|| async {
            let connection = self.connections.get().await?;
            take(&connection, number, id).await
        });
        Ok(if take.await? { Once::Now } else { Once::Before })
    }

    async fn consent(
        &self,
        profile: &ProfileName,
        user: UserId,
        client_id: &str,
        destination: &str,
    ) -> Result<Option<Scope>, StoreError> {
        let number = self.profile(profile).await?;
        let read = self.connections.within(async {
            let connection = self.connections.get().await?;
            consents::find(&connection, number, client_id, (user, destination)).await
        });
        Ok(read.await?)
    }

    async fn issue_code(&self, profile: &ProfileName, issue: NewCode) -> Result<CodeIssue, StoreError> {
        let NewCode { code, consent, answers, events } = &issue;
        let answer = Answer { gives: Gives::Code(code), consent: consent.as_ref(), to: *answers, events };
        self.answer(profile, answer).await
    }

    async fn issue_initial_access_token(
        &self,
        profile: &ProfileName,
        issue: NewInitialAccessToken,
    ) -> Result<CodeIssue, StoreError> {
        let NewInitialAccessToken { record, consent, answers, events } = &issue;
        let gives = Gives::InitialAccessToken(record);
        self.answer(profile, Answer { gives, consent: consent.as_ref(), to: *answers, events }).await
    }
}

/// What a person's answer gives.
#[derive(Clone, Copy)]
enum Gives<'a> {
    Code(&'a CodeRecord),
    InitialAccessToken(&'a InitialAccessTokenRecord),
}

/// An answer to a client, with what it rests on.
#[derive(Clone, Copy)]
struct Answer<'a> {
    gives: Gives<'a>,
    consent: Option<&'a GivenConsent>,
    /// The request that waits for it.
    to: Option<OrderedId>,
    events: &'a [Event],
}

impl PostgresStore {
    async fn answer(&self, profile: &ProfileName, answer: Answer<'_>) -> Result<CodeIssue, StoreError> {
        let number = self.profile(profile).await?;
        let give = self.connections.write(|| async {
            let mut connection = self.connections.get().await?;
            let transaction = connection.transaction().await?;
            // A request is answered by whoever takes it away.
            if let Some(request) = answer.to
                && !take(&transaction, number, request).await?
            {
                return Ok(CodeIssue::RequestGone);
            }
            match answer.gives {
                Gives::Code(code) => codes::insert(&transaction, number, code).await?,
                Gives::InitialAccessToken(token) => {
                    initial_access_tokens::insert(&transaction, number, token).await?;
                }
            }
            if let Some(consent) = answer.consent {
                consents::remember(&transaction, number, consent).await?;
            }
            for event in answer.events {
                audit::insert(&transaction, number, event).await?;
            }
            transaction.commit().await?;
            Ok(CodeIssue::Issued)
        });
        let given = give.await?;
        if given == CodeIssue::Issued {
            self.tell(answer.events.iter().map(|event| event.kind));
        }
        Ok(given)
    }
}

async fn insert(
    connection: &impl GenericClient,
    profile: i32,
    request: &PendingRequest,
) -> Result<(), Failure> {
    let PendingRequest { id, hash, browser, endpoint, parameters, expires_at, session, has_signed_in } =
        request;
    let statement = connection
        .prepare_cached(
            "INSERT INTO authorization_requests
                 (profile, id, hash, browser, endpoint, parameters, expires_at, session, has_signed_in)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .await?;
    connection
        .execute(
            &statement,
            &[
                &profile,
                &uuid(*id),
                &&hash.as_bytes()[..],
                &browser.as_ref().map(|browser| &browser.as_bytes()[..]),
                &endpoint.as_str(),
                parameters,
                &millis(*expires_at),
                &session.map(uuid),
                has_signed_in,
            ],
        )
        .await?;
    Ok(())
}

async fn find(
    connection: &impl GenericClient,
    profile: i32,
    id: OrderedId,
) -> Result<Option<PendingRequest>, Failure> {
    let statement = connection
        .prepare_cached(
            "SELECT hash, browser, endpoint, parameters, expires_at, session, has_signed_in
             FROM authorization_requests WHERE profile = $1 AND id = $2",
        )
        .await?;
    let Some(row) = connection.query_opt(&statement, &[&profile, &uuid(id)]).await? else { return Ok(None) };
    let endpoint: &str = get(&row, 2)?;
    Ok(Some(PendingRequest {
        id,
        hash: get_hash(&row, 0)?,
        browser: get_optional_hash(&row, 1)?,
        endpoint: Endpoint::named(endpoint)
            .ok_or_else(|| corrupt(format_args!("'{endpoint}' is no endpoint")))?,
        parameters: get(&row, 3)?,
        expires_at: get_timestamp(&row, 4)?,
        session: get_optional_id(&row, 5)?,
        has_signed_in: get(&row, 6)?,
    }))
}

/// Where the request is gone meanwhile, there is nothing to note.
async fn note(
    connection: &impl GenericClient,
    profile: i32,
    id: OrderedId,
    progress: Progress,
) -> Result<(), Failure> {
    let (session, has_signed_in) = match progress {
        Progress::Opened { browser, hash } => {
            let statement = connection
                .prepare_cached(
                    "UPDATE authorization_requests SET browser = $3, hash = $4
                     WHERE profile = $1 AND id = $2 AND browser IS NULL",
                )
                .await?;
            let (browser, hash) = (&browser.as_bytes()[..], &hash.as_bytes()[..]);
            connection.execute(&statement, &[&profile, &uuid(id), &browser, &hash]).await?;
            return Ok(());
        }
        Progress::SignedIn(session) => (session, true),
        Progress::Chose(session) => (session, false),
    };
    let statement = connection
        .prepare_cached(
            "UPDATE authorization_requests
             SET has_signed_in = $4 OR (has_signed_in AND session IS NOT DISTINCT FROM $3), session = $3
             WHERE profile = $1 AND id = $2",
        )
        .await?;
    connection.execute(&statement, &[&profile, &uuid(id), &uuid(session), &has_signed_in]).await?;
    Ok(())
}

/// Says whether it was there. Whoever takes it away is the one that answers it.
async fn take(connection: &impl GenericClient, profile: i32, id: OrderedId) -> Result<bool, Failure> {
    let statement = connection
        .prepare_cached("DELETE FROM authorization_requests WHERE profile = $1 AND id = $2")
        .await?;
    Ok(connection.execute(&statement, &[&profile, &uuid(id)]).await? == 1)
}

pub(super) async fn forget(
    connection: &impl GenericClient,
    ended_before: Timestamp,
    at_most: u32,
) -> Result<usize, Failure> {
    marks::forget_ended(connection, "authorization_requests", ended_before, at_most).await
}
