-- Requests that wait for a person, what people consented to, and what clients hold in their names.

CREATE TABLE authorization_requests (
    profile       INTEGER NOT NULL,
    id            BLOB    NOT NULL,
    -- SHA-256 of the handle that stands in the addresses of the pages.
    hash          BLOB    NOT NULL,
    -- SHA-256 of the cookie of the browser that it is bound to; NULL until one has opened it.
    browser       BLOB,
    endpoint      TEXT    NOT NULL,
    -- A form, as it was sent.
    parameters    TEXT    NOT NULL,
    expires_at    INTEGER NOT NULL,
    -- Of whoever signed in, or chose their account, while answering it.
    session       BLOB,
    has_signed_in INTEGER NOT NULL,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE consents (
    profile     INTEGER NOT NULL,
    client_id   TEXT    NOT NULL,
    user        BLOB    NOT NULL,
    -- The host that answers are sent to, or the scheme of an app.
    destination TEXT    NOT NULL,
    scope       TEXT    NOT NULL,
    given_at    INTEGER NOT NULL,
    PRIMARY KEY (profile, client_id, user, destination)
) STRICT, WITHOUT ROWID;

CREATE TABLE authorization_codes (
    profile                INTEGER NOT NULL,
    id                     BLOB    NOT NULL,
    -- SHA-256 of the whole code.
    hash                   BLOB    NOT NULL,
    client_id              TEXT    NOT NULL,
    redirect_uri           TEXT    NOT NULL,
    challenge              TEXT    NOT NULL,
    scope                  TEXT    NOT NULL,
    nonce                  TEXT,
    user                   BLOB    NOT NULL,
    session                BLOB    NOT NULL,
    authenticated_at       INTEGER NOT NULL,
    authenticated_by       TEXT    NOT NULL,
    expires_at             INTEGER NOT NULL,
    -- When it was redeemed, and the grant or the initial access token that it gave. It is kept for a day: until then what
    -- it gave is taken back when it is presented again.
    used_at                INTEGER,
    gave_grant             BLOB,
    gave_token             BLOB,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

-- One row for each time that a user let a client in, however often it refreshes.
CREATE TABLE grants (
    profile          INTEGER NOT NULL,
    id               BLOB    NOT NULL,
    client_id        TEXT    NOT NULL,
    user             BLOB    NOT NULL,
    session          BLOB    NOT NULL,
    authenticated_at INTEGER NOT NULL,
    authenticated_by TEXT    NOT NULL,
    scope            TEXT    NOT NULL,
    -- SHA-256 of what all refresh tokens of the family have in common; NULL where there are none.
    family           BLOB,
    -- SHA-256 of the refresh token that is good, and of the one before it.
    current          BLOB,
    previous         BLOB,
    rotated_at       INTEGER,
    expires_at       INTEGER NOT NULL,
    ended_at         INTEGER,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

-- Grants end in about the order in which they were made, so this index grows at its end.
CREATE INDEX grants_by_end ON grants (expires_at);

CREATE TABLE access_tokens (
    profile    INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    -- SHA-256 of the whole token.
    hash       BLOB    NOT NULL,
    client_id  TEXT    NOT NULL,
    -- NULL where the client got it for itself.
    grant_id   BLOB,
    scope      TEXT    NOT NULL,
    audience   TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

-- As with grants: tokens end in about the order in which they were made.
CREATE INDEX access_tokens_by_end ON access_tokens (expires_at);

-- Access tokens that were taken back, until they would have ended.
CREATE TABLE revoked_access_tokens (
    profile    INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_access_tokens_by_end ON revoked_access_tokens (expires_at);

-- Whatever these clients were given before is not good any more.
CREATE TABLE client_marks (
    profile    INTEGER NOT NULL,
    client_id  TEXT    NOT NULL,
    not_before INTEGER NOT NULL,
    PRIMARY KEY (profile, client_id)
) STRICT, WITHOUT ROWID;
