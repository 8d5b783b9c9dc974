-- Times are milliseconds since 1970-01-01 UTC. Identifiers (uuid: 16 bytes, though not of RFC 9562) sort by the time they
-- were made, so rows are appended. There are no sequences and no foreign keys: nothing on a busy path is the same for all.

CREATE TABLE profiles (
    number   integer NOT NULL PRIMARY KEY,
    name     text    NOT NULL UNIQUE,
    -- The newest revision of its definitions.
    revision bigint  NOT NULL DEFAULT 0
);

-- Every revision of every definition, whole. The newest row of a kind and id is what it is now; where its document is
-- NULL, it was removed.
CREATE TABLE definition_revisions (
    profile  integer NOT NULL,
    kind     text    NOT NULL,
    id       text    NOT NULL,
    revision bigint  NOT NULL,
    document text,
    made_by  text    NOT NULL,
    made_at  bigint  NOT NULL,
    PRIMARY KEY (profile, kind, id, revision)
);

CREATE TABLE clients (
    profile           integer NOT NULL,
    id                uuid    NOT NULL,
    -- NULL: a client of its own.
    template          text,
    -- JSON of client metadata: a definition of its own, or what an instance brought; NULL where that is nothing.
    metadata          text,
    -- SHA-256; NULL where the client has no secret.
    secret_hash       bytea,
    -- NULL: never.
    secret_expires_at bigint,
    -- Where it came from.
    registrant        text    NOT NULL,
    initial_client    text,
    subject           text,
    revision          bigint  NOT NULL,
    PRIMARY KEY (profile, id)
);

CREATE TABLE initial_access_tokens (
    profile    integer NOT NULL,
    id         uuid    NOT NULL,
    -- SHA-256 of the whole token.
    hash       bytea   NOT NULL,
    -- Who got it; with a subject, after that user signed in.
    client_id  text    NOT NULL,
    subject    text,
    expires_at bigint  NOT NULL,
    spent_at   bigint,
    revoked_at bigint,
    PRIMARY KEY (profile, id)
);

-- What a user got and has not spent is taken back when the user is switched off.
CREATE INDEX initial_access_tokens_of_users ON initial_access_tokens (subject) WHERE subject IS NOT NULL;

-- Client assertions that must not be accepted again before they have expired.
CREATE TABLE accepted_assertions (
    profile     integer NOT NULL,
    expires_at  bigint  NOT NULL,
    -- SHA-256 of client and jti.
    fingerprint bytea   NOT NULL,
    PRIMARY KEY (profile, expires_at, fingerprint)
);

CREATE TABLE signing_keys (
    profile    integer NOT NULL,
    id         uuid    NOT NULL,
    algorithm  text    NOT NULL,
    public_jwk text    NOT NULL,
    -- The private half, under the key-encryption key.
    sealed     bytea   NOT NULL,
    PRIMARY KEY (profile, id)
);

-- Outcomes that changed state, each in the transaction of its change. An event of a directory has the profile 0, which is
-- none.
CREATE TABLE audit_events (
    id        uuid    NOT NULL,
    profile   integer NOT NULL,
    directory integer,
    kind      text    NOT NULL,
    client_id text,
    subject   text,
    detail    text    NOT NULL,
    PRIMARY KEY (id, profile)
);

-- What changed nothing, counted by the minute: authentications and refusals.
CREATE TABLE audit_activity (
    minute    bigint  NOT NULL,
    profile   integer NOT NULL,
    kind      text    NOT NULL,
    reason    text    NOT NULL,
    -- Who did it, where we know; '' where we do not.
    client_id text    NOT NULL,
    -- From where, as a network; '' where it does not matter, '*' for many.
    network   text    NOT NULL,
    count     bigint  NOT NULL,
    first_at  bigint  NOT NULL,
    last_at   bigint  NOT NULL,
    PRIMARY KEY (minute, profile, kind, reason, client_id, network)
);

-- People. A directory of users may serve several profiles, so what belongs to a user carries the directory first.
CREATE TABLE directories (
    number integer NOT NULL PRIMARY KEY,
    name   text    NOT NULL UNIQUE
);

CREATE TABLE users (
    directory     integer NOT NULL,
    id            uuid    NOT NULL,
    -- As it was first written, and what it is found by.
    username      text    NOT NULL,
    name_key      text    NOT NULL,
    -- PHC string; NULL where the user has no password.
    password_hash text,
    -- JSON of the standard claims.
    claims        text    NOT NULL,
    -- NULL: they can sign in.
    disabled_at   bigint,
    -- Whatever was given in their name before this moment is not good any more.
    not_before    bigint  NOT NULL,
    PRIMARY KEY (directory, id),
    CONSTRAINT users_by_name UNIQUE (directory, name_key)
);

