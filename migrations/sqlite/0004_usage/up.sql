-- One row per call, written once by its settlement. What is filtered or added up is
-- a column; receipt lines, token counts and attempts are JSON in detail.
CREATE TABLE usage (
    account_id        BLOB    NOT NULL,
    id                BLOB    NOT NULL PRIMARY KEY,
    key_id            BLOB,
    environment       TEXT    NOT NULL,
    endpoint          TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    served_model      TEXT,
    provider          TEXT    NOT NULL,
    stream            INTEGER NOT NULL,
    status            TEXT    NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    estimated         INTEGER NOT NULL,
    currency          TEXT    NOT NULL,
    cost              INTEGER NOT NULL CHECK (cost >= 0),
    charged           INTEGER NOT NULL CHECK (charged >= 0),
    shortfall         INTEGER NOT NULL CHECK (shortfall >= 0),
    provider_cost     INTEGER NOT NULL,
    price_version     INTEGER NOT NULL,
    rule_id           BLOB,
    held              INTEGER NOT NULL,
    latency_us        INTEGER NOT NULL,
    first_token_us    INTEGER,
    metadata          TEXT,
    detail            TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    CHECK (charged + shortfall = cost)
) STRICT;
CREATE INDEX usage_by_account ON usage (account_id, created_at, id);
CREATE TRIGGER usage_no_update BEFORE UPDATE ON usage
BEGIN
    SELECT RAISE(ABORT, 'usage is append-only');
END;
CREATE TRIGGER usage_no_delete BEFORE DELETE ON usage
BEGIN
    SELECT RAISE(ABORT, 'usage is append-only');
END;
