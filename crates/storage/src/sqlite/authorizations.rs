//! Requests that wait for a person, and what their answers lead to.

use async_trait::async_trait;
use identity::user::UserId;
use issuance::authorize::{NewCode, NewInitialAccessToken, PendingRequest, Progress};
use issuance::store::{AuthorizationStore, CodeIssue, Once};
use primitives::names::ProfileName;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use protocol::scope::Scope;

use super::{SqliteStore, audit, codes, consents, initial_access_tokens, requests};

#[async_trait]
impl AuthorizationStore for SqliteStore {
    async fn keep_request(&self, profile: &ProfileName, request: PendingRequest) -> Result<(), StoreError> {
        let number = self.profiles.number(profile)?;
        self.writer.write(move |connection| requests::insert(connection, number, &request)).await
    }

    async fn request(
        &self,
        profile: &ProfileName,
        id: OrderedId,
    ) -> Result<Option<PendingRequest>, StoreError> {
        let number = self.profiles.number(profile)?;
        self.readers.read(move |connection| requests::find(connection, number, id)).await
    }

    async fn note_progress(
        &self,
        profile: &ProfileName,
        id: OrderedId,
        progress: Progress,
    ) -> Result<(), StoreError> {
        let number = self.profiles.number(profile)?;
        self.writer.write(move |connection| requests::note(connection, number, id, progress)).await
    }

    async fn drop_request(&self, profile: &ProfileName, id: OrderedId) -> Result<Once, StoreError> {
        let number = self.profiles.number(profile)?;
        let was_there = self.writer.write(move |connection| requests::take(connection, number, id)).await?;
        Ok(if was_there { Once::Now } else { Once::Before })
    }

    async fn consent(
        &self,
        profile: &ProfileName,
        user: UserId,
        client_id: &str,
        destination: &str,
    ) -> Result<Option<Scope>, StoreError> {
        let number = self.profiles.number(profile)?;
        let (client_id, destination) = (client_id.to_owned(), destination.to_owned());
        self.readers
            .read(move |connection| consents::find(connection, number, &client_id, (user, &destination)))
            .await
    }

    async fn issue_code(&self, profile: &ProfileName, issue: NewCode) -> Result<CodeIssue, StoreError> {
        let number = self.profiles.number(profile)?;
        self.writer
            .write(move |connection| {
                let NewCode { code, consent, answers, events } = &issue;
                // A job decides before it writes: a request is answered by whoever takes it away.
                if let Some(request) = answers
                    && !requests::take(connection, number, *request)?
                {
                    return Ok(CodeIssue::RequestGone);
                }
                codes::insert(connection, number, code)?;
                if let Some(consent) = consent {
                    consents::remember(connection, number, consent)?;
                }
                events.iter().try_for_each(|event| audit::insert(connection, number, event))?;
                Ok(CodeIssue::Issued)
            })
            .await
    }

    async fn issue_initial_access_token(
        &self,
        profile: &ProfileName,
        issue: NewInitialAccessToken,
    ) -> Result<CodeIssue, StoreError> {
        let number = self.profiles.number(profile)?;
        self.writer
            .write(move |connection| {
                let NewInitialAccessToken { record, consent, answers, events } = &issue;
                if let Some(request) = answers
                    && !requests::take(connection, number, *request)?
                {
                    return Ok(CodeIssue::RequestGone);
                }
                initial_access_tokens::insert(connection, number, record)?;
                if let Some(consent) = consent {
                    consents::remember(connection, number, consent)?;
                }
                events.iter().try_for_each(|event| audit::insert(connection, number, event))?;
                Ok(CodeIssue::Issued)
            })
            .await
    }
}
