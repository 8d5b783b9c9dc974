-- Times are milliseconds since 1970-01-01 UTC. Identifiers of 16 bytes sort by the time they were made, so rows are
-- appended. What belongs to a client carries its profile first; what is told of it is ordered by time.

CREATE TABLE profiles (
    number   INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE,
    -- The newest revision of its definitions.
    revision INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every revision of every definition, whole. The newest row of a kind and id is what it is now; where its document is
-- NULL, it was removed.
CREATE TABLE definition_revisions (
    profile  INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    document TEXT,
    made_by  TEXT    NOT NULL,
    made_at  INTEGER NOT NULL,
    PRIMARY KEY (profile, kind, id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    profile           INTEGER NOT NULL,
    id                BLOB    NOT NULL,
    -- NULL: a client of its own.
    template          TEXT,
    -- JSON of client metadata: a definition of its own, or what an instance brought; NULL where that is nothing.
    metadata          TEXT,
    -- SHA-256; NULL where the client has no secret.
    secret_hash       BLOB,
    -- NULL: never.
    secret_expires_at INTEGER,
    -- Where it came from.
    registrant        TEXT    NOT NULL,
    initial_client    TEXT,
    subject           TEXT,
    revision          INTEGER NOT NULL,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE initial_access_tokens (
    profile    INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    -- SHA-256 of the whole token.
    hash       BLOB    NOT NULL,
    -- Who got it; with a subject, after that user signed in.
    client_id  TEXT    NOT NULL,
    subject    TEXT,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

-- Client assertions that must not be accepted again before they have expired.
CREATE TABLE accepted_assertions (
    profile     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    -- SHA-256 of client and jti.
    fingerprint BLOB    NOT NULL,
    PRIMARY KEY (profile, expires_at, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    profile    INTEGER NOT NULL,
    id         BLOB    NOT NULL,
    algorithm  TEXT    NOT NULL,
    public_jwk TEXT    NOT NULL,
    -- The private half, under the key-encryption key.
    sealed     BLOB    NOT NULL,
    PRIMARY KEY (profile, id)
) STRICT, WITHOUT ROWID;

-- Outcomes that changed state, each in the transaction of its change.
CREATE TABLE audit_events (
    id        BLOB    NOT NULL PRIMARY KEY,
    profile   INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    client_id TEXT,
    subject   TEXT,
    detail    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What changed nothing, counted by the minute: authentications and refusals.
CREATE TABLE audit_activity (
    minute   INTEGER NOT NULL,
    profile  INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    -- Who did it, where we know; '' where we do not.
    client_id TEXT   NOT NULL,
    -- From where, as a network; '' where it does not matter, '*' for many.
    network  TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (minute, profile, kind, reason, client_id, network)
) STRICT, WITHOUT ROWID;
