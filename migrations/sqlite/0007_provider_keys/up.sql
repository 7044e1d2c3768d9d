-- The operator's keys at providers. The secret is sealed before it comes here.
CREATE TABLE provider_keys (
    id         BLOB    NOT NULL PRIMARY KEY,
    provider   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    sealed     TEXT    NOT NULL,
    hint       TEXT    NOT NULL,
    weight     INTEGER NOT NULL CHECK (weight >= 0),
    priority   INTEGER NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at INTEGER NOT NULL,
    last_error TEXT
) STRICT, WITHOUT ROWID;