CREATE TABLE sessions (
    directory        integer NOT NULL,
    id               uuid    NOT NULL,
    -- SHA-256 of what the cookies hold; the frames' is NULL where there is none.
    hash             bytea   NOT NULL,
    frame_hash       bytea,
    -- The name of a profile; NULL: all that share sessions in the directory.
    counts_in        text,
    user_id          uuid    NOT NULL,
    authenticated_at bigint  NOT NULL,
    -- As in amr (RFC 8176).
    authenticated_by text    NOT NULL,
    used_at          bigint  NOT NULL,
    expires_at       bigint  NOT NULL,
    -- The row stays until then: no earlier than expires_at, and for as long as anything asks whether it was ended.
    keep_until       bigint  NOT NULL,
    ended_at         bigint,
    -- Whether everything that was given in it has ended too.
    is_revoked       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (directory, id)
);

CREATE INDEX sessions_by_end ON sessions (keep_until);

-- Requests that wait for a person, what people consented to, and what clients hold in their names.
CREATE TABLE authorization_requests (
    profile       integer NOT NULL,
    id            uuid    NOT NULL,
    -- SHA-256 of the handle that stands in the addresses of the pages.
    hash          bytea   NOT NULL,
    -- SHA-256 of the cookie of the browser that it is bound to; NULL until one has opened it.
    browser       bytea,
    endpoint      text    NOT NULL,
    -- A form, as it was sent.
    parameters    text    NOT NULL,
    expires_at    bigint  NOT NULL,
    -- Of whoever signed in, or chose their account, while answering it.
    session       uuid,
    has_signed_in boolean NOT NULL,
    PRIMARY KEY (profile, id)
);

CREATE TABLE consents (
    profile     integer NOT NULL,
    client_id   text    NOT NULL,
    user_id     uuid    NOT NULL,
    -- The host that answers are sent to, or the scheme of an app.
    destination text    NOT NULL,
    scope       text    NOT NULL,
    given_at    bigint  NOT NULL,
    PRIMARY KEY (profile, client_id, user_id, destination)
);

CREATE TABLE authorization_codes (
    profile          integer NOT NULL,
    id               uuid    NOT NULL,
    -- SHA-256 of the whole code.
    hash             bytea   NOT NULL,
    client_id        text    NOT NULL,
    redirect_uri     text    NOT NULL,
    challenge        text    NOT NULL,
    scope            text    NOT NULL,
    -- Text, of which a client may send any: also with the character that text here cannot have.
    nonce            bytea,
    user_id          uuid    NOT NULL,
    session          uuid    NOT NULL,
    authenticated_at bigint  NOT NULL,
    authenticated_by text    NOT NULL,
    expires_at       bigint  NOT NULL,
    -- When it was redeemed, and the grant or the initial access token that it gave. It is kept for a day: until then what
    -- it gave is taken back when it is presented again.
    used_at          bigint,
    gave_grant       uuid,
    gave_token       uuid,
    PRIMARY KEY (profile, id)
);

-- One row for each time that a user let a client in, however often it refreshes. A refresh changes no column that an
-- index has, and finds room on the page: it is written in place.
CREATE TABLE grants (
    profile          integer NOT NULL,
    id               uuid    NOT NULL,
    client_id        text    NOT NULL,
    user_id          uuid    NOT NULL,
    session          uuid    NOT NULL,
    authenticated_at bigint  NOT NULL,
    authenticated_by text    NOT NULL,
    scope            text    NOT NULL,
    -- SHA-256 of what all refresh tokens of the family have in common; NULL where there are none.
    family           bytea,
    -- SHA-256 of the refresh token that is good, and of the one before it.
    current          bytea,
    previous         bytea,
    rotated_at       bigint,
    expires_at       bigint  NOT NULL,
    ended_at         bigint,
    PRIMARY KEY (profile, id)
) WITH (fillfactor = 70);

-- Grants end in about the order in which they were made, so this index grows at its end.
CREATE INDEX grants_by_end ON grants (expires_at);

CREATE TABLE access_tokens (
    profile    integer NOT NULL,
    id         uuid    NOT NULL,
    -- SHA-256 of the whole token.
    hash       bytea   NOT NULL,
    client_id  text    NOT NULL,
    -- NULL where the client got it for itself.
    grant_id   uuid,
    scope      text    NOT NULL,
    audience   text    NOT NULL,
    expires_at bigint  NOT NULL,
    PRIMARY KEY (profile, id)
);

-- As with grants: tokens end in about the order in which they were made.
CREATE INDEX access_tokens_by_end ON access_tokens (expires_at);

-- Access tokens that were taken back, until they would have ended.
CREATE TABLE revoked_access_tokens (
    profile    integer NOT NULL,
    id         uuid    NOT NULL,
    expires_at bigint  NOT NULL,
    PRIMARY KEY (profile, id)
);

CREATE INDEX revoked_access_tokens_by_end ON revoked_access_tokens (expires_at);

-- Whatever these clients were given before is not good any more.
CREATE TABLE client_marks (
    profile    integer NOT NULL,
    client_id  text    NOT NULL,
    not_before bigint  NOT NULL,
    PRIMARY KEY (profile, client_id)
);
