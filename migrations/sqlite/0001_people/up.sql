CREATE TABLE accounts (
    id         BLOB    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    plan       TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('active', 'suspended', 'closed')),
    limits     TEXT    NOT NULL,
    caps       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY,
    account_id    BLOB    NOT NULL REFERENCES accounts (id),
    email         TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    full_name     TEXT,
    company       TEXT,
    role          TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_account ON users (account_id);

-- One family of refresh tokens, of which only the newest is good.
CREATE TABLE sessions (
    id           BLOB    NOT NULL PRIMARY KEY,
    user_id      BLOB    NOT NULL REFERENCES users (id),
    refresh_hash BLOB    NOT NULL CHECK (length(refresh_hash) = 32),
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens that were exchanged: to see one again means that somebody holds a copy.
CREATE TABLE used_refresh_tokens (
    session_id   BLOB    NOT NULL REFERENCES sessions (id),
    refresh_hash BLOB    NOT NULL CHECK (length(refresh_hash) = 32),
    used_at      INTEGER NOT NULL,
    PRIMARY KEY (session_id, refresh_hash)
) STRICT, WITHOUT ROWID;

-- The hash is keyed; the key itself is never here.
CREATE TABLE api_keys (
    id           BLOB    NOT NULL PRIMARY KEY,
    account_id   BLOB    NOT NULL,
    name         TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    prefix       TEXT    NOT NULL,
    environment  TEXT    NOT NULL CHECK (environment IN ('live', 'test', 'staging', 'dev')),
    scopes       TEXT    NOT NULL,
    restrictions TEXT    NOT NULL,
    spend_cap    TEXT,
    limits       TEXT    NOT NULL,
    status       TEXT    NOT NULL CHECK (status IN ('active', 'retiring', 'revoked')),
    status_at    INTEGER,
    replaces     BLOB,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    CHECK ((status = 'active') = (status_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_account ON api_keys (account_id, id);
