-- People. A directory of users may serve several profiles, so what belongs to a user carries the directory first.

CREATE TABLE directories (
    number INTEGER PRIMARY KEY,
    name   TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE users (
    directory     INTEGER NOT NULL,
    id            BLOB    NOT NULL,
    -- As it was first written, and what it is found by.
    username      TEXT    NOT NULL,
    name_key      TEXT    NOT NULL,
    -- PHC string; NULL where the user has no password.
    password_hash TEXT,
    -- JSON of the standard claims.
    claims        TEXT    NOT NULL,
    -- NULL: they can sign in.
    disabled_at   INTEGER,
    -- Whatever was given in their name before this moment is not good any more.
    not_before    INTEGER NOT NULL,
    PRIMARY KEY (directory, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_by_name ON users (directory, name_key);

CREATE TABLE sessions (
    directory        INTEGER NOT NULL,
    id               BLOB    NOT NULL,
    -- SHA-256 of what the cookies hold; the frames' is NULL where there is none.
    hash             BLOB    NOT NULL,
    frame_hash       BLOB,
    -- The name of a profile; NULL: all that share sessions in the directory.
    counts_in        TEXT,
    user             BLOB    NOT NULL,
    authenticated_at INTEGER NOT NULL,
    -- As in amr (RFC 8176).
    authenticated_by TEXT    NOT NULL,
    used_at          INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    -- The row stays until then: no earlier than expires_at, and for as long as anything asks whether it was ended.
    keep_until       INTEGER NOT NULL,
    ended_at         INTEGER,
    -- Whether everything that was given in it has ended too.
    is_revoked       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (directory, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_end ON sessions (keep_until);

-- What a user got and has not spent is taken back when the user is switched off.
CREATE INDEX initial_access_tokens_of_users ON initial_access_tokens (subject) WHERE subject IS NOT NULL;

-- NULL: it happened in the profile. An event of a directory has the profile 0, which is none.
ALTER TABLE audit_events ADD COLUMN directory INTEGER;
