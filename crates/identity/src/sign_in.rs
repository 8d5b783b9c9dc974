//! From a name and a password to a session.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use primitives::audit::{Event, EventKind};
use primitives::ordered_id::OrderedId;
use primitives::secret::NamedSecret;
use primitives::store::StoreError;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::authentication::{Authentication, Authenticator};
use crate::device::{DeviceCookie, KnownDevice};
use crate::guessing::Guesser;
use crate::password::{HashingFailed, MAX_LENGTH, NOBODYS, PasswordHash};
use crate::session::{self, Session, SessionCookie};
use crate::store::UserRecord;
use crate::user::{User, UserId, Username};
use crate::world::{World, hash};

/// Somebody wants to sign in.
pub struct Attempt<'a> {
    /// What they typed as their name.
    pub username: &'a str,
    /// What they typed as their password.
    pub password: Zeroizing<String>,
    /// Where the request came from.
    pub from: IpAddr,
    /// What the cookie of a known device holds, if there is one.
    pub device: Option<&'a str>,
    /// What the cookie of the browser's session holds, if there is one. That session ends: whoever planted it must not
    /// share in what is signed in to now.
    pub session: Option<&'a str>,
    /// Whether frames of other sites are to see the session.
    pub wants_frame_secret: bool,
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Attempt").field("from", &self.from).finish_non_exhaustive()
    }
}

/// Somebody has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Their session.
    pub session: Session,
    /// Who.
    pub user: User,
    /// What the session's cookie is to hold.
    pub session_secret: NamedSecret,
    /// What the cookie for frames of other sites is to hold, where one was wanted.
    pub frame_secret: Option<NamedSecret>,
    /// What the device's cookie is to hold, so that it is known the next time.
    pub device: DeviceCookie,
}

/// Why nobody has signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// There is no such user, or they have been switched off, or have no password, or another one. Which of these is
    /// never said.
    #[error("name or password is wrong")]
    WrongCredentials,
    /// There were too many attempts. Whether this one was right is not known: nobody looked.
    #[error("too many attempts")]
    TooManyAttempts {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The store did not answer, or what is kept as the hash of a password is none.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
}

/// Signs somebody in: their name is looked up, the attempt is charged, and then the password is verified. All of it is
/// done whoever it is, so that a stranger learns nothing from what it costs.
///
/// # Errors
/// See [`SignInRefusal`].
pub async fn sign_in(attempt: Attempt<'_>, world: &World<'_>) -> Result<SignedIn, SignInRefusal> {
    // From before the user is looked up: where their password changes meanwhile, this session is older than that.
    let at = world.clock.now();
    // What is no name is nobody's.
    let name_key = attempt.username.parse().map(|name: Username| name.name_key()).unwrap_or_default();
    let record = world.effort.lookup(world.users.user_named(world.directory, &name_key)).await?;
    let device = known_device(attempt.device, record.as_ref(), world);
    let guesser = match device {
        Some(KnownDevice { user, device }) => Guesser::Device { user, device },
        None => Guesser::Stranger { directory: world.directory, name_key: &name_key, from: attempt.from },
    };
    let charge = world
        .guessing
        .charge(guesser, at)
        .map_err(|retry_after| SignInRefusal::TooManyAttempts { retry_after })?;
    let (user, outdated) = prove(&attempt.password, record, world).await?;
    world.guessing.give_back(charge);
    if let Some(old) = outdated {
        let new = hash(attempt.password, world.random, world.passwords).await?;
        world.users.rehash(world.directory, user.id, old, new.to_phc()).await?;
    }
    // A mark may be ahead of a clock that was set back; what begins now is what the user does after it.
    let authentication = Authentication { at: at.max(user.not_before), by: Authenticator::Password };
    let Attempt { session, wants_frame_secret, .. } = attempt;
    let arrival = Arrival { device, session, wants_frame_secret };
    Ok(welcome(user, authentication, arrival, world).await?)
}

/// What a browser brings along when somebody signs in with it.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The device that is known already.
    pub device: Option<KnownDevice>,
    /// What the cookie of the browser's session holds, if there is one.
    pub session: Option<&'a str>,
    /// Whether frames of other sites are to see the session.
    pub wants_frame_secret: bool,
}

