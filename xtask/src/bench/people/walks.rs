//! What is done over and over.

use std::sync::Arc;

use anyhow::Context;

use super::super::connection::Connection;
use super::super::load::Walk;
use super::browser::{self, Client};

/// Everything from the first request to the tokens, each time in a new browser.
pub(super) struct SigningIn {
    pub(super) name: String,
    pub(super) client: Client,
}

impl Walk for SigningIn {
    async fn step(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let signed_in = browser::sign_in(connection, &self.name, &self.client, SIGN_IN_SCOPE).await?;
        connection.ask(&self.client.redemption(&signed_in.code), "200").await?.member("id_token").map(drop)
    }
}

/// With an ID token.
const SIGN_IN_SCOPE: &str = "openid%20offline_access%20orders:read";

/// Requests of people who have signed in, in turn.
pub(super) struct Authorizing {
    pub(super) requests: Arc<Vec<String>>,
    pub(super) next: usize,
}

impl Walk for Authorizing {
    async fn step(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let request = self.requests.get(self.next % self.requests.len()).context("nobody has signed in")?;
        self.next += 1;
        browser::code(&connection.ask(request, "303").await?).map(drop)
    }
}

/// A refresh token that is good, and whose it is.
#[derive(Clone)]
pub(super) struct Family {
    pub(super) client: Client,
    pub(super) token: String,
}

/// Families in turn, each refreshed with what the last answer brought.
pub(super) struct Refreshing {
    pub(super) families: Vec<Family>,
    pub(super) next: usize,
}

impl Walk for Refreshing {
    async fn step(&mut self, connection: &mut Connection) -> anyhow::Result<()> {
        let next = self.next % self.families.len().max(1);
        self.next = next + 1;
        let family = self.families.get_mut(next).context("there is no family")?;
        let answer = connection.ask(&family.client.refresh(&family.token), "200").await?;
        answer.member("refresh_token")?.clone_into(&mut family.token);
        Ok(())
    }
}
