-- The operator's keys at providers. The secret is sealed before it comes here.
CREATE TABLE provider_keys (
    id         UUID    NOT NULL PRIMARY KEY,
    provider   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    sealed     TEXT    NOT NULL,
    hint       TEXT    NOT NULL,
    weight     BIGINT  NOT NULL CHECK (weight >= 0),
    priority   INTEGER NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at BIGINT  NOT NULL,
    last_error TEXT
);

ALTER TABLE provider_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY operator ON provider_keys USING (vuzo_sees_all());
REVOKE ALL ON provider_keys FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON provider_keys TO vuzo_app;
