//! A request that waits for a person.
//!
//! It is kept because it may be too large for an address, because an answer must be given once, and because what its
//! person did while answering it (signed in anew, chose an account) counts for it and for nothing else. It is bound to the
//! browser that sent it, by a cookie, so that nobody can have somebody else answer theirs.
//!
//! It is kept only for a client that exists, is at most 8 KiB, and goes after a quarter of an hour
//! (`docs/decisions/0009-pending-requests.md`).

use std::time::Duration;

use primitives::clock::Timestamp;
use primitives::ordered_id::OrderedId;
use primitives::secret::{NamedSecret, SecretHash};
use primitives::store::StoreError;
use protocol::authorization::PARAMETERS;
use protocol::form::{Form, FormError};

use super::{Endpoint, Inquiry, Unanswerable};
use crate::world::World;

/// What every handle begins with.
const PREFIX: &str = "mar_";

/// How long a person may take.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The longest request that is kept, in bytes.
pub(super) const MAX_PARAMETERS: usize = 8 * 1024;

/// The handle of a pending request in the clear: it stands in the addresses of the pages.
pub type Handle = NamedSecret;

/// A request that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// Its name.
    pub id: OrderedId,
    /// The hash of its handle.
    pub hash: SecretHash,
    /// The hash of the cookie of the browser that it is bound to. One that was posted from another site came without its
    /// cookies (`SameSite`), and is bound to the browser that opens it first.
    pub browser: Option<SecretHash>,
    /// The endpoint that was asked.
    pub endpoint: Endpoint,
    /// The parameters, as a form.
    pub parameters: String,
    /// When it goes.
    pub expires_at: Timestamp,
    /// The session of whoever signed in, or chose their account, while answering it.
    pub session: Option<OrderedId>,
    /// Whether they signed in.
    pub has_signed_in: bool,
}

/// What happened while a request was being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A browser opened it that it was not bound to any yet. The first one counts, and it gets a handle that nobody else
    /// has seen.
    Opened {
        /// The hash of what the browser's cookie holds.
        browser: SecretHash,
        /// The hash of the new handle.
        hash: SecretHash,
    },
    /// They signed in, and this is the session that began.
    SignedIn(OrderedId),
    /// They chose to go on with the account of this session.
    Chose(OrderedId),
}

/// Why a request cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// It was opened for the first time, and goes on under this handle.
    #[error("this request has another handle now")]
    Moved(Handle),
    /// There is none of this name, or not any more.
    #[error("this request has been answered, or has waited for too long")]
    Gone,
    /// It was sent by another browser.
    #[error("this request was begun in another browser")]
    WrongBrowser,
    /// It can no longer be answered.
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a request was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// More than [`MAX_PARAMETERS`].
    #[error("the request is longer than {MAX_PARAMETERS} bytes")]
    TooLong,
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps a request until its person has answered. `browser` is what the browser's cookie holds, where it could send one.
///
/// # Errors
/// See [`KeepError`].
pub async fn keep(
    endpoint: Endpoint,
    form: &Form,
    browser: Option<&str>,
    world: &World<'_>,
) -> Result<Handle, KeepError> {
    let parameters = known_parameters(form);
    if parameters.len() > MAX_PARAMETERS {
        return Err(KeepError::TooLong);
    }
    let now = world.clock.now();
    let handle = NamedSecret::generate(PREFIX, world.ids.next(now, world.random), world.random);
    let request = PendingRequest {
        id: handle.id(),
        hash: handle.hash(),
        browser: browser.map(SecretHash::of),
        endpoint,
        parameters,
        expires_at: now.plus(LIFETIME),
        session: None,
        has_signed_in: false,
    };
    world.authorizations.keep_request(world.profile.definitions.profile(), request).await?;
    Ok(handle)
}

/// What of a request is heeded, once more as a form: what nobody reads is not kept.
fn known_parameters(form: &Form) -> String {
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for name in PARAMETERS {
        kept.extend_pairs(form.all(name).map(|value| (name, value)));
    }
    kept.finish()
}

/// Goes on with a request in the browser that sent it.
///
/// # Errors
/// See [`ResumeError`].
pub async fn resume(
    handle: &str,
    browser: Option<&str>,
    world: &World<'_>,
) -> Result<(PendingRequest, Inquiry), ResumeError> {
    let handle = NamedSecret::parse(PREFIX, handle).ok_or(ResumeError::Gone)?;
    let profile = world.profile.definitions.profile();
    let request = find(&handle, world).await?;
    if let (None, Some(browser)) = (&request.browser, browser) {
        // Whoever posted it knows its handle, and may not be the one who opens it.
        let moved = NamedSecret::generate(PREFIX, request.id, world.random);
        let opened = Progress::Opened { browser: SecretHash::of(browser), hash: moved.hash() };
        world.authorizations.note_progress(profile, request.id, opened).await?;
        return Err(ResumeError::Moved(moved));
    }
    let is_bound_to_it =
        request.browser.is_some_and(|bound| browser.is_some_and(|browser| bound.is_of(browser)));
    if !is_bound_to_it {
        return Err(ResumeError::WrongBrowser);
    }
    // It was a form when it was kept.
    let form = Form::parse_repeating(request.parameters.as_bytes())
        .map_err(|error: FormError| StoreError::Corrupt(format!("a pending request: {error}")))?;
    let inquiry = Inquiry::read(request.endpoint, &form, world).await?;
    Ok((request, inquiry))
}

async fn find(handle: &Handle, world: &World<'_>) -> Result<PendingRequest, ResumeError> {
    let profile = world.profile.definitions.profile();
    let request = world.authorizations.request(profile, handle.id()).await?;
    let now = world.clock.now();
    let request = request.filter(|request| request.hash.is_of(handle.reveal()) && now < request.expires_at);
    request.ok_or(ResumeError::Gone)
}
