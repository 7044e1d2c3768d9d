-- The application works as this role: it owns nothing, so row level security binds it.
-- The adapter says SET ROLE vuzo_app, and sets app.account to an account's id, or to
-- '*' for work that is not one tenant's (the ledger writer, log-in, the operator).
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'vuzo_app') THEN
        CREATE ROLE vuzo_app NOLOGIN;
    END IF;
EXCEPTION
    -- Another database of the same cluster was quicker: roles belong to the cluster.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- Whoever may act as that role already need not be allowed to hand it out. Since
-- Postgres 16 a member may lack just that, its creator among them.
DO $$
BEGIN
    IF NOT pg_has_role(
        CURRENT_USER,
        'vuzo_app',
        CASE WHEN current_setting('server_version_num')::int >= 160000
             THEN 'SET' ELSE 'MEMBER' END
    ) THEN
        GRANT vuzo_app TO CURRENT_USER;
    END IF;
END
$$;

DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO vuzo_app', current_schema());
END
$$;
-- A gateway that does not migrate still looks what has run.
GRANT SELECT ON __diesel_schema_migrations TO vuzo_app;

-- The one place that reads the setting, so that every policy says the same.
CREATE FUNCTION vuzo_sees(account UUID) RETURNS BOOLEAN
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('app.account', true) = '*'
        OR account = CASE WHEN current_setting('app.account', true) = '*' THEN NULL
                          ELSE nullif(current_setting('app.account', true), '')::uuid END;

CREATE FUNCTION vuzo_sees_all() RETURNS BOOLEAN
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('app.account', true) = '*', false);

CREATE FUNCTION vuzo_refuse_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

CREATE TABLE accounts (
    id         UUID   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    plan       TEXT   NOT NULL,
    status     TEXT   NOT NULL CHECK (status IN ('active', 'suspended', 'closed')),
    limits     TEXT   NOT NULL,
    caps       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id            UUID   NOT NULL PRIMARY KEY,
    account_id    UUID   NOT NULL REFERENCES accounts (id),
    email         TEXT   NOT NULL UNIQUE,
    password_hash TEXT   NOT NULL,
    full_name     TEXT,
    company       TEXT,
    role          TEXT   NOT NULL CHECK (role IN ('user', 'admin')),
    created_at    BIGINT NOT NULL
);
CREATE INDEX users_by_account ON users (account_id);

-- One family of refresh tokens, of which only the newest is good.
CREATE TABLE sessions (
    id           UUID   NOT NULL PRIMARY KEY,
    user_id      UUID   NOT NULL REFERENCES users (id),
    refresh_hash BYTEA  NOT NULL CHECK (length(refresh_hash) = 32),
    expires_at   BIGINT NOT NULL,
    ended_at     BIGINT,
    created_at   BIGINT NOT NULL
);

-- Tokens that were exchanged: to see one again means that somebody holds a copy.
CREATE TABLE used_refresh_tokens (
    session_id   UUID   NOT NULL REFERENCES sessions (id),
    refresh_hash BYTEA  NOT NULL CHECK (length(refresh_hash) = 32),
    used_at      BIGINT NOT NULL,
    PRIMARY KEY (session_id, refresh_hash)
);

-- The hash is keyed; the key itself is never here.
CREATE TABLE api_keys (
    id           UUID   NOT NULL PRIMARY KEY,
    account_id   UUID   NOT NULL,
    name         TEXT   NOT NULL,
    hash         BYTEA  NOT NULL UNIQUE CHECK (length(hash) = 32),
    prefix       TEXT   NOT NULL,
    environment  TEXT   NOT NULL CHECK (environment IN ('live', 'test', 'staging', 'dev')),
    scopes       TEXT   NOT NULL,
    restrictions TEXT   NOT NULL,
    spend_cap    TEXT,
    limits       TEXT   NOT NULL,
    status       TEXT   NOT NULL CHECK (status IN ('active', 'retiring', 'revoked')),
    status_at    BIGINT,
    replaces     UUID,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    CHECK ((status = 'active') = (status_at IS NULL))
);
CREATE INDEX api_keys_by_account ON api_keys (account_id, id);

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE used_refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON accounts USING (vuzo_sees(id));
CREATE POLICY tenant ON users USING (vuzo_sees(account_id));
CREATE POLICY operator ON sessions USING (vuzo_sees_all());
CREATE POLICY operator ON used_refresh_tokens USING (vuzo_sees_all());
CREATE POLICY tenant ON api_keys USING (vuzo_sees(account_id));

GRANT SELECT, INSERT, UPDATE ON accounts, users, sessions, api_keys TO vuzo_app;
GRANT SELECT, INSERT, DELETE ON used_refresh_tokens TO vuzo_app;
