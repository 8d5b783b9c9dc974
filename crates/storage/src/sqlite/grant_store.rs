//! Codes become grants, grants are refreshed, and both are taken back.

use async_trait::async_trait;
use issuance::authorize::CodeRecord;
use issuance::grant::{Gives, GrantRecord, Redemption, Rotation};
use issuance::store::{GrantStore, Marks, Once, Redeemed, Rotated};
use primitives::audit::Event;
use primitives::clock::Timestamp;
use primitives::names::{DirectoryName, ProfileName};
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use rusqlite::Connection;

use super::codes::Spending;
use super::{SqliteStore, access_tokens, audit, codes, grants, initial_access_tokens, sessions};

#[async_trait]
impl GrantStore for SqliteStore {
    async fn code(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(CodeRecord, Marks)>, StoreError> {
        let number = self.profiles.number(profile)?;
        let found = self.read_directory(directory, move |connection, directory| {
            codes::find(connection, number, directory, id)
        });
        Ok(found.await?.flatten())
    }

    async fn redeem(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        redemption: Redemption,
    ) -> Result<Redeemed, StoreError> {
        let number = self.profiles.number(profile)?;
        let redeemed = self.write_directory(directory, move |connection, directory| {
            redeem(connection, number, directory, &redemption)
        });
        Ok(redeemed.await?.unwrap_or(Redeemed::Unknown))
    }

    async fn grant(
        &self,
        profile: &ProfileName,
        directory: &DirectoryName,
        id: OrderedId,
    ) -> Result<Option<(GrantRecord, Marks)>, StoreError> {
        let number = self.profiles.number(profile)?;
        let found = self.read_directory(directory, move |connection, directory| {
            grants::find(connection, number, directory, id)
        });
        Ok(found.await?.flatten())
    }

    async fn rotate(&self, profile: &ProfileName, rotation: Rotation) -> Result<Rotated, StoreError> {
        let number = self.profiles.number(profile)?;
        self.writer
            .write(move |connection| {
                let rotated = grants::rotate(connection, number, &rotation)?;
                match rotated {
                    Rotated::Now => {
                        if let Some(token) = &rotation.access_token {
                            access_tokens::insert(connection, number, token)?;
                        }
                    }
                    Rotated::Reused => audit::insert(connection, number, &rotation.reused)?,
                    Rotated::Ended => {}
                }
                Ok(rotated)
            })
            .await
    }

    async fn end_grant(&self, id: OrderedId, event: Event) -> Result<Once, StoreError> {
        let number = self.profiles.number(&event.profile)?;
        self.writer
            .write(move |connection| {
                if !grants::end(connection, number, id, event.at())? {
                    return Ok(Once::Before);
                }
                audit::insert(connection, number, &event)?;
                Ok(Once::Now)
            })
            .await
    }
}

fn redeem(
    connection: &Connection,
    profile: i64,
    directory: i64,
    redemption: &Redemption,
) -> rusqlite::Result<Redeemed> {
    let Redemption { code, at, gives, given, replayed } = redemption;
    let ids = match gives {
        Gives::Grant(grant, _) => (Some(grant.id), None),
        Gives::InitialAccessToken(token) => (None, Some(token.id)),
    };
    match codes::spend(connection, profile, (*code, *at), ids)? {
        Spending::Unknown => Ok(Redeemed::Unknown),
        Spending::Before { grant, token } => {
            if take_back(connection, profile, (grant, token), *at)? {
                audit::insert(connection, profile, replayed)?;
            }
            Ok(Redeemed::Before)
        }
        Spending::Now => {
            match gives {
                Gives::Grant(grant, access_token) => {
                    grants::insert(connection, profile, grant)?;
                    sessions::keep_until(connection, directory, grant.session, grant.expires_at)?;
                    if let Some(token) = access_token {
                        access_tokens::insert(connection, profile, token)?;
                    }
                }
                Gives::InitialAccessToken(token) => {
                    initial_access_tokens::insert(connection, profile, token)?;
                }
            }
            audit::insert(connection, profile, given)?;
            Ok(Redeemed::Now)
        }
    }
}

/// RFC 6749 §4.1.2: what a code gave that is presented again. Says whether there was something left to take back.
fn take_back(
    connection: &Connection,
    profile: i64,
    (grant, token): (Option<OrderedId>, Option<OrderedId>),
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let ended = match grant {
        Some(grant) => grants::end(connection, profile, grant, at)?,
        None => false,
    };
    let revoked = match token {
        Some(token) => initial_access_tokens::revoke(connection, profile, token, at)?,
        None => false,
    };
    Ok(ended || revoked)
}