/// Begins a session for somebody who has proved who they are, whichever authenticator saw that.
///
/// The secrets are new ones, so whoever planted the browser's session or overheard it has no share in this. Where that
/// session was the same user's, it goes on under its name, and so does what was given in it; another user's ends.
///
/// # Errors
/// The store did not answer.
pub async fn welcome(
    user: User,
    authentication: Authentication,
    arrival: Arrival<'_>,
    world: &World<'_>,
) -> Result<SignedIn, StoreError> {
    let at = world.clock.now();
    let before = match arrival.session {
        Some(text) => session::proven(text, SessionCookie::Own, world).await?.map(|(before, _)| before),
        None => None,
    };
    let goes_on = before.as_ref().filter(|before| before.user == user.id && before.is_good(at, world.rules));
    let id = goes_on.map_or_else(|| world.ids.next(at, world.random), |before| before.id);
    let device = arrival
        .device
        .unwrap_or_else(|| KnownDevice { user: user.id, device: world.ids.next(at, world.random) })
        .cookie(world.directory, world.device_key);
    let (session, session_secret, frame_secret) =
        begin(id, user.id, authentication, arrival.wants_frame_secret, world);
    let instead_of = before.map(|before| before.id);
    let event = signed_in(&session, instead_of, world);
    world.sessions.begin_session(world.directory, session.clone(), instead_of, event).await?;
    Ok(SignedIn { session, user, session_secret, frame_secret, device })
}

/// The device that a cookie proves, where it is one of this very user's.
fn known_device(cookie: Option<&str>, record: Option<&UserRecord>, world: &World<'_>) -> Option<KnownDevice> {
    let known = KnownDevice::of_cookie(cookie?, world.directory, world.device_key)?;
    (known.user == record?.user.id).then_some(known)
}

/// Verifies the password of a user who can sign in with one; of anybody else, that of nobody. The hash comes along where
/// it was made with other parameters than today's, and is to be made anew while the password is known.
async fn prove(
    password: &Zeroizing<String>,
    record: Option<UserRecord>,
    world: &World<'_>,
) -> Result<(User, Option<String>), SignInRefusal> {
    let candidate = record
        .filter(|record| record.user.disabled_at.is_none() && password.len() <= MAX_LENGTH)
        .and_then(|UserRecord { user, password_hash, .. }| Some((user, password_hash?)));
    let text = candidate.as_ref().map_or(NOBODYS, |(_, hash)| hash);
    let hash = PasswordHash::parse(text).map_err(|error| {
        let whose = candidate.as_ref().map(|(user, _)| user.id.to_string()).unwrap_or_default();
        StoreError::Corrupt(format!("the password hash of user {whose}: {error}"))
    })?;
    let needs_rehash = hash.needs_rehash();
    match (world.effort.verify(password, hash, world.passwords).await?, candidate) {
        (true, Some((user, hash))) => Ok((user, needs_rehash.then_some(hash))),
        _ => Err(SignInRefusal::WrongCredentials),
    }
}

fn begin(
    id: OrderedId,
    user: UserId,
    authentication: Authentication,
    wants_frame_secret: bool,
    world: &World<'_>,
) -> (Session, NamedSecret, Option<NamedSecret>) {
    let generate = |cookie: SessionCookie| NamedSecret::generate(cookie.prefix(), id, world.random);
    let secret = generate(SessionCookie::Own);
    let frame_secret = wants_frame_secret.then(|| generate(SessionCookie::Frame));
    let at = authentication.at;
    let session = Session {
        id,
        hash: secret.hash(),
        frame_hash: frame_secret.as_ref().map(NamedSecret::hash),
        counts_in: world.rules.counts_in.clone(),
        user,
        authentication,
        used_at: at,
        expires_at: at.plus(world.rules.absolute),
        ended_at: None,
    };
    (session, secret, frame_secret)
}

fn signed_in(session: &Session, instead_of: Option<OrderedId>, world: &World<'_>) -> Event {
    let mut detail: Map<String, Value> = Map::from_iter([
        ("session".to_owned(), json!(session.id.to_string())),
        ("by".to_owned(), json!(session.authentication.by.amr())),
    ]);
    if let Some(before) = instead_of {
        detail.insert("instead_of".to_owned(), json!(before.to_string()));
    }
    Event {
        id: world.ids.next(world.clock.now(), world.random),
        profile: world.profile.clone(),
        kind: EventKind::UserSignedIn,
        client_id: None,
        subject: Some(session.user.to_string()),
        detail,
    }
}
